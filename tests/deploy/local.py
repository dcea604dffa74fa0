"""Runs the built template with `sam local`, against the tables of an emulator.

Without a container engine it says so, and does nothing.
"""

import signal
import sys
import tempfile
from pathlib import Path

from docker.errors import DockerException

import stack
from emulator import emulator
from engine import engine
from events import send_events
from podman import Unavailable
from processes import Failed
from project import BUILD
from sam_local import Sam
from start_api import ask_api


def main() -> None:
    """Builds, invokes every function, asks the API; what it started is stopped when it ends, however it ends."""
    with tempfile.TemporaryDirectory(prefix="photovote-") as name, engine(Path(name)) as containers:
        stack.build(BUILD, stack.QUICK)
        with emulator(Path(name), containers.host) as aws:
            sam = Sam(aws, containers, Path(name))
            send_events(sam.functions, sam.invoke)
            ask_api(sam)


if __name__ == "__main__":
    # So that what was started is stopped then, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        main()
    except Unavailable as why:
        print(f"skipped: {why}")
    except (Failed, DockerException) as failure:
        sys.exit(f"\n{failure}")
