"""Runs jobs on the host itself, confined by nothing. For throw-away machines only.

Paths cannot be translated for foreign code, so the job's `/build` and its mount targets are really
created on the host (mounts as symbolic links) and removed afterwards. That takes a root user and a
machine that has none of these paths; anything that exists already is refused, never touched. Only
wall time, log, output and resource limits are bounded. `hidden` parts of mounts stay visible.
"""

import contextlib
import fcntl
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from builders.sandbox.capture import Capture
from builders.sandbox.interface import (
    BASE_ENVIRONMENT,
    BUILD_DIR,
    Ending,
    Interpreter,
    Job,
    Outcome,
    SandboxFault,
)
from builders.sandbox.limits import impose
from builders.sandbox.supervise import supervise
from verify.interrupts import uninterrupted

LOCK = Path(tempfile.gettempdir()) / "truewheel-unsafe-host.lock"


@dataclass(frozen=True, kw_only=True, slots=True)
class UnsafeHostSandbox:
    """No sandbox at all; has to be asked for by name."""

    available: Sequence[Interpreter] = ()

    @property
    def name(self) -> str:
        """Return the name that recipes record."""
        return "unsafe-host"

    @property
    def image(self) -> str | None:
        """Return None: there is no root file system but the host's."""
        return None

    def interpreters(self) -> tuple[Interpreter, ...]:
        """Return the interpreters of the host, newest first."""
        return tuple(self.available)

    def run(self, job: Job, output: BinaryIO) -> Outcome:
        """Run a job to its end, one at a time on the whole machine (see `Sandbox.run`).

        Raises:
            SandboxFault: `/build` or a mount target exists already or cannot be created.
        """
        begin = time.monotonic()
        capture = Capture(output=output, limits=job.limits)
        with _alone(), contextlib.ExitStack() as places:
            try:
                _create(job, places)
                ending, exit_code = _run(job, capture, begin + job.limits.wall_seconds)
            except OSError as error:
                raise SandboxFault(f"cannot run a job on the host: {error}") from error
        seconds = time.monotonic() - begin
        return Outcome(ending=ending, exit_code=exit_code, log=capture.log(), seconds=seconds)


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    with LOCK.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _create(job: Job, places: contextlib.ExitStack) -> None:
    with uninterrupted():
        _make_directory(Path(BUILD_DIR), places)
        for mount in sorted(job.mounts, key=lambda mount: mount.target):
            for parent in reversed(mount.target.parents):
                if not Path(parent).is_dir():
                    _make_directory(Path(parent), places)
            _refuse_existing(mount.target)
            Path(mount.target).symlink_to(mount.source)
            places.callback(Path(mount.target).unlink, missing_ok=True)


def _make_directory(path: Path, places: contextlib.ExitStack) -> None:
    _refuse_existing(PurePosixPath(path))
    path.mkdir()
    places.callback(shutil.rmtree, path, ignore_errors=True)


def _refuse_existing(path: PurePosixPath) -> None:
    if os.path.lexists(path):
        raise SandboxFault(
            f"unsafe-host needs {path} for itself, and it exists",
            hint="remove it, or use a real sandbox: --sandbox docker or --sandbox bubblewrap",
        )


def _run(job: Job, capture: Capture, deadline: float) -> tuple[Ending, int | None]:
    with uninterrupted():
        process = subprocess.Popen(
            job.argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            cwd=BUILD_DIR,
            env={**BASE_ENVIRONMENT, **job.environment},
            umask=0o022,
            start_new_session=True,
        )
    with process:
        try:
            with contextlib.suppress(ProcessLookupError):
                impose(process.pid, job.limits)
            ending = supervise(process, capture, deadline=deadline, meter=None)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        code = process.wait()
    if ending is not Ending.EXITED:
        return ending, None
    return ending, code if code >= 0 else 128 - code
