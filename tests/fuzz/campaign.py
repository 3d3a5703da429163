"""Running the targets under atheris: processes, limits, what each of them did."""

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.fuzz.seeds import seeds

ROOT = Path(__file__).resolve().parents[2]
KEPT = ROOT / ".truewheel" / "fuzz"
"""Corpus, logs and crashing inputs, kept between runs: what was found once is tried again."""

INPUT_SECONDS = 10
MEMORY_MIB = 512

_LONGEST = {
    "zip-reader": 8192,
    "dist-info": 8192,
    "whole-diff": 512,
    "native": 256,
    "canary": 16,
}
"""Bytes of an input; those of the whole diff and of shared objects are decisions."""

_DICTIONARY = ("PK\\x01\\x02", "PK\\x03\\x04", "PK\\x05\\x06", "PK\\x06\\x06", "PK\\x06\\x07",
               "PK\\x07\\x08", "\\x01\\x00\\x10\\x00", "Requires-Dist: ", "Name: ", "Version: ",
               "Tag: ", "Generator: ", "Root-Is-Purelib: ", "sha256=", "\\x0d\\x0a", "example",
               "[console_scripts]\\x0a")  # fmt: skip
_WITH_WORDS = frozenset({"zip-reader", "dist-info"})
_STATISTIC = re.compile(r"^stat::(number_of_executed_units|peak_rss_mb):\s+(\d+)$", re.MULTILINE)
_AGAIN = 5
_START_UP = 60
"""Seconds that a process may take beside fuzzing before it is ended."""


@dataclass(frozen=True, kw_only=True)
class Campaign:
    """One target for some seconds; with a seed, always the same inputs as far as time allows."""

    target: str
    seconds: int
    seed: int | None = None


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What one process did.

    Attributes:
        executions: inputs that were tried, the corpus among them.
        seconds: wall time.
        peak_mib: largest resident memory of the process, fuzzer included.
        crashes: files with the inputs that broke a law, took too long or too much memory.
        has_ended_well: exit code 0, and libFuzzer has said how much it did.
        log: what the process printed.
    """

    target: str
    executions: int
    seconds: float
    peak_mib: int
    crashes: tuple[Path, ...]
    has_ended_well: bool
    log: Path


def run_lanes(lanes: Sequence[Sequence[Campaign]], root: Path = KEPT) -> list[Outcome]:
    """Each lane's campaigns one after the other, the lanes beside each other."""
    with ThreadPoolExecutor(len(lanes)) as pool:
        return [
            outcome
            for lane in pool.map(lambda lane: [run(campaign, root) for campaign in lane], lanes)
            for outcome in lane
        ]


def run(campaign: Campaign, root: Path = KEPT) -> Outcome:
    """Fuzz one target in a process of its own."""
    corpus, crashes = root / "corpus" / campaign.target, root / "crashes"
    for directory in (corpus, crashes):
        directory.mkdir(parents=True, exist_ok=True)
    for name, data in seeds(campaign.target).items():
        (corpus / name).write_bytes(data)
    prefix = f"{campaign.target}-"
    before = set(crashes.glob(f"{prefix}*"))
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as scratch:
        code, log = _fuzz(campaign, corpus, crashes / prefix, Path(scratch))
    path = root / f"{campaign.target}.log"
    path.write_text(log, encoding="utf-8")
    statistics = {name: int(value) for name, value in _STATISTIC.findall(log)}
    return Outcome(
        target=campaign.target,
        executions=statistics.get("number_of_executed_units", 0),
        seconds=time.monotonic() - start,
        peak_mib=statistics.get("peak_rss_mb", 0),
        crashes=tuple(sorted(set(crashes.glob(f"{prefix}*")) - before)),
        has_ended_well=code == 0 and bool(statistics),
        log=path,
    )


def _fuzz(campaign: Campaign, corpus: Path, prefix: Path, scratch: Path) -> tuple[int, str]:
    """Exit code and log of the process; one that does not end in time is killed."""
    command = [
        *(sys.executable, "-m", "tests.fuzz.worker", campaign.target, str(scratch)),
        f"-max_total_time={campaign.seconds}",
        f"-timeout={INPUT_SECONDS}",
        f"-rss_limit_mb={MEMORY_MIB}",
        f"-max_len={_LONGEST[campaign.target]}",
        f"-artifact_prefix={prefix}",
        "-print_final_stats=1",
        *([f"-seed={campaign.seed}"] if campaign.seed is not None else []),
        *_dictionary(campaign.target, scratch),
        str(corpus),
    ]
    try:
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=_environment(campaign.seed),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=campaign.seconds + _START_UP,
            check=False,
        )
    except subprocess.TimeoutExpired as expired:
        return -1, (expired.stdout or b"").decode("utf-8", "replace")
    return done.returncode, done.stdout.decode("utf-8", "replace")


def breaks_again(target: str, data: Path) -> bool:
    """Whether an input that broke a law does so in one of a few fresh processes."""
    for seed in range(_AGAIN):
        with tempfile.TemporaryDirectory() as scratch:
            command = (sys.executable, "-m", "tests.fuzz.worker", target, scratch, str(data))
            done = subprocess.run(
                command,
                cwd=ROOT,
                env=_environment(seed),
                capture_output=True,
                timeout=_START_UP,
                check=False,
            )
        if done.returncode:
            return True
    return False


def _environment(seed: int | None) -> dict[str, str]:
    return {**os.environ, **({} if seed is None else {"PYTHONHASHSEED": str(seed)})}


def _dictionary(target: str, scratch: Path) -> list[str]:
    """libFuzzer's option for words to try; decisions are no text, and have none."""
    if target not in _WITH_WORDS:
        return []
    path = scratch / "dictionary"
    path.write_text("".join(f'"{word}"\n' for word in _DICTIONARY), encoding="ascii")
    return [f"-dict={path}"]
