"""podman, with a base image made of Debian's packages.

For machines without a container engine. SAM adds to the base what there is of Lambda, so all that the functions need of
it is a C library and certificates; it is not what they run on at AWS.
"""

import contextlib
import os
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from processes import Failed, background, run, until
from project import ROOT, environment

PACKAGES = ["podman", "debootstrap", "runc", "netavark", "aardvark-dns", "iptables", "nftables"]
# It stays, so that the base need not be made again.
CACHE = ROOT / "target" / "sam-local"
# Neither the right to raise limits nor a particular kind of control groups is needed with these.
CONTAINERS = """
[containers]
default_ulimits = ["nofile=8192:8192", "nproc=8192:8192"]
[engine]
runtime = "runc"
static_dir = "{directory}/static"
tmp_dir = "{directory}/run"
[network]
network_config_dir = "{directory}/networks"
"""
STORAGE = """
[storage]
driver = "overlay"
graphroot = "{cache}/storage"
runroot = "{directory}/run"
[storage.options.overlay]
# Otherwise a mount stays in the cache, which then cannot be deleted.
skip_mount_home = "true"
"""


class Unavailable(Exception):
    """There is no container engine to be had. The message says why."""


@contextlib.contextmanager
def podman(image: str, directory: Path) -> Iterator[str]:
    """podman for the time of the context, holding a base image under this name. Yields where it listens."""
    suite = debian()
    install()
    env = configured(directory)
    if subprocess.run(["podman", "image", "exists", image], env=env, cwd=directory).returncode != 0:
        make_base(image, suite, env)
    socket = directory / "podman.sock"
    address = f"unix://{socket}"
    log = directory / "podman.log"
    with background("podman", "system", "service", "--time=0", address, env=env, log=log) as process:
        until(socket.exists, process, log)
        yield address


def debian() -> str:
    """The release of Debian that this is, if packages can be installed."""
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        release = {}
    if release.get("ID") != "debian":
        raise Unavailable("no container engine answers, and one is set up on Debian only")
    if shutil.which("apt-get") is None or os.geteuid() != 0:
        raise Unavailable("no container engine answers, and to set one up takes apt-get and root")
    return release["VERSION_CODENAME"]


def install() -> None:
    """Installs those packages that are missing."""
    query = ["dpkg-query", "--show", "--showformat", "${db:Status-Status}\n", *PACKAGES]
    states = subprocess.run(query, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
    if states.split() == ["installed"] * len(PACKAGES):
        return
    env = environment() | {"DEBIAN_FRONTEND": "noninteractive"}
    try:
        run("apt-get", "update", "--quiet", env=env, cwd=ROOT)
        run("apt-get", "install", "--quiet", "--yes", "--no-install-recommends", *PACKAGES, env=env, cwd=ROOT)
    except Failed as failure:
        raise Unavailable(f"no container engine answers, and none can be installed: {failure}") from failure


def configured(directory: Path) -> dict[str, str]:
    """The environment in which podman keeps its images in the cache, and all else in the directory."""
    CACHE.mkdir(parents=True, exist_ok=True)
    containers, storage = directory / "containers.conf", directory / "storage.conf"
    containers.write_text(CONTAINERS.format(directory=directory))
    storage.write_text(STORAGE.format(directory=directory, cache=CACHE))
    return environment() | {"CONTAINERS_CONF": str(containers), "CONTAINERS_STORAGE_CONF": str(storage)}


def make_base(image: str, suite: str, env: dict[str, str]) -> None:
    """Makes the base image, in the cache."""
    # Not among other temporary files: those may lie in memory, or where no devices may be made.
    with tempfile.TemporaryDirectory(prefix="base-", dir=CACHE) as name:
        root, archive = Path(name) / "root", Path(name) / "root.tar"
        run("debootstrap", "--variant=minbase", "--include=ca-certificates", suite, root, env=env, cwd=ROOT)
        # Where SAM puts things.
        for path in ("var/task", "var/runtime", "var/rapid", "opt"):
            (root / path).mkdir(parents=True, exist_ok=True)
        run("tar", "--create", "--directory", root, "--file", archive, ".", env=env, cwd=ROOT)
        changes = ["ENV LAMBDA_TASK_ROOT=/var/task", "ENV LAMBDA_RUNTIME_DIR=/var/runtime", "WORKDIR /var/task"]
        options = [word for change in changes for word in ("--change", change)]
        run("podman", "import", *options, archive, image, env=env, cwd=ROOT)
