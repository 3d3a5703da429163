"""`truewheel report`: what it writes, what it leaves alone, and what it refuses."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from reports.renderers.interface import UnreadableResultsError
from reports.renderers.reading import read_results
from reports.renderers.writing import LIST, render_all
from tests.support.command import COMMAND, Ran, assert_valid, truewheel
from tests.support.results import document, result, small


@pytest.fixture
def results(tmp_path: Path) -> Path:
    path = tmp_path / "results.json"
    path.write_text(json.dumps(small()))
    return path


def report(*arguments: str | Path) -> Ran:
    ran = truewheel("report", *arguments)
    assert "Traceback" not in ran.stderr
    return ran


def test_a_place_that_no_report_can_be_written_to_is_named(results: Path) -> None:
    ran = report(results, "-o", "/proc/self/report")
    told = "the report cannot be written to /proc/self/report: No such file or directory"
    assert (ran.code, told in ran.stderr, "choose another folder" in ran.stderr) == (4, True, True)


def test_a_report_of_fewer_files_leaves_no_empty_folder_behind(tmp_path: Path) -> None:
    render_all(small(), tmp_path, ["html"])
    render_all(small(), tmp_path, ["csv"])
    assert sorted(path.name for path in tmp_path.iterdir()) == [LIST, "results.csv"]


@pytest.mark.parametrize("number", ["NaN", "1e999", "-1e999"])
def test_a_number_that_json_cannot_write_again_is_refused(tmp_path: Path, number: str) -> None:
    path = tmp_path / "results.json"
    text = json.dumps(small() | {"summary": {"total": 3.5}})
    path.write_text(text.replace("3.5", number))
    ran = report(path, "-o", tmp_path / "out", "--format", "json")
    assert (ran.code, f"{number} is no JSON" in ran.stderr) == (2, True)


def test_a_report_is_html_unless_something_else_is_asked_for(results: Path, tmp_path: Path) -> None:
    ran = report(results, "-o", tmp_path / "out")
    assert (ran.code, ran.stderr) == (0, "")
    assert ran.stdout == f"html       {tmp_path / 'out' / 'index.html'}\n"
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        *(LIST, "index.html", "summary.html", "wheels")
    ]


def test_all_formats_at_once_and_the_json_that_tells_of_them(results: Path, tmp_path: Path) -> None:
    ran = report(results, "-o", tmp_path / "out", "--format", "all", "--json")
    assert ran.code == 0
    assert_valid(ran.document)
    assert [one["format"] for one in ran.document["reports"]] == [
        *("csv", "cyclonedx", "html", "json", "jsonl", "junit", "markdown", "sarif")
    ]
    assert all(Path(one["path"]).is_file() for one in ran.document["reports"])


def test_results_come_from_standard_input_too(tmp_path: Path) -> None:
    done = subprocess.run(
        [*COMMAND, "report", "-", "-o", str(tmp_path / "out"), "--format", "csv"],
        input=json.dumps(small()).encode(),
        capture_output=True,
        check=True,
    )
    assert done.stderr == b""
    assert (tmp_path / "out" / "results.csv").is_file()


def test_what_json_wrote_gives_the_same_report_again(results: Path, tmp_path: Path) -> None:
    report(results, "-o", tmp_path / "a", "--format", "all")
    report(tmp_path / "a" / "results.json", "-o", tmp_path / "b", "--format", "all")
    for path in (tmp_path / "a").rglob("*.*"):
        if path.is_file():
            again = tmp_path / "b" / path.relative_to(tmp_path / "a")
            assert path.read_bytes() == again.read_bytes()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "cannot be read as JSON"),
        ("[1]", "it is no JSON object"),
        ('{"schema": "truewheel.check/1", "results": NaN}', "NaN is no JSON"),
        ("[" * 100_000, "cannot be read as JSON"),
        ('{"schema": "truewheel.diff/1"}', "these are no results"),
        ("{}", "these are no results"),
        ('{"schema": "truewheel.check/1"}', "results is not a list"),
        ('{"schema": "truewheel.check/1", "results": [{}]}', "results[0].requirement is not"),
    ],
)
def test_what_are_no_results_is_a_usage_error(text: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "odd.json"
    path.write_text(text)
    ran = report(path, "-o", tmp_path / "out")
    assert ran.code == 2
    assert said in ran.stderr


def test_a_file_that_is_not_there_is_a_usage_error(tmp_path: Path) -> None:
    assert report(tmp_path / "absent.json", "-o", tmp_path / "out").code == 2


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"verdict": "fine"}, r"results\[0\].verdict is not one of"),
        ({"trusted": "yes"}, r"results\[0\].trusted is not true or false"),
        ({"wheel": 1}, r"results\[0\].wheel is not an object"),
        ({"signals": {}}, r"results\[0\].signals is not a list"),
        ({"seconds": {"total": -1}}, r"results\[0\].seconds.total is not a number"),
        ({"seconds": {"total": 10**400}}, r"results\[0\].seconds.total is not a number"),
        ({"signals": [{"rule": 1}]}, r"results\[0\].signals\[0\].rule is not a string"),
    ],
)
def test_a_fault_says_where_it_is(changes: dict[str, Any], place: str) -> None:
    odd = {**document(result()), "results": [result(**changes)]}
    with pytest.raises(UnreadableResultsError, match=place):
        read_results(odd)


def test_an_upload_time_that_is_none_is_refused() -> None:
    odd = result()
    odd["wheel"]["upload_time"] = "yesterday"
    with pytest.raises(UnreadableResultsError, match="upload_time is not a moment"):
        read_results(document(odd))


def test_fields_of_a_later_version_are_no_fault() -> None:
    later = {**document(result(new={"field": 1})), "more": []}
    assert read_results(later).trusted == 1


def test_the_next_report_replaces_the_last_one_and_nothing_else(tmp_path: Path) -> None:
    render_all(small(), tmp_path, ["html", "csv"])
    (tmp_path / "wheels" / "notes.txt").write_text("mine")
    render_all(document(result()), tmp_path, ["html"])
    left = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.*"))
    assert left == [
        LIST,
        "index.html",
        "summary.html",
        *(path for path in left if path.startswith("wheels/demo-1-0-py3-none-any-")),
        "wheels/notes.txt",
    ]
    assert len(left) == 6


def test_somebody_elses_file_is_never_overwritten(results: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "index.html").write_text("mine")
    ran = report(results, "-o", out, "--format", "html", "--format", "csv")
    assert ran.code == 2
    assert "is not of a report that truewheel wrote" in ran.stderr
    assert (out / "index.html").read_text() == "mine"
    assert sorted(path.name for path in out.iterdir()) == [LIST, "index.html", "results.csv"]


def test_a_list_that_names_other_peoples_files_removes_none(tmp_path: Path) -> None:
    out = tmp_path / "out"
    render_all(small(), out, ["csv"])
    outside = tmp_path / "outside.txt"
    outside.write_text("mine")
    listing = out / LIST
    listing.write_text(f"{listing.read_text()}../outside.txt\n{outside}\n", encoding="utf-8")
    render_all(small(), out, ["csv"])
    assert outside.read_text() == "mine"


def test_a_linked_folder_is_not_written_into(tmp_path: Path) -> None:
    out, elsewhere = tmp_path / "out", tmp_path / "elsewhere"
    out.mkdir()
    elsewhere.mkdir()
    (out / "wheels").symlink_to(elsewhere)
    (failed,) = render_all(small(), out, ["html"]).failed
    assert "is a link" in failed.error.message
    assert not list(elsewhere.iterdir())


def test_a_full_disk_is_a_failure_of_the_tool_and_keeps_the_last_report(tmp_path: Path) -> None:
    path, out = tmp_path / "results.json", tmp_path / "out"
    path.write_text(json.dumps(document(*(result() for _ in range(50)))))
    assert report(path, "-o", out, "--format", "json").code == 0
    before = (out / "results.json").read_bytes()
    limited = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (10000, 10000));"
        "from verify.cli.main import main; main(sys.argv[1:])"
    )
    done = subprocess.run(
        [sys.executable, "-B", "-c", limited, "report", path, "-o", out, "--format", "json"],
        env=dict(os.environ),
        capture_output=True,
        check=False,
    )
    assert done.returncode == 4
    assert b"Traceback" not in done.stderr
    assert (out / "results.json").read_bytes() == before
    assert not list(out.glob("*.part"))
