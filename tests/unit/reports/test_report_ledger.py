"""Reports that are made again of what the ledger has."""

import json
from pathlib import Path

import pytest

from tests.support.command import Ran, assert_valid, truewheel
from tests.support.noted import checked, note_run
from verify.verdict import Verdict


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    path = tmp_path / "ledger.sqlite"
    note_run(path, [checked("same"), checked("worse"), checked("gone")])
    note_run(path, [checked("other")], job="another batch")
    note_run(path, [checked("same"), checked("worse", Verdict.DIFFERENT), checked("new")])
    return path


def report(ledger: Path, *arguments: str | Path) -> Ran:
    ran = truewheel("report", "--ledger", ledger, "-o", ledger.parent / "out", *arguments)
    assert "Traceback" not in ran.stderr
    return ran


def test_without_a_file_it_is_the_latest_batch_and_what_changed(ledger: Path) -> None:
    ran = report(ledger, "--format", "all", "--json")
    assert (ran.code, ran.stderr) == (0, "")
    assert_valid(ran.document)
    written = json.loads((ledger.parent / "out" / "results.json").read_text())
    assert_valid(written)
    assert written["run"] == 3
    assert [one["requirement"] for one in written["results"]] == [
        *("same==1.0", "worse==1.0", "new==1.0")
    ]
    assert written["results"][1]["diff"]["findings"][0]["member"] == "worse.py"
    assert written["results"][1]["asked"][0]["line"] == 7
    assert written["trend"]["previous"]["run"] == 1
    assert [(change["wheel"], change["what"]) for change in written["trend"]["changes"]] == [
        ("worse-1.0-py3-none-any.whl", ["newly-distrusted", "worse"]),
        ("new-1.0-py3-none-any.whl", ["new"]),
        ("gone-1.0-py3-none-any.whl", ["gone"]),
    ]


def test_a_run_is_chosen_by_its_number_and_the_first_one_has_no_trend(ledger: Path) -> None:
    assert report(ledger, "--run", "2", "--format", "json").code == 0
    written = json.loads((ledger.parent / "out" / "results.json").read_text())
    assert written["run"] == 2
    assert "trend" not in written


def test_a_run_that_left_wheels_out_is_not_compared_with(ledger: Path) -> None:
    note_run(ledger, [checked("new")], skipped=2)
    note_run(ledger, [checked("same"), checked("worse", Verdict.DIFFERENT), checked("new")])
    assert report(ledger, "--format", "json").code == 0
    written = json.loads((ledger.parent / "out" / "results.json").read_text())
    assert (written["run"], written["trend"]["previous"]["run"]) == (5, 3)
    assert written["trend"]["changes"] == []


def test_no_comparison_can_be_asked_for(ledger: Path) -> None:
    assert report(ledger, "--previous", "none", "--format", "json").code == 0
    assert "trend" not in json.loads((ledger.parent / "out" / "results.json").read_text())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--run", "9"], "has no run 9"),
        (["--ledger", "none"], "there is no ledger to make a report of"),
        (["--ledger", "absent.sqlite"], "there is no ledger"),
        (["results.json", "--run", "1"], "--run is about the ledger"),
    ],
)
def test_what_the_ledger_does_not_have_is_a_usage_error(
    ledger: Path, arguments: list[str], said: str
) -> None:
    ran = report(ledger, *arguments)
    assert ran.code == 2
    assert said in ran.stderr
    assert not (ledger.parent / "out").exists()
    assert not Path("absent.sqlite").exists()


def test_a_file_that_is_no_ledger_is_a_failure_and_stays(tmp_path: Path) -> None:
    other = tmp_path / "notes.txt"
    other.write_text("mine " * 1000)
    assert report(other).code == 4
    assert other.read_text() == "mine " * 1000


def test_the_same_ledger_gives_the_same_bytes(ledger: Path) -> None:
    trees = []
    for seed in ("0", "1", "2"):
        out = ledger.parent / seed
        ran = truewheel(
            *("report", "--ledger", ledger, "-o", out, "--format", "all"),
            environment={"PYTHONHASHSEED": seed},
        )
        assert ran.code == 0
        files = (path for path in out.rglob("*") if path.is_file())
        trees.append({path.relative_to(out).as_posix(): path.read_bytes() for path in files})
    assert len(trees[0]) > 12
    assert trees[0] == trees[1] == trees[2]
