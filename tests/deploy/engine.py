"""The container engine in which SAM runs functions on this machine."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import docker

from podman import Unavailable, podman
from processes import free_port
from project import ARCHITECTURE, BUILD

# What SAM bases the functions' images on.
IMAGE = f"public.ecr.aws/lambda/provided:al2023-{ARCHITECTURE}"


class Engine:
    """An engine that runs and has the image.

    `variables` tell SAM where it is; `host` is the address of this machine that its containers reach.
    """

    def __init__(self, variables: dict[str, str], host: str):
        self.variables = variables
        self.host = host


@contextlib.contextmanager
def engine(directory: Path) -> Iterator[Engine]:
    """The engine that SAM finds by itself, or else podman, for the time of the context."""
    with contextlib.ExitStack() as running:
        variables = {}
        if not answers(dict(os.environ)):
            if host := os.environ.get("DOCKER_HOST"):
                raise Unavailable(f"no container engine answers at {host}, which is DOCKER_HOST")
            variables["DOCKER_HOST"] = running.enter_context(podman(IMAGE, directory))
        client = docker.from_env(environment=dict(os.environ) | variables)
        running.callback(client.close)
        running.callback(remove_functions, client)
        yield Engine(variables, running.enter_context(bridge(client)))


def answers(environment: dict[str, str]) -> bool:
    """Whether an engine is there that SAM would find."""
    try:
        docker.from_env(environment=environment).close()
    except docker.errors.DockerException:
        return False
    return True


@contextlib.contextmanager
def bridge(client: docker.DockerClient) -> Iterator[str]:
    """The address of this machine on the containers' network, for the time of the context."""
    # podman makes its bridge with the first container, and removes it with the last. An image that misses is pulled.
    container = client.containers.run(IMAGE, entrypoint=["sleep", "infinity"], detach=True)
    try:
        container.reload()
        [network] = container.attrs["NetworkSettings"]["Networks"].values()
        address = network["Gateway"]
        try:
            free_port(address)
        except OSError as error:
            # The engine has no right to do so, or is in a virtual machine.
            raise Unavailable(f"this engine's containers cannot reach this machine at {address}") from error
        yield address
    finally:
        container.remove(force=True)


def remove_functions(client: docker.DockerClient) -> None:
    """Removes the functions' containers that SAM has left behind, having been stopped."""
    for container in client.containers.list(all=True, ignore_removed=True):
        mounted = [Path(mount["Source"]) for mount in container.attrs["Mounts"] if mount["Type"] == "bind"]
        if any(source.is_relative_to(BUILD) for source in mounted):
            container.remove(force=True)
