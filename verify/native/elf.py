"""Reads the headers of an ELF file strictly: what the loader maps, and what it is divided into.

The loader goes by program headers, everybody else by section headers. A file is read here only if
both say the same, so that everything later can go by sections.

Source: System V ABI, chapters 4 and 5 (gABI 4.1), and its AMD64 supplement.
"""

import struct
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum, IntFlag
from functools import cached_property
from itertools import pairwise

MAGIC = b"\x7fELF"
MAX_SIZE = 256 * 1024**2
"""Bytes of a file that is looked into; it is held in memory, once for each side."""

PAGE = 4096
"""Bytes of a page on x86-64; the smallest that the others have."""

_MAX_GAP = 16 * 1024**2
"""Bytes of addresses between two segments; linkers leave less than the largest alignment."""

_ALIGNMENTS = frozenset(1 << bits for bits in range(12, 23))
"""Of what is mapped: by a page, or by the largest that a processor has."""

MAX_SECTIONS = 2_000
MAX_SEGMENTS = 64

_SHN_LORESERVE = 0xFF00
_PN_XNUM = 0xFFFF


class UnreadableElfError(Exception):
    """A file that cannot be relied on: not ELF, cut off, or its headers contradict each other.

    Its text is one clause that says what is wrong, fit to follow a file name.
    """


class Machine(IntEnum):
    """`e_machine` of what is known here."""

    I386 = 3
    X86_64 = 62
    AARCH64 = 183


class SectionKind(IntEnum):
    """`sh_type`."""

    NULL = 0
    PROGBITS = 1
    SYMTAB = 2
    STRTAB = 3
    RELA = 4
    HASH = 5
    DYNAMIC = 6
    NOTE = 7
    NOBITS = 8
    REL = 9
    DYNSYM = 11
    INIT_ARRAY = 14
    FINI_ARRAY = 15
    PREINIT_ARRAY = 16
    GROUP = 17
    RELR = 19
    GNU_HASH = 0x6FFFFFF6
    GNU_VERDEF = 0x6FFFFFFD
    GNU_VERNEED = 0x6FFFFFFE
    GNU_VERSYM = 0x6FFFFFFF
    X86_64_UNWIND = 0x70000001


class SectionFlag(IntFlag):
    """`sh_flags`, as far as they say what is loaded and how."""

    WRITE = 0x1
    ALLOC = 0x2
    EXEC = 0x4
    MERGE = 0x10
    STRINGS = 0x20
    TLS = 0x400
    COMPRESSED = 0x800


class SegmentKind(IntEnum):
    """`p_type`."""

    NULL = 0
    LOAD = 1
    DYNAMIC = 2
    INTERP = 3
    NOTE = 4
    PHDR = 6
    TLS = 7
    GNU_EH_FRAME = 0x6474E550
    GNU_STACK = 0x6474E551
    GNU_RELRO = 0x6474E552
    GNU_PROPERTY = 0x6474E553


class SegmentFlag(IntFlag):
    """`p_flags`."""

    EXEC = 1
    WRITE = 2
    READ = 4


# Asked a million times of a large file, and an operation of an enumeration takes a microsecond.
_ALLOC = int(SectionFlag.ALLOC)
_RUN = int(SectionFlag.ALLOC | SectionFlag.EXEC)


@dataclass(frozen=True, kw_only=True, slots=True)
class Section:
    """One section header; sizes and addresses in bytes."""

    index: int
    name: str
    kind: int
    flags: int
    address: int
    offset: int
    size: int
    link: int
    info: int
    alignment: int
    entry_size: int

    @property
    def end(self) -> int:
        """The first address behind it."""
        return self.address + self.size

    @property
    def is_loaded(self) -> bool:
        """Whether it is part of the process."""
        return bool(self.flags & _ALLOC)

    @property
    def is_code(self) -> bool:
        """Whether it holds instructions."""
        return self.flags & _RUN == _RUN

    @property
    def in_file(self) -> bool:
        """Whether it has bytes in the file."""
        return self.kind not in {SectionKind.NOBITS, SectionKind.NULL}

    @property
    def is_thread_zero(self) -> bool:
        """Whether it is `.tbss`, which takes no addresses of its own."""
        return self.kind == SectionKind.NOBITS and bool(self.flags & SectionFlag.TLS)


