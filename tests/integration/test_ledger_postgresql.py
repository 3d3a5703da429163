"""A ledger in a real PostgreSQL server: as good as a file, whoever else writes, and if it goes."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from itertools import count
from pathlib import Path
from threading import Event

import pytest

from reports.as_json import dump
from reports.batch_json import batch_document
from tests.support.batches import Place, plain, verdicts
from tests.support.command import assert_valid, truewheel
from tests.support.index_server import Held, IndexServer
from tests.support.postgres import USER, Server, postgres
from tests.support.remembering import make_judgement, make_key, make_remembered
from verify.batch.recalled import latest_run
from verify.ledger.interface import LedgerFault, RunEntry
from verify.ledger.migrations import MIGRATIONS, newest_version
from verify.ledger.store import Ledger
from verify.verdict import Verdict

ROOT = Path(__file__).parents[2]
NEWEST = newest_version(MIGRATIONS)
NUMBERS = count(1)
WAIT_SECONDS = 120
NEW = (
    ("runs", "job"),
    ("runs", "body"),
    ("run_entries", "wheel_sha256"),
    ("run_entries", "said"),
    ("run_entries", "asked"),
)
"""Columns that the first version did not have."""

ENTRY = RunEntry(
    requirement="thing\ud800\0==1.0",
    wheel="thing-1.0-py3-none-any.whl",
    key=make_key().digest,
    verdict="different",
    reason=None,
    trusted=False,
    remembered=False,
    wheel_sha256="ab" * 32,
)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with postgres() as running:
        yield running


@pytest.fixture
def url(server: Server) -> str:
    """A new database."""
    return server.make(f"test{next(NUMBERS)}")


@pytest.fixture
def place(cache: Path, tmp_path: Path, url: str) -> Iterator[Place]:
    with IndexServer() as index:
        found = Place(index, tmp_path, cache)
        found.ledger = url
        yield found


def test_what_is_told_to_a_server_is_there_for_the_next(url: str) -> None:
    with closing(Ledger.open(url)) as ledger:
        ledger.record(make_remembered())
        ledger.record(make_remembered())
        run = ledger.begin_run(["thing==1.0"], tool="1", rules="2", job="12" * 32)
        ledger.note_all(run, [(1, ENTRY), (2, ENTRY)])
        ledger.end_run(run)
    with closing(Ledger.open(url)) as ledger:
        assert ledger.recall(make_key()) == make_remembered()
        assert ledger.recall(make_key(rules="99" * 32)) is None
        assert ledger.seconds(make_key().wheel_sha256) == 3.25
        assert ledger.entries(run) == (replace(ENTRY, requirement="thing\\ud800\\x00==1.0"),) * 2
        assert [(each.number, each.ended) for each in ledger.runs_of("12" * 32)] == [(run, True)]


def test_a_ledger_from_before_batches_is_as_good_as_a_new_one(server: Server, url: str) -> None:
    database = url.rpartition("/")[2]
    Ledger.open(url).close()
    columns = (
        "SELECT table_name, column_name, data_type FROM information_schema.columns"
        " WHERE table_schema = 'public' ORDER BY 1, 2"
    )
    new = server.run(columns, database)
    make_old(server, database)
    Ledger.open(url).close()
    assert server.run(columns, database) == new
    assert server.run("SELECT version FROM truewheel_schema", database) == [(NEWEST,)]


def make_old(server: Server, database: str) -> None:
    for table, column in NEW:
        server.run(f"ALTER TABLE truewheel_{table} DROP COLUMN {column}", database)
    server.run("UPDATE truewheel_schema SET version = 1", database)


WRITER = """\
import sys
from tests.support.remembering import make_judgement, make_key, make_remembered
from verify.ledger.store import Ledger
from verify.verdict import Verdict
judged = make_judgement(Verdict.UNDETERMINED)  # which is not about the bytes of one file
url, mine = sys.argv[1:]
sys.stdin.readline()
ledger = Ledger.open(url)
for number in range(20):
    for owner in (mine, "99"):  # rows of its own, and rows that all write
        key = make_key(wheel_sha256=f"{owner:>032}{number:032x}")
        ledger.record(make_remembered(key=key, judgement=judged))
