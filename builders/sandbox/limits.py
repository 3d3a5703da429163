"""The resource limits (setrlimit(2)) of every process of a job, the same in every sandbox."""

import resource

from builders.sandbox.interface import Limits

OPEN_FILES = 4096
STACK_BYTES = 8 * 1024**2
LOCKED_BYTES = 64 * 1024
USER_PROCESSES = 30_000


def resource_limits(limits: Limits) -> dict[str, int]:
    """Return bounds by lower-case RLIMIT name.

    Soft and hard limit are the same: the CPU limit then kills (SIGKILL) and cannot be caught.
    """
    return {
        "core": 0,
        "cpu": limits.cpu_seconds,
        "fsize": limits.disk_bytes,
        "memlock": LOCKED_BYTES,
        "msgqueue": 0,
        "nofile": OPEN_FILES,
        "stack": STACK_BYTES,
    }


def container_limits(limits: Limits) -> dict[str, int]:
    """Return the bounds for a container: those of every sandbox, and one that engines would choose.

    Processes are counted by user over the whole machine, so this bounds no job, others do; but
    Podman, left to itself, asks for more than it may have where it lacks CAP_SYS_RESOURCE.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_NPROC)
    most = USER_PROCESSES if hard == resource.RLIM_INFINITY else min(hard, USER_PROCESSES)
    return {**resource_limits(limits), "nproc": most}


def impose(pid: int, limits: Limits) -> None:
    """Set the limits of a process, or a lower hard limit that it already has.

    Raises:
        ProcessLookupError: the process has ended.
    """
    for name, bound in resource_limits(limits).items():
        number: int = getattr(resource, f"RLIMIT_{name.upper()}")
        _, hard = resource.prlimit(pid, number)
        allowed = bound if hard == resource.RLIM_INFINITY else min(bound, hard)
        resource.prlimit(pid, number, (allowed, allowed))
