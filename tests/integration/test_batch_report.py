"""The report of a batch: beside its results, against the run before, and again of the ledger."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.batches import ISOLATED, Place
from tests.support.command import assert_valid, truewheel
from tests.support.index_server import IndexServer

BROKEN = "[truewheel.renderers]\nbroken = broken_renderer:Renderer\n"


@pytest.fixture
def place(cache: Path, tmp_path: Path) -> Iterator[Place]:
    with IndexServer() as index:
        yield Place(index, tmp_path, cache)


def test_a_report_says_what_changed_and_the_ledger_gives_the_same_again(place: Place) -> None:
    out, again = place.folder / "out", place.folder / "again"
    first = place.run(place.write(place.serve("p0")), "--report", out, code=0)
    assert "trend" not in first
    path = place.write(place.serve("p0"), place.serve("bad", tampered=True))
    document = place.run(path, "--report", out, code=1)
    written = json.loads((out / "results.json").read_text())
    assert_valid(written)
    assert written == document
    assert written["trend"]["previous"]["run"] == first["run"]
    (change,) = written["trend"]["changes"]
    assert (change["wheel"], change["what"]) == ("bad-1.0-py3-none-any.whl", ["new"])
    files = [file["filename"] for file in written["results"][1]["release"]["files"]]
    assert sorted(files) == ["bad-1.0-py3-none-any.whl", "bad-1.0.tar.gz"]
    ran = truewheel("report", "--ledger", place.ledger, "-o", again, "--format", "all")
    assert (ran.code, ran.stderr) == (0, "")
    pages = {file.relative_to(out) for file in out.rglob("*.html")}
    assert len(pages) == 4
    for page in pages:
        assert (again / page).read_text() == (out / page).read_text()


def test_a_broken_renderer_is_one_error_and_all_others_are_written(place: Place) -> None:
    site, out = place.folder / "site", place.folder / "out"
    info = site / "broken-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(BROKEN)
    ran = truewheel(
        *place.arguments(place.write("nowhere==1.0"), "--report", out),
        environment={**ISOLATED, "PYTHONPATH": str(site)},
    )
    assert ran.code == 4
    assert ran.stderr.count("error:") == 1
    assert "the report format broken cannot be loaded from broken_renderer:Renderer" in ran.stderr
    assert "Traceback" not in ran.stderr
    assert ran.document["summary"]["total"] == 1
    assert {path.name for path in out.iterdir()} >= {"index.html", "results.sarif", "junit.xml"}


def test_a_folder_that_cannot_be_written_keeps_no_result_from_being_told(place: Place) -> None:
    out = place.folder / "out"
    out.mkdir()
    (out / "wheels").write_text("mine")
    ran = truewheel(
        *place.arguments(place.write("nowhere==1.0"), "--report", out), environment=ISOLATED
    )
    assert ran.code == 4
    assert "truewheel report writes it again" in ran.stderr
    assert ran.document["summary"]["total"] == 1
    assert (out / "wheels").read_text() == "mine"