print(ledger.begin_run([mine], tool="1", rules="2"))
"""


@pytest.mark.parametrize("is_old", [False, True])
def test_processes_that_make_and_write_one_ledger_lose_nothing(
    server: Server, url: str, *, is_old: bool
) -> None:
    """All begin where there is no ledger yet, or one of the first version."""
    database = url.rpartition("/")[2]
    if is_old:
        Ledger.open(url).close()
        make_old(server, database)
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, url, str(mine)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        for mine in range(3)
    ]
    for writer in writers:
        assert writer.stdin
        writer.stdin.write("go\n")
        writer.stdin.flush()
    said = [writer.communicate(timeout=300) for writer in writers]
    assert [error for _, error in said] == [""] * 3
    assert sorted(int(number) for number, _ in said) == [1, 2, 3]
    judged = make_judgement(Verdict.UNDETERMINED)
    with closing(Ledger.open(url)) as ledger:
        for owner in ("0", "1", "2", "99"):
            for number in range(20):
                key = make_key(wheel_sha256=f"{owner:>032}{number:032x}")
                assert ledger.recall(key) == make_remembered(key=key, judgement=judged)


def test_who_may_only_read_reads(server: Server, url: str) -> None:
    database = url.rpartition("/")[2]
    with closing(Ledger.open(url)) as ledger:
        ledger.record(make_remembered())
    server.run(f"CREATE ROLE reader LOGIN PASSWORD '{server.password}'", database)
    server.run("GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader", database)
    with closing(Ledger.open(url.replace(f"//{USER}:", "//reader:"))) as ledger:
        assert ledger.recall(make_key()) == make_remembered()
        with pytest.raises(LedgerFault, match="permission denied"):
            ledger.record(make_remembered())


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE truewheel_schema SET version = version + 1", "written by a newer truewheel"),
        ("DELETE FROM truewheel_schema", "does not tell its version"),
        ("DROP TABLE truewheel_run_entries, truewheel_runs", "cannot be used"),
    ],
)
def test_a_newer_or_damaged_ledger_is_left_alone_and_ends_the_command(
    server: Server, place: Place, statement: str, said: str
) -> None:
    path = place.write(place.serve("p0"))
    assert isinstance(place.ledger, str)
    database = place.ledger.rpartition("/")[2]
    with closing(Ledger.open(place.ledger)) as ledger:
        ledger.record(make_remembered())
    server.run(statement, database)
    ran = truewheel(*place.arguments(path))
    assert ran.code == 4
    assert said in ran.stderr
    assert "Traceback" not in ran.stderr
    assert server.run("SELECT count(*) FROM truewheel_verdicts", database) == [(1,)]


def test_no_password_is_ever_shown(server: Server, place: Place) -> None:
    path = place.write(place.serve("p0"))
    secret = server.password
    good = str(place.ledger)
    wrong = [
        good.replace(secret, f"{secret}x"),
        good.replace(f":{server.port}/", ":1/"),
        f"{good}-is-not-there",
        f"{good}?password={secret}&sslmode={secret}",
        good.replace(secret, f"{secret}@{secret}"),
        good.replace("+psycopg:", "+nothing:"),
        good.replace("@127.0.0.1:", f"@127.0.0.1:{secret}"),
    ]

    def ran(url: str) -> tuple[int, str]:
        done = truewheel("batch", path, "--ledger", url, "--cache-dir", place.cache, "-v")
        return done.code, done.stdout + done.stderr

    with ThreadPoolExecutor(2) as pool:
        said = list(pool.map(ran, wrong))
    assert [code for code, _ in said] == [4, 4, 4, 4, 2, 2, 2]
    for url, (_, text) in zip(wrong, said, strict=True):
        assert secret not in text, url
        assert "Traceback" not in text
    ended = truewheel(*place.arguments(path), "-v")
    assert ended.code == 0
    assert secret not in ended.stdout + ended.stderr


def test_a_server_that_was_started_anew_is_found_again(server: Server, url: str) -> None:
    with closing(Ledger.open(url)) as ledger:
        run = ledger.begin_run(["a"], tool="1", rules="2")
        for number in (signal.SIGINT, signal.SIGQUIT):
            server.stop(number)
            with ThreadPoolExecutor(2) as pool:
                written = pool.submit(ledger.record, make_remembered())
                noted = pool.submit(ledger.note, run, number, ENTRY)
                time.sleep(0.5)  # both wait
                server.start()
                written.result(WAIT_SECONDS)
                noted.result(WAIT_SECONDS)
            assert ledger.recall(make_key()) == make_remembered()
        assert len(ledger.entries(run)) == 2


def test_what_came_through_though_nobody_heard_of_it_is_noted_once(url: str) -> None:
    """A connection may break after the database has done what it was told."""
    with closing(Ledger.open(url)) as ledger:
        run = ledger.begin_run(["a"], tool="1", rules="2")
        for _ in range(2):
            ledger.note_all(run, [(1, ENTRY), (2, ENTRY)], ["[]", "[]"])
        assert len(ledger.entries(run)) == 2


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What was waited, in seconds; a loaded machine takes longer, and waits no more than that."""
    sleep, found = time.sleep, list[float]()

    def noted(seconds: float) -> None:
        found.append(seconds)
        sleep(seconds)

    monkeypatch.setattr(time, "sleep", noted)
    return found


