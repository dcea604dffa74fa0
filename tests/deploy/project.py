"""Where things are, and the environment in which the tools run."""

import os
import platform
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TEMPLATE = ROOT / "template.yaml"
# Not .aws-sam, from which somebody may be about to deploy for real.
BUILD = ROOT / "target" / "deployment"
TOOLS = Path(sys.prefix) / "bin"
REGION = "us-east-1"
# The functions run here, so they are built for this machine.
ARCHITECTURE = "arm64" if platform.machine() in ("aarch64", "arm64") else "x86_64"


def environment(endpoint: str | None = None) -> dict[str, str]:
    """That of this process, without anything of a real account: nothing here may ever speak to AWS."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "SAM_"))}
    ours = {
        "PATH": f"{TOOLS}{os.pathsep}{os.environ.get('PATH', '')}",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_REGION": REGION,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        # Without an endpoint there is nobody to ask: better to fail at once than four times.
        "AWS_MAX_ATTEMPTS": "1",
        "AWS_ENDPOINT_URL": endpoint or "http://127.0.0.1:1",
        "SAM_CLI_TELEMETRY": "0",
        # Where SAM keeps things of its own, otherwise in the home directory.
        "__SAM_CLI_APP_DIR": str(ROOT / "target" / "sam"),
    }
    return kept | ours
