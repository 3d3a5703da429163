"""`make fuzz SECONDS=120 SEED=1`: every target for its share of the time, in two processes.

Exits with 1 if a law broke, an input took too long or too much memory; the input is kept.
"""

import base64
import sys
import tempfile
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from tests.fuzz.campaign import (
    INPUT_SECONDS,
    MEMORY_MIB,
    Campaign,
    Outcome,
    breaks_again,
    run,
    run_lanes,
)

_TOLD = 60
"""Last lines of a log; whoever only sees the output must be able to find the fault."""


def main(seconds: int, seed: int | None) -> int:
    """Fuzz, print a summary, and return the exit code."""
    if find_spec("atheris") is None:
        print("atheris has wheels for CPython 3.11 to 3.13 on x86_64 Linux only; nothing was run.")
        return 2
    if not _is_fault_seen():
        print("A target that fails on every input has not been noticed; see docs/fuzzing.md.")
        return 2
    # The whole diff is the slowest and includes the wheels' readers.
    third = max(seconds // 3, 1)
    outcomes = run_lanes(
        (
            (Campaign(target="whole-diff", seconds=seconds, seed=seed),),
            (
                Campaign(target="zip-reader", seconds=third, seed=seed),
                Campaign(target="dist-info", seconds=third, seed=seed),
                Campaign(target="native", seconds=third, seed=seed),
            ),
        )
    )
    return _tell(outcomes)


def _is_fault_seen() -> bool:
    """Whether a broken law is noticed and its input kept; otherwise silence proves nothing."""
    with tempfile.TemporaryDirectory() as directory:
        outcome = run(Campaign(target="canary", seconds=5), Path(directory))
    return not outcome.has_ended_well and len(outcome.crashes) == 1


def _tell(outcomes: Sequence[Outcome]) -> int:
    print("| target | executions | seconds | per second | peak MiB | crashes |")
    print("|---|---:|---:|---:|---:|---:|")
    for outcome in outcomes:
        rate = outcome.executions / outcome.seconds
        print(
            f"| {outcome.target} | {outcome.executions:,} | {outcome.seconds:.0f} | {rate:.0f} "
            f"| {outcome.peak_mib} | {len(outcome.crashes)} |"
        )
    crashes = [(outcome.target, path) for outcome in outcomes for path in outcome.crashes]
    executions = sum(outcome.executions for outcome in outcomes)
    print(
        f"{executions:,} executions, at most {INPUT_SECONDS} s and {MEMORY_MIB} MiB each; "
        f"peak {max(outcome.peak_mib for outcome in outcomes)} MiB; {len(crashes)} crashes"
    )
    for target, path in crashes:
        again = "breaks again" if breaks_again(target, path) else "does not break again, alone"
        print(f"crash, which {again}: {path}\n{base64.b64encode(path.read_bytes()).decode()}")
    ended_badly = [outcome for outcome in outcomes if not outcome.has_ended_well]
    for outcome in ended_badly:
        print(f"{outcome.target} ended early; {outcome.log} ends with")
        print(*outcome.log.read_text("utf-8").splitlines()[-_TOLD:], sep="\n")
    return 1 if crashes or ended_badly else 0


sys.exit(main(int(sys.argv[1]), int(sys.argv[2]) if sys.argv[2:] else None))
