"""Which function each event of tests/events goes to, in this order, and what has to come back at least."""

from project import ROOT

EVENTS = ROOT / "tests" / "events"
FUNCTIONS = [path.stem for path in sorted((ROOT / "functions" / "src" / "bin").glob("*.rs"))]
ELECTION = "01M7YX62RTY9Z23FECVE8P41PQ"
CREATED = "01M7YX7Z000000000000000000"
DONE = {"batchItemFailures": []}


def http(status: int, /, **body) -> dict:
    """An answer of a function behind the API."""
    return {"statusCode": status, "body": body}


SPECIAL = [
    # The stream's records alone make the document.
    ("Projector", "projector-commits", DONE),
    ("ElectionQueries", "election-queries-election", http(200, id=ELECTION, status="open", version=5)),
    ("ElectionQueries", "election-queries-turnout", http(200, registered=1, cast=0)),
    # The voter is in the list once repair has read the commit that the message names.
    ("ElectionQueries", "election-queries-voters", http(200, items=[])),
    ("Repair", "repair-commit", DONE),
    ("ElectionQueries", "election-queries-voters", http(200, items=[{"name": "Ada", "email": "ada@example.org"}])),
    # The stream is gone for long: nothing can be read from it, and the message must not come again for ever.
    ("Repair", "repair-failure", DONE),
    ("ElectionCommands", "election-commands-create", http(201, id=CREATED, version=1)),
    ("BallotQueries", "ballot-queries-ballot", http(200, ballot={"ratings": {}, "cast": False, "receipt": None})),
    ("BallotCommands", "ballot-commands-unknown", http(401, code="unauthorized")),
    ("BallotCommands", "ballot-commands-rate", http(200)),
    ("BallotCommands", "ballot-commands-cast", http(200)),
    ("BallotQueries", "ballot-queries-ballot", http(200, ballot={"cast": True})),
    ("ElectionQueries", "election-queries-turnout", http(200, registered=1, cast=1)),
    ("AuditQueries", "audit-queries-audit", http(200, next_cursor=None)),
    ("PublicQueries", "public-queries-health", http(200, status="ok")),
    # The HTTP library would panic at such a query.
    ("PublicQueries", "public-queries-odd", http(400, code="malformed_parameter")),
    ("PublicQueries", "public-queries-results", http(404, code="results_not_found")),
    ("Clock", "clock-schedule", {"opened": 0, "reminded": 0, "closed": 0}),
    # What nobody projected here, the reconciler finds.
    ("Reconciler", "reconciler-schedule", {"swept": True, "unfinished": 0}),
]


def owner(event: str) -> str:
    """The function that an event's file is called after, as the template calls it."""
    named = [name for name in FUNCTIONS if event.startswith(f"{name}-")]
    if not named:
        raise SystemExit(f"tests/events/{event}.json is called after no function")
    return max(named, key=len).title().replace("-", "")


# There is nothing to count, no photograph, no list and no mail, so whatever else is sent is done at once.
OTHERS = sorted({path.stem for path in EVENTS.glob("*.json")} - {event for _, event, _ in SPECIAL})
CASES = SPECIAL + [(owner(event), event, DONE) for event in OTHERS]
