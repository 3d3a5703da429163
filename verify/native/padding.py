"""Bytes of the file that nothing owns: they are zero or patchelf's, or somebody put them there.

patchelf moves sections that grow into a segment of their own at the end of the file, and fills
their former places with one letter (`writeReplacedSections`). It rounds the new segment up, and
lets the file be a byte longer than that (`rewriteSectionsLibrary`). Nothing refers to any of it.
"""

import re

from verify.native.elf import Elf, SegmentKind

FILLER = b"X"
"""patchelf overwrites with it a search path that was; up to 0.17 also what it moved elsewhere."""

_LATER_FILLER = b"Z"
"""Since 0.18, what it moved elsewhere."""

_LEFT = re.compile(rb"\0*+(?:(?:X{8,}+|Z{8,}+)\0*+)*+")
"""Former places of sections, none of which is shorter, with what they were aligned by."""

_RUN = re.compile(rb"X+|Z+")
_MAX_RUNS = 64
"""Sections that were moved from somewhere; each time that patchelf runs it moves five or so."""

_END = b"\0"
"""What patchelf puts behind the last segment, for the sake of an old readelf."""


def odd_bytes(elf: Elf) -> tuple[tuple[int, int], ...]:
    """Offsets and sizes of what lies in no section and no header and is nobody's.

    One for each gap at most: from the first byte that is not zero to the last. Behind the last
    section or header, zeros are odd as well, except those that a segment loads, and one more
    behind that: patchelf rounds the segments up that it adds. It never moves what is behind code.
    """
    found = []
    at = runs = 0
    is_code = False
    for start, end, is_next_code in _spans(elf):
        gap = elf.data[at:start]
        content = gap.strip(b"\0")
        runs += sum(1 for _ in _RUN.finditer(content))
        # Program headers that were added cover what was left of the first section.
        left = gap.lstrip(FILLER + _LATER_FILLER) if at == elf.headers[1][1] else gap
        if content and not (is_left_behind(left) and runs <= _MAX_RUNS and not is_code):
            found.append((at + len(gap) - len(gap.lstrip(b"\0")), len(content)))
        if end > at:
            at, is_code = end, is_next_code
    loaded = (s.offset + s.file_size for s in elf.segments if s.kind == SegmentKind.LOAD)
    end = max(loaded, default=0)
    if at <= end <= len(elf.data) and not any(elf.data[at:end]):
        at = end + (elf.data[end:] == _END)
    if at < len(elf.data):
        found.append((at, len(elf.data) - at))
    return tuple(found)


def _spans(elf: Elf) -> list[tuple[int, int, bool]]:
    """[start, end) in the file of what is owned, in order, and whether it is code."""
    spans = [
        (section.offset, section.offset + section.size, section.is_code)
        for section in elf.sections
        if section.in_file and section.size
    ]
    return sorted([*((start, end, False) for start, end in elf.headers), *spans])


def is_left_behind(content: bytes) -> bool:
    """Whether some bytes are nothing but zeros and what patchelf leaves where sections were."""
    return _LEFT.fullmatch(content) is not None


def is_filler(content: bytes) -> bool:
    """Whether some bytes, of which there are any, are what patchelf overwrites a path with."""
    return bool(content) and not content.strip(FILLER)
