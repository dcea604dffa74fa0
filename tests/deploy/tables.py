"""Tables of their own for the events in tests/events, holding the election of which they tell."""

import base64
import json

from emulator import Emulator
from project import ROOT

SUFFIX = "-of-events"


def make_tables(emulator: Emulator, resources: dict) -> None:
    """Makes each table of a template once more, with what the events need to find."""
    dynamodb = emulator.client("dynamodb")
    for resource in resources.values():
        if resource["Type"] == "AWS::DynamoDB::Table":
            properties = resource["Properties"]
            kept = {name: properties[name] for name in ("KeySchema", "AttributeDefinitions", "BillingMode")}
            name = properties["TableName"]["Fn::Sub"].rpartition("-")[2]
            dynamodb.create_table(TableName=named(name), **kept)
    for path in sorted((ROOT / "tests" / "events" / "tables").glob("*.json")):
        for item in json.loads(path.read_text()):
            dynamodb.put_item(TableName=named(path.stem), Item=decoded(item))


def named(kind: str) -> str:
    """The table of a kind for the events: `events`, `control` or `documents`."""
    return f"{kind}{SUFFIX}"


def renamed(variables: dict[str, str]) -> dict[str, str]:
    """A function's environment, but with the tables of the events."""
    return variables | {key: named(key.removesuffix("_TABLE").lower()) for key in variables if key.endswith("_TABLE")}


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