def test_waiting_for_a_server_that_does_not_come_back_is_bounded(
    server: Server, url: str, slept: list[float]
) -> None:
    with closing(Ledger.open(f"{url}?connect_timeout=2")) as ledger:
        server.stop()
        try:
            slept.clear()
            with pytest.raises(LedgerFault, match="cannot be used"):
                ledger.record(make_remembered())
            assert 0.5 < sum(slept) <= 2
            slept.clear()
            with pytest.raises(LedgerFault, match="cannot be used"):
                ledger.recall(make_key())
            assert sum(slept) == 0, "it waits once, not for every verdict"
        finally:
            server.start()
        assert ledger.recall(make_key()) is None


def test_a_batch_outlives_a_restart_of_its_database_and_stops_without_one(
    server: Server, place: Place
) -> None:
    """Short: it goes on. For good: exit code 4, and the next one goes on."""
    pins = [place.serve(f"p{number}", "import time; time.sleep(0.4)") for number in range(6)]
    path = place.write(*pins)
    is_stopped = Event()
    kept = str(place.ledger)
    place.ledger = f"{kept}?connect_timeout=10"
    place.index.fail("p5-1.0.tar.gz", *[Held(is_stopped)] * 9)  # so that it has not ended by then
    process = place.start(path, "--jobs", "2", "--fresh")
    wait_for_entries(server, kept, 1)
    server.stop(signal.SIGQUIT)
    time.sleep(0.5)
    server.start()
    wait_for_entries(server, kept, 2)
    server.stop()
    is_stopped.set()
    output, errors = process.communicate(timeout=WAIT_SECONDS)
    server.start()
    assert process.returncode == 4, errors
    assert server.password.encode() not in output + errors
    document = json.loads(output)
    assert_valid(document)
    assert {left["why"] for left in document["left"]} == {"broken-off"}
    assert set(verdicts(document).values()) == {"identical"}
    noted = len(entries(server, kept))
    resumed = place.run(path, "--jobs", "2", "--fresh", code=0)
    assert resumed["summary"]["resumed"] == noted >= 2
    place.ledger = place.folder / "undisturbed.sqlite"
    assert plain(resumed) == plain(place.run(path, code=0))


def entries(server: Server, url: str) -> list[tuple[object, ...]]:
    there = "SELECT to_regclass('truewheel_run_entries') IS NOT NULL"
    database = url.rpartition("/")[2]
    if server.run(there, database) != [(True,)]:
        return []
    return server.run("SELECT wheel FROM truewheel_run_entries", database)


def wait_for_entries(server: Server, url: str, least: int) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while len(entries(server, url)) < least:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_two_batches_on_one_ledger_come_to_the_same(place: Place) -> None:
    pins = [place.serve(f"p{number}") for number in range(4)]
    path = place.write(*pins, place.serve("bad", tampered=True))
    both = [place.start(path, "--jobs", "1", "--fresh") for _ in range(2)]
    said = [process.communicate(timeout=300) for process in both]
    assert [errors for _, errors in said] == [b""] * 2
    first, second = (json.loads(output) for output, _ in said)
    assert plain(first) == plain(second)
    assert {first["run"], second["run"]} == {1, 2}
    assert isinstance(place.ledger, str)
    with closing(Ledger.open(place.ledger)) as ledger:
        for document in (first, second):
            told = batch_document(latest_run(ledger, run=document["run"]))
            assert plain(json.loads(dump(told))) == plain(document)
