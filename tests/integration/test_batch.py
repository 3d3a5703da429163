"""A batch against a real index and real sandboxes: parallel, resumable, never stopped by one."""

import csv
import hashlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.batches import (
    TAMPERED,
    WAIT_SECONDS,
    Place,
    plain,
    verdicts,
    wait_until_gone,
    worker_of,
)
from tests.support.command import COMMAND, assert_valid, truewheel
from tests.support.index_server import IndexServer, ServedFile, Status
from tests.support.processes import processes_with
from tests.support.projects import MODULES, hostile_backend, make_sdist
from tests.support.sandboxes import marker

HANGS = "import time; time.sleep(600)"
FORBIDDEN = Status(403)


@pytest.fixture
def place(cache: Path, tmp_path: Path) -> Iterator[Place]:
    with IndexServer() as index:
        yield Place(index, tmp_path, cache)


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


def test_a_build_that_hangs_and_a_worker_that_dies_stop_nobody_else(place: Place) -> None:
    word = marker()
    child = f"[sys.executable, '-c', 'import time; time.sleep(600)', '{word}']"
    kills = f"import subprocess, sys\nsubprocess.run({child})"
    pins = [place.serve("kills", kills), place.serve("hangs", HANGS), place.serve("good")]
    path = place.write(*pins)
    process = place.start(path, "--jobs", "2", "--timeout", "8")
    for _ in range(2):
        os.kill(worker_of(word, process.pid), signal.SIGKILL)
        deadline = time.monotonic() + WAIT_SECONDS
        while processes_with(word):
            assert time.monotonic() < deadline, "the build outlived its worker"
            time.sleep(0.02)
    output, errors = process.communicate(timeout=300)
    assert (process.returncode, errors) == (3, b"")
    document = json.loads(output)
    assert_valid(document)
    found = {"kills": "worker-lost", "hangs": "timeout", "good": "identical"}
    assert verdicts(document) == found
    assert "killed by signal 9" in document["results"][0]["detail"]


def test_a_wheel_that_nothing_comes_of_is_given_up(place: Place) -> None:
    path = place.write(place.serve("hangs", HANGS), place.serve("good"))
    document = place.run(path, "--jobs", "2", "--wheel-timeout", "10", code=3)
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


def elsewhere(place: Place, name: str, content: bytes) -> str:
    """A file that no listing of its project has, as a requirement names it."""
    place.index.add(f"at-{name}", [ServedFile(filename=name, content=content)])
    url = f"http://{place.index.netloc}/files/at-{name}/{name}"
    return f"{url}#sha256={hashlib.sha256(content).hexdigest()}"


def remarks(document: Any) -> dict[str, tuple[str, str]]:  # noqa: ANN401 - JSON
    """What is said of each package of the first input, and the rule that says it."""
    return {
        each["package"].partition("==")[0]: (each["standing"], each["findings"][0]["rule"])
        for each in document["inputs"][0]["remarks"]
    }


def test_a_wheel_at_a_url_is_judged_by_the_source_of_its_release(place: Place) -> None:
    lines = []
    for name, tampered in (("good", False), ("bad", True), ("unknown", False)):
        place.serve(name, tampered=tampered)
        wheel = (place.folder / f"{name}-1.0-py3-none-any.whl").read_bytes()
        files = place.index.projects.pop(name)
        if name != "unknown":
            place.index.add(name, [file for file in files if file.filename.endswith(".tar.gz")])
        lines.append(f"{name} @ {elsewhere(place, f'{name}-1.0-py3-none-any.whl', wheel)}")
    document = place.run(place.write(*lines), code=1)
    assert verdicts(document) == {"good": "identical", "bad": "different", "unknown": "no-source"}
    assert {each["wheel"]["url"] for each in document["results"]} == {
        line.partition(" @ ")[2].partition("#")[0] for line in lines
    }


def test_an_archive_at_a_url_is_what_locks_say_that_it_is(place: Place) -> None:
    """Verified by a wheel that it builds to; what needs no judging is known in the first phase."""
    place.serve("good")
    place.serve("bad")
    lines = []
    for name in ("good", "bad"):
        content = make_sdist(
            place.folder,
            name=name,
            filename=f"other-{name}.tar.gz",
            backend=hostile_backend(f"sibling = {name!r}\n"),
            modules=MODULES if name == "good" else TAMPERED,
        ).read_bytes()
        lines.append(f"{name} @ {elsewhere(place, f'{name}-1.0.tar.gz', content + bytes(10))}")
    path = place.write(*lines)
    unasked = place.run(path, "--limit", "0", code=3)
    assert (remarks(unasked), unasked["results"]) == ({}, [])
    assert [(each["wheel"], each["why"]) for each in unasked["left"]] == [
        ("good-1.0.tar.gz", "limit"),
        ("bad-1.0.tar.gz", "limit"),
    ]
    undetermined = {"bad": ("undetermined", "lock.archive")}
    unasked = place.run(path, code=3)
    assert remarks(unasked) == {"good": ("undetermined", "lock.archive-unasked"), **undetermined}
    (place.folder / "truewheel.toml").write_text('[policy]\nsdists = "verified"\n', "utf-8")
    config = ("--config", str(place.folder / "truewheel.toml"))
    known = place.run(path, *config, "--limit", "0", code=3)
    assert (known["left"], known["results"]) == ([], [])
    assert remarks(known) == {"good": ("trusted", "lock.archive-verified"), **undetermined}
    fresh = place.run(path, *config, "--fresh", code=3)
    assert remarks(fresh) == remarks(known)


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
    assert isinstance(place.ledger, Path)
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
    good = place.serve("good")
    place.run(place.write(good), code=0)
    process = place.start(place.write(good, place.serve("hangs", body)))
    worker = worker_of(word, process.pid)
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=WAIT_SECONDS)
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


def test_evidence_is_kept_of_every_wheel_and_told(place: Place) -> None:
    path = place.write(place.serve("p0"), place.serve("fails", "raise RuntimeError('no')"))
    kept = place.folder / "evidence"
    document = place.run(path, "--evidence", kept, code=3)
    told = {
        (each["kind"], (kept / each["path"]).stat().st_size == each["size"])
        for result in document["results"]
        for each in result["evidence"]["files"]
    }
    assert told == {("judgement", True), ("rebuild", True), ("log", True)}
    assert {result["evidence"]["where"] for result in document["results"]} == {str(kept)}
    rebuilt = next(iter((kept / "rebuild").rglob("*.whl"))).read_bytes()
    assert hashlib.sha256(rebuilt).hexdigest() == document["results"][0]["wheel"]["sha256"]
    again = place.run(path, "--evidence", kept, code=3)
    kinds = [each["kind"] for each in again["results"][0]["evidence"]["files"]]
    assert kinds == ["judgement", "rebuild"]


def test_evidence_that_cannot_be_kept_ends_the_batch(place: Place) -> None:
    path = place.write(place.serve("p0"))
    ran = truewheel(*place.arguments(path, "--evidence", path))
    assert (ran.code, [left["why"] for left in ran.document["left"]]) == (4, ["broken-off"])
    assert f"evidence cannot be kept in {path}: Not a directory" in ran.stderr
    assert place.run(path, "--evidence", place.folder / "evidence", code=0)["summary"]["total"] == 1
