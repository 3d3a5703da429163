"""Runs hostile Python programs in a sandbox and looks for what they leave behind."""

import io
import json
import os
import tempfile
import textwrap
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from builders.sandbox.interface import Job, Limits, Mount, Outcome, Sandbox

PYTHON = "/usr/bin/python3"
MOUNT_SECONDS = 300.0
"""Longer than any other test has something mounted."""

QUICK = Limits(
    wall_seconds=60.0,
    cpu_seconds=60,
    memory_bytes=512 * 1024**2,
    processes=64,
    disk_bytes=256 * 1024**2,
    log_bytes=1024**2,
    output_bytes=64 * 1024**2,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """A job that ran: its outcome and everything it wrote to standard output."""

    outcome: Outcome
    output: bytes

    @property
    def said(self) -> object:
        """Return the output, read as one JSON document."""
        assert self.output, self.outcome
        return json.loads(self.output)


def run_python(
    sandbox: Sandbox,
    program: str,
    *,
    mounts: tuple[Mount, ...] = (),
    environment: Mapping[str, str] | None = None,
    limits: Limits = QUICK,
) -> Run:
    """Run a Python program with the interpreter that every root has."""
    argv = (PYTHON, "-c", textwrap.dedent(program))
    return run_command(sandbox, *argv, mounts=mounts, environment=environment, limits=limits)


def run_command(
    sandbox: Sandbox,
    *argv: str,
    mounts: tuple[Mount, ...] = (),
    environment: Mapping[str, str] | None = None,
    limits: Limits = QUICK,
) -> Run:
    """Run a command."""
    output = io.BytesIO()
    job = Job(argv=argv, mounts=mounts, environment=environment or {}, limits=limits)
    return Run(outcome=sandbox.run(job, output), output=output.getvalue())


def marker() -> str:
    """Return a word that no other process has in its arguments."""
    return f"marker-{uuid.uuid4().hex}"


def processes_with(word: str) -> list[int]:
    """Return the host's processes whose arguments hold a word."""
    found = []
    for directory in Path("/proc").iterdir():
        if directory.name.isdigit():
            try:
                arguments = (directory / "cmdline").read_bytes()
            except OSError:
                continue
            if word.encode() in arguments:
                found.append(int(directory.name))
    return found


def groups_of(pid: int) -> list[str]:
    """Return the control groups that a process made; those of others come and go meanwhile."""
    tree = os.walk("/sys/fs/cgroup")  # which passes over what is gone, as Path.glob does not
    found = (f"{top}/{name}" for top, names, _ in tree for name in names)
    return sorted(path for path in found if f"/truewheel-{pid}-" in path)


def leftovers() -> dict[str, list[str]]:
    """Return what a run of this process could leave: control groups, temporary files."""
    return {
        "groups": groups_of(os.getpid()),
        "files": sorted(map(str, Path(tempfile.gettempdir()).iterdir())),
    }


def mounts() -> set[str]:
    """Return what is mounted here; an engine's are left out: another test run may be using it."""
    lines = Path("/proc/self/mounts").read_text().splitlines()
    return {line for line in lines if "overlay" not in line and "/netns/" not in line}


def wait_for_mounts(before: set[str]) -> None:
    """Fail unless all that is mounted since is gone again: in time, for other tests mount, too."""
    deadline = time.monotonic() + MOUNT_SECONDS
    while left := mounts() - before:
        assert time.monotonic() < deadline, left
        time.sleep(0.1)
