"""What placing and collecting costs: wheels that take no time, on a real scheduler and workers.

    make bench-dask

A scheduler and three workers on loopback, and a batch as `truewheel batch --dask` runs it, with a
ledger on disk; only who judges is replaced, see `benchmarks.replay`. Prints a Markdown table.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from resource import RUSAGE_SELF, getrusage

from benchmarks.replay import Listed, bench_in, pins
from tests.support.dask_cluster import DaskCluster
from verify.batch.dask.quiet import hush
from verify.batch.interface import Crew
from verify.batch.journal import Journal
from verify.batch.results import BatchReport
from verify.batch.run import Order, Tools, run_batch

WORKERS = 3
PLACES = 4


@dataclass(frozen=True, kw_only=True)
class Measured:
    """A batch's report, its seconds of wall time and those of processor time in its process."""

    report: BatchReport
    wall: float
    cpu: float


def replayed(address: str, folder: Path, names: Sequence[str], patience: float = 60.0) -> Measured:
    """A batch over wheels of these names."""
    hush()
    from verify.batch.dask.cluster import Cluster  # noqa: PLC0415 - after it is hushed
    from verify.batch.dask.crew import DaskCrew, terms_of  # noqa: PLC0415

    with closing(bench_in(folder)) as bench, closing(_journal(folder)) as journal:

        def crew(_: object) -> Crew:
            return DaskCrew(
                cluster=Cluster(address, "replayed", 10.0),
                finders=Listed(),
                bench=bench,
                terms=terms_of(bench, "replayed", 600.0),
                patience=patience,
            )

        tools = Tools(bench=bench, journal=journal, crew=crew, builds_here=False)
        wall, cpu = time.perf_counter(), getrusage(RUSAGE_SELF)
        report = run_batch(Order(inputs=(pins(names),)), tools)
        used = getrusage(RUSAGE_SELF)
        return Measured(
            report=report,
            wall=time.perf_counter() - wall,
            cpu=used.ru_utime + used.ru_stime - cpu.ru_utime - cpu.ru_stime,
        )


def _journal(folder: Path) -> Journal:
    return Journal(str(folder / "ledger.sqlite"), "replayed", ["replayed.txt"])


def main(arguments: Sequence[str]) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.dask_overhead")
    parser.add_argument("--wheels", type=int, default=10_000)
    wheels = parser.parse_args(arguments).wheels
    with (
        tempfile.TemporaryDirectory(prefix="truewheel-bench-") as name,
        DaskCluster(Path(name)) as cluster,
    ):
        for number in range(WORKERS):
            cluster.replay(f"w{number}", "--places", str(PLACES))
        cluster.wait_for_workers()
        before = cluster.processor_seconds()
        measured = replayed(cluster.address, Path(name), [f"p{n}" for n in range(wheels)])
        after = cluster.processor_seconds()
    if len(measured.report.results) != wheels or measured.report.failure:
        raise SystemExit(f"not all wheels were judged: {measured.report.failure}")
    spent = {
        "the batch": measured.cpu,
        "the scheduler": after[0] - before[0],
        "a worker": (after[1] - before[1]) / WORKERS,
    }
    print(f"{wheels:,} wheels, {WORKERS} workers with {PLACES} places each\n")
    print("| what | ms a wheel |")
    print("|---|---:|")
    print(f"| wall time | {1000 * measured.wall / wheels:.2f} |")
    for what, seconds in spent.items():
        print(f"| processor time of {what} | {1000 * seconds / wheels:.2f} |")


if __name__ == "__main__":
    main(sys.argv[1:])
