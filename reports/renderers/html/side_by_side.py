"""A unified diff from rebuilt to published, as rows: published left, rebuilt right."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from reports.renderers.html.alike import Part, paired, parts

Mark = Literal["equal", "changed", "only-published", "only-rebuilt", "break"]

_HUNK = re.compile(r"@@ -(\d{1,9})(?:,(\d{1,9}))? \+(\d{1,9})(?:,(\d{1,9}))? @@")


@dataclass(frozen=True, kw_only=True, slots=True)
class Side:
    """A line of one side; `number` from 1, None where the diff does not tell it."""

    number: int | None
    parts: tuple[Part, ...]

    @property
    def text(self) -> str:
        """The whole line."""
        return "".join(part.text for part in self.parts)


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One row; None where a side has no line. A `break` has its words on the left."""

    mark: Mark
    published: Side | None
    rebuilt: Side | None


def side_by_side(lines: Sequence[str]) -> list[Row]:
    """The rows of a diff; removed and added lines of one place stand beside each other."""
    return list(_Rows().of(_body(lines)))


def _body(lines: Sequence[str]) -> Sequence[str]:
    """Without the two lines that name the sides; what was there before them stays."""
    names = ("--- rebuilt", "+++ published")
    kept = [line for line in lines[:3] if line.rstrip() not in names]
    return [*kept, *lines[3:]]


class _Rows:
    """The rows of one diff under way, with the numbers of the next lines."""

    def __init__(self) -> None:
        self._rebuilt_at: int | None = None
        self._published_at: int | None = None

    def of(self, lines: Sequence[str]) -> Iterator[Row]:
        removed: list[str] = []
        added: list[str] = []
        for line in lines:
            sign, text = line[:1], line[1:]
            if sign == "-" and not added:
                removed.append(text)
            elif sign == "+":
                added.append(text)
            else:
                yield from self._block(removed, added)
                removed, added = ([text], []) if sign == "-" else ([], [])
                if sign != "-":
                    yield self._other(line)
        yield from self._block(removed, added)

    def _other(self, line: str) -> Row:
        if line[:1] == " ":
            return self._row(line[1:], line[1:])
        found = _HUNK.match(line)
        if found:
            self._rebuilt_at = _first(found[1], found[2])
            self._published_at = _first(found[3], found[4])
        return Row(mark="break", published=_side(None, line), rebuilt=None)

    def _block(self, removed: Sequence[str], added: Sequence[str]) -> Iterator[Row]:
        for rebuilt, published in paired(removed, added):
            yield self._row(rebuilt, published)

    def _row(self, rebuilt: str | None, published: str | None) -> Row:
        rebuilt, published = _without_ends(rebuilt, published)
        left = self._published(published, rebuilt) if published is not None else None
        right = self._rebuilt(rebuilt, published) if rebuilt is not None else None
        return Row(mark=_mark(rebuilt, published), published=left, rebuilt=right)

    def _published(self, line: str, other: str | None) -> Side:
        number = self._published_at
        self._published_at = None if number is None else number + 1
        return _side(number, line, other)

    def _rebuilt(self, line: str, other: str | None) -> Side:
        number = self._rebuilt_at
        self._rebuilt_at = None if number is None else number + 1
        return _side(number, line, other)


def _first(start: str, count: str | None) -> int:
    """The number of a hunk's first line; of an empty one, the line before it is given."""
    return int(start) + (count is not None and int(count) == 0)


def _mark(rebuilt: str | None, published: str | None) -> Mark:
    if published is None:
        return "only-rebuilt"
    if rebuilt is None:
        return "only-published"
    return "equal" if rebuilt == published else "changed"


def _side(number: int | None, line: str, other: str | None = None) -> Side:
    if other is None or other == line:
        return Side(number=number, parts=(Part(text=line, differs=False),))
    return Side(number=number, parts=parts(line, other))


def _without_ends(rebuilt: str | None, published: str | None) -> tuple[str | None, str | None]:
    """Both sides without their line ends, unless these are all that changed."""
    ends = [None if side is None else side.removesuffix("\n") for side in (rebuilt, published)]
    is_all = rebuilt != published and ends[0] == ends[1]
    return (rebuilt, published) if is_all else (ends[0], ends[1])
