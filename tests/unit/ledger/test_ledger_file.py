"""A ledger in a file: what is kept, what is refused, and what is left alone."""

import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from tests.support.remembering import MOMENT, make_key, make_remembered
from verify.errors import UsageFault
from verify.ledger.interface import LedgerFault, Remembered, RunEntry, UnwritableError
from verify.ledger.migrations import MIGRATIONS
from verify.ledger.store import Ledger
from verify.verdict import Verdict


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "kept" / "ledger.sqlite"


@pytest.fixture
def ledger(path: Path) -> Iterator[Ledger]:
    with closing(Ledger.open(str(path))) as opened:
        yield opened


def names(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


def numbered(number: int) -> Remembered:
    return make_remembered(key=make_key(wheel_sha256=f"{number:064x}"), judgement=UNDETERMINED)


UNDETERMINED = make_remembered(Verdict.UNDETERMINED).judgement


def test_what_was_recorded_is_recalled_after_a_restart(ledger: Ledger, path: Path) -> None:
    kept = make_remembered()
    assert ledger.recall(kept.key) is None
    ledger.record(kept)
    assert ledger.recall(kept.key) == kept
    ledger.close()
    with closing(Ledger.open(str(path))) as again:
        assert again.recall(kept.key) == kept
        assert again.recall(make_key(tool="1.1")) is None


def test_the_latest_judgement_of_a_key_is_remembered(ledger: Ledger) -> None:
    ledger.record(make_remembered(Verdict.IDENTICAL))
    latest = make_remembered(Verdict.DIFFERENT, judged_at=MOMENT + timedelta(days=1))
    ledger.record(latest)
    assert ledger.recall(latest.key) == latest


@pytest.mark.parametrize("body", [b"", b"nothing", "text", 5])
def test_a_row_that_cannot_be_read_is_not_there_and_is_replaced(
    ledger: Ledger, path: Path, body: object
) -> None:
    kept = make_remembered()
    ledger.record(kept)
    with closing(sqlite3.connect(path)) as raw, raw:
        raw.execute("UPDATE truewheel_verdicts SET body = ?", (body,))
    assert ledger.recall(kept.key) is None
    ledger.record(kept)
    assert ledger.recall(kept.key) == kept


def test_a_row_that_was_moved_to_another_key_is_not_believed(ledger: Ledger, path: Path) -> None:
    kept, other = make_remembered(Verdict.IDENTICAL), make_key(wheel_sha256="99" * 32)
    ledger.record(kept)
    with closing(sqlite3.connect(path)) as raw, raw:
        raw.execute("UPDATE truewheel_verdicts SET key = ?", (other.digest,))
    assert ledger.recall(other) is None


def test_runs_are_noted_with_what_they_said(ledger: Ledger) -> None:
    first = RunEntry(
        requirement="thing\ud800\0",
        wheel=None,
        key=None,
        verdict="undetermined",
        reason="no-wheel",
        trusted=False,
        remembered=False,
    )
    second = replace(first, requirement="thing", verdict="identical", reason=None, trusted=True)
    run = ledger.begin_run(["thing\ud800", "thing"], tool="1.0", rules="12" * 32)
    ledger.note(run, 2, second)
    ledger.note(run, 1, first)
    other = ledger.begin_run([], tool="1.0", rules="12" * 32)
    ledger.end_run(run)
    assert ledger.entries(run) == (replace(first, requirement="thing\\ud800\\x00"), second)
    assert ledger.entries(other) == ()
    done, open_run = ledger.runs()
    assert (done["id"], done["inputs"]) == (run, ["thing\ud800", "thing"])
    assert done["started_at"] <= done["ended_at"]
    assert (open_run["id"], open_run["ended_at"]) == (other, None)


def test_a_new_ledger_is_its_owners_alone(ledger: Ledger, path: Path) -> None:
    ledger.record(make_remembered())
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    assert modes == dict.fromkeys(
        ("ledger.sqlite", "ledger.sqlite-shm", "ledger.sqlite-wal"), 0o600
    )


def test_a_closed_ledger_is_one_file(ledger: Ledger, path: Path) -> None:
    ledger.record(make_remembered())
    ledger.close()
    assert names(path.parent) == ["ledger.sqlite"]


def write_text(path: Path) -> None:
    path.write_text("verdicts: all fine\n" * 100, encoding="utf-8")


def write_nothing(path: Path) -> None:
    path.touch()


def write_other_database(path: Path) -> None:
    with closing(sqlite3.connect(path)) as raw, raw:
        raw.execute("CREATE TABLE truewheel_schema (one INTEGER, version INTEGER)")


def write_empty_ledger(path: Path) -> None:
    """The right mark, but no tables."""
    with closing(sqlite3.connect(path)) as raw, raw:
        raw.execute(f"PRAGMA application_id = {0x54525745}")
        raw.execute("CREATE TABLE other (one INTEGER)")


def write_without_version(path: Path) -> None:
    Ledger.open(str(path)).close()
    with closing(sqlite3.connect(path)) as raw, raw:
        raw.execute("DELETE FROM truewheel_schema")


def write_newer(path: Path) -> None:
    Ledger.open(str(path)).close()
    with closing(sqlite3.connect(path)) as raw, raw:
        raw.execute("UPDATE truewheel_schema SET version = 99")


def write_cut_off(path: Path) -> None:
    Ledger.open(str(path)).close()
    path.write_bytes(path.read_bytes()[:6000])


def write_scratched(path: Path) -> None:
    """The first page holds the schema."""
    Ledger.open(str(path)).close()
    data = path.read_bytes()
    path.write_bytes(data[:100] + b"\xff" * 3000 + data[3100:])


UNUSABLE: dict[Callable[[Path], None], str] = {
    write_text: "no SQLite database",
    write_nothing: "no SQLite database",
    write_other_database: "database of something else",
    write_empty_ledger: "none of its tables",
    write_without_version: "does not tell its version",
    write_newer: "newer truewheel",
    write_cut_off: "damaged",
    write_scratched: "damaged",
}


@pytest.mark.parametrize("write", UNUSABLE, ids=lambda write: write.__name__)
def test_what_is_no_ledger_for_us_is_told_and_left_alone(
    write: Callable[[Path], None], tmp_path: Path
) -> None:
    path = tmp_path / "ledger.sqlite"
    write(path)
    path.chmod(0o600)
    before, when = path.read_bytes(), path.stat().st_mtime_ns
    with pytest.raises(LedgerFault, match=UNUSABLE[write]) as caught:
        Ledger.open(str(path))
    assert caught.value.hint
    assert "Traceback" not in caught.value.message
    assert (path.read_bytes(), path.stat().st_mtime_ns) == (before, when)
    assert names(tmp_path) == ["ledger.sqlite"]


def test_damage_that_shows_later_is_told(ledger: Ledger, path: Path) -> None:
    for number in range(300):
        ledger.record(numbered(number))
    ledger.close()
    data = path.read_bytes()
    path.write_bytes(data[:20480] + b"\xff" * (len(data) - 20480))
    with (
        closing(Ledger.open(str(path))) as damaged,
        pytest.raises(LedgerFault, match="is damaged: database disk image is malformed"),
    ):
        _ = [damaged.recall(numbered(number).key) for number in range(300)]


@pytest.mark.parametrize("end", ["", "-wal", "-shm"])
@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_files_that_others_can_write_are_refused(
    ledger: Ledger, path: Path, mode: int, end: str
) -> None:
    ledger.recall(make_key())
    file = path.with_name(path.name + end)
    file.chmod(mode)
    with pytest.raises(LedgerFault, match=f"{file} can be written by others"):
        Ledger.open(str(path))


@pytest.mark.parametrize("end", ["", "-wal", "-shm"])
def test_files_of_another_user_are_refused(
    ledger: Ledger, path: Path, end: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A journal that somebody put beside a ledger would be replayed into it."""
    ledger.recall(make_key())
    file = path.with_name(path.name + end)
    if os.geteuid() == 0:
        os.chown(file, 1234, -1)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: file.stat().st_uid + 1)
    with pytest.raises(LedgerFault, match="belongs to another user"):
        Ledger.open(str(path))


@pytest.mark.parametrize("mode", [0o777, 0o1777])
def test_a_folder_that_everybody_can_write_to_is_refused(
    ledger: Ledger, path: Path, mode: int
) -> None:
    ledger.close()
    path.parent.chmod(mode)
    for name in ("ledger.sqlite", "new.sqlite"):
        with pytest.raises(LedgerFault, match="everybody can write"):
            Ledger.open(str(path.with_name(name)))
    assert names(path.parent) == ["ledger.sqlite"]


def test_a_folder_in_the_ledgers_place_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LedgerFault, match="cannot be read"):
        Ledger.open(str(tmp_path))


def test_a_place_where_nothing_can_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UnwritableError, match="cannot be made"):
        Ledger.open(str(tmp_path / "file" / "ledger.sqlite"))


@pytest.mark.parametrize(
    "url", ["nothing://here", "://", "postgresql+nothing://x/y", "sqlite://", "sqlite:///x?mode=ro"]
)
def test_a_url_that_names_no_database_is_a_wrong_call(url: str) -> None:
    with pytest.raises(UsageFault):
        Ledger.open(url)


def test_a_sqlite_url_is_the_file_that_it_names(path: Path) -> None:
    with closing(Ledger.open(f"sqlite:///{path}")) as ledger:
        ledger.record(make_remembered())
    with closing(Ledger.open(str(path))) as again:
        assert again.recall(make_key()) == make_remembered()


def test_no_password_is_told() -> None:
    with pytest.raises(LedgerFault) as caught:
        Ledger.open("postgresql+psycopg://me:geheim@127.0.0.1:9/db")
    assert "geheim" not in caught.value.message + str(caught.value.hint)


NOW = 1 + len(MIGRATIONS)


def add_note(connection: Connection) -> None:
    connection.execute(text("ALTER TABLE truewheel_verdicts ADD COLUMN note TEXT"))


def fill_note(connection: Connection) -> None:
    connection.execute(text("UPDATE truewheel_verdicts SET note = 'old'"))


def fail(connection: Connection) -> None:
    add_note(connection)
    connection.execute(text("SELECT 1 FROM nowhere"))


def columns(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as raw:
        return [row[1] for row in raw.execute("PRAGMA table_info(truewheel_verdicts)")]


def version(path: Path) -> int:
    with closing(sqlite3.connect(path)) as raw:
        (found,) = raw.execute("SELECT version FROM truewheel_schema").fetchone()
        assert isinstance(found, int)
        return found


def test_an_old_ledger_is_brought_up_to_date_and_keeps_its_verdicts(
    ledger: Ledger, path: Path
) -> None:
    ledger.record(make_remembered())
    ledger.close()
    assert version(path) == NOW
    with closing(Ledger.open(str(path), migrations=(*MIGRATIONS, add_note, fill_note))) as newer:
        assert newer.recall(make_key()) == make_remembered()
    assert (version(path), columns(path)[-1]) == (NOW + 2, "note")
    with closing(sqlite3.connect(path)) as raw:
        assert raw.execute("SELECT note FROM truewheel_verdicts").fetchall() == [("old",)]
    with pytest.raises(LedgerFault, match=f"has version {NOW + 2}, this one knows {NOW}"):
        Ledger.open(str(path))


def test_only_the_missing_steps_are_taken(ledger: Ledger, path: Path) -> None:
    ledger.close()
    Ledger.open(str(path), migrations=(*MIGRATIONS, add_note)).close()
    Ledger.open(str(path), migrations=(*MIGRATIONS, add_note, fill_note)).close()
    assert (version(path), columns(path).count("note")) == (NOW + 2, 1)


def test_a_step_that_fails_changes_nothing(ledger: Ledger, path: Path) -> None:
    ledger.record(make_remembered())
    ledger.close()
    with pytest.raises(LedgerFault, match="nowhere"):
        Ledger.open(str(path), migrations=(*MIGRATIONS, fail))
    assert (version(path), "note" in columns(path)) == (NOW, False)
    with closing(Ledger.open(str(path))) as again:
        assert again.recall(make_key()) == make_remembered()


def test_a_ledger_from_before_batches_is_as_good_as_a_new_one(path: Path) -> None:
    Ledger.open(str(path)).close()
    with closing(sqlite3.connect(path)) as raw, raw:
        new = raw.execute("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall()
        raw.execute("DROP INDEX truewheel_runs_job")
        for table, column in (("runs", "job"), ("runs", "body")):
            raw.execute(f"ALTER TABLE truewheel_{table} DROP COLUMN {column}")
        for column in ("wheel_sha256", "said", "asked"):
            raw.execute(f"ALTER TABLE truewheel_run_entries DROP COLUMN {column}")
        raw.execute("UPDATE truewheel_schema SET version = 1")
        raw.execute("INSERT INTO truewheel_runs VALUES (1, '2026', '2026', '1', '2', '[]')")
    with closing(Ledger.open(str(path))) as ledger:
        assert [run["id"] for run in ledger.runs()] == [1]
        assert ledger.runs_of("12" * 32) == ()
    with closing(sqlite3.connect(path)) as raw:
        names = raw.execute("SELECT name FROM sqlite_master ORDER BY name").fetchall()
    assert names == [(name,) for name, _ in new]


def test_runs_of_a_job_are_found_and_the_latest_is_first(ledger: Ledger) -> None:
    job, other = "12" * 32, "34" * 32
    first = ledger.begin_run(["a"], tool="1", rules="2", job=job)
    ledger.begin_run(["a"], tool="1", rules="2", job=other)
    ledger.begin_run(["a"], tool="1", rules="2")
    second = ledger.begin_run(["a", "--changed"], tool="1", rules="3", job=job)
    ledger.end_run(first)
    found = ledger.runs_of(job)
    assert [(run.number, run.ended) for run in found] == [(second, False), (first, True)]
    assert [run.inputs for run in found] == [("a", "--changed"), ("a",)]


def test_what_judging_took_is_known_by_the_wheel_whatever_judged_it(ledger: Ledger) -> None:
    wheel = make_key().wheel_sha256
    assert ledger.seconds(wheel) is None
    ledger.record(make_remembered(key=make_key(rules="99" * 32)))
    assert ledger.seconds(wheel) == make_remembered().judgement.seconds.total


def test_threads_share_a_ledger(ledger: Ledger) -> None:
    def work(number: int) -> Remembered | None:
        ledger.record(numbered(number % 40))
        return ledger.recall(numbered(number % 40).key)

    with ThreadPoolExecutor(12) as pool:
        found = list(pool.map(work, range(120)))
    assert found == [numbered(number % 40) for number in range(120)]


WRITER = """\
import sys
from tests.support.remembering import make_judgement, make_key, make_remembered
from verify.ledger.migrations import MIGRATIONS
from verify.ledger.store import Ledger
from verify.verdict import Verdict
judged = make_judgement(Verdict.UNDETERMINED)
where, mine, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
sys.stdin.readline()
ledger = Ledger.open(where)
for number in range(count):
    for owner in (mine, 99):  # rows of its own, and rows that all write
        key = make_key(wheel_sha256=f"{owner:032x}{number:032x}")
        ledger.record(make_remembered(key=key, judgement=judged))
run = ledger.begin_run([str(mine)], tool="1", rules="2")
ledger.close()
print(run)
"""


def start(path: Path, mine: int, count: int) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path), str(mine), str(count)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[3],
    )


def ended(processes: "Sequence[subprocess.Popen[str]]") -> list[tuple[str, str]]:
    for process in processes:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    return [process.communicate(timeout=120) for process in processes]


def test_processes_that_make_and_write_one_ledger_lose_nothing(path: Path) -> None:
    """All begin where there is no ledger yet."""
    count = 40
    said = ended([start(path, mine, count) for mine in range(3)])
    assert [error for _, error in said] == [""] * 3
    assert sorted(int(out) for out, _ in said) == [1, 2, 3]
    assert names(path.parent) == ["ledger.sqlite"]
    with closing(Ledger.open(str(path))) as ledger:
        keys = [
            make_key(wheel_sha256=f"{owner:032x}{number:032x}")
            for owner in (*range(3), 99)
            for number in range(count)
        ]
        assert all(ledger.recall(key) is not None for key in keys)
        assert len(ledger.runs()) == 3


def test_a_writer_that_is_killed_leaves_a_whole_ledger(ledger: Ledger, path: Path) -> None:
    process = start(path, 1, 100_000)
    assert process.stdin
    process.stdin.write("go\n")
    process.stdin.flush()
    first = make_key(wheel_sha256=f"{1:032x}{0:032x}")
    while ledger.recall(first) is None:
        assert process.poll() is None
    process.kill()
    process.communicate()
    ledger.record(make_remembered())
    assert ledger.recall(make_key()) == make_remembered()
    with closing(sqlite3.connect(path)) as raw:
        assert raw.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
