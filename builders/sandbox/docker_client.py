"""Finds a container engine: Docker's, or a Podman that answers the same API."""

import os
from collections.abc import Iterator

import docker
import docker.errors
import requests

from builders.sandbox.interface import NoSandboxError
from containers.engine import USUAL_SOCKET, answers

ENGINE_ERRORS = (docker.errors.DockerException, requests.RequestException)
"""What the SDK raises: its own errors, and those of the transport below it."""

TIMEOUT_SECONDS = 60
UNIX = "unix://"
START_HINT = (
    "install and start one: apt install docker.io (Debian, Ubuntu), dnf install podman and"
    " systemctl --user start podman.socket (Fedora); a private one for this checkout:"
    " python -m containers.engine run -- COMMAND"
)


def connect() -> docker.DockerClient:
    """Return a client of the engine that DOCKER_HOST names, else of the first that answers.

    Raises:
        NoSandboxError: none answers.
    """
    failures = []
    for host in _hosts():
        try:
            return _client(host)
        except ENGINE_ERRORS as error:
            failures.append(f"{host}: {error}")
    raise NoSandboxError(f"no container engine answers ({'; '.join(failures)})", hint=START_HINT)


def _client(host: str) -> docker.DockerClient:
    # Asked first without the SDK, which leaves the socket of a refused connection open.
    if host.startswith(UNIX) and not answers(host.removeprefix(UNIX)):
        raise docker.errors.DockerException("nothing answers there")
    if host == os.environ.get("DOCKER_HOST"):
        client = docker.from_env(timeout=TIMEOUT_SECONDS)  # more variables may ask for TLS
    else:
        client = docker.DockerClient(base_url=host, timeout=TIMEOUT_SECONDS)
    # The SDK keeps connections by whole URL, which names a container: none is ever used again.
    client.api.headers["Connection"] = "close"
    client.ping()
    return client


def _hosts() -> Iterator[str]:
    chosen = os.environ.get("DOCKER_HOST")
    if chosen:
        yield chosen
        return
    yield f"{UNIX}{USUAL_SOCKET}"
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    if runtime:
        yield f"{UNIX}{runtime}/docker.sock"
        yield f"{UNIX}{runtime}/podman/podman.sock"
    yield f"{UNIX}/run/podman/podman.sock"
