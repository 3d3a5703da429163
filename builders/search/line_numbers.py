"""By how many lines the source of a published module was longer, from numbers in its code.

Cython has each place that may fail know its line, for tracebacks: `mov`, with the number as the
immediate value. If all of those numbers are off by the same, so was the line that the code began.
"""

from collections import Counter
from collections.abc import Iterable, Iterator

from builders.native_flags import MAX_LINES
from verify.native.elf import UnreadableElfError
from verify.native.elf_reader import read_elf
from verify.native.exceptions import read_unwinding

_MOVES = range(0xB8, 0xC0)
"""`mov r32, imm32` (AMD64 Architecture Programmer's Manual, volume 3, MOV)."""

_MAX_CODE = 4 * 1024**2
"""Bytes of functions that differ; the first of them tell what the others would."""

_LAST_LINE = 1_000_000
_LEAST = 4
"""Numbers that have to be off by the same; fewer may be off for another reason."""


def more_lines(published: bytes, rebuilt: bytes) -> int:
    """How many more lines the published module's source had; 0 for as many, or unknown."""
    try:
        pairs = zip(_functions(published), _functions(rebuilt), strict=True)
        found = Counter(off for ours, theirs in _first(pairs) for off in _off(ours, theirs))
    except (UnreadableElfError, ValueError):
        return 0
    lines, times = found.most_common(1)[0] if found else (0, 0)
    return lines if times >= _LEAST and 2 * times > found.total() else 0


def _functions(data: bytes) -> list[bytes]:
    """The code of each function, in order of addresses, without linkage tables.

    Raises:
        UnreadableElfError: the file cannot be read.
    """
    elf = read_elf(data)
    text = elf.by_name.get(".text")
    frames = [
        one.frame
        for one in read_unwinding(elf).functions
        if text is not None and text.address <= one.frame.start <= text.end - one.frame.size
    ]
    if text is None or sum(frame.size for frame in frames) > text.size:
        raise UnreadableElfError("has functions that overlap")
    return [elf.read(frame.start, frame.size) for frame in frames]


def _first(pairs: Iterable[tuple[bytes, bytes]]) -> Iterator[tuple[bytes, bytes]]:
    """Those that differ and have the same length, up to a limit."""
    left = _MAX_CODE
    for ours, theirs in pairs:
        if len(ours) == len(theirs) and ours != theirs:
            left -= len(ours)
            if left < 0:
                return
            yield ours, theirs


def _off(ours: bytes, theirs: bytes) -> Iterator[int]:
    """By how much numbers differ that two functions of the same length have at the same places."""
    for at in range(len(ours) - 4):
        if ours[at] == theirs[at] and ours[at] in _MOVES:
            left, right = (int.from_bytes(x[at + 1 : at + 5], "little") for x in (ours, theirs))
            if left != right and abs(left - right) <= MAX_LINES and max(left, right) <= _LAST_LINE:
                yield left - right
