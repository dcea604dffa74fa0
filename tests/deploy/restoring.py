"""An events table that is restored to a point in time, and documents that are built from it, by many workers at once."""

import json
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor

from mending import wait
from processes import Failed
from stack import Stack

# How long the functions that read may go by generations that have changed since, and then some.
SETTLE_SECONDS = 6
# How many requests are sent at once.
AT_ONCE = 4
# What is asked about an election, by its owner and by anybody; of lists, one page.
LIST = "?limit=100"
OF_ELECTION = ("", f"/administrators{LIST}", f"/audit{LIST}", "/results", "/results.csv", "/turnout", f"/voters{LIST}")


def restore(stack: Stack, url: str, token: str) -> None:
    """Loses all documents, and brings them back out of a copy of the events table."""
    client = stack.emulator.client("dynamodb")
    events, documents = stack.outputs["EventsTableName"], stack.outputs["DocumentsTableName"]
    listed, before = elections(url, token), answers(url, token)
    copy = f"{events}-restored"
    client.restore_table_to_point_in_time(
        SourceTableName=events, TargetTableName=copy, UseLatestRestorableTime=True
    )
    client.get_waiter("table_exists").wait(TableName=copy)
    # It is not the copy of nothing, nor is it the table itself.
    if client.scan(TableName=copy, Select="COUNT")["Count"] == 0:
        raise Failed("nothing was restored")

    read_events_of(stack, copy)
    lose(client, documents)
    if elections(url, token) == listed:
        raise Failed("documents that are lost are still served")
    begun = invoke(stack, {"begin": {"settle_seconds": SETTLE_SECONDS, "page": 100}})
    wait(lambda: phase(stack) in ("switched", "refused"), "the rebuild does not end", seconds=300)
    status = invoke(stack, {"status": {}})
    if phase(stack) != "switched" or status["compared"]["lacking"] != 0:
        raise Failed(f"the rebuild went wrong: {json.dumps(status)}")
    served = f"generation {begun['generation']} is not served as it was"
    wait(lambda: elections(url, token) == listed, served)
    wait(lambda: answers(url, token) == before, served)
    read_events_of(stack, events)
    print(
        f"{status['replayed']['commits']} commits of a restored table, in {begun['parts']} parts:"
        f" {len(before)} answers are what they were",
        flush=True,
    )


def elections(url: str, token: str) -> dict[str, tuple[int, object]]:
    """The pages of the owner's list of elections."""
    pages: dict[str, tuple[int, object]] = {}
    path = "/elections?limit=100"
    while path:
        status, page = pages[path] = ask(url, path, token)
        cursor = status == 200 and page["next_cursor"]
        path = cursor and f"/elections?limit=100&cursor={cursor}"
    return pages


def answers(url: str, token: str) -> dict[str, tuple[int, object]]:
    """What the owner is told about every election, and what anybody is."""
    pages = elections(url, token)
    ids = [election["id"] for status, page in pages.values() if status == 200 for election in page["items"]]
    asked = [(f"/elections/{election}{rest}", token) for election in ids for rest in OF_ELECTION]
    asked += [(f"/public/elections/{election}{rest}", None) for election in ids for rest in ("", "/results")]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        told = pool.map(lambda request: ask(url, *request), asked)
    return pages | {path: answer for (path, _), answer in zip(asked, told)}


def ask(url: str, path: str, token: str | None) -> tuple[int, object]:
    """The status and the body of an answer, less what each request has of its own."""
    headers = {"authorization": f"Bearer {token}"} if token else {}
    request = urllib.request.Request(f"{url}/v1{path}", headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            status, body = response.status, response.read()
    except urllib.error.HTTPError as refusal:
        status, body = refusal.code, refusal.read()
    try:
        body = json.loads(body)
    except ValueError:
        return status, body.decode()
    if isinstance(body, dict):
        body.pop("request_id", None)
    return status, body


def invoke(stack: Stack, message: dict) -> dict:
    """Calls the rebuild as an operator does."""
    name = stack.functions()["Rebuild"]
    answer = stack.emulator.client("lambda").invoke(FunctionName=name, Payload=json.dumps(message))
    said = json.load(answer["Payload"])
    if "FunctionError" in answer:
        raise Failed(f"the rebuild answers {json.dumps(message)} with {json.dumps(said)}")
    return said


def phase(stack: Stack) -> str:
    """Where the rebuild is."""
    where = invoke(stack, {"status": {}})["rebuild"]["phase"]
    # One of them tells more than its name.
    return where if isinstance(where, str) else next(iter(where))


def read_events_of(stack: Stack, table: str) -> None:
    """Lets the rebuild read another events table."""
    client, name = stack.emulator.client("lambda"), stack.functions()["Rebuild"]
    variables = client.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    client.update_function_configuration(
        FunctionName=name, Environment={"Variables": variables | {"EVENTS_TABLE": table}}
    )
    client.get_waiter("function_updated_v2").wait(FunctionName=name)


def lose(client, table: str) -> None:
    """Takes all items of a table away."""
    # As many as one request deletes.
    pages = client.get_paginator("scan").paginate(
        TableName=table, ProjectionExpression="pk, sk", PaginationConfig={"PageSize": 25}
    )
    for keys in (page["Items"] for page in pages if page["Items"]):
        deleted = client.batch_write_item(RequestItems={table: [{"DeleteRequest": {"Key": key}} for key in keys]})
        if deleted.get("UnprocessedItems"):
            raise Failed("not all documents could be deleted")
