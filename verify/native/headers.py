"""The fields of section headers that no reader of a section needs: each has the value that it must.

The loader looks at none of them, but a file could hide something there.

Source: System V ABI, chapter 4, "Sections", figure 4-12: what `sh_link` and `sh_info` hold.
"""

from verify.native.elf import (
    Elf,
    Section,
    SectionKind,
    SegmentFlag,
    SegmentKind,
    UnreadableElfError,
    is_within,
)
from verify.native.padding import is_left_behind
from verify.native.segments import is_former_note

_LINK_ORDER = 0x80
_FLAGS = 0x80200FF7
"""All `sh_flags` that there are, with SHF_GNU_RETAIN and SHF_EXCLUDE."""

_OTHER_ALIGNMENTS = (0, 1, 2, 4, 8, 16, 32, 64)
"""Of segments that are neither mapped nor of notes; nothing goes by it."""

_MAX_ALIGNMENT = 1 << 16
_ENTRY_SIZES = frozenset({0, 1, 2, 4, 8, 12, 16, 24, 32})
_LINKED = frozenset(
    {
        SectionKind.SYMTAB,
        SectionKind.DYNSYM,
        SectionKind.RELA,
        SectionKind.REL,
        SectionKind.HASH,
        SectionKind.GNU_HASH,
        SectionKind.DYNAMIC,
        SectionKind.GNU_VERDEF,
        SectionKind.GNU_VERNEED,
        SectionKind.GNU_VERSYM,
    }
)
"""Their readers check `sh_link`."""

_INFORMED = frozenset(
    {
        SectionKind.SYMTAB,
        SectionKind.DYNSYM,
        SectionKind.GNU_VERDEF,
        SectionKind.GNU_VERNEED,
    }
)
"""Their readers check `sh_info`."""

_RELOCATED = frozenset({".got", ".got.plt", ".plt"})


def check_headers(elf: Elf) -> None:
    """Check links, alignments and sizes of entries where nobody else does.

    Raises:
        UnreadableElfError: one is not what linkers write.
    """
    _check_ends(elf)
    _check_alignments(elf)
    first = elf.sections[0]
    if any((first.link, first.info, first.alignment, first.entry_size)):
        raise UnreadableElfError("its first section header is not empty")
    for section in elf.sections[1:]:
        alignment = section.alignment
        if section.flags & ~_FLAGS:
            raise UnreadableElfError(f"{section.name} has flags that nobody knows")
        if alignment & (alignment - 1) or alignment > _MAX_ALIGNMENT:
            raise UnreadableElfError(f"{section.name} has an alignment that is no power of two")
        if section.is_loaded and alignment and section.address % alignment:
            raise UnreadableElfError(f"{section.name} is not aligned as it says")
        if section.entry_size not in _ENTRY_SIZES:
            raise UnreadableElfError(f"{section.name} has entries of an unusual size")
        is_linked = section.kind in _LINKED or section.flags & _LINK_ORDER
        if section.link and not is_linked:
            raise UnreadableElfError(f"{section.name} is linked to a section for no reason")
        if section.info and not _may_have_info(elf, section):
            raise UnreadableElfError(f"{section.name} has information that nobody reads")


def _check_ends(elf: Elf) -> None:
    """Nothing is mapped behind the last section of a segment, but what patchelf leaves there."""
    for segment in elf.segments:
        inside = [section for section in elf.loaded if is_within(section, segment)]
        if segment.kind != SegmentKind.LOAD:
            continue
        if segment.flags & SegmentFlag.EXEC and not any(section.is_code for section in inside):
            raise UnreadableElfError("has a segment to be executed without any code")
        if not inside:
            if segment.file_size != segment.memory_size:
                raise UnreadableElfError("has a segment of memory without any section")
            continue
        size = inside[-1].end - segment.address
        is_stored = inside[-1].in_file and segment.file_size == segment.memory_size
        rest = elf.data[segment.offset + size : segment.offset + segment.file_size]
        if size != segment.memory_size and not (is_stored and is_left_behind(rest)):
            raise UnreadableElfError("a segment ends elsewhere than its last section")


def _check_alignments(elf: Elf) -> None:
    """The loader steps through notes by their segment's alignment, which is that of the section."""
    for segment in elf.segments:
        known: tuple[int, ...] = _OTHER_ALIGNMENTS
        if segment.kind == SegmentKind.NOTE:
            known = tuple(s.alignment for s in elf.loaded if s.address == segment.address)
        is_free = segment.kind in {SegmentKind.LOAD, SegmentKind.TLS}
        is_free = is_free or is_former_note(elf, segment)
        if not is_free and segment.alignment not in known:
            raise UnreadableElfError("a segment is aligned as no linker does")


def _may_have_info(elf: Elf, section: Section) -> bool:
    """Relocations of calls may name the section that they change, those for linkers have to."""
    if section.kind in {SectionKind.RELA, SectionKind.REL}:
        if not section.is_loaded:
            return section.info < len(elf.sections)
        return section.info < len(elf.sections) and elf.sections[section.info].name in _RELOCATED
    return section.kind in _INFORMED
