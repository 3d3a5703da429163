"""A batch against a real index and real sandboxes: parallel, resumable, never stopped by one."""

import csv
import json
import os
import random
import signal
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.support.command import COMMAND, assert_valid, truewheel
from tests.support.index_server import IndexServer, ServedFile, Status
from tests.support.processes import processes_with
from tests.support.projects import BACKEND, MODULES, hostile_backend, make_sdist
from tests.support.sandboxes import marker

DAY = datetime(2024, 5, 1, 12, tzinfo=UTC)
TAMPERED = {**MODULES, "extra.py": "import os\n"}
HANGS = "import time; time.sleep(600)"
FORBIDDEN = Status(403)


class Place:
    """An index of small projects, and a person's cache, ledger and inputs."""

    def __init__(self, index: IndexServer, folder: Path, cache: Path) -> None:
        self.index, self.folder, self.cache = index, folder, cache
        self.ledger = folder / "kept" / "ledger.sqlite"

    def serve(self, name: str, body: str = "", *, tampered: bool = False) -> str:
        """Version 1.0 of a project; `body` runs in its build. Gives the pin."""
        spaces: dict[str, Any] = {}
        exec(BACKEND.replace('"thing"', f'"{name}"'), spaces)  # noqa: S102 - the test's own
        wheel = self.folder / f"{name}-1.0-py3-none-any.whl"
        spaces["write_wheel"](wheel, TAMPERED if tampered else MODULES)
        backend = hostile_backend(f"sibling = {name!r}\n{body}")
        sdist = make_sdist(self.folder, name=name, backend=backend)
        files = [
            ServedFile(filename=path.name, content=path.read_bytes(), upload_time=DAY)
            for path in (wheel, sdist)
        ]
        self.index.add(name, files)
        return f"{name}==1.0"

    def write(self, *lines: str, name: str = "requirements.txt") -> Path:
        path = self.folder / name
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        return path

    def arguments(self, *arguments: str | Path) -> list[str]:
        fixed = ["--sandbox", "bubblewrap", "--index-url", self.index.url, "--json", "-q"]
        kept = ["--cache-dir", str(self.cache), "--ledger", str(self.ledger)]
        return ["batch", *fixed, *kept, *map(str, arguments)]

    def run(self, *arguments: str | Path, code: int | None = None) -> Any:  # noqa: ANN401 - JSON
        ran = truewheel(*self.arguments(*arguments))
        assert "Traceback" not in ran.stderr
        assert code is None or ran.code == code, (ran.code, ran.stderr)
        assert_valid(ran.document)
        return ran.document

    def start(self, *arguments: str | Path) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            [*COMMAND, *self.arguments(*arguments)],
            env={**os.environ, "PIP_CONFIG_FILE": os.devnull, "UV_NO_CONFIG": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def query(self, text: str) -> list[tuple[Any, ...]]:
        if not self.ledger.exists():
            return []  # no batch was there yet
        with closing(sqlite3.connect(self.ledger)) as database:
            return database.execute(text).fetchall()


@pytest.fixture
def place(cache: Path, tmp_path: Path) -> Iterator[Place]:
    with IndexServer() as index:
        yield Place(index, tmp_path, cache)


def plain(document: Any) -> str:  # noqa: ANN401 - JSON
    """The results, but for what tells when and in what time they were found out."""
    results = json.loads(json.dumps(document["results"]))
    for result in results:
        for attempt in result["attempts"]:
            del attempt["seconds"]
        for name in ("seconds", "remembered", "judged_at"):
            del result[name]
    return json.dumps([results, document["inputs"]])


def verdicts(document: Any) -> dict[str, str]:  # noqa: ANN401 - JSON
    return {
        result["requirement"].partition("==")[0]: result["reason"] or result["verdict"]
        for result in document["results"]
    }


def children(pid: int) -> list[int]:
    with suppress(OSError):
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
        return [int(each) for each in text.split()]
    return []


def wait_until_gone(pids: list[int]) -> None:
    deadline = time.monotonic() + 20
    while any(Path(f"/proc/{pid}").exists() for pid in pids):
        assert time.monotonic() < deadline, "a worker outlived its batch"
        time.sleep(0.05)


def test_workers_side_by_side_come_to_what_one_comes_to(place: Place) -> None:
    pins = [place.serve(f"p{number}") for number in range(4)]
    pins += [place.serve("bad", tampered=True), place.serve("fails", "raise RuntimeError('no')")]
    path = place.write(*pins, "nowhere==1.0", "p0==2.0")
    place.ledger = place.folder / "serial" / "ledger.sqlite"
    one = place.run(path, "--jobs", "1", code=1)
    place.ledger = place.folder / "parallel" / "ledger.sqlite"
    many = place.run(path, "--jobs", "4", code=1)
    assert plain(many) == plain(one)
    assert verdicts(one) == {
        **dict.fromkeys(("p1", "p2", "p3"), "identical"),
        "p0": "unknown-version",
        "bad": "different",
        "fails": "build-failed",
        "nowhere": "unknown-project",
    }
    assert one["summary"]["by_verdict"] == {"different": 1, "identical": 4, "undetermined": 3}
    again = place.run(path, "--jobs", "2", code=1)
    assert plain(again) == plain(one)
    assert again["summary"]["remembered"] == 5


def test_a_batch_that_is_killed_goes_on_where_it_was(place: Place) -> None:
    """Nothing that was noted is judged again, also what is undetermined."""
    pins = [place.serve(f"p{number}", "import time; time.sleep(0.2)") for number in range(4)]
    pins += [place.serve(f"f{number}", f"raise RuntimeError({number})") for number in range(3)]
    path = place.write(*pins)
    kept = place.ledger
    place.ledger = place.folder / "undisturbed" / "ledger.sqlite"
    undisturbed = place.run(path, code=3)
    place.ledger = kept
    noted: dict[str, str] = {}
    moments = random.Random(7)  # noqa: S311 - nothing secret
    for least in (0, 2, 4):
        process = place.start(path, "--jobs", "2", "--fresh")
        deadline = time.monotonic() + 60
        while len(place.query(JUDGED)) < least:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        time.sleep(moments.uniform(0.0, 0.8))
        workers = children(process.pid)
        process.kill()
        process.communicate(timeout=30)
        wait_until_gone(workers)
        noted |= dict(place.query(JUDGED))
    resumed = place.run(path, "--jobs", "2", "--fresh", code=3)
    assert plain(resumed) == plain(undisturbed)
    assert len(noted) >= 4
    now = dict(place.query(JUDGED))
    assert {key: now[key] for key in noted} == noted
    assert resumed["summary"]["resumed"] == len(noted)


JUDGED = """\
SELECT key, judged_at FROM truewheel_verdicts
WHERE key IN (SELECT key FROM truewheel_run_entries)
"""


def test_a_build_that_hangs_and_a_worker_that_dies_stop_nobody_else(place: Place) -> None:
    word = marker()
    child = f"[sys.executable, '-c', 'import time; time.sleep(600)', '{word}']"
    kills = f"import subprocess, sys\nsubprocess.run({child})"
    pins = [place.serve("kills", kills), place.serve("hangs", HANGS), place.serve("good")]
    path = place.write(*pins)
    process = place.start(path, "--jobs", "2", "--timeout", "8")
    for _ in range(2):
        os.kill(worker_of(word, process.pid), signal.SIGKILL)
        deadline = time.monotonic() + 20
        while processes_with(word):
            assert time.monotonic() < deadline, "the build outlived its worker"
            time.sleep(0.02)
    output, errors = process.communicate(timeout=100)
    assert (process.returncode, errors) == (3, b"")
    document = json.loads(output)
    assert_valid(document)
    found = {"kills": "worker-lost", "hangs": "timeout", "good": "identical"}
    assert verdicts(document) == found
    assert "killed by signal 9" in document["results"][0]["detail"]


def worker_of(word: str, batch: int) -> int:
    """The process of a batch that is at a build which has a word among its arguments."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        for worker in children(batch):
            if has_descendant(worker, word):
                return worker
        time.sleep(0.02)
    raise AssertionError("the build never started")


def has_descendant(pid: int, word: str) -> bool:
    with suppress(OSError):
        if word.encode() in Path(f"/proc/{pid}/cmdline").read_bytes():
            return True
    return any(has_descendant(child, word) for child in children(pid))


def test_a_wheel_that_nothing_comes_of_is_given_up(place: Place) -> None:
    path = place.write(place.serve("hangs", HANGS), place.serve("good"))
    document = place.run(path, "--jobs", "2", "--wheel-timeout", "5", code=3)
    assert verdicts(document) == {"hangs": "timeout", "good": "identical"}
    assert "its worker was ended" in document["results"][0]["detail"]


def test_each_wheel_is_judged_once_whoever_asks_for_it(place: Place) -> None:
    place.serve("p0")
    with_hash = place.index.projects["p0"][0].sha256
    place.write("p0==1.0", "p0===1.0", "P0==1.0")
    place.write(f"p0==1.0 --hash=sha256:{with_hash}", name="locked-requirements.txt")
    with (place.folder / "list.csv").open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([("requirement", "wheel"), ("p0==1.0", "p0-*")])
    document = place.run(place.folder, place.folder / "list.csv", code=0)
    assert verdicts(document) == {"p0": "identical"}
    assert [(one["path"].rpartition("/")[2], one["wheels"]) for one in document["inputs"]] == [
        *(("locked-requirements.txt", 1), ("requirements.txt", 1), ("list.csv", 1))
    ]
    (result,) = document["results"]
    asked = [(each["input"], each["line"]) for each in result["asked"]]
    assert asked == [(0, 1), (1, 1), (1, 2), (1, 3), (2, 2)]
    assert place.query("SELECT count(*) FROM truewheel_verdicts") == [(1,)]


def test_what_cannot_be_read_is_listed_and_the_rest_is_judged(place: Place) -> None:
    lock = place.write("version = ", name="uv.lock")
    path = place.write(place.serve("p0"), "p0>=1", "p0==1.0 --hash=sha256:" + "ab" * 32)
    document = place.run(place.folder, place.folder / "none.json", code=1)
    faults = [
        (one["path"], fault["where"]["line"])
        for one in document["inputs"]
        for fault in one["faults"]
    ]
    assert faults == [(str(path), 2), (str(lock), 1), (str(place.folder / "none.json"), None)]
    (remark,) = document["inputs"][0]["remarks"]
    assert (remark["standing"], remark["findings"][0]["rule"]) == (
        "distrusted",
        "lock.unknown-hash",
    )
    assert verdicts(document) == {"p0": "identical"}
    place.write("p0==1.0")
    assert place.run(place.folder, code=3)["summary"]["faults"] == 1


def test_nothing_but_bad_input_is_a_usage_error(place: Place) -> None:
    ran = truewheel(*place.arguments(place.folder / "none.txt"))
    assert (ran.code, ran.document["schema"]) == (2, "truewheel.error/1")
    assert not place.ledger.exists()


def test_requirements_come_over_standard_input(place: Place) -> None:
    pin = place.serve("p0")
    done = subprocess.run(
        [*COMMAND, *place.arguments("-")], input=pin.encode(), capture_output=True, check=False
    )
    assert done.returncode == 0
    assert verdicts(json.loads(done.stdout)) == {"p0": "identical"}


def test_an_environment_is_judged_by_what_lies_there(place: Place) -> None:
    place.serve("p0")
    packages = place.folder / "venv" / "lib" / "python3.11" / "site-packages"
    (packages / "p0-1.0.dist-info").mkdir(parents=True)
    metadata = packages / "p0-1.0.dist-info" / "METADATA"
    metadata.write_text("Name: p0\nVersion: 1.0\n", encoding="utf-8")
    (place.folder / "venv" / "pyvenv.cfg").touch()
    document = place.run("--installed", place.folder / "venv", code=0)
    assert (verdicts(document), document["inputs"][0]["kind"]) == (
        {"p0": "identical"},
        "environment",
    )


def test_a_limit_is_on_what_is_judged_and_a_budget_on_time(place: Place) -> None:
    path = place.write(*(place.serve(f"p{number}") for number in range(3)))
    for done in (1, 2):
        document = place.run(path, "--limit", "1", code=3)
        assert document["summary"]["total"] == done
        assert [left["why"] for left in document["left"]] == ["limit"] * (3 - done)
    document = place.run(path, "--budget", "0", code=3)
    assert [left["why"] for left in document["left"]] == ["budget"]
    assert place.run(path, code=0)["left"] == []


def test_only_what_is_undetermined_or_new_is_asked_again(place: Place) -> None:
    pins = [place.serve("p0"), place.serve("fails", "raise RuntimeError('no')")]
    path = place.write(*pins)
    place.run(path, code=3)
    place.serve("fails")
    document = place.run(path, "--only-undetermined", code=0)
    assert (verdicts(document), document["summary"]["skipped"]) == ({"fails": "identical"}, 1)
    assert place.run(path, "--changed", code=0)["results"] == []
    place.write(*pins, place.serve("p1"))
    assert verdicts(place.run(path, "--changed", code=0)) == {"p1": "identical"}
    place.serve("p0", tampered=True)
    assert verdicts(place.run(path, "--changed", code=1)) == {"p0": "different"}


def test_a_file_that_the_index_refuses_is_undetermined_and_asked_for_again(place: Place) -> None:
    path = place.write(place.serve("p0"), place.serve("p1"))
    place.index.fail("p0-1.0.tar.gz", FORBIDDEN, FORBIDDEN)
    assert verdicts(place.run(path, code=3)) == {"p0": "index-failed", "p1": "identical"}
    assert verdicts(place.run(path, code=0)) == {"p0": "identical", "p1": "identical"}


def test_an_index_that_fails_throughout_ends_the_batch_and_loses_nothing(place: Place) -> None:
    names = [f"p{number}" for number in range(9)]
    path = place.write(*map(place.serve, names))
    for name in names[1:]:
        place.index.fail(f"{name}-1.0.tar.gz", *[FORBIDDEN] * 2)
    ran = truewheel(*place.arguments(path, "--jobs", "1"))
    assert ran.code == 4
    assert_valid(ran.document)
    assert verdicts(ran.document).get("p0", "identical") == "identical"
    assert {left["why"] for left in ran.document["left"]} == {"broken-off"}
    assert "the same command goes on" in ran.stderr
    place.index._faults.clear()
    assert place.run(path, code=0)["summary"]["total"] == 9


def test_a_ledger_that_cannot_be_had_ends_the_batch(place: Place) -> None:
    (place.folder / "kept").write_text("", encoding="utf-8")
    ran = truewheel(*place.arguments(place.write(place.serve("p0"))))
    assert (ran.code, ran.document["schema"]) == (4, "truewheel.error/1")
    assert "cannot be made" in ran.stderr


def test_ctrl_c_ends_a_batch_with_what_there_is(place: Place) -> None:
    word = marker()
    child = f"[sys.executable, '-c', 'import time; time.sleep(600)', '{word}']"
    body = f"import subprocess, sys\nsubprocess.run({child})"
    path = place.write(place.serve("good"), place.serve("hangs", body))
    place.run(path, "--wheel-timeout", "4", code=3)
    process = place.start(path)
    worker = worker_of(word, process.pid)
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert b"Traceback" not in errors
    document = json.loads(output)
    assert_valid(document)
    assert document["interrupted"] is True
    assert verdicts(document) == {"good": "identical"}
    assert [left["why"] for left in document["left"]] == ["broken-off"]
    wait_until_gone([worker])
    assert processes_with(word) == []


def test_the_report_is_written_beside_what_is_printed(place: Place) -> None:
    folder = place.folder / "report"
    document = place.run(place.write(place.serve("p0")), "--report", folder, code=0)
    assert json.loads((folder / "results.json").read_text("utf-8")) == document
    (line,) = (folder / "results.jsonl").read_text("utf-8").splitlines()
    assert json.loads(line)["wheel"] == document["results"][0]["wheel"]


def test_lines_for_people_name_each_wheel_and_the_sums(place: Place) -> None:
    arguments = place.arguments(place.write(place.serve("p0")))
    ran = truewheel(*(each for each in arguments if each not in {"-q", "--json"}))
    assert ran.code == 0
    assert ran.stdout == (
        "identical    p0-1.0-py3-none-any.whl\n1 of 1 wheel is trusted: 1 identical.\n"
    )
    assert ran.stderr == "truewheel: [1/1] identical p0-1.0-py3-none-any.whl\n"
