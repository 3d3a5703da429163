"""The parts of a page: diffs side by side, bars, page names, the picture."""

from dataclasses import replace

import pytest

from reports.renderers.html.bars import WIDTH, pieces
from reports.renderers.html.names import page_names
from reports.renderers.html.picture import picture
from reports.renderers.html.side_by_side import side_by_side
from reports.renderers.reading import read_results
from reports.renderers.results import Reported
from tests.support.results import HOSTILE, document, late, result, wheel


def reported(**changes: object) -> Reported:
    return read_results(document(result(**changes))).results[0]


def rows(*lines: str) -> list[tuple[str, str | None, str | None]]:
    return [(row.mark, row.published, row.rebuilt) for row in side_by_side(lines)]


def test_removed_and_added_lines_of_one_place_stand_beside_each_other() -> None:
    assert rows(
        *("after 2 equal lines", "--- rebuilt", "+++ published", "@@ -1 +1 @@", " a\n"),
        *("-b\n", "-c\n", "+d\n", " e\n", "+f\n", "-g\n"),
    ) == [
        ("break", "after 2 equal lines", None),
        ("break", "@@ -1 +1 @@", None),
        ("equal", "a", "a"),
        ("changed", "d", "b"),
        ("only-rebuilt", None, "c"),
        ("equal", "e", "e"),
        ("only-published", "f", None),
        ("only-rebuilt", None, "g"),
    ]


def test_a_line_end_is_shown_where_nothing_else_changed() -> None:
    assert rows("-a\n", "+a") == [("changed", "a", "a\n")]
    assert rows("-a\r\n", "+a\n") == [("changed", "a", "a\r")]


def test_no_line_of_a_diff_is_lost() -> None:
    lines = ["--- rebuilt", "+++ published", "@@ x", "", "\\ odd", "--- rebuilt", "+++ published"]
    shown = rows(*lines)
    assert shown == [
        ("break", "@@ x", None),
        ("break", "", None),
        ("break", "\\ odd", None),
        ("changed", "++ published", "-- rebuilt"),
    ]


@pytest.mark.parametrize(
    "counts", [(1, 0, 0), (1, 1, 1), (10**12, 1, 0), (1, 10**12, 1), (3, 5, 7), (0, 0, 0)]
)
def test_a_bar_is_filled_and_shows_whatever_is_there(counts: tuple[int, int, int]) -> None:
    bar = pieces(zip("abc", counts, strict=True))
    assert sum(piece.width for piece in bar) == (WIDTH if any(counts) else 0)
    assert all(piece.width >= 6 for piece in bar)
    assert [piece.count for piece in bar] == [count for count in counts if count]
    ends = [piece.start + piece.width for piece in bar]
    assert [piece.start for piece in bar] == [0, *ends][: len(bar)]


def test_page_names_are_plain_distinct_and_the_same_every_time() -> None:
    results = [reported(wheel=wheel(text)) for text in (*HOSTILE, "a.whl", "A.whl", "a.whl")]
    names = page_names(results)
    assert len({name.lower() for name in names}) == len(results)
    assert all(
        name.removesuffix(".html").replace("-", "").replace("_", "").replace("/", "", 1).isalnum()
        for name in names
    )
    assert page_names(results[:3]) == names[:3]


def test_the_picture_has_source_and_late_wheel() -> None:
    svg = picture(reported(signals=[late()]))
    assert svg is not None
    assert "demo-1.0.tar.gz" in svg
    assert "1,230 days after the source: release.late-wheel" in svg


def test_there_is_no_picture_without_both_times() -> None:
    assert picture(reported(wheel=wheel("demo-1.0-py3-none-any.whl"))) is None
    assert picture(reported(source=None)) is None
    found = reported()
    assert found.wheel is not None
    assert picture(replace(found, wheel=replace(found.wheel, filename="odd"))) is None
