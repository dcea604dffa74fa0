"""Looks for secrets that the suite was handed out, in everything that the deployed stack wrote."""

from pathlib import Path

from processes import Failed
from stack import Stack


def look_for(secrets: Path, stack: Stack, directory: Path) -> None:
    """Fails if one of the secrets in a file, one in a line, stands in a log or in a table."""
    known = set(secrets.read_text().split())
    if not known:
        raise Failed("the suite was handed out no secret, so none was looked for")
    places = list(texts(stack, directory))
    for place, text in places:
        # As text or as bytes; a secret is 64 hexadecimal digits.
        if any(secret.encode() in text or bytes.fromhex(secret) in text for secret in known):
            raise Failed(f"a secret of the suite stands in {place}")
    print(f"None of {len(known)} secrets stands in {len(places)} logs and tables.", flush=True)


def texts(stack: Stack, directory: Path):
    """What was written, and where: files of the emulator, logs of the functions, tables."""
    for path in sorted(directory.rglob("*.log")):
        yield str(path), path.read_bytes()
    logs = stack.emulator.client("logs")
    for groups in logs.get_paginator("describe_log_groups").paginate():
        for group in groups["logGroups"]:
            name = group["logGroupName"]
            pages = logs.get_paginator("filter_log_events").paginate(logGroupName=name)
            yield name, b"\n".join(event["message"].encode() for page in pages for event in page["events"])
    dynamodb = stack.emulator.client("dynamodb")
    for tables in dynamodb.get_paginator("list_tables").paginate():
        for table in tables["TableNames"]:
            items = (item for page in dynamodb.get_paginator("scan").paginate(TableName=table) for item in page["Items"])
            yield table, b"\n".join(written for item in items for written in leaves(item))


def leaves(value):
    """All texts and bytes in an item, as bytes."""
    match value:
        case dict():
            for name, member in value.items():
                yield name.encode()
                yield from leaves(member)
        case list() | set():
            for member in value:
                yield from leaves(member)
        case str():
            yield value.encode()
        case bytes():
            yield value
