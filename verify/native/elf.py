"""A shared object as its headers describe it: machine, segments, sections, and what is where.

Source: System V ABI, chapters 4 and 5 (gABI 4.1), and its AMD64 supplement.
"""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum, IntFlag
from functools import cached_property

PAGE = 4096
"""Bytes of a page on x86-64; the smallest that the others have."""


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
