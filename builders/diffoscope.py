"""Runs diffoscope on two files inside a sandbox: what it parses is hostile, and so is its output.

diffoscope exits with 1 where files differ, and Python does for a traceback; nothing depends on the
exit code alone, a report only counts when it is whole.
"""

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory, TemporaryFile
from typing import BinaryIO

from builders.sandbox.interface import Ending, Job, Limits, Mount, Outcome, Sandbox
from verify.errors import TruewheelError

PROGRAM = "/usr/bin/diffoscope"
PUBLISHED = PurePosixPath("/compare/published.whl")
REBUILT = PurePosixPath("/compare/rebuilt.whl")
"""Fixed names: a file's own could say anything, to diffoscope's command line and in its report."""

LIMITS = Limits(
    wall_seconds=240.0,
    cpu_seconds=240,
    memory_bytes=2 * 1024**3,
    processes=64,
    disk_bytes=1024**3,
    log_bytes=1024**2,
    output_bytes=32 * 1024**2,
)
"""A 60 MB binary that differs takes diffoscope 34 s and 1.9 GB."""

DEEPEST = 8
"""Archives within archives; diffoscope alone would go down 50."""

MAX_INPUT_LINES = 1_000_000
MAX_BLOCK_LINES = 2_000
"""Lines of one member that diff(1) may take in, and that the report may show."""

BEGIN, END = b"<!DOCTYPE html>", b"</html>"
SAME, DIFFERENT = 0, 1
MAX_LAST_WORDS = 300

_ENDINGS: Mapping[Ending, str] = {
    Ending.WALL_TIME: "took longer than {limits.wall_seconds:.0f} s",
    Ending.MEMORY: "used more than {limits.memory_bytes} B of memory",
    Ending.PROCESSES: "ran more than {limits.processes} processes",
    Ending.LOG_SIZE: "complained at more than {limits.log_bytes} B of length",
    Ending.OUTPUT_SIZE: "wrote more than {limits.output_bytes} B",
}


class DiffoscopeFault(TruewheelError):  # noqa: N818 - the axis' root, not one concrete error
    """diffoscope gave no whole report; says nothing about the files."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Bounds:
    """What one report may take.

    Attributes:
        limits: what the sandbox enforces.
        patience: seconds after which diffoscope opens no further member, to write what it has.
    """

    limits: Limits = LIMITS
    patience: int = 120


BOUNDS = Bounds()


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """A whole report; `cut_short` tells that its clock kept diffoscope from looking everywhere."""

    seconds: float
    cut_short: bool


def write_page(
    sandbox: Sandbox,
    published: Path,
    rebuilt: Path,
    output: BinaryIO,
    *,
    bounds: Bounds = BOUNDS,
) -> Page:
    """Write diffoscope's HTML page about two files, hostile text in UTF-8, to `output`.

    Nothing is written unless the page is whole.

    Raises:
        DiffoscopeFault: it broke a limit, crashed, or saw no difference.
        SandboxFault: the sandbox failed, or a file cannot be mounted.
        OSError: a file cannot be read, or the page not be written.
    """
    # Copies, because a job's user could not read a file that is closed to others.
    with TemporaryDirectory(prefix="truewheel-explain-") as folder, TemporaryFile() as page:
        mounts = (
            _mount(published, Path(folder, "published"), PUBLISHED),
            _mount(rebuilt, Path(folder, "rebuilt"), REBUILT),
        )
        outcome = sandbox.run(_job(mounts, bounds), page)
        _refuse_failure(outcome, bounds.limits)
        _refuse_part(page, outcome)
        page.seek(0)
        shutil.copyfileobj(page, output)
    return Page(seconds=outcome.seconds, cut_short=outcome.seconds > bounds.patience)


def _mount(source: Path, copy: Path, target: PurePosixPath) -> Mount:
    shutil.copyfile(source, copy)
    copy.chmod(0o644)
    return Mount(source=copy, target=target)


def _job(mounts: tuple[Mount, ...], bounds: Bounds) -> Job:
    size = bounds.limits.output_bytes // 2
    return Job(
        argv=(
            PROGRAM,
            *("--html", "-", "--jquery", "disable", "--no-progress"),
            "--new-file",  # shows the content of a member that only one wheel has
            *("--timeout", str(bounds.patience)),
            *("--max-report-size", str(size), "--max-page-size", str(size)),
            *("--max-container-depth", str(DEEPEST)),
            *("--max-diff-input-lines", str(MAX_INPUT_LINES)),
            *("--max-diff-block-lines", str(MAX_BLOCK_LINES)),
            *("--max-page-diff-block-lines", str(MAX_BLOCK_LINES)),
            *("--exclude-directory-metadata", "yes"),
            *(str(REBUILT), str(PUBLISHED)),  # so that what only the published one has is added
        ),
        mounts=mounts,
        environment={"TMPDIR": "/build"},  # three quarters of the disk
        limits=bounds.limits,
    )


def _refuse_failure(outcome: Outcome, limits: Limits) -> None:
    if outcome.ending is not Ending.EXITED:
        raise DiffoscopeFault(f"diffoscope {_ENDINGS[outcome.ending].format(limits=limits)}")
    if outcome.exit_code == SAME:
        raise DiffoscopeFault("diffoscope saw no difference")
    if outcome.exit_code != DIFFERENT:
        raise DiffoscopeFault(
            f"diffoscope ended with exit code {outcome.exit_code}{_last_words(outcome)}"
        )


def _refuse_part(page: BinaryIO, outcome: Outcome) -> None:
    """A traceback exits like a difference does; only a page that has its end is a report."""
    size = page.seek(0, os.SEEK_END)
    page.seek(0)
    begins = page.read(len(BEGIN)) == BEGIN
    page.seek(max(0, size - 2 * len(END)))
    if not begins or not page.read().rstrip().endswith(END):
        raise DiffoscopeFault(f"diffoscope wrote no whole report{_last_words(outcome)}")


def _last_words(outcome: Outcome) -> str:
    """The last line of its log, which may quote the files it read."""
    lines = outcome.log.strip().splitlines()
    return f": {lines[-1].strip()[:MAX_LAST_WORDS]}" if lines else ""
