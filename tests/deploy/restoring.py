"""An events table that is restored to a point in time, and documents that are built from it, by many workers at once."""

import json
import urllib.error
import urllib.request

from mending import wait
from processes import Failed
from stack import Stack

# How long the functions that read may go by generations that have changed since, and then some.
SETTLE_SECONDS = 6
# What is asked about an election, by its owner and by anybody; of lists, one page.
LIST = "?limit=100"
OF_ELECTION = ("", f"/administrators{LIST}", f"/audit{LIST}", "/results", "/results.csv", "/turnout", f"/voters{LIST}")


def restore(stack: Stack, url: str, token: str) -> None:
    """Loses all documents, and brings them back out of a copy of the events table."""
    client = stack.emulator.client("dynamodb")
    events, documents = stack.outputs["EventsTableName"], stack.outputs["DocumentsTableName"]
    before = answers(url, token)
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
    if answers(url, token) == before:
        raise Failed("documents that are lost are still served")
    begun = invoke(stack, {"begin": {"settle_seconds": SETTLE_SECONDS, "page": 100}})
    wait(lambda: phase(stack) in ("switched", "refused"), "the rebuild does not end", seconds=300)
    status = invoke(stack, {"status": {}})
    if phase(stack) != "switched" or status["compared"]["lacking"] != 0:
        raise Failed(f"the rebuild went wrong: {json.dumps(status)}")
    wait(lambda: answers(url, token) == before, f"generation {begun['generation']} is not served as it was")
    read_events_of(stack, events)
    print(
        f"{status['replayed']['commits']} commits of a restored table, in {begun['parts']} parts:"
        f" {len(before)} answers are what they were",
        flush=True,
    )


def answers(url: str, token: str) -> dict[str, tuple[int, object]]:
    """What the owner is told about every election, and what anybody is."""
    lists: dict[str, tuple[int, object]] = {}
    path = "/elections?limit=100"
    ids = []
    while path:
        status, page = lists[path] = ask(url, path, token)
        if status != 200:
            break
        ids += [election["id"] for election in page["items"]]
        path = page["next_cursor"] and f"/elections?limit=100&cursor={page['next_cursor']}"
    for election in ids:
        for rest in OF_ELECTION:
            path = f"/elections/{election}{rest}"
            lists[path] = ask(url, path, token)
        for rest in ("", "/results"):
            path = f"/public/elections/{election}{rest}"
            lists[path] = ask(url, path, None)
    return lists


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
    for page in client.get_paginator("scan").paginate(TableName=table, ProjectionExpression="pk, sk"):
        for key in page["Items"]:
            client.delete_item(TableName=table, Key=key)
