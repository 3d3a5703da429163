"""`truewheel check` of one small wheel against `uv build --wheel` of its sdist, in one run.

    make bench

Both build the same source with the same interpreter and the same setuptools. The sdist's code runs
in the sandbox on both sides: uv itself is run in there, once to warm its cache and then timed.
Prints a Markdown table; ratios are what counts, machines differ.
"""

import io
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any

from uv import find_uv_bin

from builders.recipe import recipe_from_json
from builders.sandbox.interface import Job, Mount
from verify.cli.bench import open_bench
from verify.cli.options import Work
from verify.events import silent
from verify.workbench import Workbench

REQUIREMENT = "six==1.17.0"
ROUNDS = 7
# An installed truewheel has its bytecode; so has this one, whatever the environment says.
ENVIRONMENT = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
COMMAND = (sys.executable, "-m", "verify.cli")
Document = dict[str, Any]
WHEELHOUSE = PurePosixPath("/source/wheelhouse")
SANDBOXES = ("bubblewrap", "docker")

# Runs inside the sandbox: `uv build` once for a warm cache, then timed.
UV_SCRIPT = """\
import json, os, subprocess, sys, time
uv, source, python, rounds = sys.argv[1:]
os.environ.update(UV_CACHE_DIR="/build/uv", UV_OFFLINE="1", UV_NO_CONFIG="1")
command = [uv, "build", "--quiet", "--wheel", "--python", python, "--no-index",
           "--find-links", "/source/wheelhouse", "--out-dir", "/build/out", source]
times = []
for _ in range(int(rounds) + 1):
    start = time.perf_counter()
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    times.append(time.perf_counter() - start)
print(json.dumps(times[1:]))
"""


def main() -> None:
    """Print the tables."""
    with tempfile.TemporaryDirectory(prefix="truewheel-bench-") as folder:
        cache = Path(folder)
        rows = [row for sandbox in SANDBOXES for row in measure(sandbox, cache / sandbox)]
    print("| sandbox | what | median s | ratio to uv build |")
    print("|---|---|---:|---:|")
    for row in rows:
        print(row)
    print()
    print(f"`truewheel --version`: {1000 * median_of(version):.0f} ms (median of {ROUNDS})")


def measure(sandbox: str, cache: Path) -> list[str]:
    """Table rows for one sandbox: uv build, check with and without a remembered rebuild."""
    document = check(sandbox, cache)
    uv = uv_build_seconds(sandbox, cache, document)
    fresh = median_of(lambda: check(sandbox, cache, "--fresh"))
    remembered = median_of(lambda: check(sandbox, cache))
    last = check(sandbox, cache, "--fresh")["results"][0]["seconds"]
    stages = ", ".join(f"{name} {seconds:.2f}" for name, seconds in last.items())
    return [
        f"| {sandbox} | uv build --wheel | {uv:.2f} | 1.00 |",
        f"| {sandbox} | check, built again ({stages}) | {fresh:.2f} | {fresh / uv:.2f} |",
        f"| {sandbox} | check, rebuild remembered | {remembered:.2f} | {remembered / uv:.2f} |",
    ]


def check(sandbox: str, cache: Path, *more: str) -> Document:
    """One run of the command as a user runs it, without a ledger unless one is named; its JSON."""
    where = ("--sandbox", sandbox, "--cache-dir", str(cache), "--ledger", "none")
    done = subprocess.run(
        (*COMMAND, "check", "--json", *where, *more, REQUIREMENT),
        check=True,
        capture_output=True,
        env=ENVIRONMENT,
    )
    document: Document = json.loads(done.stdout)
    return document


def uv_build_seconds(sandbox: str, cache: Path, document: Document) -> float:
    """Median seconds of `uv build --wheel` with a warm cache, inside the sandbox."""
    recipe = recipe_from_json(document["results"][0]["recipe"])
    bench = workbench(sandbox, cache)
    frontend = bench.rebuilder.frontend(recipe)
    wheels = [bench.rebuilder.requirement(file) for file in recipe.requirements]
    mounts = [Mount(source=wheel, target=WHEELHOUSE / wheel.name) for wheel in wheels]
    uv, source = PurePosixPath("/truewheel/uv"), PurePosixPath("/source") / frontend.source.name
    output = io.BytesIO()
    outcome = bench.sandbox.run(
        Job(
            argv=(
                str(frontend.python.executable),
                "-c",
                UV_SCRIPT,
                str(uv),
                str(source),
                str(frontend.python.executable),
                str(ROUNDS),
            ),
            mounts=(
                *frontend.python.mounts,
                *mounts,
                Mount(source=Path(find_uv_bin()), target=uv),
                Mount(source=frontend.source, target=source),
            ),
            environment=dict(frontend.python.environment),
        ),
        output,
    )
    if outcome.exit_code:
        sys.exit(f"uv build failed in the sandbox:\n{outcome.log}")
    times: list[float] = json.loads(output.getvalue())
    return statistics.median(times)


def workbench(sandbox: str, cache: Path) -> Workbench:
    """The same tools that the command uses."""
    work = Work(
        sandbox=sandbox,
        cache_root=cache,
        index_url=None,
        extra_index_urls=(),
        offline=False,
        image_registry=None,
        fresh=False,
        attempts=1,
        search_seconds=0.0,
        timeout=900.0,
        memory=4096,
    )
    return open_bench(work, silent)


def version() -> None:
    """`truewheel --version` in a process of its own."""
    subprocess.run((*COMMAND, "--version"), check=True, capture_output=True, env=ENVIRONMENT)


def median_of(action: Callable[[], object]) -> float:
    """Median wall-clock seconds over ROUNDS."""
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        action()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


if __name__ == "__main__":
    main()
