"""The built functions under Lambda's runtime interface emulator."""

import contextlib
import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import samcli.local.rapid as rapid

from events import Invoke
from processes import background, free_port, listening, until
from project import ARCHITECTURE, BUILD, environment
from stack import Stack
from tables import make_tables, renamed

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
def function(name: str, bootstrap: Path, env: dict[str, str], directory: Path) -> Iterator[Function]:
    """A function for the time of the context."""
    port, api = free_port(), free_port()
    log = directory / f"{name}.log"
    command = [RIE, "--runtime-interface-emulator-address", f"127.0.0.1:{port}"]
    command += ["--runtime-api-address", f"127.0.0.1:{api}", bootstrap]
    named = {"AWS_LAMBDA_FUNCTION_NAME": name}
    with background(*command, env=env | named, log=log) as process:
        until(lambda: listening(port), process, log)
        yield Function(port, log)


def variables(stack: Stack, name: str) -> dict[str, str]:
    """What the template sets for a function, but with the tables of the events."""
    client = stack.emulator.client("lambda")
    configuration = client.get_function_configuration(FunctionName=stack.functions()[name])
    return environment(stack.emulator.endpoint) | renamed(configuration["Environment"]["Variables"])


@contextlib.contextmanager
def functions(stack: Stack, directory: Path) -> Iterator[Invoke]:
    """Each function from its first event on, with the tables of the events, for the time of the context."""
    make_tables(stack.emulator, stack.template["Resources"])
    with contextlib.ExitStack() as running:
        started: dict[str, Function] = {}

        def invoke(name: str, event: Path) -> tuple[dict, Path]:
            if name not in started:
                env = variables(stack, name)
                started[name] = running.enter_context(function(name, BUILD / name / "bootstrap", env, directory))
            return started[name].invoke(event.read_bytes()), started[name].log

        yield invoke
