"""An emulator of AWS on this machine."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import boto3
from botocore.config import Config

from processes import background, free_port, listening, tail, until
from project import REGION, TOOLS, environment


class Emulator:
    """An emulator that runs."""

    def __init__(self, port: int, log: Path):
        self.endpoint = f"http://127.0.0.1:{port}"
        self.log = log

    def client(self, service: str):
        """A client of one of its services."""
        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name=REGION,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(retries={"total_max_attempts": 2}, read_timeout=120),
        )


@contextlib.contextmanager
def emulator(directory: Path) -> Iterator[Emulator]:
    """An emulator for the time of the context; all that it keeps is in the directory."""
    port = free_port()
    log = directory / "emulator.log"
    ours = {
        "BIND_HOST": "127.0.0.1",
        "MINISTACK_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        # It would take a port that is always the same.
        "IOT_MTLS_ENABLED": "0",
        "LAMBDA_EXECUTOR": "local",
        # As many as AWS runs at once, whatever the memory of this machine.
        "LAMBDA_ACCOUNT_CONCURRENCY": "1000",
        "STATE_DIR": str(directory / "state"),
        "S3_DATA_DIR": str(directory / "s3"),
        "TMPDIR": str(directory),
    }
    endpoint = f"http://127.0.0.1:{port}"
    with background(TOOLS / "ministack", env=environment(endpoint) | ours, log=log) as process:
        until(lambda: listening(port), process, log)
        try:
            yield Emulator(port, log)
        except BaseException:
            print(f"\nThe emulator's last words:\n{tail(log)}", flush=True)
            raise