@dataclass(frozen=True, kw_only=True, slots=True)
class Segment:
    """One program header; sizes and addresses in bytes."""

    kind: int
    flags: int
    offset: int
    address: int
    file_size: int
    memory_size: int
    alignment: int


@dataclass(frozen=True, kw_only=True)
class Elf:
    """A shared object whose headers agree with each other.

    Attributes:
        data: the whole file.
        machine: `e_machine`.
        bits: 32 or 64.
        system: `EI_OSABI`.
        entry: `e_entry`.
        processor_flags: `e_flags`.
        segments, sections: in the order of their tables.
        headers: [start, end) of the ELF header, the program headers and the section headers.
    """

    data: bytes
    machine: int
    bits: int
    system: int
    entry: int
    processor_flags: int
    segments: tuple[Segment, ...]
    sections: tuple[Section, ...]
    headers: tuple[tuple[int, int], ...]

    @cached_property
    def by_name(self) -> Mapping[str, Section]:
        """Sections by name; the names of loaded ones are unique, and stand for these."""
        ordered = sorted(self.sections, key=lambda section: section.is_loaded)
        return {section.name: section for section in ordered}

    @cached_property
    def loaded(self) -> tuple[Section, ...]:
        """The sections of the process by address, without `.tbss`; they do not overlap."""
        found = [s for s in self.sections if s.is_loaded and s.size and not s.is_thread_zero]
        return tuple(sorted(found, key=lambda section: section.address))

    @cached_property
    def _starts(self) -> list[int]:
        return [section.address for section in self.loaded]

    def section_at(self, address: int) -> Section | None:
        """The loaded section that holds an address."""
        at = bisect_right(self._starts, address) - 1
        if at < 0 or address >= self.loaded[at].end:
            return None
        return self.loaded[at]

    def content(self, section: Section) -> bytes:
        """The bytes of a section in the file; none for `.bss`."""
        if not section.in_file:
            return b""
        return self.data[section.offset : section.offset + section.size]

    def read(self, address: int, size: int) -> bytes:
        """Bytes of the process before relocation, all of one section; zeros in `.bss`.

        Raises:
            UnreadableElfError: they are of no one section.
        """
        section = self.section_at(address)
        if section is None or address + size > section.end:
            raise UnreadableElfError(f"no section holds the {size} bytes at {address:#x}")
        if not section.in_file:
            return bytes(size)
        start = section.offset + address - section.address
        return self.data[start : start + size]

    def segment_flags(self, section: Section) -> int:
        """How the loader maps a loaded section."""
        for segment in self.segments:
            if segment.kind == SegmentKind.LOAD and is_within(section, segment):
                return segment.flags
        return 0


def is_within(section: Section, segment: Segment) -> bool:
    """Whether a segment maps all of a section, with its bytes in the file at the right place."""
    start, end = segment.address, segment.address + segment.memory_size
    if not (start <= section.address and section.end <= end):
        return False
    if not section.in_file:
        return section.address >= start + segment.file_size
    in_file = section.end <= start + segment.file_size
    return in_file and section.offset - segment.offset == section.address - start


def read_elf(data: bytes) -> Elf:
    """Read the headers of a shared object.

    Raises:
        UnreadableElfError: it is none, or its headers do not agree.
    """
    if len(data) > MAX_SIZE:
        raise UnreadableElfError(f"larger than {MAX_SIZE} B")
    try:
        elf = _read(data)
    except (struct.error, ValueError, OverflowError) as error:
        raise UnreadableElfError(f"its headers cannot be read: {error}") from error
    _check_sections(elf)
    _check_segments(elf)
    return elf


