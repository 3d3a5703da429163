"""Comparing two wheels: `truewheel diff` against diffoscope and against plain Python, in one run.

    make bench-compare

Plain Python reads both files and hashes them, inflates every member with `zipfile` and hashes it.
diffoscope is the one on PATH, started once for each pair and ended at a cap. Prints a Markdown
table; ratios are what counts, machines differ.
"""

import hashlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.child import Run
from benchmarks.pairs import PINS, Pair, Pin, make_pairs
from verify.compare.engine import compare

CACHE = Path(__file__).resolve().parents[1] / ".truewheel" / "cache"
ROUNDS = 7
ROUNDS_LARGE = 3
LARGE = 64 * 1024**2
"""Bytes of a wheel from which on `ROUNDS_LARGE` are enough."""

CAP = 900.0
"""Seconds after which diffoscope is ended."""

MEMORY = 12 * 1024**3
"""Bytes of address space that one process may have."""

HEAD = """\
| wheel | against | verdict | plain Python s | `compare` s | ratio | `truewheel diff` s \
| diffoscope s | times faster | `truewheel diff` MB | diffoscope MB |
|---|---|---|---:|---:|---:|---:|---:|---:|---:|---:|"""

# An installed truewheel has its bytecode; so has this one, whatever the environment says.
ENVIRONMENT = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
TRUEWHEEL = (sys.executable, "-m", "verify.cli", "diff", "--json")
CHILD = (sys.executable, "-m", "benchmarks.child", str(CAP), str(MEMORY))


@dataclass(frozen=True, kw_only=True, slots=True)
class Measured:
    """Of one pair: seconds as medians, and one run of each of the two commands with its peak.

    Attributes:
        is_reported: diffoscope left a report; it exits with 1 for a traceback as for a difference.
    """

    pair: Pair
    verdict: str
    plain: float
    in_process: float
    command: float
    ours: Run
    diffoscope: Run
    is_reported: bool


def main() -> None:
    """Print the table for all wheels, or for those whose project is named on the command line."""
    program = shutil.which("diffoscope")
    if program is None:
        sys.exit(
            "diffoscope is not on PATH. On Debian: "
            "apt-get install --no-install-recommends diffoscope-minimal"
        )
    version = subprocess.run((program, "--version"), check=True, capture_output=True, text=True)
    print(f"{version.stdout.strip()}, Python {sys.version.split()[0]}, {os.cpu_count()} cores\n")
    print(HEAD, flush=True)
    for pin in PINS:
        if pin.project in sys.argv[1:] or not sys.argv[1:]:
            for measured in measure(pin, program):
                print(row(pin, measured), flush=True)


def measure(pin: Pin, diffoscope: str) -> Iterator[Measured]:
    """Everything about the pairs of one published wheel."""
    with tempfile.TemporaryDirectory(prefix="truewheel-bench-") as folder:
        for pair in make_pairs(pin, CACHE, Path(folder)):
            yield measure_pair(pair, diffoscope, Path(folder) / "report")


def measure_pair(pair: Pair, diffoscope: str, report: Path) -> Measured:
    """One pair: what is quick several times, diffoscope once."""
    files = (str(pair.published), str(pair.rebuilt))
    rounds = ROUNDS if pair.published.stat().st_size < LARGE else ROUNDS_LARGE
    report.unlink(missing_ok=True)
    options = ("--no-progress", "--text", str(report))
    plain_python, in_process, command = medians(
        rounds,
        lambda: seconds(lambda: plain(pair)),
        lambda: seconds(lambda: compare(pair.published, pair.rebuilt)),
        lambda: truewheel(*files).seconds,
    )
    return Measured(
        pair=pair,
        verdict=str(compare(pair.published, pair.rebuilt).verdict),
        plain=plain_python,
        in_process=in_process,
        command=command,
        ours=truewheel(*files),
        diffoscope=child(*with_temporary(report.parent), diffoscope, *options, *files),
        is_reported=report.exists(),
    )


def plain(pair: Pair) -> None:
    """Read, inflate and hash both files the plain way."""
    for path in (pair.published, pair.rebuilt):
        with path.open("rb") as file:
            hashlib.file_digest(file, "sha256")
        with zipfile.ZipFile(path) as archive:
            for info in archive.infolist():
                hashlib.sha256(archive.read(info)).hexdigest()


def with_temporary(folder: Path) -> tuple[str, str]:
    """A prefix of commands: what one that is ended at the cap leaves goes with the folder."""
    return "env", f"TMPDIR={folder}"


def truewheel(*files: str) -> Run:
    """`truewheel diff`, which must have come to a verdict."""
    run = child(*TRUEWHEEL, *files)
    if run.code not in {0, 1}:
        sys.exit(f"truewheel diff {' '.join(files)} failed with exit code {run.code}")
    return run


def child(*command: str) -> Run:
    """A command in a process of its own, as a user runs it."""
    done = subprocess.run((*CHILD, *command), check=True, stdout=subprocess.PIPE, env=ENVIRONMENT)
    return Run(**json.loads(done.stdout))


def seconds(action: Callable[[], object]) -> float:
    """Wall-clock seconds that it takes."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def medians(rounds: int, *measures: Callable[[], float]) -> list[float]:
    """The median of each; they take turns, so that all see the same machine."""
    taken = [[measure() for measure in measures] for _ in range(rounds)]
    return [statistics.median(of_one) for of_one in zip(*taken, strict=True)]


def row(pin: Pin, of: Measured) -> str:
    """One row of the table."""
    more = "> " if of.diffoscope.code is None else ""
    cells = (
        pin.title,
        of.pair.title,
        of.verdict,
        f"{of.plain:.2f}",
        f"{of.in_process:.2f}",
        f"{of.in_process / of.plain:.1f}",
        f"{of.command:.2f}",
        shown(of),
        f"{more}{of.diffoscope.seconds / of.command:.0f}",
        f"{of.ours.peak / 1e6:.0f}",
        f"{of.diffoscope.peak / 1e6:.0f}",
    )
    return f"| {' | '.join(cells)} |"


def shown(of: Measured) -> str:
    """Diffoscope's seconds, or why there are none."""
    if of.diffoscope.code is None:
        return f"> {CAP:.0f}"
    if of.diffoscope.code not in {0, 1} or not of.is_reported:
        return f"failed after {of.diffoscope.seconds:.1f}"
    return f"{of.diffoscope.seconds:.1f}"


if __name__ == "__main__":
    main()
