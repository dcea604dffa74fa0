"""Runs the benchmark with ministack beside the embedded engine."""

import os
import signal
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests" / "deploy"))

from emulator import emulator  # noqa: E402
from processes import Failed, run  # noqa: E402


def main() -> None:
    """The emulator is stopped when this ends, however it ends."""
    manifest = ROOT / "tests" / "bench" / "peers" / "Cargo.toml"
    build = ["cargo", "build", "--release", "--locked", "--manifest-path", manifest]
    run(*build, env=dict(os.environ), cwd=ROOT)
    with tempfile.TemporaryDirectory(prefix="photovote-") as directory, emulator(Path(directory)) as aws:
        environment = dict(os.environ) | {"PEERS_MINISTACK": aws.endpoint}
        run("cargo", "run", *build[2:], env=environment, cwd=ROOT)


if __name__ == "__main__":
    # So that what was started is stopped then, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        main()
    except Failed as failure:
        sys.exit(f"\n{failure}")
