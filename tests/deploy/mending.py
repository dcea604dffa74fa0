"""A commit that cannot be applied goes to the repair queue, holds nobody up, and is applied once that is possible."""

import json
import time
import urllib.request
from collections.abc import Callable

from cases import ELECTION
from processes import Failed
from project import ROOT
from stack import Stack
from tables import decoded

# The time for which repair leaves a message alone that it could not work off; the template's is as long as AWS advises.
PAUSE = "3"


def mend(stack: Stack, url: str, token: str) -> None:
    """Lets the second commit of an election come without the first, which the projector never gets to see."""
    commits = json.loads((ROOT / "tests" / "events" / "tables" / "events.json").read_text())
    commits = {commit["sk"]["S"].rpartition("#")[2]: commit for commit in commits if commit["pk"]["S"] == ELECTION}
    queue = stack.outputs["RepairQueueUrl"]
    stack.emulator.client("sqs").set_queue_attributes(QueueUrl=queue, Attributes={"VisibilityTimeout": PAUSE})

    put(stack, commits["0000000002"])
    wait(lambda: messages(stack, queue) == 1, "the commit does not come to the repair queue")
    if documents(stack):
        raise Failed("there is a document of an election that has no first commit")
    passes_by(url, token)

    projector(stack, enabled=False)
    put(stack, commits["0000000001"])
    wait(lambda: documents(stack) > 0, "repair does not heal what can be applied")
    wait(lambda: messages(stack, queue) == 0, "what is healed stays in the queue")
    projector(stack, enabled=True)
    print("repair healed an election that the projector could not apply", flush=True)


def put(stack: Stack, commit: dict) -> None:
    """Writes a commit into the events table."""
    stack.emulator.client("dynamodb").put_item(TableName=stack.outputs["EventsTableName"], Item=decoded(commit))


def messages(stack: Stack, queue: str) -> int:
    """How many messages a queue holds, those that are being worked off included."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    counts = stack.emulator.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=names)["Attributes"]
    return sum(int(counts[name]) for name in names)


def documents(stack: Stack) -> int:
    """How many items the documents table has of the election."""
    pages = stack.emulator.client("dynamodb").get_paginator("scan").paginate(
        TableName=stack.outputs["DocumentsTableName"],
        FilterExpression="contains(pk, :election)",
        ExpressionAttributeValues={":election": {"S": ELECTION}},
    )
    return sum(page["Count"] for page in pages)


def passes_by(url: str, token: str) -> None:
    """Another election is created and served meanwhile."""
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    body = json.dumps({"name": "Passing by"}).encode()
    request = urllib.request.Request(f"{url}/v1/elections", data=body, headers=headers)
    with urllib.request.urlopen(request, timeout=30) as response:
        election = json.load(response)["id"]
    request = urllib.request.Request(f"{url}/v1/elections/{election}?min_version=1", headers=headers)
    with urllib.request.urlopen(request, timeout=30) as response:
        if json.load(response)["version"] != 1:
            raise Failed("the other election is not served")


def projector(stack: Stack, *, enabled: bool) -> None:
    """Lets the projector have the stream, or not."""
    client = stack.emulator.client("lambda")
    mappings = client.list_event_source_mappings(FunctionName=stack.functions()["Projector"])
    [mapping] = mappings["EventSourceMappings"]
    client.update_event_source_mapping(UUID=mapping["UUID"], Enabled=enabled)


def wait(done: Callable[[], bool], what: str, seconds: float = 60) -> None:
    """Waits for something to come about."""
    deadline = time.monotonic() + seconds
    while not done():
        if time.monotonic() > deadline:
            raise Failed(what)
        time.sleep(0.2)
