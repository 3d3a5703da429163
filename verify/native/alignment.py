"""Which items of two sequences belong together: the shortest way from one to the other.

Source: E. W. Myers, "An O(ND) Difference Algorithm and Its Variations", Algorithmica 1 (1986). Not
difflib: its time grows with the cube of the length where one item is repeated, as a hostile file
may have it; this is bounded by the number of edits.
"""

from collections.abc import Hashable, Iterator, Sequence
from itertools import pairwise, zip_longest

MAX_EDITS = 400
"""Items that are on one side only; sequences that need more are not aligned between their ends."""

Places = tuple[int | None, int | None]
"""An item's place on either side, None where a side has none."""


def align(ours: Sequence[Hashable], theirs: Sequence[Hashable]) -> Iterator[Places]:
    """Every item of both sides in order, together with its counterpart if it has one.

    What stands between two equal items is put side by side, though it is not the same.
    """
    head = _common(ours, theirs)
    rest = min(len(ours), len(theirs)) - head
    tail = _common(ours[::-1][:rest], theirs[::-1][:rest])
    middle = _matches(ours[head : len(ours) - tail], theirs[head : len(theirs) - tail])
    matches = [
        *((at, at) for at in range(head)),
        *((left + head, right + head) for left, right in middle),
        *((len(ours) - at, len(theirs) - at) for at in range(tail, 0, -1)),
    ]
    ends = [(-1, -1), *matches, (len(ours), len(theirs))]
    for before, after in pairwise(ends):
        yield from zip_longest(range(before[0] + 1, after[0]), range(before[1] + 1, after[1]))
        if after[0] < len(ours):
            yield after


def _common(ours: Sequence[Hashable], theirs: Sequence[Hashable]) -> int:
    """How many items at the beginning are the same."""
    pairs = enumerate(zip(ours, theirs, strict=False))
    return next((at for at, (left, right) in pairs if left != right), min(len(ours), len(theirs)))


def _matches(ours: Sequence[Hashable], theirs: Sequence[Hashable]) -> list[tuple[int, int]]:
    """Places of equal items, in order; none if there are too many edits between them."""
    # By diagonal (the place in `ours` less that in `theirs`), how far `ours` is reached.
    reached = {1: 0}
    before: list[dict[int, int]] = []
    for edits in range(MAX_EDITS + 1):
        before.append(reached.copy())
        for diagonal in range(-edits, edits + 1, 2):
            left = (
                reached[diagonal + 1]
                if _is_down(reached, diagonal, edits)
                else (reached[diagonal - 1] + 1)
            )
            right = left - diagonal
            while left < len(ours) and right < len(theirs) and ours[left] == theirs[right]:
                left, right = left + 1, right + 1
            reached[diagonal] = left
            if left >= len(ours) and right >= len(theirs):
                return _walked(before, len(ours), len(theirs))
    return []


def _is_down(reached: dict[int, int], diagonal: int, edits: int) -> bool:
    """Whether a diagonal is best reached by an item of `theirs` alone."""
    if abs(diagonal) == edits:
        return diagonal == -edits
    return reached[diagonal - 1] < reached[diagonal + 1]


def _walked(before: list[dict[int, int]], left: int, right: int) -> list[tuple[int, int]]:
    """The way back from both ends."""
    found = []
    for edits in range(len(before) - 1, -1, -1):
        reached, diagonal = before[edits], left - right
        previous = diagonal + 1 if _is_down(reached, diagonal, edits) else diagonal - 1
        start = reached[previous]
        while left > start and right > start - previous:
            left, right = left - 1, right - 1
            found.append((left, right))
        left, right = start, start - previous
    return found[::-1]
