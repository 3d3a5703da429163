"""Rows of two columns: whatever they show is escaped as any value of a template is."""

import pytest
from markupsafe import escape

from reports.printable import printable
from reports.renderers.html.alike import Part, paired, parts
from reports.renderers.html.functions import Instructions
from reports.renderers.html.rows import diff_rows, instruction_rows
from reports.renderers.html.side_by_side import Row, Side
from tests.support.results import HOSTILE


def part(text: str, *, differs: bool = False) -> tuple[Part, ...]:
    return (Part(text=text, differs=differs),)


@pytest.mark.parametrize("text", HOSTILE)
def test_what_instructions_say_is_escaped_wherever_it_stands(text: str) -> None:
    shown = escape(printable(text))
    row = Instructions(
        mark=text,
        published_at=text,
        published=part(text),
        rebuilt_at=text,
        rebuilt=part(text, differs=True),
    )
    assert str(instruction_rows([row])) == (
        f'<tr class="row-{shown}"><td class="at">{shown}</td><td class="left">{shown}</td>'
        f'<td class="at">{shown}</td><td class="right"><mark>{shown}</mark></td></tr>\n'
    )


@pytest.mark.parametrize("text", HOSTILE)
def test_what_lines_say_is_escaped_wherever_it_stands(text: str) -> None:
    shown = escape(printable(text))
    side = Side(number=7, parts=part(text))
    rows = [
        Row(mark="only-published", published=side, rebuilt=None),
        Row(mark="break", published=side, rebuilt=None),
    ]
    assert str(diff_rows(rows)) == (
        f'<tr class="row-only-published"><td class="at">7</td><td class="left">{shown}</td>'
        '<td class="at"></td><td class="right none"></td></tr>\n'
        f'<tr class="row-break"><td colspan="4">{shown}</td></tr>\n'
    )


@pytest.mark.parametrize(
    ("line", "other", "expected"),
    [
        ("", "", []),
        ("", "a", [("", False)]),
        ("same", "same", [("same", False)]),
        ("abc1def", "abc22def", [("abc", False), ("1", True), ("def", False)]),
        ("aa", "aaa", [("aa", False)]),
        ("aaa", "aa", [("aa", False), ("a", True)]),
        ("x", "y", [("x", False)]),
    ],
)
def test_a_line_is_parted_by_what_both_begin_and_end_with(
    line: str, other: str, expected: list[tuple[str, bool]]
) -> None:
    assert [(each.text, each.differs) for each in parts(line, other)] == expected


def test_one_line_stands_beside_one_and_none_beside_none() -> None:
    assert list(paired(["a"], ["b"])) == [("a", "b")]
    assert list(paired([], ["a", "b"])) == [(None, "a"), (None, "b")]
    assert list(paired(["a"], [])) == [("a", None)]
    assert list(paired([], [])) == []
