"""A unified diff from rebuilt to published, as rows: published left, rebuilt right."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Literal

Mark = Literal["equal", "changed", "only-published", "only-rebuilt", "break"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One row; None where a side has no line. A `break` has its words on the left."""

    mark: Mark
    published: str | None
    rebuilt: str | None


def side_by_side(lines: Sequence[str]) -> list[Row]:
    """The rows of a diff; removed and added lines of one place stand beside each other."""
    return [_without_ends(row) for row in _rows(_body(lines))]


def _body(lines: Sequence[str]) -> Sequence[str]:
    """Without the two lines that name the sides; what was there before them stays."""
    names = ("--- rebuilt", "+++ published")
    kept = [line for line in lines[:3] if line.rstrip() not in names]
    return [*kept, *lines[3:]]


def _rows(lines: Sequence[str]) -> Iterator[Row]:
    removed: list[str] = []
    added: list[str] = []
    for line in lines:
        sign, text = line[:1], line[1:]
        if sign == "-" and not added:
            removed.append(text)
        elif sign == "+":
            added.append(text)
        else:
            yield from _paired(removed, added)
            removed, added = ([text], []) if sign == "-" else ([], [])
            if sign != "-":
                yield _other(line)
    yield from _paired(removed, added)


def _other(line: str) -> Row:
    if line[:1] == " ":
        return Row(mark="equal", published=line[1:], rebuilt=line[1:])
    return Row(mark="break", published=line, rebuilt=None)


def _paired(removed: Sequence[str], added: Sequence[str]) -> Iterator[Row]:
    for rebuilt, published in zip_longest(removed, added):
        if published is None:
            yield Row(mark="only-rebuilt", published=None, rebuilt=rebuilt)
        elif rebuilt is None:
            yield Row(mark="only-published", published=published, rebuilt=None)
        else:
            yield Row(mark="changed", published=published, rebuilt=rebuilt)


def _without_ends(row: Row) -> Row:
    """A row without its line ends, unless these are all that changed."""
    sides = [
        None if side is None else side.removesuffix("\n") for side in (row.published, row.rebuilt)
    ]
    if row.mark == "changed" and sides[0] == sides[1]:
        return row
    return Row(mark=row.mark, published=sides[0], rebuilt=sides[1])
