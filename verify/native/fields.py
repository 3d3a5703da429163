"""What the linker knew of each address in a file, where it was told to keep that.

`ld --emit-relocs` leaves the relocations of the objects in the file that it links: for every place
that holds an address or a distance, which section or symbol was meant. An address alone does not
tell: `lea` of an array that is read from its 26th element on may name a place before the array,
which is in another section.

Source: System V ABI, AMD64 supplement, table 4.9; GNU ld's manual, `--emit-relocs`.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

from verify.native.elf import Elf, SectionKind
from verify.native.symbols import read_symbol_table

_ENTRY = struct.Struct("<QQq")
_RESERVED = 0xFF00
_OTHERS = frozenset({".eh_frame", ".gcc_except_table"})
"""Sections with readers that know of every address themselves."""


class FieldKind(IntEnum):
    """How a place holds an address; those that the loader fills in have a relocation of its own."""

    ABSOLUTE64 = 1
    PC32 = 2
    PLT32 = 4
    GOTPCREL = 9
    TLSGD = 19
    TLSLD = 20
    DTPOFF32 = 21
    GOTTPOFF = 22
    TPOFF32 = 23
    PC64 = 24
    GOTPCRELX = 41
    REX_GOTPCRELX = 42


DIRECT = frozenset({FieldKind.PC32, FieldKind.PLT32})
"""The distance to what is meant."""

BY_SLOT = frozenset(
    {
        FieldKind.GOTPCREL,
        FieldKind.GOTPCRELX,
        FieldKind.REX_GOTPCRELX,
        FieldKind.TLSGD,
        FieldKind.TLSLD,
        FieldKind.GOTTPOFF,
    }
)
"""The distance to a slot that the loader fills."""

IN_BLOCK = frozenset({FieldKind.DTPOFF32, FieldKind.TPOFF32})
"""A place in the block of thread-local data: the same number wherever the file is loaded."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Field:
    """A place in a file that holds an address.

    Attributes:
        kind: see `FieldKind`; other numbers are not understood.
        section: name of the section that is meant; None for what another file defines.
    """

    kind: int
    section: str | None


def read_fields(elf: Elf) -> Mapping[int, Field] | None:
    """The fields of a file by address; None where its linker has not kept them.

    Only of a file that is trusted to say what its linker did: a rebuilt one.

    Raises:
        UnreadableElfError: its symbol table cannot be read.
    """
    tables = [
        section
        for section in elf.sections
        if section.kind == SectionKind.RELA
        and not section.is_loaded
        and elf.sections[min(section.info, len(elf.sections) - 1)].is_loaded
    ]
    if not any(elf.sections[table.info].name == ".text" for table in tables):
        return None
    places = [_section(elf, symbol.section) for symbol in read_symbol_table(elf)]
    found: dict[int, Field] = {}
    for table in tables:
        if elf.sections[table.info].name in _OTHERS:
            continue
        content = elf.content(table)
        for address, info, _ in _ENTRY.iter_unpack(content[: len(content) // 24 * 24]):
            symbol = info >> 32
            section = places[symbol] if symbol < len(places) else None
            found[address] = Field(kind=info & 0xFFFFFFFF, section=section)
    return found


def _section(elf: Elf, index: int) -> str | None:
    if not 0 < index < min(len(elf.sections), _RESERVED):
        return None
    return elf.sections[index].name
