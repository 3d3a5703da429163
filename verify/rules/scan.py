"""Looking through a member of any size for what only the published one holds."""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from verify.rules.interface import Difference, Side

REACH = 16 * 1024
"""Bytes on either side of a place that a search may look at; nothing it finds is longer."""

_MAX_SEARCHED = 64 * 1024**2
"""Bytes at the start of a member that are looked through; no source is as large."""

_MAX_FOUND = 10_000
"""Different texts that are told apart in one member."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Piece:
    """A part of a member: what is looked for begins in `data[start:end]`, the rest is around it."""

    data: bytes
    start: int
    end: int


Search = Callable[[Piece], Iterator[tuple[int, int]]]
"""Spans of what was found, in order; each begins in the piece and is at most `REACH` long."""


def for_pattern(pattern: re.Pattern[bytes]) -> Search:
    """A search for what a pattern matches."""

    def search(piece: Piece) -> Iterator[tuple[int, int]]:
        for match in pattern.finditer(piece.data, piece.start):
            if match.start() >= piece.end:
                return
            yield match.span()

    return search


def for_characters(pattern: re.Pattern[bytes]) -> Search:
    """A search for what a pattern matches that needs bytes outside of ASCII; quick without them."""
    search = for_pattern(pattern)

    def search_if_any(piece: Piece) -> Iterator[tuple[int, int]]:
        return iter(()) if piece.data.isascii() else search(piece)

    return search_if_any


def added(difference: Difference, search: Search) -> Counter[bytes]:
    """What is found in the published member more often than in the rebuilt one."""
    if difference.published is None:
        return Counter()
    ours = _found(difference.published, search)
    return ours - _found(difference.rebuilt, search) if ours and difference.rebuilt else ours


def pieces(side: Side) -> Iterator[Piece]:
    """The content, in pieces of bounded size that overlap by what is around them.

    Of a member above 64 MiB it is the beginning.
    """
    data, start, seen = b"", 0, 0
    for window in side.archive.windows(side.member):
        data += window
        seen += len(window)
        if seen > _MAX_SEARCHED:
            break
        end = len(data) - REACH
        if end > start:
            yield Piece(data=data, start=start, end=end)
            cut = max(end - REACH, 0)
            data, start = data[cut:], end - cut
    yield Piece(data=data, start=start, end=len(data))


def _found(side: Side, search: Search) -> Counter[bytes]:
    counts: Counter[bytes] = Counter()
    resume = 0
    for piece in pieces(side):
        # What reaches into the next piece must not be found there again, in part.
        for start, end in search(Piece(data=piece.data, start=piece.start + resume, end=piece.end)):
            text = piece.data[start:end]
            if text in counts or len(counts) < _MAX_FOUND:
                counts[text] += 1
            resume = max(resume, end - piece.start)
        resume = max(resume - (piece.end - piece.start), 0)
    return counts
