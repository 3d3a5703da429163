"""How long `truewheel lock` takes the second time, when its input is as it was.

    make bench-lock

Locks some ten packages into a fresh cache, which rebuilds them, and then the same again: uv
resolves, the listings come from the cache and the verdicts from the ledger. Prints a Markdown
table; times are of one machine.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

REQUIREMENTS = (
    "click",
    "rich",
    "jinja2",
    "attrs",
    "python-dateutil",
    "packaging",
)
ROUNDS = 9


def main(arguments: Sequence[str]) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.lock")
    parser.add_argument("requirements", nargs="*", default=REQUIREMENTS)
    parser.add_argument("--cache-dir", type=Path, help="with what is there; else an empty one")
    parser.add_argument("--sandbox", default="bubblewrap")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="truewheel-bench-") as name:
        folder = Path(name)
        source, output = folder / "requirements.in", folder / "requirements.txt"
        source.write_text("".join(f"{line}\n" for line in options.requirements), encoding="utf-8")
        command = (
            *("lock", str(source), "-o", str(output), "--sandbox", options.sandbox, "--quiet"),
            *("--cache-dir", str(options.cache_dir or folder / "cache")),
        )
        first = seconds(command)
        again = [seconds(command) for _ in range(ROUNDS)]
        lines = output.read_text(encoding="utf-8").splitlines()
    packages = sum("==" in line and not line.startswith("#") for line in lines)
    print(f"| `truewheel lock`, {packages} packages | seconds |")
    print("|---|---:|")
    print(f"| the first time | {first:.1f} |")
    print(f"| again, median of {ROUNDS} | {statistics.median(again):.2f} |")
    print(f"| again, slowest of {ROUNDS} | {max(again):.2f} |")


def seconds(command: Sequence[str]) -> float:
    """Wall time of one run, which must succeed."""
    kept = {name: value for name, value in os.environ.items() if name != "TRUEWHEEL_LEDGER"}
    start = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "verify.cli", *command],
        env=kept,
        stdout=subprocess.DEVNULL,
        check=True,
    )
    return time.perf_counter() - start


if __name__ == "__main__":
    main(sys.argv[1:])
