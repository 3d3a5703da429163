"""Twenty kills at random moments: whatever keeps the ledger, nothing is lost.

The moments are the same in every run of the tests; what a batch is at by then is not.
"""

import json
import os
import random
import signal
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.support.batches import Place, children, plain
from tests.support.command import assert_valid
from tests.support.index_server import IndexServer
from tests.support.postgres import Server, postgres
from tests.support.processes import processes_with
from tests.support.sandboxes import marker

KILLS = 20
JOBS = 2
WAIT_SECONDS = 120
LONGEST = 3.0
"""Seconds from the beginning of a run to its kill; from its start there is about one more."""

NOTED = """\
SELECT e.key, v.judged_at FROM truewheel_run_entries e JOIN truewheel_verdicts v ON v.key = e.key
WHERE e.run > (SELECT coalesce(max(id), 0) FROM truewheel_runs WHERE ended_at IS NOT NULL)
"""
"""What open runs finished, and when it was judged."""

WRITERS = """\
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()
"""
"""What a server may still be doing for processes that are gone."""

JUDGED = "SELECT key, wheel, verdict, reason, judged_at FROM truewheel_verdicts"
RUNS = "SELECT id FROM truewheel_runs"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with postgres() as running:
        yield running


def test_twenty_kills_lose_nothing_and_nothing_is_judged_otherwise(
    cache: Path, tmp_path: Path, server: Server
) -> None:
    with IndexServer() as index, ThreadPoolExecutor(2) as pool:
        place = Place(index, tmp_path, cache)
        word = marker()
        path = place.write(*served(place, word))
        place.ledger = tmp_path / "undisturbed.sqlite"
        undisturbed = place.run(path, "--jobs", str(JOBS), code=1)
        said = {(wheel, verdict, reason) for _, wheel, verdict, reason, _ in place.query(JUDGED)}
        chains = []
        ledgers: list[Path | str] = [tmp_path / "killed.sqlite", server.make("killed")]
        for seed, ledger in enumerate(ledgers):
            one = Place(index, tmp_path, cache)
            one.ledger = ledger
            chains.append(Chain(place=one, path=path, seed=seed))
        for chain, whole in zip(chains, pool.map(Chain.run, chains), strict=True):
            assert [plain(document) for document in whole] == [plain(undisturbed)] * len(whole)
            assert chain.verdicts == said
        assert processes_with(word) == []


def served(place: Place, word: str) -> list[str]:
    """Wheels whose builds take a moment, in a process of their own that a kill has to reach."""
    child = f"[sys.executable, '-c', 'import time; time.sleep(0.3)', {word!r}]"
    body = f"import subprocess, sys\nsubprocess.run({child})\n"
    pins = [place.serve(f"p{number}", body) for number in range(8)]
    pins += [place.serve(f"f{number}", f"{body}raise RuntimeError({number})") for number in (0, 1)]
    return [*pins, place.serve("bad", body, tampered=True)]


class Chain:
    """The same batch over and over, on one ledger, killed until it was killed often enough."""

    def __init__(self, *, place: Place, path: Path, seed: int) -> None:
        self.place, self.path = place, path
        self.moments = random.Random(seed)  # noqa: S311 - nothing secret
        self.noted: dict[str, str] = {}
        self.verdicts: set[tuple[str, str, str | None]] = set()

    def run(self) -> list[Any]:
        """The documents of the runs that came to their end, the last of them undisturbed."""
        whole = []
        for number in range(KILLS):
            document = self._run(number)
            while document is not None:
                whole.append(document)
                document = self._run(number)
        process = self._started(0)
        whole.append(self._ended(process, process.communicate(timeout=300)))
        return whole

    def _run(self, number: int) -> Any:  # noqa: ANN401 - JSON
        """Kill a run of the batch; its document if it was quicker than the kill."""
        before = len(self.place.query(RUNS))
        process = self._started(number)
        wait_for(lambda: len(self.place.query(RUNS)) > before, "the run does not begin")
        with suppress(subprocess.TimeoutExpired):
            said = process.communicate(timeout=self.moments.uniform(0, LONGEST))
            return self._ended(process, said)
        under_way = [process.pid, *descendants(process.pid)]
        for pid in under_way if number % 2 else [process.pid]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.communicate(timeout=WAIT_SECONDS)
        wait_for(
            lambda: not any(is_there(pid) for pid in under_way), "a process outlived its batch"
        )
        wait_for(
            lambda: not marked(process.pid, self._mark(number)), "a process outlived its batch"
        )
        if not isinstance(self.place.ledger, Path):
            wait_for(lambda: self.place.query(WRITERS) == [(0,)], "a dead process writes on")
        self._look()
        return None

    def _started(self, number: int) -> "subprocess.Popen[bytes]":
        arguments = (self.path, "--jobs", str(JOBS), "--fresh")
        return self.place.start(*arguments, mark=self._mark(number))

    def _mark(self, number: int) -> str:
        return f"killed-{id(self)}-{number}"

    def _ended(self, process: "subprocess.Popen[bytes]", said: tuple[bytes, bytes]) -> Any:  # noqa: ANN401 - JSON
        output, errors = said
        assert (process.returncode, errors) == (1, b"")
        document = json.loads(output)
        assert_valid(document)
        # What is accepted as it was is all that was noted; the rest was judged now.
        assert document["summary"]["resumed"] == len(self.noted)
        self._look(is_over=True)
        return document

    def _look(self, *, is_over: bool = False) -> None:
        """What was noted stays as it was; beyond it there is only what was in flight."""
        rows = self.place.query(JUDGED)
        self.verdicts |= {(wheel, verdict, reason) for _, wheel, verdict, reason, _ in rows}
        judged = {key: moment for key, *_, moment in rows}
        assert {key: judged[key] for key in self.noted} == self.noted
        now = dict(self.place.query(NOTED))
        assert is_over or now.keys() >= self.noted.keys()
        self.noted = now


def descendants(pid: int) -> list[int]:
    found = children(pid)
    return [each for child in found for each in (child, *descendants(child))]


def is_there(pid: int) -> bool:
    with suppress(OSError):
        return not Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].startswith(b" Z")
    return False


def marked(pid: int, mark: str) -> list[int]:
    """Processes with the environment of a batch that is over."""
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):
            if mark.encode() in path.read_bytes() and path.parent.name != str(pid):
                found.append(int(path.parent.name))
    return found


def wait_for(is_so: Any, what: str) -> None:  # noqa: ANN401 - a condition
    deadline = time.monotonic() + WAIT_SECONDS
    while not is_so():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)
