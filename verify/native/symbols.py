"""The symbols of an ELF file: what it offers to others, and what it wants of them.

Source: System V ABI, chapter 4, "Symbol Table"; versions as in `verify.native.versions`.
"""

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from verify.native.dynamic import string_offsets
from verify.native.elf import Elf, Machine, Section, SectionKind, SegmentKind, UnreadableElfError
from verify.native.strings import (
    StringTable,
    dynamic_strings,
    dynamic_symbols_section,
)
from verify.native.versions import (
    BASE,
    HIDDEN,
    DefinedVersion,
    NeededVersion,
    read_versions,
    version_numbers,
)

MAX_SYMBOLS = 1_000_000

UNDEFINED = 0
"""`st_shndx` of a symbol that another file defines."""

ABSOLUTE = 0xFFF1
"""`st_shndx` of a symbol whose value is no address."""


class Binding(IntEnum):
    """`STB_...`."""

    LOCAL = 0
    GLOBAL = 1
    WEAK = 2
    UNIQUE = 10


class Kind(IntEnum):
    """`STT_...`."""

    NOTYPE = 0
    OBJECT = 1
    FUNC = 2
    SECTION = 3
    FILE = 4
    COMMON = 5
    TLS = 6
    IFUNC = 10


_BINDINGS = frozenset(Binding)
_KINDS = frozenset(Kind)


@dataclass(frozen=True, kw_only=True, slots=True)
class Symbol:
    """One symbol; sizes in bytes.

    Attributes:
        index: its place in its table.
        name: as it stands in the table; `.symtab` may append `@VERSION`.
        version: such as "GLIBC_2.14"; None for the base version or none.
        library: of an imported one with a version: the file that has to define it.
        is_default: found by those who ask for no version.
        binding: see `Binding`.
        kind: see `Kind`.
        visibility: `st_other`: 0 to 3, and what the machine adds (AArch64 only).
        section: `st_shndx`: an index, `UNDEFINED` or `ABSOLUTE`.
        address: of a thread-local one its offset in the thread's block.
        size: as it says; zero where it does not know.
    """

    index: int
    name: str
    version: str | None
    library: str | None
    is_default: bool
    binding: int
    kind: int
    visibility: int
    section: int
    address: int
    size: int

    @property
    def is_defined(self) -> bool:
        """Whether this file holds it."""
        return self.section != UNDEFINED


def read_dynamic_symbols(elf: Elf) -> tuple[Symbol, ...]:
    """Read `.dynsym` with the versions of its symbols; the first is the empty one.

    Raises:
        UnreadableElfError: a symbol is no such, or contradicts the sections or versions.
    """
    section = dynamic_symbols_section(elf)
    strings = dynamic_strings(elf)
    rows = _rows(elf, section)
    versions = read_versions(elf)
    numbers = version_numbers(elf, len(rows))
    if numbers is None:
        if versions.needed or versions.defined:
            raise UnreadableElfError("its symbol versions are given to no symbol")
        numbers = (0,) + (BASE,) * (len(rows) - 1)
    if numbers[0]:
        raise UnreadableElfError("its empty symbol has a version")
    known = versions.by_number()
    found = tuple(
        _symbol(elf, strings, index, row, _version(known, row, numbers[index]))
        for index, row in enumerate(rows)
    )
    thread_size = sum(s.memory_size for s in elf.segments if s.kind == SegmentKind.TLS)
    for symbol in found:
        _check_place(elf, symbol, thread_size)
    _check_order(section, found)
    return found


def read_symbol_table(elf: Elf) -> tuple[Symbol, ...]:
    """Read `.symtab`, which the loader does not look at; nothing without one.

    Raises:
        UnreadableElfError: a symbol is no such, or there are several tables.
    """
    section = _symbol_table_section(elf)
    if section is None:
        return ()
    strings = StringTable(elf, elf.sections[section.link])
    found = tuple(
        _symbol(elf, strings, index, row, (None, None, True))
        for index, row in enumerate(_rows(elf, section))
    )
    _check_order(section, found)
    return found


def unused_strings(elf: Elf) -> tuple[tuple[str, bytes], ...]:
    """What `.dynstr` holds that nothing refers to: the section's name and the content.

    patchelf and meson leave a library's old names there, ld the search paths that it was given
    twice; anything else is odd.

    Raises:
        UnreadableElfError: the tables cannot be read.
    """
    dynamic = dynamic_symbols_section(elf)
    strings = dynamic_strings(elf)
    offsets = {row[0] for row in _rows(elf, dynamic)}
    offsets.update(read_versions(elf).names, string_offsets(elf))
    return tuple((strings.section.name, content) for content in strings.unused(offsets))


