"""How much two workers do in the time of one: the same batch, with nothing remembered.

    make bench-batch BATCH=../lists/pure.txt

A first run fetches everything and makes what all runs share: images, interpreters, resolutions.
Then one worker and two judge the same wheels, each with a new ledger and without any rebuild.
Prints a Markdown table; times are of one machine, which should have nothing else to do: processor
seconds are those of everything that runs on it.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

KEPT = Path(__file__).resolve().parents[1] / ".truewheel" / "bench-batch"
COMMAND = (sys.executable, "-m", "verify.cli", "batch", "--json", "-q")
ENVIRONMENT = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
WORKERS = (1, 2)
REBUILDS = "rebuilds"
"""The folder of the cache that they are kept in."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ran:
    """One batch: seconds of wall time and of all processors, and the verdicts in their order."""

    seconds: float
    processor: float
    verdicts: tuple[str, ...]


def main(arguments: Sequence[str]) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.batch")
    parser.add_argument("list", type=Path, help="requirements, one a line")
    parser.add_argument("--every", type=int, default=1, help="take every N-th of them")
    parser.add_argument("--rounds", type=int, default=1)
    chosen = parser.parse_args(arguments)
    with TemporaryDirectory(prefix="truewheel-bench-") as folder:
        pins = list(read(chosen.list))[:: chosen.every]
        wanted = Path(folder) / "requirements.txt"
        wanted.write_text("\n".join(pins), encoding="utf-8")
        print(f"fetching what {len(pins)} requirements take", file=sys.stderr)
        expected = run(wanted, Path(folder), workers=max(WORKERS)).verdicts
        print("| workers | seconds | processor seconds | processors busy |")
        print("|---:|---:|---:|---:|")
        best = {}
        for workers in WORKERS:
            rounds = [run(wanted, Path(folder), workers=workers) for _ in range(chosen.rounds)]
            assert {each.verdicts for each in rounds} == {expected}  # noqa: S101
            best[workers] = quick = min(rounds, key=lambda each: each.seconds)
            busy = quick.processor / quick.seconds
            print(f"| {workers} | {quick.seconds:.1f} | {quick.processor:.1f} | {busy:.2f} |")
    one, two = (best[workers].seconds for workers in WORKERS)
    print(f"\n{len(expected)} wheels; two workers do {one / two:.2f} times as much as one")


def read(path: Path) -> Iterator[str]:
    """The requirements of a list."""
    for line in path.read_text(encoding="utf-8").splitlines():
        pin = line.partition("#")[0].strip()
        if pin:
            yield pin


def run(wanted: Path, folder: Path, *, workers: int) -> Ran:
    """A batch that remembers no verdict and no rebuild."""
    KEPT.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(KEPT / REBUILDS, ignore_errors=True)
    ledger = folder / "ledger.sqlite"
    ledger.unlink(missing_ok=True)
    before, start = spent(), time.perf_counter()
    done = subprocess.run(
        [*COMMAND, wanted, *("--cache-dir", KEPT, "--ledger", ledger, "--jobs", str(workers))],
        env=ENVIRONMENT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        check=False,
    )
    seconds = time.perf_counter() - start
    results = json.loads(done.stdout)["results"]
    return Ran(
        seconds=seconds,
        processor=spent() - before,
        verdicts=tuple(result["reason"] or result["verdict"] for result in results),
    )


def spent() -> float:
    """Processor seconds since the machine started; see proc_stat(5).

    Those of children would lack builds, which a sandbox's end leaves to the kernel.
    """
    words = Path("/proc/stat").read_text(encoding="ascii").split("\n", 1)[0].split()
    user, nice, system = map(int, words[1:4])
    return (user + nice + system) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main(sys.argv[1:])
