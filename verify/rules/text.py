"""Bounded evidence for people: what differs between two texts."""

import difflib
from collections.abc import Sequence

from verify.rules.interface import Side

_MAX_COMPARED = 1000
"""Lines on each side; difflib takes quadratic time in the worst case."""

_MAX_LINES = 60
_MAX_WIDTH = 200


def diff_lines(published: Side, rebuilt: Side) -> list[str] | None:
    """A unified diff from rebuilt to published, of bounded size; None unless both are text."""
    ours, theirs = _lines(published), _lines(rebuilt)
    if ours is None or theirs is None:
        return None
    start = _common(ours, theirs)
    ours, theirs = ours[start:], theirs[start:]
    end = _common(ours[::-1], theirs[::-1])
    ours, theirs = ours[: len(ours) - end], theirs[: len(theirs) - end]
    diff = difflib.unified_diff(
        theirs[:_MAX_COMPARED], ours[:_MAX_COMPARED], "rebuilt", "published", lineterm="", n=0
    )
    lines = [line[:_MAX_WIDTH] for line, _ in zip(diff, range(_MAX_LINES), strict=False)]
    return [f"after {start} equal lines", *lines]


def _lines(side: Side) -> list[str] | None:
    data = side.data()
    if data is None or b"\0" in data:
        return None
    # Line ends stay on the lines, so that a changed line end shows as a change.
    return data.decode("utf-8", "backslashreplace").splitlines(keepends=True)


def _common(ours: Sequence[str], theirs: Sequence[str]) -> int:
    count = 0
    for left, right in zip(ours, theirs, strict=False):
        if left != right:
            break
        count += 1
    return count
