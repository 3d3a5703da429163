"""One shared object as everything that its comparison needs, read once."""

import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from verify.native.code import Code, OddCodeError, decode, without_padding
from verify.native.dynamic import Dynamic, read_dynamic
from verify.native.elf import Elf, Machine, Section, SectionKind, UnreadableElfError, read_elf
from verify.native.exceptions import AllUnwinding, read_unwinding
from verify.native.frames import Frame
from verify.native.hashing import check_hashes
from verify.native.headers import check_headers
from verify.native.plt import NAMES as LINKAGE
from verify.native.plt import LinkageTable, read_linkage_table
from verify.native.relocations import Relocation, X86Kind, read_relocations
from verify.native.symbols import Kind, Symbol, read_dynamic_symbols, read_symbol_table

SLOTS = (".got", ".got.plt")
"""Sections of addresses that only the loader writes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Piece:
    """A stretch of code between padding: a function, or what has no frame, like the C runtime's.

    Attributes:
        start: its address.
        size: in bytes.
        section: the section's name.
        frame: how to unwind it, None where the file does not say.
        name: of its function, where a symbol table has one; the file's word, for people.
        code: its instructions.
    """

    start: int
    size: int
    section: str
    frame: Frame | None
    name: str | None
    code: Code

    @property
    def end(self) -> int:
        """The first address behind it."""
        return self.start + self.size


@dataclass(frozen=True, kw_only=True)
class Module:
    """A shared object for x86-64 whose tables agree with each other.

    Attributes:
        elf: its sections.
        symbols: of `.dynsym`.
        dynamic: what the loader is told.
        relocations: by the address that they change.
        linkage: the procedure linkage table.
        unwinding: how to unwind from its code.
        pieces: all code outside of it, by address; what is between them does nothing.
    """

    elf: Elf
    symbols: tuple[Symbol, ...]
    dynamic: Dynamic
    relocations: Mapping[int, Relocation]
    linkage: LinkageTable
    unwinding: AllUnwinding
    pieces: tuple[Piece, ...]

    @cached_property
    def data_sections(self) -> tuple[Section, ...]:
        """What is compared byte by byte, apart from addresses in it."""
        return tuple(section for section in self.elf.loaded if is_data(section))


_TABLES = frozenset(
    {
        SectionKind.DYNSYM,
        SectionKind.STRTAB,
        SectionKind.RELA,
        SectionKind.REL,
        SectionKind.RELR,
        SectionKind.HASH,
        SectionKind.GNU_HASH,
        SectionKind.GNU_VERSYM,
        SectionKind.GNU_VERNEED,
        SectionKind.GNU_VERDEF,
        SectionKind.DYNAMIC,
        SectionKind.NOTE,
    }
)
_UNWINDING = frozenset({".eh_frame", ".eh_frame_hdr", ".gcc_except_table"})


def is_data(section: Section) -> bool:
    """Whether a loaded section is none of those that have a reader of their own."""
    return not (
        section.is_code
        or section.kind in _TABLES
        or section.name in _UNWINDING
        or section.name in SLOTS
    )


def read_module(data: bytes) -> Module:
    """Read a shared object.

    Raises:
        UnreadableElfError: it is none for x86-64, or something in it contradicts something else.
    """
    elf = read_elf(data)
    if (elf.machine, elf.bits) != (Machine.X86_64, 64):
        raise UnreadableElfError("for another processor than x86-64")
    check_headers(elf)
    symbols = read_dynamic_symbols(elf)
    check_hashes(elf, symbols)
    relocations = {entry.address: entry for entry in read_relocations(elf, symbols)}
    linkage = read_linkage_table(elf)
    _check_slots(elf, relocations, linkage)
    unwinding = read_unwinding(elf)
    frames = [one.frame for one in unwinding.functions if one.frame.size]
    try:
        pieces = tuple(_pieces(elf, frames, _names(elf)))
    except OddCodeError as error:
        raise UnreadableElfError(f"has an instruction that is not understood: {error}") from error
    return Module(
        elf=elf,
        symbols=symbols,
        dynamic=read_dynamic(elf),
        relocations=relocations,
        linkage=linkage,
        unwinding=unwinding,
        pieces=pieces,
    )


def _check_slots(elf: Elf, relocations: Mapping[int, Relocation], linkage: LinkageTable) -> None:
    """Each slot is for the loader alone, and leads where it must until the loader has come."""
    dynamic = elf.by_name.get(".dynamic")
    for name in SLOTS:
        section = elf.by_name.get(name)
        if section is None:
            continue
        if section.size % 8 or not section.in_file:
            raise UnreadableElfError(f"{name} is no table of addresses")
        words = struct.iter_unpack("<Q", elf.content(section))
        for place, (value,) in zip(range(section.address, section.end, 8), words, strict=True):
            expected = _unfilled(relocations.get(place), linkage.waiting.get(place))
            own = dynamic.address if dynamic and place == section.address else 0
            if value not in {*expected, own} or (not value and not expected):
                raise UnreadableElfError(f"{name} holds an address that nothing explains")
    for slot in {*linkage.slots.values(), *linkage.waiting}:
        if slot not in relocations:
            raise UnreadableElfError("an entry of the linkage table jumps to what nobody fills in")


def _unfilled(relocation: Relocation | None, waiting: int | None) -> tuple[int, ...]:
    """What a slot may hold before the loader has filled it.

    That of a function may be filled when it is called for the first time: until then it has to lead
    to what looks the function up.
    """
    if relocation is None:
        return (0,)
    if relocation.kind == X86Kind.JUMP_SLOT:
        return () if waiting is None else (waiting,)
    return (0, relocation.addend)


def _names(elf: Elf) -> dict[int, str]:
    """Names of functions by address; a symbol table that cannot be read has none."""
    try:
        symbols = (*read_dynamic_symbols(elf), *read_symbol_table(elf))
    except UnreadableElfError:
        return {}
    found: dict[int, str] = {}
    for symbol in symbols:
        if symbol.kind == Kind.FUNC and symbol.is_defined:
            found.setdefault(symbol.address, symbol.name)
    return found


def _pieces(elf: Elf, frames: Sequence[Frame], names: Mapping[int, str]) -> Iterator[Piece]:
    for section in elf.loaded:
        if not section.is_code or section.name in LINKAGE:
            continue
        content = elf.content(section)
        own = [frame for frame in frames if section.address <= frame.start < section.end]
        for frame, start, end in _stretches(section, content, own):
            data = content[start - section.address : end - section.address]
            yield Piece(
                start=start,
                size=end - start,
                section=section.name,
                frame=frame,
                name=names.get(start),
                code=decode(data, start),
            )


def _stretches(
    section: Section, content: bytes, frames: Sequence[Frame]
) -> Iterator[tuple[Frame | None, int, int]]:
    """What has a frame, and what lies between without being padding."""
    at = section.address
    for frame in (*frames, None):
        gap_end = section.end if frame is None else frame.start
        if frame is not None and frame.start + frame.size > section.end:
            raise UnreadableElfError(f"a function ends behind {section.name}")
        first, last = without_padding(content[at - section.address : gap_end - section.address])
        if last:
            yield None, at + first, at + last
        if frame is not None:
            yield frame, frame.start, frame.start + frame.size
            at = frame.start + frame.size
