"""Lets Schemathesis try the API on a local server, as its document describes it.

One run is both callers: each operation gets the credential that the document says it needs, an administrator's JWT or a
voter's ballot token. The server has a port and a directory of its own, and is gone when this is.
"""

import contextlib
import json
import os
import re
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
# The slowest machine that this was seen on took two minutes.
PATIENCE = 900


def program() -> Path:
    """The server, built as `cargo test` builds it, so that nothing is built twice."""
    cargo = ["cargo", "test", "--quiet", "--workspace", "--locked", "--all-features", "--no-run", "--test", "local"]
    subprocess.run(cargo, cwd=ROOT, check=True)
    metadata = subprocess.check_output(["cargo", "metadata", "--no-deps", "--format-version", "1"], cwd=ROOT)
    return Path(json.loads(metadata)["target_directory"]) / "debug" / "photovote"


@contextlib.contextmanager
def server(program: Path, data: Path, log: Path) -> Iterator[str]:
    """A server for the time of the context; where it answers."""
    with log.open("wb") as errors:
        command = [program, "--port", "0", "--data-dir", data, "--fast"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True)
        try:
            found = (re.search(r"http://[^/\s]+", line) for line in process.stdout)
            yield next(match.group(0) for match in found if match)
        finally:
            process.terminate()
            process.wait(timeout=60)


class Caller:
    """Somebody with a token."""

    def __init__(self, url: str, token: str):
        self.url, self.token = url, token

    def post(self, path: str, body: dict) -> dict:
        """What the answer says. Anything but a success ends the test."""
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.url}/v1{path}", json.dumps(body).encode(), headers)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)


def scene(url: str, token: str) -> dict[str, str]:
    """An open election with a photograph, and voters, of whom one has cast; what the configuration names of it."""
    owner = Caller(url, token)
    election = owner.post("/elections", {"name": "Summer"})["id"]
    path = f"/elections/{election}"
    competition = owner.post(f"{path}/competitions", {"name": "Nature"})["id"]
    candidates = [owner.post(f"{path}/competitions/{competition}/candidates", {"name": n})["id"] for n in "ab"]
    voters = [owner.post(f"{path}/voters", {"name": n, "email": f"{n}@example.org"}) for n in "abc"]
    photograph = owner.post(f"{path}/photographs", {"name": "a.jpg", "bytes": 1})["id"]
    owner.post(f"{path}/open", {})
    receipt = Caller(url, voters[0]["ballot_token"]).post("/ballot/cast", {"ratings": {candidates[0]: 4}})["receipt"]
    return {
        "PHOTOVOTE_ADMINISTRATOR": token,
        "PHOTOVOTE_BALLOT": voters[1]["ballot_token"],
        "PHOTOVOTE_ELECTION": election,
        "PHOTOVOTE_COMPETITION": competition,
        "PHOTOVOTE_CANDIDATE": candidates[0],
        "PHOTOVOTE_VOTER": voters[2]["id"],
        "PHOTOVOTE_PHOTOGRAPH": photograph,
        "PHOTOVOTE_RECEIPT": receipt,
    }


def main() -> int:
    """Schemathesis's own exit code."""
    server_program = program()
    with tempfile.TemporaryDirectory() as directory:
        data, log = Path(directory) / "data", Path(directory) / "log"
        with server(server_program, data, log) as url:
            token = subprocess.check_output([server_program, "token", "--data-dir", data], text=True).strip()
            command = [sys.executable, "-m", "schemathesis.cli", "--config-file", HERE / "schemathesis.toml", "run"]
            command += [ROOT / "api" / "openapi.json", "--url", url, "--no-color", *sys.argv[1:]]
            run = subprocess.run(command, cwd=directory, env=os.environ | scene(url, token), timeout=PATIENCE)
        if run.returncode != 0:
            print("The server's log ends:", log.read_text(errors="replace")[-4000:], sep="\n")
        return run.returncode


if __name__ == "__main__":
    sys.exit(main())
