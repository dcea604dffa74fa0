"""How large each function is, and how long it takes to start, beside a function that does nothing."""

import statistics
import sys
import tempfile
import zipfile
from pathlib import Path

import stack
from cases import CASES
from events import EVENTS
from processes import Failed, run
from project import ARCHITECTURE, ROOT, TOOLS, environment
from rie import function

BUILD = ROOT / "target" / "cold"
STARTS = 15
EMPTY = "(empty)"
# No table is there: only the start counts, not what becomes of the event.
VARIABLES = {
    "EVENTS_TABLE": "photovote-events",
    "CONTROL_TABLE": "photovote-control",
    "DOCUMENTS_TABLE": "photovote-documents",
    "REPAIR_QUEUE_URL": "http://127.0.0.1:1/000000000000/repair",
    "REBUILD_QUEUE_URL": "http://127.0.0.1:1/000000000000/rebuild",
}


def build() -> dict[str, Path]:
    """All functions as they are deployed, and the empty one built the same way."""
    stack.build(BUILD, stack.RELEASE)
    manifest = ROOT / "tests" / "deploy" / "empty" / "Cargo.toml"
    command = ["build", "--release", "--arm64" if ARCHITECTURE == "arm64" else "--x86-64", "--manifest-path", manifest]
    env = environment() | stack.RELEASE | {"CARGO_TARGET_DIR": str(ROOT / "target")}
    run(TOOLS / "cargo-lambda", "lambda", *command, "--lambda-dir", BUILD, env=env, cwd=ROOT)
    functions = {name: BUILD / name / "bootstrap" for name, *_ in CASES}
    return {EMPTY: BUILD / "empty" / "bootstrap"} | functions


def zipped(bootstrap: Path, directory: Path) -> int:
    """The size of what would be uploaded, in bytes."""
    archive = directory / "function.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        file.write(bootstrap, "bootstrap")
    return archive.stat().st_size


def start(name: str, bootstrap: Path, directory: Path) -> float:
    """The duration of a start, in milliseconds."""
    event = next((event for owner, event, _ in CASES if owner == name), "closer-schedule")
    with function(name, bootstrap, environment() | VARIABLES, directory) as started:
        started.invoke((EVENTS / f"{event}.json").read_bytes())
        [report] = [line for line in started.log.read_text().splitlines() if "INIT REPORT" in line]
    return float(report.rpartition("durationMs: ")[2].rstrip(")"))


def measure(functions: dict[str, Path]) -> None:
    """Prints a line for each function."""
    print(f"\n{'':18}{'zip, MB':>10}{'start, ms':>12}{'of empty':>10}   (median of {STARTS})")
    empty = None
    with tempfile.TemporaryDirectory(prefix="photovote-") as name:
        directory = Path(name)
        for function_name, bootstrap in functions.items():
            durations = [start(function_name, bootstrap, directory) for _ in range(STARTS)]
            median = statistics.median(durations)
            empty = empty or median
            size = zipped(bootstrap, directory) / 1_000_000
            print(f"{function_name:18}{size:10.2f}{median:12.1f}{median / empty:9.1f}×", flush=True)


if __name__ == "__main__":
    try:
        measure(build())
    except Failed as failure:
        sys.exit(f"\n{failure}")
