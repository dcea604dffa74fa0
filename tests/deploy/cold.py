"""How large each function is, how long it takes to start, and how much the processor works until its first answer, beside a
function that does nothing and one whose client of DynamoDB nobody tuned.

DynamoDB and S3 are played by a server that finds nothing, whatever it is asked, and without TLS: the time that a network takes is not
in the figures, nor is a handshake; what it takes to be ready for one is."""

import contextlib
import glob
import http.server
import random
import statistics
import sys
import tempfile
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import stack
from cases import CASES, EVENTS
from processes import Failed, run
from project import ARCHITECTURE, ROOT, TOOLS, environment
from rie import function

BUILD = ROOT / "target" / "cold"
STARTS = 31
EMPTY = "(empty)"
UNTUNED = "(untuned)"
VARIABLES = {
    "EVENTS_TABLE": "photovote-events",
    "CONTROL_TABLE": "photovote-control",
    "DOCUMENTS_TABLE": "photovote-documents",
    "COUNT_QUEUE_URL": "http://127.0.0.1:1/000000000000/count",
    "PHOTOGRAPHS_QUEUE_URL": "http://127.0.0.1:1/000000000000/photographs",
    "ORIGINALS_BUCKET": "photovote-originals",
    "RENDITIONS_BUCKET": "photovote-renditions",
    "UPLOAD_URL": "http://127.0.0.1:1/photovote-originals",
    "REPAIR_QUEUE_URL": "http://127.0.0.1:1/000000000000/repair",
    "REBUILD_QUEUE_URL": "http://127.0.0.1:1/000000000000/rebuild",
    "IMPORT_QUEUE_URL": "http://127.0.0.1:1/000000000000/import",
    "MAIL_QUEUE_URL": "http://127.0.0.1:1/000000000000/mail",
    "LINK_KEY_ID": "photovote-links",
    "MAIL_FROM": "club@example.org",
    "MAIL_SENDER": "PhotoVote",
    "MAIL_CONFIGURATION_SET": "photovote-mails",
    "PAGE_URL": "https://vote.example.org",
}


def build() -> dict[str, Path]:
    """All functions as they are deployed, and those beside them built the same way, but for what their manifests say."""
    stack.build(BUILD, stack.RELEASE)
    for name in ("empty", "untuned"):
        manifest = ROOT / "tests" / "deploy" / name / "Cargo.toml"
        command = ["build", "--release", "--arm64" if ARCHITECTURE == "arm64" else "--x86-64", "--manifest-path", manifest]
        env = environment() | stack.RELEASE | {"CARGO_TARGET_DIR": str(ROOT / "target")}
        run(TOOLS / "cargo-lambda", "lambda", *command, "--lambda-dir", BUILD, env=env, cwd=ROOT)
    functions = {name: BUILD / name / "bootstrap" for name in dict.fromkeys(name for name, *_ in CASES)}
    return {EMPTY: BUILD / "empty" / "bootstrap", UNTUNED: BUILD / "untuned" / "bootstrap"} | functions


class Nothing(http.server.BaseHTTPRequestHandler):
    """A DynamoDB and an S3 that have nothing."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Whatever is asked: there is none."""
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.send_header("content-type", "application/x-amz-json-1.0")
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def do_DELETE(self) -> None:
        """An object that is not there can be deleted."""
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_) -> None:
        """Says nothing."""


@contextlib.contextmanager
def dynamodb() -> Iterator[str]:
    """Where it listens, for the time of the context."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Nothing) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()


def zipped(bootstrap: Path, directory: Path) -> int:
    """The size of what would be uploaded, in bytes."""
    archive = directory / "function.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        file.write(bootstrap, "bootstrap")
    return archive.stat().st_size


def processor_time(bootstrap: Path) -> float:
    """How long the processor has worked for a program that runs, in milliseconds (Linux: proc_pid_schedstat)."""
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if (process / "exe").resolve() == bootstrap.resolve():
                threads = glob.glob(f"{process}/task/*/schedstat")
                return sum(int(Path(thread).read_text().split()[0]) for thread in threads) / 1_000_000
    raise Failed(f"{bootstrap} does not run")


def start(name: str, bootstrap: Path, env: dict[str, str], directory: Path) -> tuple[float, float]:
    """The duration of a start, and the processor's time until the first event is answered, both in milliseconds."""
    event = next((event for owner, event, _ in CASES if owner == name), "clock-schedule")
    with function(name, bootstrap, env, directory) as started:
        started.invoke((EVENTS / f"{event}.json").read_bytes())
        worked = processor_time(bootstrap)
        [report] = [line for line in started.log.read_text().splitlines() if "INIT REPORT" in line]
    return float(report.rpartition("durationMs: ")[2].rstrip(")")), worked


def measure(functions: dict[str, Path]) -> None:
    """Prints a line for each function. They take turns, each time in another order: a start depends on what ran before it."""
    times = {name: [] for name in functions}
    with tempfile.TemporaryDirectory(prefix="photovote-") as temporary, dynamodb() as endpoint:
        directory = Path(temporary)
        env = environment(endpoint) | VARIABLES
        for _ in range(STARTS):
            for name, bootstrap in random.sample(list(functions.items()), len(functions)):
                times[name].append(start(name, bootstrap, env, directory))
        print(f"\n{'':18}{'zip, MB':>10}{'start, ms':>12}{'of empty':>10}{'CPU, ms':>10}   (median of {STARTS})")
        empty = statistics.median(duration for duration, _ in times[EMPTY])
        for name, bootstrap in functions.items():
            duration, worked = (statistics.median(each) for each in zip(*times[name], strict=True))
            size = zipped(bootstrap, directory) / 1_000_000
            print(f"{name:18}{size:10.2f}{duration:12.1f}{duration / empty:9.1f}×{worked:10.1f}", flush=True)


if __name__ == "__main__":
    try:
        measure(build())
    except Failed as failure:
        sys.exit(f"\n{failure}")
