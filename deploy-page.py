"""Uploads the page below its hash, and switches the stack's distribution to it.

    make deploy-page STACK=photovote SET="DomainName=vote.example.org CertificateArn=arn:..."

SET may change other parameters of the stack. docs/operate/deploy.md says what happens.
"""

import hashlib
import secrets
import sys
from pathlib import Path

import boto3
from botocore.exceptions import ClientError, WaiterError

ROOT = Path(__file__).resolve().parent
# The content types of local/src/host/gateway/page.rs, which a test compares.
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}


def read(folder: Path) -> dict[str, bytes]:
    """The files of the page, by their names. Notes in Markdown are no part of it."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix != ".md")
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def version(files: dict[str, bytes]) -> str:
    """The hash of names and contents."""
    each = (f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in files.items())
    return hashlib.sha256("".join(each).encode()).hexdigest()


def upload(files: dict[str, bytes], bucket: str, folder: str) -> None:
    """Puts the files into a folder of the bucket. Caches and browsers ask each time whether a file has changed."""
    s3 = boto3.client("s3")
    for name, content in files.items():
        kind = TYPES[Path(name).suffix]
        s3.put_object(
            Bucket=bucket, Key=f"{folder}/{name}", Body=content, ContentType=kind, CacheControl="no-cache"
        )
    print(f"{len(files)} files are in s3://{bucket}/{folder}", flush=True)


class Stack:
    """A stack of CloudFormation."""

    def __init__(self, name: str):
        self.name = name
        self.cloudformation = boto3.client("cloudformation")
        [stack] = self.cloudformation.describe_stacks(StackName=name)["Stacks"]
        self.parameters = [parameter["ParameterKey"] for parameter in stack["Parameters"]]
        self.outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}

    def update(self, changes: dict[str, str]) -> "Stack":
        """Changes parameters, and nothing else. Waits until that is done."""
        parameters = [
            {"ParameterKey": name, "ParameterValue": changes[name]}
            if name in changes
            else {"ParameterKey": name, "UsePreviousValue": True}
            for name in self.parameters
        ]
        try:
            self.cloudformation.update_stack(
                StackName=self.name,
                UsePreviousTemplate=True,
                Parameters=parameters,
                Capabilities=["CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
            )
        except ClientError as error:
            if "No updates are to be performed" not in str(error):
                raise
        else:
            print(f"{self.name} is being updated, which takes some minutes", flush=True)
            waiter = self.cloudformation.get_waiter("stack_update_complete")
            try:
                waiter.wait(StackName=self.name, WaiterConfig={"Delay": 10, "MaxAttempts": 360})
            except WaiterError:
                sys.exit(f"{self.name} is not updated, so nothing has changed: its events in CloudFormation say why")
        return Stack(self.name)


def main(name: str, *assignments: str) -> None:
    """Uploads before the switch. Without the page there is no bucket before the update, and no old version either."""
    settings = ROOT / "samconfig.toml"
    if "PageVersion" in settings.read_text():
        sys.exit(f"{settings} sets PageVersion, so the next sam deploy would undo this: remove it, ApiHost and OriginSecrets")
    files = read(ROOT / "page")
    changes = {"PageVersion": version(files)}
    stack = Stack(name)
    bucket = stack.outputs.get("PageBucketName")
    if bucket:
        upload(files, bucket, changes["PageVersion"])
    else:
        changes |= {"ApiHost": stack.outputs["ApiHost"], "OriginSecrets": secrets.token_hex(32)}
    stack = stack.update(changes | dict(assignment.split("=", 1) for assignment in assignments))
    if not bucket:
        upload(files, stack.outputs["PageBucketName"], changes["PageVersion"])
    print(f"{stack.outputs['PageUrl']} shows version {changes['PageVersion'][:12]}", flush=True)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("make deploy-page needs STACK, the name of the stack")
    main(*sys.argv[1:])
