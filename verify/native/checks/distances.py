"""Distances between functions: the same wherever the assembler may have written one down.

What is assembled together may say how far it is from one function to the next as a plain number,
and nothing in the file tells it from any other. The linker moves such code as a whole. So it is
only between what was assembled apart that functions may change places.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from verify.native.checks.case import Case, Problem
from verify.native.module import Piece
from verify.native.pairing import Pair
from verify.native.stretches import Stretches


def check_distances(case: Case) -> Iterator[Problem]:
    """Code that was assembled together stands as far apart, but for code between that differs."""
    for pairs in _assembled_together(case).values():
        for left, right in pairwise(pairs):
            if not _may_follow(case, left, right):
                name = right.published.name or f"{right.published.start:#x}"
                yield Problem(part="layout", summary=f"{name} stands apart from what it was with")
                break


def _assembled_together(case: Case) -> Mapping[tuple[str, int | None], Sequence[Pair]]:
    """The pairs by section and stretch of the rebuilt file, in the order they have there."""
    stretches = Stretches(case.rebuilt.elf)
    found: dict[tuple[str, int | None], list[Pair]] = defaultdict(list)
    for pair in sorted(case.pairing.pairs, key=lambda pair: pair.rebuilt.start):
        found[pair.rebuilt.section, stretches.at(pair.rebuilt.start)].append(pair)
    return found


def _may_follow(case: Case, left: Pair, right: Pair) -> bool:
    """Whether two neighbours are as far apart on both sides, or other code accounts for it."""
    if _moved(left) == _moved(right):
        return True
    if right.published.start < left.published.end:
        return False
    return (
        not left.is_same_code
        or not right.is_same_code
        or _is_between(case.pairing.only_published, left.published, right.published)
        or _is_between(case.pairing.only_rebuilt, left.rebuilt, right.rebuilt)
    )


def _moved(pair: Pair) -> int:
    return pair.published.start - pair.rebuilt.start


def _is_between(pieces: Sequence[Piece], left: Piece, right: Piece) -> bool:
    return any(left.end <= piece.start < right.start for piece in pieces)
