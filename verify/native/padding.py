"""Bytes of the file that nothing owns: they are zero, or somebody has put something there."""

from verify.native.elf import Elf, SegmentKind

FILLER = b"X"
"""patchelf overwrites with it what it has moved elsewhere."""


def odd_bytes(elf: Elf) -> tuple[tuple[int, int], ...]:
    """Offsets and sizes of what lies in no section and no header and is not zero.

    One for each gap at most: from the first byte that is not zero to the last. Behind the last
    section or header, zeros are odd as well, except those that a segment loads: patchelf rounds the
    segments up that it adds.
    """
    spans = [*elf.headers]
    spans += [(s.offset, s.offset + s.size) for s in elf.sections if s.in_file and s.size]
    found = []
    at = 0
    for start, end in sorted(spans):
        gap = elf.data[at:start]
        content = gap.strip(b"\0")
        if content:
            found.append((at + len(gap) - len(gap.lstrip(b"\0")), len(content)))
        at = max(at, end)
    loaded = (s.offset + s.file_size for s in elf.segments if s.kind == SegmentKind.LOAD)
    end = max(loaded, default=0)
    if at < end <= len(elf.data) and not elf.data[at:end].strip(b"\0"):
        at = end
    if at < len(elf.data):
        found.append((at, len(elf.data) - at))
    return tuple(found)


def is_filler(elf: Elf, offset: int, size: int) -> bool:
    """Whether some bytes of the file are nothing but what patchelf leaves behind."""
    return elf.data.count(FILLER, offset, offset + size) == size
