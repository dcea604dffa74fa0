"""A list of voters: uploaded through the emulator's S3, read and imported by the deployed function."""

import json

from mending import wait
from page import expect
from photographs import api, send
from processes import Failed
from stack import Stack

# A header in German, an umlaut in Windows-1252, one row that is no voter, and one address twice.
LIST = "Vorname;Nachname;E-Mail\r\nJürgen;Groß;juergen@example.net\r\nAda;Byron;no address\r\nBea;Roth;bea@example.net\r\nBea;Roth;BEA@example.net\r\n"
# For how long the function may take to be told and to be done, in seconds.
PATIENCE = 90


def register(stack: Stack, url: str, token: str) -> None:
    """Imports a list."""
    file = LIST.encode("cp1252")

    def call(what: str, status: int, path: str, body: dict | None = None) -> dict:
        """What the API answers the administrator."""
        return json.loads(expect(api(url, token, path, body), status, what))

    election = f"/elections/{call('an election', 201, '/elections', {'name': 'Lists'})['id']}"
    asked = call("an import", 201, f"{election}/imports", {"name": "members.csv", "bytes": len(file)})
    path = f"{election}/imports/{asked['id']}"
    if (status := send(stack, asked["upload"]["fields"], file)) >= 300:
        raise Failed(f"the upload of a list is answered with {status}")
    shown = lambda: call("the import", 200, path)
    wait(lambda: shown()["status"] in ("ready", "refused"), "the list is never read", PATIENCE)
    counts = shown()["counts"]
    if (shown()["status"], counts["new"], counts["rejected"]) != ("ready", 2, 2):
        raise Failed(f"the list is {shown()}")
    call("the confirmation", 200, f"{path}/confirm", {})
    wait(lambda: shown()["status"] == "done", "the list is never imported", PATIENCE)
    listed = lambda: {voter["email"]: voter["name"] for voter in call("the voters", 200, f"{election}/voters")["items"]}
    voters = {"juergen@example.net": "Jürgen Groß", "bea@example.net": "Bea Roth"}
    wait(lambda: listed() == voters, "not all voters of the list are shown", PATIENCE)
    print("a list of voters was imported", flush=True)
