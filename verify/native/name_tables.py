"""Checks the tables of names that are not loaded: symbols with their names, and section names.

Every byte of a table of names must be of a name that something refers to, so that nothing can hide
in it; and every symbol must be about something that there is.

Source: System V ABI (gABI 4.1), chapter 4, "String Table" and "Symbol Table".
"""

import re
import struct
from collections.abc import Mapping

from verify.native.elf import Elf, Section, SectionKind, UnreadableElfError

_SYMBOLS = {32: struct.Struct("<IIIBBH"), 64: struct.Struct("<IBBHQQ")}
_NAME_AT = {32: 50, 64: 62}
_HEADERS = {32: struct.Struct("<I36x"), 64: struct.Struct("<I60x")}

MAX_SYMBOLS = 1_000_000
_ABSOLUTE = 0xFFF1
_SECTION, _FILE, _TLS = 3, 4, 6
_BINDINGS = frozenset({0, 1, 2, 10})
_TYPES = frozenset({0, 1, 2, _SECTION, _FILE, 5, _TLS, 10})


def names_index(elf: Elf) -> int:
    """Which section has the names of all sections (`e_shstrndx`)."""
    at = _NAME_AT[elf.bits]
    return int.from_bytes(elf.data[at : at + 2], "little")


def check_section_names(elf: Elf, section: Section) -> None:
    """Check that a table of names has those of the sections, and nothing else.

    Raises:
        UnreadableElfError: it has other bytes.
    """
    start, end = elf.headers[2]
    used = {offset for (offset,) in _HEADERS[elf.bits].iter_unpack(elf.data[start:end])}
    _check_names(elf.content(section), used, dict.fromkeys(used, _SECTION_NAME))


def check_symbols(elf: Elf, section: Section) -> None:
    """Check a symbol table that is not loaded, and the table of its names.

    Raises:
        UnreadableElfError: a symbol is about something that there is not, or a name is none.
    """
    layout = _SYMBOLS[elf.bits]
    data = elf.content(section)
    if section.entry_size != layout.size or len(data) % layout.size or not data:
        raise UnreadableElfError("has a symbol that is cut off")
    if any(data[: layout.size]) or not 0 < section.info <= len(data) // layout.size:
        raise UnreadableElfError("does not begin as symbol tables do")
    names = elf.sections[section.link]
    if names.kind != SectionKind.STRTAB or names.is_loaded:
        raise UnreadableElfError("has names in a table that is none of names")
    if len(data) // layout.size > MAX_SYMBOLS:
        raise UnreadableElfError(f"has more than {MAX_SYMBOLS} symbols")
    rows = layout.iter_unpack(data)
    symbols: list[_Symbol] = list(rows)
    if elf.bits == 32:
        symbols = [(row[0], row[3], row[4], row[5], row[1], row[2]) for row in symbols]
    table = elf.content(names)
    _check_kinds(symbols, section.info)
    _check_places(elf, symbols, table)
    files = (row[0] for row in symbols if row[1] & 0x0F == _FILE)
    _check_names(table, {row[0] for row in symbols}, dict.fromkeys(files, _FILE_NAME))


_Symbol = tuple[int, int, int, int, int, int]
"""Offset of the name, binding and type, visibility, section, value, size."""


_LINKER_SYMBOLS = (
    b".eh_frame_seg\0",
    b"_DYNAMIC\0",
    b"__TMC_END__\0",
    b"__bss_start\0",
    b"__ehdr_start\0",
    b"_edata\0",
    b"_end\0",
)
"""Made by linkers and start-up files at the edge of something, which may be of another section."""


def _check_kinds(symbols: list[_Symbol], local_count: int) -> None:
    for index, (_, info, other, *_) in enumerate(symbols):
        binding, kind = info >> 4, info & 0x0F
        if binding not in _BINDINGS or kind not in _TYPES or other > 3:
            raise UnreadableElfError(f"symbol {index} is of an unknown kind")
        if (index < local_count) != (binding == 0):
            raise UnreadableElfError(f"symbol {index} is not among those of its binding")


def _check_places(elf: Elf, symbols: list[_Symbol], names: bytes) -> None:
    spans = [(section.address, section.end) for section in elf.sections]
    for index, (name, info, _, where, value, size) in enumerate(symbols):
        if where in {0, _ABSOLUTE}:
            continue
        if where >= len(spans):
            raise UnreadableElfError(f"symbol {index} is of a section that there is not")
        start, end = spans[where]
        if info & 0x0F == _TLS or (start <= value and value + size <= end):
            continue
        if size or not any(names.startswith(known, name) for known in _LINKER_SYMBOLS):
            raise UnreadableElfError(f"symbol {index} is outside of its section")


_NAME = re.compile(rb"([^\0]*)\0")
_IDENTIFIER = re.compile(r"[\w.$@]*")
_FILE_NAME = re.compile(r"[^\x00-\x1f\x7f\ud800-\udfff]*")
_SECTION_NAME = re.compile(r"[\w.$+-]*", re.ASCII)


def _check_names(table: bytes, used: set[int], shapes: Mapping[int, re.Pattern[str]]) -> None:
    """Every string of a table is a name, and is one that is used.

    Names may share their ends; then the longest one must be used.

    Args:
        table: names, each with a NUL behind it.
        used: where the used ones begin.
        shapes: of those that are no identifiers.
    """
    if table[:1] != b"\0" or table[-1:] != b"\0":
        raise UnreadableElfError("has names in a table that does not end where the last one does")
    if max(used) >= len(table):
        raise UnreadableElfError("has a name behind the table of names")
    for found in _NAME.finditer(table, 1):
        at, name = found.start(), found[1]
        if at not in used:
            raise UnreadableElfError(f"has names that nothing refers to, at {at:#x} of their table")
        if not shapes.get(at, _IDENTIFIER).fullmatch(name.decode("utf-8", "surrogateescape")):
            raise UnreadableElfError(f"has a name that no compiler makes: {name[:60]!r}")