_IDENT = 16
_HEADERS = {32: struct.Struct("<HHIIIIIHHHHHH"), 64: struct.Struct("<HHIQQQIHHHHHH")}
_SEGMENTS = {32: struct.Struct("<IIIIIIII"), 64: struct.Struct("<IIQQQQQQ")}
_SECTIONS = {32: struct.Struct("<IIIIIIIIII"), 64: struct.Struct("<IIQQQQIIQQ")}


def _read(data: bytes) -> Elf:
    if data[:4] != MAGIC or len(data) < _IDENT:
        raise UnreadableElfError("not an ELF file")
    bits = {1: 32, 2: 64}.get(data[4], 0)
    if not bits or data[5] != 1 or data[6] != 1 or data[8:_IDENT] != bytes(8):
        raise UnreadableElfError("of an unknown class, byte order or version")
    header = _HEADERS[bits]
    kind, machine, version, entry, segments_at, sections_at, flags, *sizes = header.unpack_from(
        data, _IDENT
    )
    header_size, segment_size, segment_count, section_size, section_count, names = sizes
    expected = (_IDENT + header.size, _SEGMENTS[bits].size, _SECTIONS[bits].size)
    if (header_size, segment_size, section_size) != expected or version != 1:
        raise UnreadableElfError("has header sizes of its own")
    if kind != 3:
        raise UnreadableElfError("no shared object")
    if not 0 < segment_count <= min(MAX_SEGMENTS, _PN_XNUM - 1):
        raise UnreadableElfError(f"has {segment_count} program headers")
    if not 0 < section_count <= min(MAX_SECTIONS, _SHN_LORESERVE - 1) or names >= section_count:
        raise UnreadableElfError(f"has {section_count} section headers")
    segments = tuple(
        _segment(bits, data, segments_at + index * segment_size) for index in range(segment_count)
    )
    raw = [
        _SECTIONS[bits].unpack_from(data, sections_at + index * section_size)
        for index in range(section_count)
    ]
    return Elf(
        data=data,
        machine=machine,
        bits=bits,
        system=data[7],
        entry=entry,
        processor_flags=flags,
        segments=segments,
        sections=_sections(data, raw, raw[names]),
        headers=(
            (0, header_size),
            (segments_at, segments_at + segment_size * segment_count),
            (sections_at, sections_at + section_size * section_count),
        ),
    )


def _segment(bits: int, data: bytes, at: int) -> Segment:
    fields = _SEGMENTS[bits].unpack_from(data, at)
    if bits == 64:
        kind, flags, offset, address, _, file_size, memory_size, alignment = fields
    else:
        kind, offset, address, _, file_size, memory_size, flags, alignment = fields
    return Segment(
        kind=kind,
        flags=flags,
        offset=offset,
        address=address,
        file_size=file_size,
        memory_size=memory_size,
        alignment=alignment,
    )


def _sections(
    data: bytes, raw: list[tuple[int, ...]], names: tuple[int, ...]
) -> tuple[Section, ...]:
    start, size = names[4], names[5]
    table = data[start : start + size]
    found = []
    for index, fields in enumerate(raw):
        at, kind, flags, address, offset, length, link, info, alignment, entry = fields
        end = table.find(b"\0", at)
        if end < 0:
            raise UnreadableElfError(f"section {index} has no proper name")
        found.append(
            Section(
                index=index,
                name=table[at:end].decode("ascii"),
                kind=kind,
                flags=flags,
                address=address,
                offset=offset,
                size=length,
                link=link,
                info=info,
                alignment=alignment,
                entry_size=entry,
            )
        )
    return tuple(found)


def _check_sections(elf: Elf) -> None:
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


def _check_segments(elf: Elf) -> None:
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
