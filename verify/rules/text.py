"""Bounded evidence for people: what differs between two texts, in linear time.

Lines that both texts have once are anchors (as in "patience" diffs); what lies between two of them
is shown as removed and added. difflib takes quadratic time on texts that are written for it.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from verify.rules.interface import DATA_LIMIT, Side

_MAX_SKIPPED = 64 * 1024**2
"""Bytes in which the first difference of two large members is looked for."""

_MAX_COMPARED = 50_000
"""Lines on each side, from the first difference on."""

_MAX_LINES = 60
_MAX_WIDTH = 200
_MAX_FIRST = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Hunk:
    """Lines that differ: where they begin on either side (from zero), and what they are."""

    rebuilt_at: int
    published_at: int
    removed: Sequence[str]
    added: Sequence[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Changes:
    """What differs between two texts; line ends stay on the lines, so that they show as changes.

    Attributes:
        equal_lines: how many lines come before the first difference.
        hunks: from there on.
        is_complete: False where what follows the first difference is too large to be held.
    """

    equal_lines: int
    hunks: tuple[Hunk, ...]
    is_complete: bool

    def added(self) -> Iterator[tuple[int, str]]:
        """The lines that only the published text has, with their numbers from one."""
        for hunk in self.hunks:
            yield from enumerate(hunk.added, hunk.published_at + 1)


def changes(published: Side, rebuilt: Side) -> Changes | None:
    """The lines that differ; None unless both are text."""
    ours, theirs = _Reader(published), _Reader(rebuilt)
    skipped = _skip_equal(ours, theirs)
    if b"\0" in ours.peek() or b"\0" in theirs.peek():
        return None
    new, old = _lines(ours.peek()), _lines(theirs.peek())
    hunks = tuple(_hunks(old[:_MAX_COMPARED], new[:_MAX_COMPARED], skipped))
    return Changes(
        equal_lines=hunks[0].published_at if hunks else skipped,
        hunks=hunks,
        is_complete=ours.is_at_end()
        and theirs.is_at_end()
        and max(len(new), len(old)) <= _MAX_COMPARED,
    )


def shown(found: Changes | None) -> list[str] | None:
    """A unified diff from rebuilt to published, of bounded size."""
    if found is None:
        return None
    lines = [line[:_MAX_WIDTH] for line, _ in zip(_unified(found), range(_MAX_LINES), strict=False)]
    return [f"after {found.equal_lines} equal lines", *lines]


def diff_lines(published: Side, rebuilt: Side) -> list[str] | None:
    """A unified diff from rebuilt to published, of bounded size; None unless both are text."""
    return shown(changes(published, rebuilt))


def first_lines(side: Side) -> list[str] | None:
    """How a text begins; None for what is none."""
    data = b""
    for window in side.archive.windows(side.member):
        data += window
        if len(data) >= _MAX_FIRST * _MAX_WIDTH * 4:
            break
    if b"\0" in data:
        return None
    lines = data.decode("utf-8", "backslashreplace").splitlines()
    return [line[:_MAX_WIDTH] for line in lines[:_MAX_FIRST]]


def numbered_lines(side: Side) -> Iterator[tuple[int, str]]:
    """The lines in the first `DATA_LIMIT` bytes, with their numbers from one."""
    return enumerate(_lines(_Reader(side).peek()), 1)


def count_lines(side: Side) -> int:
    """How many line feeds there are, however large it is."""
    return sum(window.count(b"\n") for window in side.archive.windows(side.member))


class _Reader:
    """The content of a member, of which little more than `DATA_LIMIT` bytes are held."""

    def __init__(self, side: Side) -> None:
        self._windows = side.archive.windows(side.member)
        self._held = b""

    def peek(self) -> bytes:
        """What comes next, `DATA_LIMIT` bytes unless there is less."""
        while len(self._held) < DATA_LIMIT and (window := next(self._windows, b"")):
            self._held += window
        return self._held[:DATA_LIMIT]

    def skip(self, count: int) -> None:
        """Go on behind the next `count` bytes."""
        self._held = self._held[count:]

    def is_at_end(self) -> bool:
        """Whether nothing follows what `peek` returns."""
        return len(self.peek()) == len(self._held) and not next(self._windows, b"")


def _skip_equal(ours: _Reader, theirs: _Reader) -> int:
    """Skip the lines that are equal at the beginning, unless it is no text; how many they are."""
    lines = skipped = 0
    while skipped <= _MAX_SKIPPED:
        left, right = ours.peek(), theirs.peek()
        end = left.rfind(b"\n", 0, _equal_bytes(left, right)) + 1
        if b"\0" in left or not end:
            break
        lines += left.count(b"\n", 0, end)
        skipped += end
        ours.skip(end)
        theirs.skip(end)
    return lines


def _equal_bytes(left: bytes, right: bytes) -> int:
    """How many bytes are equal at the beginning."""
    low, high = 0, min(len(left), len(right))
    while low < high:
        middle = (low + high + 1) // 2
        if left[low:middle] == right[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _lines(data: bytes) -> list[str]:
    return data.decode("utf-8", "backslashreplace").splitlines(keepends=True)


def _hunks(theirs: list[str], ours: list[str], skipped: int) -> Iterator[Hunk]:
    at = (0, 0)
    for here in [*_anchors(theirs, ours), (len(theirs), len(ours))]:
        old, new = theirs[at[0] : here[0]], ours[at[1] : here[1]]
        head = _common(old, new)
        tail = _common(old[head:][::-1], new[head:][::-1])
        removed, added = old[head : len(old) - tail], new[head : len(new) - tail]
        if removed or added:
            yield Hunk(
                rebuilt_at=skipped + at[0] + head,
                published_at=skipped + at[1] + head,
                removed=removed,
                added=added,
            )
        at = here


def _anchors(theirs: list[str], ours: list[str]) -> list[tuple[int, int]]:
    """Places of lines that both have exactly once, as many as come in the same order in both."""
    once = _once(theirs)
    return _longest_rising([(once[line], at) for line, at in _once(ours).items() if line in once])


def _once(lines: list[str]) -> dict[str, int]:
    counts = Counter(lines)
    return {line: at for at, line in enumerate(lines) if counts[line] == 1}


def _longest_rising(pairs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The longest part of the pairs whose first numbers rise, too (patience sorting)."""
    tops: list[int] = []
    ends: list[int] = []
    before: list[int | None] = []
    for at, (old, _) in enumerate(pairs):
        pile = bisect_left(tops, old)
        tops[pile : pile + 1] = [old]
        ends[pile : pile + 1] = [at]
        before.append(ends[pile - 1] if pile else None)
    chain = []
    link = ends[-1] if ends else None
    while link is not None:
        chain.append(pairs[link])
        link = before[link]
    return chain[::-1]


def _unified(found: Changes) -> Iterator[str]:
    yield "--- rebuilt"
    yield "+++ published"
    for hunk in found.hunks:
        old = _range(hunk.rebuilt_at, len(hunk.removed))
        yield f"@@ -{old} +{_range(hunk.published_at, len(hunk.added))} @@"
        yield from (f"-{line}" for line in hunk.removed)
        yield from (f"+{line}" for line in hunk.added)
    if not found.is_complete:
        yield "only a part of these large members was compared line by line"


def _range(start: int, count: int) -> str:
    """Beginning and length as unified diffs write them: an empty range names the line before it."""
    beginning = start + 1 if count else start
    return str(beginning) if count == 1 else f"{beginning},{count}"


def _common(left: Sequence[str], right: Sequence[str]) -> int:
    count = 0
    for ours, theirs in zip(left, right, strict=False):
        if ours != theirs:
            break
        count += 1
    return count
