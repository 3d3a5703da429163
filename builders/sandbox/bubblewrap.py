"""The daemonless sandbox: bubblewrap around the host's own /usr, or the root of an image."""

import os
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from builders.sandbox.bwrap_command import BwrapCommand, Root
from builders.sandbox.bwrap_process import started
from builders.sandbox.capture import Capture
from builders.sandbox.interface import (
    Ending,
    Interpreter,
    Job,
    NoSandboxError,
    Outcome,
    SandboxFault,
)
from builders.sandbox.supervise import supervise

INSTALL_HINT = "apt install bubblewrap (Debian, Ubuntu) or dnf install bubblewrap (Fedora)"


def host_command(root: Root | None = None) -> BwrapCommand:
    """Return the builder of command lines for this machine and user; `root` replaces /usr.

    Raises:
        NoSandboxError: bwrap is not installed.
    """
    executable = shutil.which("bwrap")
    if executable is None:
        raise NoSandboxError("bubblewrap is not installed", hint=INSTALL_HINT)
    return BwrapCommand(executable=Path(executable), privileged=os.geteuid() == 0, root=root)


@dataclass(frozen=True, kw_only=True, slots=True)
class BubblewrapSandbox:
    """Runs jobs by bwrap; see `BwrapCommand` for what they see.

    Attributes:
        available: the interpreters to offer, newest first.
        command: builds the command lines.
        control_groups: whether to try a control group before falling back to polling /proc.
    """

    available: Sequence[Interpreter] = ()
    command: BwrapCommand = field(default_factory=host_command)
    control_groups: bool = True

    @property
    def name(self) -> str:
        """Return the name that recipes record."""
        return "bubblewrap"

    @property
    def image(self) -> str | None:
        """Return the root's digest, None where it is the host's /usr."""
        return self.command.root.digest if self.command.root else None

    def interpreters(self) -> tuple[Interpreter, ...]:
        """Return the interpreters available inside, newest first."""
        return tuple(self.available)

    def run(self, job: Job, output: BinaryIO) -> Outcome:
        """Run a job to its end (see `Sandbox.run`).

        Raises:
            SandboxFault: bwrap failed, or a mount cannot be made.
        """
        begin = time.monotonic()
        capture = Capture(output=output, limits=job.limits)
        check_argv(job)
        with started(self.command, job) as process:
            meter = process.confine(job.limits, control_group=self.control_groups)
            process.let_go()
            deadline = begin + job.limits.wall_seconds
            ending = supervise(process.popen, capture, deadline=deadline, meter=meter)
            exit_code = process.exit_code() if ending is Ending.EXITED else None
        if ending is Ending.EXITED and exit_code is None:
            reason = capture.log().strip() or "it was killed from outside"
            raise SandboxFault(f"bubblewrap failed: {reason}")
        seconds = time.monotonic() - begin
        return Outcome(ending=ending, exit_code=exit_code, log=capture.log(), seconds=seconds)


def check_argv(job: Job) -> None:
    """Refuse what env(1) would not take for a program.

    Raises:
        SandboxFault: argv[0] is not an absolute path, or holds an equals sign.
    """
    if not job.argv or not job.argv[0].startswith("/") or "=" in job.argv[0]:
        raise SandboxFault("a job's program must be an absolute path without an equals sign")
