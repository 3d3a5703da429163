"""A batch on a bad day: no room, no index, a clock that jumps. The next one goes on."""

import os
import re
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.batches import Place, plain, verdicts
from tests.support.command import assert_valid, truewheel
from tests.support.index_server import IndexServer, Status

OUTAGE = Status(503)


@pytest.fixture
def place(cache: Path, tmp_path: Path) -> Iterator[Place]:
    with IndexServer() as index:
        yield Place(index, tmp_path, cache)


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A disk of its own, whose size `resize` changes."""
    assert os.geteuid() == 0, "a small disk can only be mounted by root"
    folder = tmp_path / "small"
    folder.mkdir()
    subprocess.run(
        ["/bin/mount", "-t", "tmpfs", "-o", "size=1m", "truewheel-test", folder],
        check=True,
    )
    try:
        (folder / "own").mkdir()
        yield folder / "own"
    finally:
        subprocess.run(["/bin/umount", "--lazy", folder], check=True)


def resize(folder: Path, megabytes: int) -> None:
    size = f"remount,size={megabytes}m"
    subprocess.run(["/bin/mount", "-o", size, folder.parent], check=True)


def stopped(place: Place, said: str, *arguments: str | Path) -> dict[str, str]:
    """Run a batch that cannot go on, and says so; gives the verdicts so far."""
    ran = truewheel(*place.arguments(*arguments))
    assert ran.code == 4, ran
    assert re.search(said, ran.stderr), ran.stderr
    assert "Traceback" not in ran.stderr
    if ran.document["schema"] == "truewheel.error/1":
        return {}
    assert_valid(ran.document)
    assert {left["why"] for left in ran.document["left"]} == {"broken-off"}
    return verdicts(ran.document)


def test_a_full_disk_ends_a_batch_and_room_lets_it_go_on(place: Place, small: Path) -> None:
    """First there is no room for the ledger, then none for what is fetched and built."""
    # What does not compress, so that a few wheels fill the disk.
    filling = "blob = " + repr(os.urandom(600_000).hex())
    path = place.write(*(place.serve(f"p{number}", filling) for number in range(6)))
    undisturbed = place.run(path, code=0)
    place.cache, place.ledger = small / "cache", small / "ledger.sqlite"
    block = small / "block"
    room = os.statvfs(small)
    block.write_bytes(b"x" * room.f_bavail * room.f_frsize)
    assert stopped(place, "cannot be made: ", path) == {}
    block.unlink()
    resize(small, 2)
    done = stopped(place, "[Nn]o space left|is full", path, "--jobs", "1")
    assert set(done.values()) <= {"identical"}
    assert 0 < len(done) < 6
    resize(small, 200)
    resumed = place.run(path, code=0)
    assert plain(resumed) == plain(undisturbed)
    assert resumed["summary"]["resumed"] == len(done)


def test_an_index_that_is_gone_for_long_ends_a_batch_after_a_few_requests(place: Place) -> None:
    """It answers at first, then to nobody any more; when it is back, the batch goes on."""
    names = [f"p{number}" for number in range(9)]
    path = place.write(*map(place.serve, names))
    undisturbed = place.run(path, code=0)
    place.cache = place.folder / "cache"
    place.ledger = place.folder / "other.sqlite"
    for name in names[2:]:
        place.index.fail(f"{name}-1.0.tar.gz", *[OUTAGE] * 1000)
    before = place.index.count()
    done = stopped(place, "failed one after another", path, "--jobs", "8")
    # It would ask 1000 times for each, and longer every time.
    assert place.index.count() - before < 300
    assert set(done.values()) <= {"identical", "index-failed"}
    place.index._faults.clear()
    resumed = place.run(path, code=0)
    assert plain(resumed) == plain(undisturbed)


def test_a_clock_that_jumps_changes_nothing(place: Place) -> None:
    """Runs of a day that has not come yet, and of one long ago."""
    path = place.write(*(place.serve(f"p{number}") for number in range(4)))
    whole = place.run(path, "--limit", "2", code=3)
    for moment, limit in (("2099-01-01T00:00:00.000000Z", 3), ("1970-01-01T00:00:00.000000Z", 4)):
        set_clock(place, moment)
        whole = place.run(path, "--limit", "1", "--fresh", code=0 if limit == 4 else 3)
        assert whole["summary"]["resumed"] == limit - 1
        assert whole["summary"]["total"] == limit
    set_clock(place, "2099-01-01T00:00:00.000000Z")
    again = place.run(path, code=0)
    assert (again["summary"]["remembered"], again["summary"]["resumed"]) == (4, 0)
    assert plain(again) == plain(whole)
    assert place.run(path, "--changed", code=0)["summary"]["skipped"] == 4


def set_clock(place: Place, moment: str) -> None:
    """As if all until now had happened at that moment."""
    with closing(sqlite3.connect(place.ledger)) as raw, raw:
        raw.execute("UPDATE truewheel_verdicts SET judged_at = ?", (moment,))
        raw.execute("UPDATE truewheel_runs SET started_at = ?", (moment,))
        raw.execute("UPDATE truewheel_runs SET ended_at = ? WHERE ended_at IS NOT NULL", (moment,))
