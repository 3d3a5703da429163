"""Labels containers with the process that owns them, and removes those of dead owners."""

import os
from pathlib import Path

import docker

from builders.sandbox.docker_client import ENGINE_ERRORS
from builders.sandbox.interface import SandboxFault

OWNER_LABEL = "org.truewheel.owner"


def owner() -> str:
    """Return a name of this process that no other process ever has."""
    return f"{_machine()}/{os.getpid()}/{_start_time(os.getpid())}"


def is_dead(label: str) -> bool:
    """Tell whether an owner has ended; one that this process cannot know about has not."""
    machine, _, process = label.rpartition("/")[0].rpartition("/")
    started = label.rpartition("/")[2]
    return machine == _machine() and process.isdigit() and _start_time(int(process)) != started


def reap(client: docker.DockerClient) -> int:
    """Remove the containers whose owners died without removing them; returns how many.

    Raises:
        SandboxFault: the engine does not answer.
    """
    removed = 0
    try:
        containers = client.api.containers(all=True, filters={"label": OWNER_LABEL})
    except ENGINE_ERRORS as error:
        raise SandboxFault(f"the container engine failed: {error}") from error
    for container in containers:
        if is_dead(str(container["Labels"].get(OWNER_LABEL, ""))):
            try:
                client.api.remove_container(container["Id"], force=True, v=True)
            except ENGINE_ERRORS:
                continue  # somebody else is removing it
            removed += 1
    return removed


def _machine() -> str:
    """Return what makes process numbers comparable: this boot and this PID namespace."""
    boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    return f"{boot}/{Path('/proc/self/ns/pid').readlink()}"


def _start_time(process: int) -> str:
    """Return field 22 of /proc/PID/stat, in clock ticks since boot; empty for no process."""
    try:
        stat = Path(f"/proc/{process}/stat").read_bytes()
    except OSError:
        return ""
    return stat.rpartition(b")")[2].split()[19].decode()
