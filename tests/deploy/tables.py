"""Tables of their own for the events in tests/events, holding the election of which they tell."""

import base64
import json

from project import ROOT
from stack import Stack

SUFFIX = "-of-events"


def make_tables(stack: Stack) -> None:
    """Makes each table of the stack a second time, with what the events need to find."""
    dynamodb = stack.emulator.client("dynamodb")
    for resource in stack.template["Resources"].values():
        if resource["Type"] == "AWS::DynamoDB::Table":
            properties = resource["Properties"]
            kept = {name: properties[name] for name in ("KeySchema", "AttributeDefinitions", "BillingMode")}
            name = properties["TableName"]["Fn::Sub"].rpartition("-")[2]
            dynamodb.create_table(TableName=named(name), **kept)
    for path in sorted((ROOT / "tests" / "events" / "tables").glob("*.json")):
        for item in json.loads(path.read_text()):
            dynamodb.put_item(TableName=named(path.stem), Item=decoded(item))


def named(kind: str) -> str:
    """The second table of a kind: `events`, `control` or `documents`."""
    return f"{kind}{SUFFIX}"


def decoded(value):
    """An attribute as the client takes it: with bytes, where JSON has base64."""
    match value:
        case {"B": str(text)}:
            return {"B": base64.b64decode(text)}
        case dict():
            return {name: decoded(member) for name, member in value.items()}
        case list():
            return [decoded(member) for member in value]
    return value
