"""Processes that are gone when the test is, however it ends."""

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

LOOPBACK = "127.0.0.1"


class Failed(Exception):
    """Something did not go as it must. The message says what."""


def announce(*command: str | Path) -> None:
    """Shows a command that is about to run."""
    print(f"\n$ {' '.join(str(word) for word in command)}", flush=True)


def run(*command: str | Path, env: dict[str, str], cwd: Path) -> None:
    """Runs a command to its end, and whatever it started with it."""
    announce(*command)
    started = time.monotonic()
    process = subprocess.Popen([str(word) for word in command], env=env, cwd=cwd, start_new_session=True)
    try:
        status = process.wait()
    finally:
        stop(process)
    print(f"({time.monotonic() - started:.1f} s)", flush=True)
    if status != 0:
        raise Failed(f"{command[0]} ended with {status}")


def output(*command: str | Path, env: dict[str, str], log: Path) -> bytes:
    """What a command writes to its end; what it says besides goes into a file."""
    announce(*command)
    with log.open("wb") as errors:
        process = subprocess.Popen(
            [str(word) for word in command],
            env=env,
            cwd=log.parent,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=True,
        )
        try:
            written, _ = process.communicate()
        finally:
            stop(process)
    if process.returncode != 0:
        raise Failed(f"{command[0]} ended with {process.returncode}:\n{tail(log)}")
    return written


@contextlib.contextmanager
def background(*command: str | Path, env: dict[str, str], log: Path) -> Iterator[subprocess.Popen]:
    """A process for the time of the context, with what it writes in a file."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            [str(word) for word in command],
            env=env,
            cwd=log.parent,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            yield process
        finally:
            stop(process)


def stop(process: subprocess.Popen) -> None:
    """Ends the process and all that it started."""
    for how in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, how)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=5)


def free_port(host: str = LOOPBACK) -> int:
    """A port of one of this machine's addresses that nobody uses."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        return probe.getsockname()[1]


def until(ready: Callable[[], bool], process: subprocess.Popen, log: Path, seconds: float = 60) -> None:
    """Waits for a process to be ready."""
    deadline = time.monotonic() + seconds
    while not ready():
        if process.poll() is not None or time.monotonic() > deadline:
            raise Failed(f"{process.args[0]} is not ready:\n{tail(log)}")
        time.sleep(0.05)


def listening(port: int, host: str = LOOPBACK) -> bool:
    """Somebody takes connections there."""
    with socket.socket() as probe:
        return probe.connect_ex((host, port)) == 0


def tail(log: Path, lines: int = 40) -> str:
    """The end of what a process wrote."""
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
