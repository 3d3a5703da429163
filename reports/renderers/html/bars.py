"""Shares of a whole as widths of a bar."""

from collections.abc import Iterable
from dataclasses import dataclass

WIDTH = 1000
_LEAST = 6
"""What is there is seen, however small it is."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Piece:
    """A piece of a bar; `start` and `width` in thousandths of it."""

    kind: str
    count: int
    start: int
    width: int


def pieces(counts: Iterable[tuple[str, int]]) -> list[Piece]:
    """The pieces of a bar, none for what is not there; together they are `WIDTH` wide."""
    there = [(kind, count) for kind, count in counts if count]
    total = sum(count for _, count in there)
    room = WIDTH - _LEAST * len(there)
    found: list[Piece] = []
    start = passed = 0
    for at, (kind, count) in enumerate(there, 1):
        passed += count
        end = _LEAST * at + room * passed // total
        found.append(Piece(kind=kind, count=count, start=start, width=end - start))
        start = end
    return found