def _symbol_table_section(elf: Elf) -> Section | None:
    found = [section for section in elf.sections if section.kind == SectionKind.SYMTAB]
    if len(found) > 1 or any(section.is_loaded for section in found):
        raise UnreadableElfError("has several symbol tables, or one that is loaded")
    return found[0] if found else None


_Row = tuple[int, int, int, int, int, int]
"""`st_name`, `st_info`, `st_other`, `st_shndx`, `st_value`, `st_size`."""


def _rows(elf: Elf, section: Section) -> list[_Row]:
    layout = struct.Struct("<IBBHQQ" if elf.bits == 64 else "<IIIBBH")
    if section.entry_size != layout.size or section.size % layout.size or not section.size:
        raise UnreadableElfError(f"{section.name} is not made of symbols")
    if section.size // layout.size > MAX_SYMBOLS:
        raise UnreadableElfError(f"{section.name} has more than {MAX_SYMBOLS} symbols")
    rows: Iterator[Any] = layout.iter_unpack(elf.content(section))
    if elf.bits == 32:
        rows = ((name, *rest, value, size) for name, value, size, *rest in rows)
    found: list[_Row] = list(rows)
    if any(found[0]):
        raise UnreadableElfError(f"the first symbol of {section.name} is not empty")
    return found


def _symbol(
    elf: Elf,
    strings: StringTable,
    index: int,
    row: _Row,
    version: tuple[str | None, str | None, bool],
) -> Symbol:
    name, info, other, section, address, size = row
    binding, kind = info >> 4, info & 0xF
    if binding not in _BINDINGS or kind not in _KINDS:
        raise UnreadableElfError(f"symbol {index} of {strings.section.name} is of no known kind")
    if other > 3 and elf.machine != Machine.AARCH64:
        raise UnreadableElfError(f"symbol {index} has the unknown visibility {other:#x}")
    if section >= len(elf.sections) and section != ABSOLUTE:
        raise UnreadableElfError(f"symbol {index} is in a section that there is not")
    return Symbol(
        index=index,
        name=strings.at(name),
        version=version[0],
        library=version[1],
        is_default=version[2],
        binding=binding,
        kind=kind,
        visibility=other,
        section=section,
        address=address,
        size=size,
    )


def _version(
    known: Mapping[int, NeededVersion | DefinedVersion], row: _Row, number: int
) -> tuple[str | None, str | None, bool]:
    """Version, library and whether it is the default, from one number of `.gnu.version`."""
    is_default = not number & HIDDEN
    index = number & ~HIDDEN
    section, binding = row[3], row[1] >> 4
    if index < BASE and section != UNDEFINED and binding != Binding.LOCAL:
        raise UnreadableElfError("an exported symbol has the version of local ones")
    if index <= BASE:
        return None, None, is_default
    version = known.get(index)
    if isinstance(version, NeededVersion):
        # A program also defines, by its version, what it copies from a library.
        return version.name, version.library, is_default
    if isinstance(version, DefinedVersion) and section != UNDEFINED:
        return version.name, None, is_default
    raise UnreadableElfError(f"a symbol has the version number {index}, which means nothing to it")


def _check_place(elf: Elf, symbol: Symbol, thread_size: int) -> None:
    """A dynamic symbol lies in the section that it names."""
    if symbol.section == UNDEFINED:
        if symbol.address or symbol.size or symbol.visibility & 3:
            raise UnreadableElfError(f"{symbol.name} is imported and says where or what it is")
        return
    if symbol.section == ABSOLUTE:
        return
    if symbol.kind == Kind.TLS:
        if symbol.address + symbol.size > thread_size:
            raise UnreadableElfError(f"{symbol.name} is not in the block of its thread")
        return
    section = elf.sections[symbol.section]
    if not section.is_loaded:
        raise UnreadableElfError(f"{symbol.name} is exported and not loaded")
    if section.address <= symbol.address and symbol.address + symbol.size <= section.end:
        return
    # Linkers say of marks such as __bss_start that they are in the section before theirs.
    is_mark = not symbol.size and symbol.kind == Kind.NOTYPE
    loads = (one for one in elf.segments if one.kind == SegmentKind.LOAD)
    if not is_mark or not any(
        one.address <= symbol.address <= one.address + one.memory_size for one in loads
    ):
        raise UnreadableElfError(f"{symbol.name} is not in the section that it names")


def _check_order(section: Section, symbols: tuple[Symbol, ...]) -> None:
    """`sh_info` is the index of the first symbol that is not local."""
    local = [symbol.binding == Binding.LOCAL for symbol in symbols]
    if not 0 < section.info <= len(symbols):
        raise UnreadableElfError(f"{section.name} does not say where its local symbols end")
    if not all(local[: section.info]) or any(local[section.info :]):
        raise UnreadableElfError(f"{section.name} does not have its local symbols first")
