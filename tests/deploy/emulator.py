"""An emulator of AWS on this machine."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import boto3
from botocore.config import Config

from processes import LOOPBACK, background, free_port, listening, tail, until
from project import REGION, TOOLS, environment


class Emulator:
    """An emulator that runs."""

    def __init__(self, host: str, port: int, log: Path):
        self.endpoint = f"http://{host}:{port}"
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
def emulator(directory: Path, host: str = LOOPBACK) -> Iterator[Emulator]:
    """An emulator for the time of the context, at this address; all that it keeps is in the directory."""
    port = free_port(host)
    log = directory / "emulator.log"
    ours = {
        "BIND_HOST": host,
        "MINISTACK_HOST": host,
        "GATEWAY_PORT": str(port),
        # It would take a port that is always the same.
        "IOT_MTLS_ENABLED": "0",
        "LAMBDA_EXECUTOR": "local",
        # Each call that comes while others are under way starts a process. More at once than a few for each core only wait
        # for each other, until all of them are too late; what is refused here is sent again by whoever asks.
        "LAMBDA_ACCOUNT_CONCURRENCY": str(max(16, 8 * (os.cpu_count() or 1))),
        "STATE_DIR": str(directory / "state"),
        "S3_DATA_DIR": str(directory / "s3"),
        "TMPDIR": str(directory),
    }
    started = Emulator(host, port, log)
    with background(TOOLS / "ministack", env=environment(started.endpoint) | ours, log=log) as process:
        until(lambda: listening(port, host), process, log)
        try:
            yield started
        except BaseException:
            print(f"\nThe emulator's last words:\n{tail(log)}", flush=True)
            raise
