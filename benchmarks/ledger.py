"""What a ledger costs and saves: look-ups among many verdicts, a report, a remembered check.

    make bench-ledger ROWS=1000000 DATABASE=postgresql

Checks one real wheel, and fills the same tables with its verdict: for the wheels of the latest run
one of their own each, beneath them copies under random keys, and a run for every RUN of them. Then
recalls verdicts in random order, tells the latest run again, and checks the wheel with and without
its verdict. Prints a Markdown table; times are of one machine.
"""

import argparse
import json
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, insert, text

from benchmarks.check import REQUIREMENT, ROUNDS, check, median_of
from reports.as_json import dump
from reports.batch_json import batch_document
from tests.support.postgres import postgres
from verify.batch.inputs import Input
from verify.batch.recalled import latest_run, pack_asked, pack_rest, previous_run
from verify.batch.results import BatchReport, Place
from verify.ledger.interface import Remembered, RunEntry, moment_text
from verify.ledger.said import pack_said
from verify.ledger.store import Ledger
from verify.ledger.stored import pack, unpack_by_digest
from verify.ledger.tables import ENTRIES, RUNS, VERDICTS
from verify.lock.inputs.interface import Location
from verify.results import CheckResult
from verify.verdict import Verdict

SANDBOX = "bubblewrap"
RUN = 10_000
"""Wheels of one run: those of a company."""

TIMED = 2000
AT_ONCE = 5000
JOB = "ab" * 32
PLACE = Place(source=0, where=Location(path="requirements.txt", line=1))


def main(arguments: Sequence[str]) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ledger")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    chosen = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="truewheel-bench-") as folder:
        print("| what | figure |")
        print("|---|---:|")
        with database(chosen.database, Path(folder)) as where:
            for what, figure in measure(Path(folder), where, chosen.rows):
                print(f"| {what} | {figure} |", flush=True)


@contextmanager
def database(kind: str, folder: Path) -> Iterator[str]:
    """Where a ledger can be: a file, or a server with the settings that it comes with."""
    if kind == "sqlite":
        yield str(folder / "ledger.sqlite")
        return
    with postgres(fsync=True) as server:
        yield server.make("ledger")


def measure(folder: Path, where: str, rows: int) -> Iterator[tuple[str, str]]:
    """What was measured, and the figure."""
    cache = folder / "cache"
    check(SANDBOX, cache, "--ledger", where)
    with closing(Ledger.open(where)) as ledger:
        entry, result, remembered = first(ledger, where)
        start = time.perf_counter()
        keys = fill(where, rows, entry, result, remembered)
        yield (
            f"fill with {rows:,} verdicts of {len(pack(remembered)):,} bytes",
            seconds_since(start),
        )
        yield "size of the database", f"{size_of(where) / 1e9:.2f} GB"
        yield from lookups(ledger, keys)
        yield from report(ledger)
    for what, ledger_name in {"the rebuild": "none", "the verdict": where}.items():
        seconds = median_of(partial(check, SANDBOX, cache, "--ledger", ledger_name))
        yield f"check {REQUIREMENT}, {what} remembered, median of {ROUNDS}", f"{seconds:.2f} s"


def lookups(ledger: Ledger, kept: Sequence[Remembered]) -> Iterator[tuple[str, str]]:
    """Each in a transaction of its own, as workers ask."""
    chosen = random.Random(1).sample(kept, min(TIMED, len(kept)))  # noqa: S311 - an order
    for one in chosen:
        assert ledger.recall(one.key) == one  # noqa: S101 - what is timed answers
    for what, action in (
        ("recall a verdict", lambda one: ledger.recall(one.key)),
        ("miss one", lambda one: ledger.recall(replace(one.key, tool="0"))),
        ("seconds of a wheel", lambda one: ledger.seconds(one.key.wheel_sha256)),
        ("record a verdict", ledger.record),
    ):
        yield f"{what}: median, slowest of 100", told([timed(action, one) for one in chosen])


def report(ledger: Ledger) -> Iterator[tuple[str, str]]:
    """The latest run as `truewheel report` gets it."""
    start, worked = time.perf_counter(), time.process_time()
    found = latest_run(ledger)
    yield f"the latest run, of {len(found.results):,} wheels, as values", seconds_since(start)
    document = dump(batch_document(found))
    took, worked = seconds_since(start), time.process_time() - worked
    what = f"... and as a document of {len(document) / 1e6:.0f} MB; processor time of both"
    yield what, f"{took}; {worked:.1f} s"
    assert all(result["diff"] for result in json.loads(document)["results"])  # noqa: S101
    start = time.perf_counter()
    before = previous_run(ledger, found.run or 0)
    yield "the run before it, for a trend", seconds_since(start)
    assert before is not None  # noqa: S101


