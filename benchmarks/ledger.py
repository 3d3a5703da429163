"""What a ledger costs and saves: a look-up among many verdicts, and a check that is remembered.

    make bench-ledger

Fills a ledger with verdicts as large as that on a real wheel, recalls some of them in random order,
and checks the wheel with and without it. Prints a Markdown table; times are of one machine.
"""

import argparse
import os
import random
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from benchmarks.check import REQUIREMENT, ROUNDS, check, median_of
from verify.ledger.interface import Effort, Key, Remembered
from verify.ledger.store import Ledger
from verify.results import Judgement
from verify.verdict import Reason, Verdict

SANDBOX = "bubblewrap"
TIMED = 1000


def main(arguments: Sequence[str]) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ledger")
    parser.add_argument("--rows", type=int, default=100_000)
    rows = parser.parse_args(arguments).rows
    with tempfile.TemporaryDirectory(prefix="truewheel-bench-") as folder:
        print("| what | time |")
        print("|---|---:|")
        for what, figure in measure(Path(folder), rows):
            print(f"| {what} | {figure} |")


def measure(folder: Path, rows: int) -> Iterator[tuple[str, str]]:
    """What was measured, and the figure."""
    cache, path = folder / "cache", folder / "ledger.sqlite"
    check(SANDBOX, cache, "--ledger", str(path))
    size = fill(path, rows)
    yield f"{rows:,} verdicts of {size:,} bytes each", f"{path.stat().st_size / 1e6:.0f} MB"
    kept = [remembered(f"{number:064x}") for number in range(TIMED)]
    with closing(Ledger.open(str(path))) as ledger:
        yield "record a verdict, median", told([timed(ledger.record, one) for one in kept])
        random.Random(1).shuffle(kept)  # noqa: S311 - an order, the same in every run
        times = [timed(ledger.recall, one.key) for one in kept]
        yield "recall a verdict, median", told(times)
        yield "recall a verdict, slowest of 100", told(sorted(times)[: len(times) * 99 // 100][-1:])
    for what, where in {"the rebuild": "none", "the verdict": str(path)}.items():
        seconds = median_of(partial(check, SANDBOX, cache, "--ledger", where))
        yield f"check {REQUIREMENT}, {what} remembered, median of {ROUNDS}", f"{seconds:.2f} s"


def fill(path: Path, rows: int) -> int:
    """Copy the one row of a ledger under random keys; gives the size of its body in bytes."""
    names = "wheel, wheel_sha256, source, source_sha256, tool, rules, verdict, reason, judged_at"
    with closing(sqlite3.connect(path)) as database, database:
        (size,) = database.execute("SELECT length(body) FROM truewheel_verdicts").fetchone()
        row = database.execute(f"SELECT {names}, body FROM truewheel_verdicts").fetchone()  # noqa: S608
        database.executemany(
            f"INSERT INTO truewheel_verdicts (key, {names}, body) VALUES (?{', ?' * 10})",  # noqa: S608
            ((os.urandom(32).hex(), row[0], os.urandom(32).hex(), *row[2:]) for _ in range(rows)),
        )
    return int(size)


def remembered(wheel_sha256: str) -> Remembered:
    """A verdict that can be recalled."""
    return Remembered(
        key=Key(
            wheel="thing-1.0-py3-none-any.whl",
            wheel_sha256=wheel_sha256,
            source="thing-1.0.tar.gz",
            source_sha256="12" * 32,
            uploaded=None,
            served=(),
            indexes="34" * 32,
            recipe=None,
            confined=True,
            tool="1.0",
            rules="56" * 32,
        ),
        judgement=Judgement(
            verdict=Verdict.UNDETERMINED, reason=Reason.BUILD_FAILED, detail="no wheel"
        ),
        effort=Effort(
            attempts=8, search_seconds=600, build_seconds=900, memory_bytes=2**32, offline=False
        ),
        judged_at=datetime.now(UTC),
    )


def timed(action: Callable[..., object], *arguments: object) -> float:
    """Seconds of wall time."""
    start = time.perf_counter()
    action(*arguments)
    return time.perf_counter() - start


def told(times: Sequence[float]) -> str:
    return f"{1000 * statistics.median(times):.2f} ms"


if __name__ == "__main__":
    main(sys.argv[1:])
