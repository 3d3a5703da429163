"""Where sections and segments lie: in the file, in memory, and one in the other, as linkers do.

Source: System V ABI, chapter 4, "Sections", and chapter 5, "Program Loading".
"""

from itertools import pairwise

from verify.native.elf import (
    PAGE,
    Elf,
    Section,
    SectionKind,
    Segment,
    SegmentKind,
    UnreadableElfError,
    is_within,
)

_MAX_GAP = 16 * 1024**2
"""Bytes of addresses between two segments; linkers leave less than the largest alignment."""

_ALIGNMENTS = frozenset(1 << bits for bits in range(12, 23))
"""Of what is mapped: by a page, or by the largest that a processor has."""


def check_sections(elf: Elf) -> None:
    """Every section lies in the file, none overlaps another, and loaded names are unique."""
    first = elf.sections[0]
    if (first.kind, first.flags, first.address, first.offset, first.size) != (0, 0, 0, 0, 0):
        raise UnreadableElfError("its first section header is not empty")
    spans = [*elf.headers]
    for section in elf.sections[1:]:
        if section.kind == SectionKind.NULL:
            raise UnreadableElfError(f"section {section.index} has no type")
        if section.link >= len(elf.sections):
            raise UnreadableElfError(f"{section.name} refers to a section that there is not")
        if section.in_file and section.size:
            spans.append((section.offset, section.offset + section.size))
    spans.sort()
    if spans[-1][1] > len(elf.data):
        raise UnreadableElfError("cut off: a section ends behind the end of the file")
    if any(before[1] > after[0] for before, after in pairwise(spans)):
        raise UnreadableElfError("two of its sections or headers overlap in the file")
    if any(before.end > after.address for before, after in pairwise(elf.loaded)):
        raise UnreadableElfError("two of its sections overlap in memory")
    names = [section.name for section in elf.sections if section.is_loaded]
    if len(set(names)) != len(names):
        raise UnreadableElfError("two of its loaded sections have one name")


def check_segments(elf: Elf) -> None:
    """Each loaded section is mapped once, where its header says, and nothing else is mapped.

    Bytes of a mapped page that are of no section are checked by `verify.native.padding`.
    """
    loads = [segment for segment in elf.segments if segment.kind == SegmentKind.LOAD]
    _check_pages(loads, len(elf.data))
    _check_contents(elf, loads)


def _check_pages(loads: list[Segment], size: int) -> None:
    for segment in loads:
        if segment.offset + segment.file_size > size:
            raise UnreadableElfError("cut off: a segment ends behind the end of the file")
        if segment.file_size > segment.memory_size:
            raise UnreadableElfError("a segment has more bytes in the file than in memory")
        if segment.alignment not in _ALIGNMENTS:
            raise UnreadableElfError("a segment is aligned as no linker does")
        if segment.alignment > 1 and (segment.address - segment.offset) % segment.alignment:
            raise UnreadableElfError("a segment cannot be mapped where it says")
    # The loader maps whole pages, one segment after the other: a later one would replace what an
    # earlier one has on a page that both touch.
    pages = [(s.address // PAGE, -(-(s.address + s.memory_size) // PAGE)) for s in loads]
    if any(before[1] > after[0] for before, after in pairwise(pages)):
        raise UnreadableElfError("two of its segments share a page, or are not in order")
    # The loader reserves all that lies between the first and the last, or fails.
    if any(after[0] - before[1] > _MAX_GAP // PAGE for before, after in pairwise(pages)):
        raise UnreadableElfError("two of its segments are too far apart")


def _check_contents(elf: Elf, loads: list[Segment]) -> None:
    for section in elf.sections:
        if not section.is_loaded and section.in_file and any(_touches(section, s) for s in loads):
            raise UnreadableElfError(f"{section.name} is mapped, though it is not to be loaded")
    for section in elf.loaded:
        if sum(is_within(section, segment) for segment in loads) != 1:
            raise UnreadableElfError(f"{section.name} is not mapped where its header says")


def _touches(section: Section, segment: Segment) -> bool:
    """Whether a segment maps some of a section's bytes in the file."""
    end = segment.offset + segment.file_size
    return section.offset < end and segment.offset < section.offset + section.size
