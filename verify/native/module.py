"""One shared object as everything that its comparison needs, read once."""

import struct
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from verify.native.code import Code, OddCodeError, decode, reread, without_padding
from verify.native.dynamic import Dynamic, read_dynamic
from verify.native.elf import (
    PAGE,
    Elf,
    Machine,
    Section,
    SectionFlag,
    SectionKind,
    SegmentKind,
    UnreadableElfError,
)
from verify.native.elf_reader import read_elf
from verify.native.exceptions import AllUnwinding, read_unwinding
from verify.native.frames import Frame
from verify.native.hashing import check_hashes
from verify.native.headers import check_headers
from verify.native.padding import is_left_behind
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
        padding: how many bytes before it do nothing.
    """

    start: int
    size: int
    section: str
    frame: Frame | None
    name: str | None
    code: Code
    padding: int

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


MAX_PADDING = 64
"""Bytes that do nothing between two functions; no processor gains from a larger alignment."""

_LEAST_DYNAMIC = 128
"""Bytes of `.dynamic`; the loader cannot do with fewer than eight entries."""

_MAX_TRIES = 64
"""Known pieces of one size that code is held against; trying one takes a fraction of decoding."""

_TABLES = frozenset(
    {
        (".dynsym", SectionKind.DYNSYM),
        (".dynstr", SectionKind.STRTAB),
        (".rela.dyn", SectionKind.RELA),
        (".rela.plt", SectionKind.RELA),
        (".relr.dyn", SectionKind.RELR),
        (".hash", SectionKind.HASH),
        (".gnu.hash", SectionKind.GNU_HASH),
        (".gnu.version", SectionKind.GNU_VERSYM),
        (".gnu.version_r", SectionKind.GNU_VERNEED),
        (".gnu.version_d", SectionKind.GNU_VERDEF),
        (".dynamic", SectionKind.DYNAMIC),
        (".eh_frame", SectionKind.PROGBITS),
        (".eh_frame", SectionKind.X86_64_UNWIND),
        (".eh_frame_hdr", SectionKind.PROGBITS),
        (".gcc_except_table", SectionKind.PROGBITS),
        *((name, SectionKind.PROGBITS) for name in SLOTS),
    }
)


def is_data(section: Section) -> bool:
    """Whether a loaded section is none of those that have a reader of their own."""
    is_table = (section.name, section.kind) in _TABLES or section.kind == SectionKind.NOTE
    return not section.is_code and not is_table


def read_module(data: bytes, like: Module | None = None) -> Module:
    """Read a shared object.

    Args:
        data: the file.
        like: another one, much of whose code may be the same; that is then not decoded again.

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
    _check_order(elf)
    linkage = read_linkage_table(elf)
    _check_slots(elf, relocations, linkage)
    unwinding = read_unwinding(elf)
    frames = [one.frame for one in unwinding.functions if one.frame.size]
    try:
        pieces = tuple(_pieces(elf, frames, _names(elf), _Decoder(like)))
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


def _check_order(elf: Elf) -> None:
    """Code that the loader runs to fill a slot comes when all others are filled."""
    for name in (".rela.dyn", ".rela.plt"):
        section = elf.by_name.get(name)
        content = elf.content(section) if section else b""
        entries = struct.iter_unpack("<QQq", content[: len(content) // 24 * 24])
        runs = [info & 0xFFFFFFFF == X86Kind.IRELATIVE for _, info, _ in entries]
        if runs != sorted(runs):
            raise UnreadableElfError(f"{name} has code run before the last slot is filled")


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
            before = relocations.get(place - 8)
            expected = _unfilled(relocations.get(place), linkage.waiting.get(place))
            if dynamic is not None and place == section.address:
                is_former = _was_dynamic(elf, value)
                expected = (*expected, value if is_former else dynamic.address)
            is_offset = before is not None and before.kind == X86Kind.DTPMOD64
            if value not in expected and not (is_offset and value < _thread_size(elf)):
                raise UnreadableElfError(f"{name} holds an address that nothing explains")
    for slot in {*linkage.slots.values(), *linkage.waiting}:
        if slot not in relocations:
            raise UnreadableElfError("an entry of the linkage table jumps to what nobody fills in")


def _was_dynamic(elf: Elf, address: int) -> bool:
    """Whether `.dynamic` was at an address before patchelf moved it: the first slot still says so.

    It stood behind another section, or first in what is protected after relocation. Now there
    is nothing, up to the next section.
    """
    loads = (segment for segment in elf.segments if segment.kind == SegmentKind.LOAD)
    load = next((s for s in loads if 0 <= address - s.address < s.file_size), None)
    if load is None or elf.section_at(address) is not None:
        return False
    starts = [s.address for s in elf.segments if s.kind == SegmentKind.GNU_RELRO]
    starts += [-(-section.end // 8) * 8 for section in elf.loaded if section.address < address][-1:]
    ends = [section.address for section in elf.loaded if section.address > address]
    end = min([*ends[:1], load.address + load.file_size])
    left = elf.data[address - load.address + load.offset : end - load.address + load.offset]
    return address in starts and len(left) >= _LEAST_DYNAMIC and is_left_behind(left)


def _unfilled(relocation: Relocation | None, waiting: int | None) -> tuple[int, ...]:
    """What a slot may hold before the loader has filled it.

    That of a function may be filled when it is called for the first time: until then it has to lead
    to what looks the function up.
    """
    if relocation is None:
        return (0,)
    if relocation.kind == X86Kind.JUMP_SLOT:
        return () if waiting is None else (waiting,)
    if relocation.kind == X86Kind.IRELATIVE and waiting is not None:
        return (waiting, relocation.addend)
    return (0, relocation.addend)


def _thread_size(elf: Elf) -> int:
    """Bytes of the block of thread-local data, more or less: without what aligns its parts."""
    return sum(section.size for section in elf.sections if section.flags & SectionFlag.TLS) + PAGE


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


class _Decoder:
    """Decodes code; of what another module has too, only the addresses in it."""

    def __init__(self, like: Module | None) -> None:
        self._known: dict[tuple[int, str | None], list[Code]] = defaultdict(list)
        for piece in like.pieces if like else ():
            if piece.code.is_whole:
                self._known[piece.size, piece.name].append(piece.code)
                if piece.name is not None:
                    self._known[piece.size, None].append(piece.code)

    def __call__(self, data: bytes, address: int, name: str | None) -> Code:
        known = self._known.get((len(data), name), ())
        for one in known[:_MAX_TRIES]:
            if (code := reread(one, data, address)) is not None:
                return code
        return decode(data, address)


def _pieces(
    elf: Elf, frames: Sequence[Frame], names: Mapping[int, str], decoded: _Decoder
) -> Iterator[Piece]:
    for section in elf.loaded:
        if not section.is_code or section.name in LINKAGE:
            continue
        content = elf.content(section)
        first = bisect_left(frames, section.address, key=_start)
        own = frames[first : bisect_left(frames, section.end, key=_start)]
        behind = section.address
        for frame, start, end in _stretches(section, content, own):
            padding, behind = start - behind, end
            data = content[start - section.address : end - section.address]
            name = names.get(start)
            yield Piece(
                start=start,
                size=end - start,
                section=section.name,
                frame=frame,
                name=name,
                code=decoded(data, start, name),
                padding=padding,
            )
        if section.end - behind > MAX_PADDING:
            raise UnreadableElfError(f"{section.name} ends with more than a compiler aligns by")


def _start(frame: Frame) -> int:
    return frame.start


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
