"""Where a container engine may answer; asked without its SDK, which takes long to import."""

import os
from collections.abc import Iterator

from builders.sandbox.interface import NoSandboxError
from containers.engine import USUAL_SOCKET, answers

UNIX = "unix://"
START_HINT = (
    "install and start one: apt install docker.io (Debian, Ubuntu), dnf install podman and"
    " systemctl --user start podman.socket (Fedora); a private one for this checkout:"
    " python -m containers.engine run -- COMMAND"
)


def answering_host() -> str:
    """Return the engine that DOCKER_HOST names, else the first usual socket that answers.

    An engine over TCP is taken at its name; its client finds out.

    Raises:
        NoSandboxError: none answers.
    """
    hosts = tuple(_hosts())
    for host in hosts:
        if not host.startswith(UNIX) or answers(host.removeprefix(UNIX)):
            return host
    raise NoSandboxError(f"no container engine answers at {', '.join(hosts)}", hint=START_HINT)


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