def first(ledger: Ledger, where: str) -> tuple[RunEntry, CheckResult, Remembered]:
    """The one verdict that is in a ledger, and what was said of it."""
    (told,) = ledger.told(1)
    with reaching(where) as engine, engine.connect() as connection:
        body = connection.execute(VERDICTS.select()).mappings().one()["body"]
    remembered = unpack_by_digest(body, told.entry.key or "")
    assert told.result is not None  # noqa: S101
    assert remembered is not None  # noqa: S101
    return told.entry, told.result, remembered


def fill(
    where: str, rows: int, entry: RunEntry, result: CheckResult, remembered: Remembered
) -> list[Remembered]:
    """Fill the tables; gives what the latest run remembers."""
    kept = [variant(remembered) for _ in range(min(RUN, rows))]
    said = pack_said(result, has_verdict=True)
    body, moment = pack(remembered), moment_text(remembered.judged_at)

    def verdict(one: Remembered, packed: bytes) -> dict[str, Any]:
        return {
            "key": one.key.digest,
            "wheel": one.key.wheel,
            "wheel_sha256": one.key.wheel_sha256,
            "source": one.key.source,
            "source_sha256": one.key.source_sha256,
            "tool": one.key.tool,
            "rules": one.key.rules,
            "verdict": one.judgement.verdict.value,
            "reason": one.judgement.reason,
            "judged_at": moment,
            "body": packed,
        }

    def copies() -> Iterator[dict[str, Any]]:
        row = verdict(remembered, body)
        for _ in range(rows - len(kept)):
            yield {**row, "key": os.urandom(32).hex(), "wheel_sha256": os.urandom(32).hex()}

    def entries(run: int, keys: Iterator[tuple[str, str]]) -> Iterator[dict[str, Any]]:
        for position, (key, sha256) in enumerate(keys, start=1):
            yield {
                **{name: getattr(entry, name) for name in RunEntry.__dataclass_fields__},
                "run": run,
                "position": position,
                "key": key,
                "wheel_sha256": sha256,
                "said": said,
                "asked": pack_asked([PLACE]),
            }

    rest = BatchReport(run=None, inputs=(Input(path="requirements.txt", kind=None),), results=())
    run_row = {
        "started_at": moment,
        "ended_at": moment,
        "tool": entry.verdict,
        "rules": JOB,
        "inputs": "[]",
        "job": JOB,
        "body": pack_rest(rest, is_open=False),
    }
    runs = range(2, max(rows // RUN, 2) + 2)
    with reaching(where) as engine:
        put(engine, VERDICTS, copies())
        put(engine, VERDICTS, (verdict(one, pack(one)) for one in kept))
        put(engine, RUNS, (run_row for _ in runs))
        for run in runs:
            latest = [(one.key.digest, one.key.wheel_sha256) for one in kept]
            put(engine, ENTRIES, entries(run, iter(latest)))
        with engine.begin() as connection:
            connection.execute(text("ANALYZE"))
    return kept


def put(engine: Engine, table: Any, rows: Iterator[dict[str, Any]]) -> None:  # noqa: ANN401
    while batch := list(islice(rows, AT_ONCE)):
        with engine.begin() as connection:
            connection.execute(insert(table), batch)


def variant(remembered: Remembered) -> Remembered:
    """The same verdict on another wheel."""
    sha256, judgement = os.urandom(32).hex(), remembered.judgement
    diff = judgement.diff
    assert diff is not None  # noqa: S101
    rebuilt = diff.rebuilt
    if judgement.verdict is Verdict.IDENTICAL:
        rebuilt = replace(rebuilt, sha256=sha256)
    diff = replace(diff, published=replace(diff.published, sha256=sha256), rebuilt=rebuilt)
    return replace(
        remembered,
        key=replace(remembered.key, wheel_sha256=sha256),
        judgement=replace(judgement, diff=diff),
    )


@contextmanager
def reaching(where: str) -> Iterator[Engine]:
    """The tables themselves."""
    engine = create_engine(where if "://" in where else f"sqlite:///{where}")
    try:
        yield engine
    finally:
        engine.dispose()


def size_of(where: str) -> int:
    """Bytes of the database."""
    if "://" not in where:
        return Path(where).stat().st_size
    with reaching(where) as engine, engine.connect() as connection:
        return int(connection.execute(text("SELECT pg_database_size('ledger')")).scalar_one())


def timed(action: Callable[..., object], *arguments: object) -> float:
    """Seconds of wall time."""
    start = time.perf_counter()
    action(*arguments)
    return time.perf_counter() - start


def told(times: Sequence[float]) -> str:
    slowest = sorted(times)[len(times) * 99 // 100]
    return f"{1000 * statistics.median(times):.2f} ms, {1000 * slowest:.2f} ms"


def seconds_since(start: float) -> str:
    return f"{time.perf_counter() - start:.1f} s"


if __name__ == "__main__":
    main(sys.argv[1:])
