"""Looking through a member of any size for what only the published one holds."""

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
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
    return added_by(difference, {"": search})[""]


def added_by(difference: Difference, searches: Mapping[str, Search]) -> dict[str, Counter[bytes]]:
    """The same for several searches, by their names, in one pass."""
    ours, theirs = difference.published, difference.rebuilt
    found = {name: _Found(search) for name, search in searches.items()}
    if ours is not None:
        _look(ours, found.values())
    hits = {name: _Found(each.search) for name, each in found.items() if each.counts}
    if theirs is not None and hits:
        _look(theirs, hits.values())
    return {
        name: each.counts - hits[name].counts if name in hits else each.counts
        for name, each in found.items()
    }


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


class _Found:
    """What one search has found so far."""

    def __init__(self, search: Search) -> None:
        self.search = search
        self.counts: Counter[bytes] = Counter()
        self._resume = 0

    def look(self, piece: Piece) -> None:
        """Search the next piece, except for what was found into it from the one before."""
        start = piece.start + self._resume
        end = start
        for span in self.search(Piece(data=piece.data, start=start, end=piece.end)):
            text = piece.data[span[0] : span[1]]
            if text in self.counts or len(self.counts) < _MAX_FOUND:
                self.counts[text] += 1
            end = max(end, span[1])
        self._resume = max(end - piece.end, 0)


def _look(side: Side, found: Collection[_Found]) -> None:
    for piece in pieces(side):
        for each in found:
            each.look(piece)
