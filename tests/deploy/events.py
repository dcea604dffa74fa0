"""The events of tests/events, each sent to the function that it is for."""

import json
from collections.abc import Callable, Iterable
from pathlib import Path

from cases import CASES, EVENTS
from processes import Failed, tail

# Calls a function with an event. Returns its answer, and where to read what it logged.
Invoke = Callable[[str, Path], tuple[dict, Path]]


def send_events(functions: Iterable[str], invoke: Invoke) -> None:
    """Sends every event, and compares what comes back."""
    idle = set(functions) - {name for name, *_ in CASES}
    if idle:
        raise Failed(f"no event is for {sorted(idle)}")
    for name, event, expected in CASES:
        answer, log = invoke(name, EVENTS / f"{event}.json")
        if isinstance(answer.get("body"), str):
            answer["body"] = json.loads(answer["body"])
        if "errorType" in answer or not holds(answer, expected):
            said = f"{json.dumps(answer)}, not {json.dumps(expected)}"
            raise Failed(f"{name} answers {event} with {said}:\n{tail(log)}")
        print(f"{name} takes {event}", flush=True)


def holds(answer, expected) -> bool:
    """Whether the answer says what is expected, and perhaps more."""
    if isinstance(expected, dict):
        inner = isinstance(answer, dict)
        return inner and all(name in answer and holds(answer[name], member) for name, member in expected.items())
    if isinstance(expected, list):
        same = isinstance(answer, list) and len(answer) == len(expected)
        return same and all(holds(one, other) for one, other in zip(answer, expected))
    return answer == expected
