"""Which lines of two blocks belong beside each other, and what of two lines differs."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

MAX_CELLS = 2_500
"""Pairs of lines of two blocks that are compared; lines of larger ones are paired in order."""

_MOST = 400
"""Characters of a line that are looked at to pair it."""

_LEAST = 0.25
"""Share of a line that is the same, from which on it is shown what differs."""

_PAIRED = 0.001
"""What a pair is worth that has nothing in common: two lines side by side take less room."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """A part of a line; `differs` is whether the other side has another one in its place."""

    text: str
    differs: bool


def paired(
    rebuilt: Sequence[str], published: Sequence[str]
) -> Iterator[tuple[str | None, str | None]]:
    """The lines of two blocks in their order, those that are most alike beside each other."""
    # Of one line and one there is one pairing, and of none none.
    if len(rebuilt) * len(published) > MAX_CELLS or len(rebuilt) * len(published) <= 1:
        yield from _in_order(rebuilt, published)
        return
    worth = _worth(rebuilt, published)
    at, to = 0, 0
    while at < len(rebuilt) and to < len(published):
        both = _likeness(rebuilt[at], published[to]) + _PAIRED + worth[at + 1][to + 1]
        if both >= worth[at][to]:
            yield rebuilt[at], published[to]
            at, to = at + 1, to + 1
        elif worth[at + 1][to] >= worth[at][to + 1]:
            yield rebuilt[at], None
            at += 1
        else:
            yield None, published[to]
            to += 1
    yield from ((line, None) for line in rebuilt[at:])
    yield from ((None, line) for line in published[to:])


def parts(line: str, other: str) -> tuple[Part, ...]:
    """A line in parts, by what another line has as well at both ends; whole if that is little."""
    if line == other:
        return (Part(text=line, differs=False),) if line else ()
    head = _common(line, other)
    room = min(len(line), len(other)) - head
    tail = _common(line[::-1][:room], other[::-1][:room])
    if head + tail < _LEAST * max(len(line), len(other)):
        return (Part(text=line, differs=False),)
    pieces = (
        Part(text=line[:head], differs=False),
        Part(text=line[head : len(line) - tail], differs=True),
        Part(text=line[len(line) - tail :], differs=False),
    )
    return tuple(part for part in pieces if part.text)


def _in_order(
    rebuilt: Sequence[str], published: Sequence[str]
) -> Iterator[tuple[str | None, str | None]]:
    for at in range(max(len(rebuilt), len(published))):
        yield (
            rebuilt[at] if at < len(rebuilt) else None,
            published[at] if at < len(published) else None,
        )


def _worth(rebuilt: Sequence[str], published: Sequence[str]) -> list[list[float]]:
    """What the best pairing of all lines from two positions on is worth."""
    worth = [[0.0] * (len(published) + 1) for _ in range(len(rebuilt) + 1)]
    for at in reversed(range(len(rebuilt))):
        for to in reversed(range(len(published))):
            both = _likeness(rebuilt[at], published[to]) + _PAIRED + worth[at + 1][to + 1]
            worth[at][to] = max(both, worth[at + 1][to], worth[at][to + 1])
    return worth


def _likeness(one: str, other: str) -> float:
    """From 0 to 1: how much of the longer line both begin and end with."""
    one, other = one[:_MOST], other[:_MOST]
    head = _common(one, other)
    room = min(len(one), len(other)) - head
    tail = _common(one[::-1][:room], other[::-1][:room])
    return (head + tail) / max(len(one), len(other), 1)


def _common(one: str, other: str) -> int:
    """How many characters both begin with."""
    same, beyond = 0, min(len(one), len(other)) + 1
    while beyond - same > 1:
        middle = (same + beyond) // 2
        if one.startswith(other[:middle]):
            same = middle
        else:
            beyond = middle
    return same
