"""What the ledger knows of earlier runs of the same batch."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from verify.batch.journal import Journal, job_of
from verify.batch.results import BatchReport
from verify.ledger.interface import RunEntry

JOB, OTHER = job_of(["a.txt"]), job_of(["b.txt"])
A, B, C = (f"{name}-1.0-py3-none-any.whl" for name in "abc")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.sqlite"


def entry(wheel: str, verdict: str = "identical", reason: str | None = None) -> RunEntry:
    return RunEntry(
        requirement=wheel,
        wheel=wheel,
        key=None if reason in {"worker-lost", "index-failed"} else f"key of {wheel}",
        verdict=verdict,
        reason=reason,
        trusted=verdict == "identical",
        remembered=False,
        wheel_sha256="ab" * 32,
    )


def run(
    path: Path,
    *entries: RunEntry,
    ends: bool = False,
    job: str = JOB,
    inputs: Sequence[str] = ("a.txt",),
) -> None:
    with closing(Journal(str(path), job, inputs)) as journal:
        journal.begin(BatchReport(run=None, inputs=(), results=()))
        journal.note((at, each, ()) for at, each in enumerate(entries))
        if ends:
            journal.end()


def accepted(path: Path, inputs: Sequence[str] = ("a.txt",)) -> set[str]:
    with closing(Journal(str(path), JOB, inputs)) as journal:
        return {key.removeprefix("key of ") for key in journal.earlier().accepted}


def known(path: Path, inputs: Sequence[str] = ("a.txt",)) -> dict[str, str]:
    with closing(Journal(str(path), JOB, inputs)) as journal:
        return {name: found.verdict for (name, _), found in journal.earlier().known().items()}


def test_what_a_broken_run_finished_is_accepted(path: Path) -> None:
    run(path, entry(A), entry(B, "undetermined", "build-failed"))
    run(path, entry(C))
    assert accepted(path) == {A, B, C}


def test_what_a_whole_run_said_is_asked_again(path: Path) -> None:
    run(path, entry(A, "undetermined", "build-failed"))
    run(path, entry(A, "undetermined", "build-failed"), ends=True)
    assert accepted(path) == set()
    run(path, entry(B))
    assert accepted(path) == {B}


def test_another_batch_is_nobodys_business(path: Path) -> None:
    run(path, entry(A), job=OTHER)
    run(path, entry(B), inputs=("a.txt", "--only-undetermined"))
    assert accepted(path) == set()
    assert accepted(path, ("a.txt", "--only-undetermined")) == {B}


def test_what_other_rules_judged_is_not_accepted(path: Path) -> None:
    run(path, entry(A))
    with closing(sqlite3.connect(path)) as raw, raw:
        raw.execute("UPDATE truewheel_runs SET rules = ?", ("99" * 32,))
    assert accepted(path) == set()
    assert known(path) == {A: "identical"}


def test_only_what_the_batch_itself_found_out_needs_no_key(path: Path) -> None:
    lost = entry(A, "undetermined", "worker-lost")
    run(path, lost, entry(B, "undetermined", "index-failed"))
    with closing(Journal(str(path), JOB, ("a.txt",))) as journal:
        assert dict(journal.earlier().own) == {(A, "ab" * 32): lost}


def test_the_latest_word_on_a_wheel_counts(path: Path) -> None:
    run(path, entry(A, "undetermined", "timeout"), entry(B), ends=True)
    run(path, entry(A, "different"), ends=True, inputs=("a.txt", "--only-undetermined"))
    assert known(path) == {A: "different", B: "identical"}


def test_what_the_broken_run_itself_had_is_not_left_out_by_its_successor(path: Path) -> None:
    inputs = ("a.txt", "--changed")
    run(path, entry(A), ends=True)
    run(path, entry(B), inputs=inputs)
    assert known(path, inputs) == {A: "identical"}
    assert accepted(path, inputs) == {B}
