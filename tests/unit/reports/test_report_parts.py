"""The parts of a page: diffs side by side, bars, page names, the picture."""

import html
import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reports.printable import printable
from reports.renderers.html.alike import paired, parts
from reports.renderers.html.bars import WIDTH, pieces
from reports.renderers.html.names import page_names
from reports.renderers.html.page import wheel_name
from reports.renderers.html.picture import picture
from reports.renderers.html.side_by_side import Side, side_by_side
from reports.renderers.reading import read_results
from reports.renderers.results import Reported
from tests.support.results import HOSTILE, RELEASE, document, late, result, wheel


def reported(**changes: object) -> Reported:
    return read_results(document(result(**changes))).results[0]


def rows(*lines: str) -> list[tuple[str, str | None, str | None]]:
    return [(row.mark, text(row.published), text(row.rebuilt)) for row in side_by_side(lines)]


def text(side: Side | None) -> str | None:
    return side.text if side else None


def numbers(*lines: str) -> list[tuple[int | None, int | None]]:
    return [
        (
            row.published.number if row.published else None,
            row.rebuilt.number if row.rebuilt else None,
        )
        for row in side_by_side(lines)
        if row.mark != "break"
    ]


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


def test_lines_that_are_alike_stand_beside_each_other() -> None:
    old = ["-a.py,sha256=1111,20\n", "-b.py,sha256=2222,30\n"]
    new = ["+new.py,sha256=3333,9\n", "+a.py,sha256=4444,20\n", "+b.py,sha256=5555,30\n"]
    assert rows(*old, *new) == [
        ("only-published", "new.py,sha256=3333,9", None),
        ("changed", "a.py,sha256=4444,20", "a.py,sha256=1111,20"),
        ("changed", "b.py,sha256=5555,30", "b.py,sha256=2222,30"),
    ]


def test_no_line_is_lost_where_there_are_too_many_to_compare() -> None:
    old, new = [f"-{n} old" for n in range(60)], [f"+{n} new" for n in range(70)]
    shown = rows(*old, *new)
    assert [text for _, text, _ in shown] == [line[1:] for line in new]
    assert [text for _, _, text in shown if text] == [line[1:] for line in old]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.text("ab,", max_size=6), max_size=7),
    st.lists(st.text("ab,", max_size=6), max_size=7),
)
def test_pairing_keeps_every_line_of_both_sides_in_order(old: list[str], new: list[str]) -> None:
    pairs = list(paired(old, new))
    assert [line for line, _ in pairs if line is not None] == old
    assert [line for _, line in pairs if line is not None] == new
    assert (None, None) not in pairs


@given(st.text("abc\u202e", max_size=20), st.text("abc\u202e", max_size=20))
def test_the_parts_of_a_line_are_the_line(line: str, other: str) -> None:
    assert "".join(part.text for part in parts(line, other)) == line


def test_what_differs_in_a_line_is_marked_and_no_more() -> None:
    (row,) = side_by_side(["-import os, sys\n", "+import os, socket\n"])
    assert row.published is not None
    assert row.rebuilt is not None
    assert [(part.text, part.differs) for part in row.published.parts] == [
        ("import os, s", False),
        ("ocket", True),
    ]
    assert [part.text for part in row.rebuilt.parts if part.differs] == ["ys"]


def test_lines_have_the_numbers_that_the_diff_tells() -> None:
    assert numbers("@@ -3,2 +7,3 @@", " a\n", "-b\n", "+c\n", "+d\n") == [(7, 3), (8, 4), (9, None)]
    assert numbers("@@ -0,0 +1 @@", "+x\n") == [(1, None)]
    assert numbers("-b\n", "+c\n") == [(None, None)]


def test_a_name_is_shown_whole_whatever_it_is() -> None:
    for label in (*HOSTILE, "demo-1.0-py3-none-any.whl", "a-b", "-.whl", ""):
        assert html.unescape(re.sub(r"<[^>]*>", "", wheel_name(label))) == printable(label)
    assert wheel_name("demo-1.0-cp311-x_y.whl") == (
        '<b>demo-1.0</b><span class="tags">-cp311-x_<wbr>y.<wbr>whl</span>'
    )


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


def test_the_picture_has_the_whole_release_and_what_came_meanwhile() -> None:
    svg = picture(reported(release=RELEASE, signals=[late()]))
    assert svg is not None
    assert "demo 1.0: 4 files" in svg
    assert "demo-1.0-cp39-cp39-win32.whl, 272 days after the source" in svg
    assert "release 1.1" in svg


def test_there_is_a_picture_of_a_release_without_a_source() -> None:
    files = [file for file in RELEASE["files"] if file["filename"].endswith(".whl")]
    svg = picture(reported(source=None, release={**RELEASE, "files": files}))
    assert svg is not None
    assert "demo 1.0: 3 files" in svg


@pytest.mark.parametrize("version", ["<script>", ""])
def test_another_release_that_is_no_version_is_left_out(version: str) -> None:
    others = [{"version": version, "first_upload_time": "2017-01-01T00:00:00Z"}]
    svg = picture(reported(release={**RELEASE, "others": others}))
    assert svg is not None
    assert "release" not in svg


def test_there_is_no_picture_without_both_times() -> None:
    assert picture(reported(wheel=wheel("demo-1.0-py3-none-any.whl"))) is None
    assert picture(reported(source=None)) is None
    found = reported()
    assert found.wheel is not None
    assert picture(replace(found, wheel=replace(found.wheel, filename="odd"))) is None
