"""`sam local start-api`: the API, asked over HTTP."""

import json
import urllib.error
import urllib.request

from cases import ELECTION, EVENTS
from events import holds
from processes import LOOPBACK, Failed, announce, background, free_port, listening, tail, until
from project import ROOT
from sam_local import Sam

DESCRIPTION = json.loads((ROOT / "api" / "openapi.json").read_text())
VOTER = json.loads((EVENTS / "ballot-queries-ballot.json").read_text())["headers"]["authorization"]
UNAUTHORIZED = {"code": "unauthorized", "status": 401}

# What is sent, and what has to come back at least, once the events have been taken.
ASKED = [
    ("GET", "/v1/health", None, 200, {"status": "ok"}),
    ("GET", "/v1/openapi.json", None, 200, DESCRIPTION),
    ("GET", f"/v1/public/elections/{ELECTION}/results", None, 404, {"code": "results_not_found"}),
    ("GET", "/v1/ballot", None, 401, UNAUTHORIZED),
    ("GET", "/v1/ballot", VOTER, 200, {"ballot": {"version": 4, "cast": True}}),
    ("DELETE", "/v1/ballot/ratings/01M7YX62WRWM256MYT0XSTWA6M", VOTER, 409, {"code": "ballot_cast_already"}),
    # SAM checks no JWTs. Without the gateway's word a function believes nobody, whatever the token says.
    ("GET", f"/v1/elections/{ELECTION}", None, 401, UNAUTHORIZED),
    ("GET", f"/v1/elections/{ELECTION}", "Bearer e30.eyJzdWIiOiJhZG1pbiJ9.", 401, UNAUTHORIZED),
]


def ask_api(sam: Sam) -> None:
    """Starts the API, sends requests, and compares what comes back."""
    port = free_port()
    log = sam.directory / "start-api.log"
    # Containers are kept for the next request.
    options = ["--host", LOOPBACK, "--port", str(port), "--warm-containers", "LAZY", "--no-watch"]
    command = sam.local("start-api", *options)
    announce(*command)
    with background(*command, env=sam.env, log=log) as process:
        until(lambda: listening(port), process, log)
        for method, path, caller, status, expected in ASKED:
            answer = ask(f"http://{LOOPBACK}:{port}{path}", method, caller)
            if answer[0] != status or not holds(answer[1], expected):
                raise Failed(f"{method} {path} is answered with {answer}, not {status}, {expected}:\n{tail(log)}")
            print(f"{method} {path}{' with a token' if caller else ''} is answered with {status}", flush=True)


def ask(url: str, method: str, caller: str | None) -> tuple[int, dict]:
    """The status and the body of an answer."""
    headers = {"authorization": caller} if caller else {}
    request = urllib.request.Request(url, method=method, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)
