"""The sandbox axis: one job runs confined, its output stream is the only thing that comes out.

Every implementation gives the same guarantees, and `tests/integration/test_sandbox_guarantees.py`
runs the same hostile jobs against each:

 1. no network, not even a loopback that reaches the host;
 2. an unprivileged user, no capabilities, no new privileges;
 3. a read-only root; writable are only `/build` and `/tmp`, in memory, bounded by `disk_bytes`, and
    1 MiB of `/dev/shm`, which POSIX semaphores need;
 4. nothing of the host but the job's read-only mounts: no environment, files, sockets, processes;
 5. bounds on memory, processes, CPU time, wall time, disk, log and output, all of which end the
    whole process tree;
 6. fixed hostname, TZ, locale, umask, hash seed and paths;
 7. nothing is left when `run` returns or raises, Ctrl-C included: no process, container, mount or
    temporary file.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Protocol

from verify.errors import TruewheelError

HOSTNAME = "truewheel"
BUILD_DIR = PurePosixPath("/build")
SANDBOX_UID = 65534

BASE_ENVIRONMENT: Mapping[str, str] = {
    "HOME": "/build",
    "LANG": "C.UTF-8",
    "LC_ALL": "C.UTF-8",
    "PATH": "/usr/bin:/bin",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONHASHSEED": "0",
    "TMPDIR": "/tmp",  # noqa: S108 - the sandbox's own tmpfs
    "TZ": "UTC",
}
"""The whole environment of a job, before the job's own additions."""


class SandboxFault(TruewheelError):  # noqa: N818 - the axis' root, not one concrete error
    """The sandbox itself failed: engine gone, image missing, bwrap refused (exit code 4)."""


class NoSandboxError(SandboxFault):
    """No usable sandbox on this machine; the hint says exactly what to install."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Mount:
    """A host file or directory, always read-only, at a fixed absolute path of the sandbox.

    `hidden` are absolute sandbox paths below `target` over which an empty directory is laid, e.g.
    the host interpreter's own site-packages.
    """

    source: Path
    target: PurePosixPath
    hidden: tuple[PurePosixPath, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """Bounds of one job, in seconds and bytes.

    CPU seconds count per process and end the one that breaks them; the tree ends by wall time.
    """

    wall_seconds: float = 900.0
    cpu_seconds: int = 900
    memory_bytes: int = 4 * 1024**3
    processes: int = 512
    disk_bytes: int = 4 * 1024**3
    log_bytes: int = 16 * 1024**2
    output_bytes: int = 1024**3


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """What to run: argv (argv[0] absolute, no shell), with stdin empty and cwd `/build`.

    Standard output is the job's output stream, standard error its log.
    """

    argv: tuple[str, ...]
    mounts: tuple[Mount, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)


class Ending(StrEnum):
    """How a job ended."""

    EXITED = "exited"
    WALL_TIME = "wall-time"
    MEMORY = "memory"
    PROCESSES = "processes"
    LOG_SIZE = "log-size"
    OUTPUT_SIZE = "output-size"


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """A job that ran.

    Attributes:
        ending: EXITED, or the bound it broke (the tree is dead by then).
        exit_code: of the first process where it exited (128 + n for a signal), else None.
        log: standard error, at most `log_bytes`, undecodable bytes replaced.
        seconds: wall time, including the start of the sandbox.
    """

    ending: Ending
    exit_code: int | None
    log: str
    seconds: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Interpreter:
    """A CPython that jobs of one sandbox can run.

    Attributes:
        version: (major, minor), the part that recipes name.
        release: the full version, e.g. `3.11.2`.
        executable: its absolute path inside the sandbox.
        mounts: what a job must mount to use it; empty for one that is part of the root.
        environment: what a job must set to use it (e.g. LD_LIBRARY_PATH of a shared libpython).
        headers: whether Python.h is there, so extension modules can be compiled.
    """

    version: tuple[int, int]
    release: str
    executable: PurePosixPath
    mounts: tuple[Mount, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    headers: bool = False


class Sandbox(Protocol):
    """A place to run hostile code in."""

    @property
    def name(self) -> str:
        """`docker`, `bubblewrap` or `unsafe-host`, as recipes record it."""

    @property
    def image(self) -> str | None:
        """Digest of the root file system (`sha256:...`), None where it is the host's /usr."""

    def interpreters(self) -> tuple[Interpreter, ...]:
        """The interpreters available inside, one per (major, minor), newest first."""

    def run(self, job: Job, output: BinaryIO) -> Outcome:
        """Run a job to its end and write its standard output to `output`.

        Raises:
            SandboxFault: the sandbox could not do its part; nothing can be said about the job.
        """
