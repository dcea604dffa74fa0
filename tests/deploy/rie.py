"""The events of tests/events, sent to each built function under Lambda's runtime interface emulator."""

import contextlib
import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import samcli.local.rapid as rapid

from cases import CASES
from processes import Failed, background, free_port, listening, tail, until
from project import ARCHITECTURE, BUILD, ROOT, environment
from stack import Stack
from tables import make_tables, named

EVENTS = ROOT / "tests" / "events"
RIE = Path(rapid.__path__[0]) / f"aws-lambda-rie-{ARCHITECTURE}"
INVOKE = "2015-03-31/functions/function/invocations"


class Function:
    """A function that runs under the emulator, which takes one call at a time."""

    def __init__(self, port: int, log: Path):
        self.url = f"http://127.0.0.1:{port}/{INVOKE}"
        self.log = log

    def invoke(self, event: bytes):
        """Its answer to an event."""
        request = urllib.request.Request(self.url, data=event, headers={"content-type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as response:
            # The status is always 200: what went wrong stands in the body.
            return json.load(response)


@contextlib.contextmanager
def function(name: str, bootstrap: Path, variables: dict[str, str], directory: Path) -> Iterator[Function]:
    """A function for the time of the context."""
    port, api = free_port(), free_port()
    log = directory / f"{name}.log"
    command = [RIE, "--runtime-interface-emulator-address", f"127.0.0.1:{port}"]
    command += ["--runtime-api-address", f"127.0.0.1:{api}", bootstrap]
    env = variables | {"AWS_LAMBDA_FUNCTION_NAME": name}
    with background(*command, env=env, log=log) as process:
        until(lambda: listening(port), process, log)
        yield Function(port, log)


def variables(stack: Stack, name: str) -> dict[str, str]:
    """What the template sets for a function, but with the tables of the events."""
    client = stack.emulator.client("lambda")
    configuration = client.get_function_configuration(FunctionName=stack.functions()[name])
    set_there = configuration["Environment"]["Variables"]
    tables = {key: named(key.removesuffix("_TABLE").lower()) for key in set_there if key.endswith("_TABLE")}
    return environment(stack.emulator.endpoint) | set_there | tables


def send_events(stack: Stack, directory: Path) -> None:
    """Sends every event, and compares what comes back."""
    make_tables(stack)
    unsent = {path.stem for path in EVENTS.glob("*.json")} - {event for _, event, _ in CASES}
    if unsent:
        raise Failed(f"no case says where these events go: {sorted(unsent)}")
    with contextlib.ExitStack() as running:
        functions: dict[str, Function] = {}
        for name, event, expected in CASES:
            if name not in functions:
                started = function(name, BUILD / name / "bootstrap", variables(stack, name), directory)
                functions[name] = running.enter_context(started)
            answer = functions[name].invoke((EVENTS / f"{event}.json").read_bytes())
            if isinstance(answer.get("body"), str):
                answer["body"] = json.loads(answer["body"])
            if "errorType" in answer or not holds(answer, expected):
                log = tail(functions[name].log)
                raise Failed(f"{name} answers {event} with {json.dumps(answer)}, not {json.dumps(expected)}:\n{log}")
            print(f"{name} takes {event}", flush=True)
        idle = stack.functions().keys() - functions.keys()
    if idle:
        raise Failed(f"no event was sent to {sorted(idle)}")


def holds(answer, expected) -> bool:
    """Whether the answer says what is expected, and perhaps more."""
    if isinstance(expected, dict):
        inner = isinstance(answer, dict)
        return inner and all(name in answer and holds(answer[name], member) for name, member in expected.items())
    if isinstance(expected, list):
        same = isinstance(answer, list) and len(answer) == len(expected)
        return same and all(holds(one, other) for one, other in zip(answer, expected))
    return answer == expected
