"""Finds a container engine: Docker's, or a Podman that answers the same API."""

import os
from functools import cache

import docker
import docker.errors
import requests

from builders.sandbox.engine_hosts import START_HINT, answering_host
from builders.sandbox.interface import NoSandboxError

ENGINE_ERRORS = (docker.errors.DockerException, requests.RequestException)
"""What the SDK raises: its own errors, and those of the transport below it."""

TIMEOUT_SECONDS = 60


def connect() -> docker.DockerClient:
    """Return a client of the engine that DOCKER_HOST names, else of the first that answers.

    Raises:
        NoSandboxError: none answers.
    """
    host = answering_host()
    try:
        return _client(host)
    except ENGINE_ERRORS as error:
        raise NoSandboxError(
            f"the container engine at {host} does not work: {error}", hint=START_HINT
        ) from error


@cache
def is_podman(client: docker.DockerClient) -> bool:
    """Return whether the engine is a Podman, which differs from Docker where its API does not say.

    Raises:
        docker.errors.DockerException: the engine does not answer.
    """
    components = client.version().get("Components") or ()
    return any("podman" in str(component.get("Name", "")).lower() for component in components)


def _client(host: str) -> docker.DockerClient:
    if host == os.environ.get("DOCKER_HOST"):
        client = docker.from_env(timeout=TIMEOUT_SECONDS)  # more variables may ask for TLS
    else:
        client = docker.DockerClient(base_url=host, timeout=TIMEOUT_SECONDS)
    # The SDK keeps connections by whole URL, which names a container: none is ever used again.
    client.api.headers["Connection"] = "close"
    client.ping()
    return client
