"""How a container is confined: one method per guarantee, so that a test can take one away."""

import math
from dataclasses import dataclass
from typing import Any

from docker.types import LogConfig, Mount, Ulimit

from builders.sandbox.bwrap_command import SHM_BYTES, check_readable, existing_hidden
from builders.sandbox.enter import entering
from builders.sandbox.interface import BUILD_DIR, HOSTNAME, SANDBOX_UID, Job
from builders.sandbox.limits import container_limits

OWN_PROCESSES = 2
"""tini and timeout, beside the job's own."""

HIDDEN = "ro,size=4k,mode=0555"
"""An empty directory that stays so."""

ORPHAN_SECONDS = 30
"""A container whose owner has died ends by itself, this long after the job's wall time."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ContainerConfig:
    """Builds what the engine is asked for."""

    def command(self, job: Job) -> list[str]:
        """Return the container's command: a last clock, a reaper, the way in, the job.

        The clock comes first: nothing inside can kill the first process of a PID namespace.
        """
        seconds = math.ceil(job.limits.wall_seconds) + ORPHAN_SECONDS
        clock = ["/usr/bin/timeout", "-s", "KILL", str(seconds)]
        return [*clock, "/usr/bin/tini", "-s", "--", *self.entering(job)]

    def entering(self, job: Job) -> list[str]:
        """Fix environment and umask, and filter system calls beside the engine's own filter."""
        return entering(job)

    def container(self) -> dict[str, Any]:
        """Return user, host name and directory."""
        return {
            "user": f"{SANDBOX_UID}:{SANDBOX_UID}",
            "hostname": HOSTNAME,
            "working_dir": str(BUILD_DIR),
        }

    def host(self, job: Job, *, copies_up: bool = False) -> dict[str, Any]:
        """Return everything of the host configuration.

        A Podman `copies_up`: it fills a tmpfs with what it covers unless told not to, by an option
        that Docker does not know. What is hidden must stay hidden. It also makes /var/tmp writable.
        """
        tmpfs = {**self.writable(job), **self.hidden(job)}
        if copies_up:
            tmpfs["/var/tmp"] = HIDDEN  # noqa: S108 - in the container
            tmpfs = {path: f"{options},notmpcopyup" for path, options in tmpfs.items()}
        return {
            **self.network(),
            **self.privileges(),
            **self.root(),
            **self.bounds(job),
            "tmpfs": tmpfs,
            "mounts": self.mounts(job),
            # Attached streams carry everything; a log would fill the engine's disk.
            "log_config": LogConfig(type=LogConfig.types.NONE),
        }

    def network(self) -> dict[str, Any]:
        """No network but an empty loopback; no trace of the host's resolver either."""
        return {"network_mode": "none", "dns": ["127.0.0.1"], "dns_search": ["."]}

    def privileges(self) -> dict[str, Any]:
        """No capability, no way to gain one. The engine's own system call filter stays on."""
        return {"cap_drop": ["ALL"], "security_opt": ["no-new-privileges"]}

    def root(self) -> dict[str, Any]:
        """Keep the image's root read-only, and IPC private with room for semaphores only."""
        return {"read_only": True, "ipc_mode": "private", "shm_size": SHM_BYTES}

    def bounds(self, job: Job) -> dict[str, Any]:
        """Memory without swap, processes, and resource limits."""
        limits = job.limits
        return {
            "mem_limit": limits.memory_bytes,
            "memswap_limit": limits.memory_bytes,
            "pids_limit": limits.processes + OWN_PROCESSES,
            "ulimits": [
                Ulimit(name=name, soft=bound, hard=bound)
                for name, bound in container_limits(limits).items()
            ],
        }

    def writable(self, job: Job) -> dict[str, str]:
        """Make /build and /tmp in memory; together they hold `disk_bytes`."""
        temporary = job.limits.disk_bytes // 4
        build = job.limits.disk_bytes - temporary
        options = "rw,exec,nosuid,nodev"
        return {
            str(BUILD_DIR): f"{options},size={build},mode=0777",
            "/tmp": f"{options},size={temporary},mode=1777",  # noqa: S108 - in the container
        }

    def mounts(self, job: Job) -> list[Mount]:
        """Mount what the job names, read-only.

        Raises:
            SandboxFault: a mount cannot be read by an unprivileged user.
        """
        for mount in job.mounts:
            check_readable(mount)
        return [
            Mount(str(mount.target), str(mount.source), type="bind", read_only=True)
            for mount in job.mounts
        ]

    def hidden(self, job: Job) -> dict[str, str]:
        """Lay an empty directory over what the mounts hide."""
        return {str(path): HIDDEN for mount in job.mounts for path in existing_hidden(mount)}
