"""Relocations: the words of a file that the loader fills in, and with what.

Source: System V ABI, chapter 4, "Relocation", and chapter 5, "RELR"; its supplements for AMD64,
i386 and AArch64.
"""

import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

from verify.native.dynamic import (
    Tag,
    read_entries,
    relocation_sections,
    single_values,
)
from verify.native.elf import (
    Elf,
    Machine,
    Section,
    SectionFlag,
    SectionKind,
    SegmentFlag,
    UnreadableElfError,
)
from verify.native.strings import dynamic_symbols_section, the_one
from verify.native.symbols import Symbol

MAX_RELOCATIONS = 1_000_000


class X86Kind(IntEnum):
    """`R_X86_64_...`, those that a loader knows."""

    ABSOLUTE64 = 1
    PC32 = 2
    COPY = 5
    GLOB_DAT = 6
    JUMP_SLOT = 7
    RELATIVE = 8
    ABSOLUTE32 = 10
    DTPMOD64 = 16
    DTPOFF64 = 17
    TPOFF64 = 18
    SIZE64 = 33
    TLSDESC = 36
    IRELATIVE = 37


class I386Kind(IntEnum):
    """`R_386_...`, those that a loader knows."""

    ABSOLUTE32 = 1
    COPY = 5
    GLOB_DAT = 6
    JUMP_SLOT = 7
    RELATIVE = 8
    TPOFF = 14
    DTPMOD32 = 35
    DTPOFF32 = 36
    TPOFF32 = 37
    TLSDESC = 41
    IRELATIVE = 42


class Aarch64Kind(IntEnum):
    """`R_AARCH64_...`, those that a loader knows."""

    ABSOLUTE64 = 257
    COPY = 1024
    GLOB_DAT = 1025
    JUMP_SLOT = 1026
    RELATIVE = 1027
    DTPMOD64 = 1028
    DTPOFF64 = 1029
    TPOFF64 = 1030
    TLSDESC = 1031
    IRELATIVE = 1032


@dataclass(frozen=True, kw_only=True, slots=True)
class Relocation:
    """One word that the loader fills in.

    Attributes:
        address: where.
        kind: `ELF64_R_TYPE`, see the machine's enumeration.
        symbol: what it is about, if any.
        addend: what is added; for machines without addends, the word as it stands.
        initial: the word as it stands. Of a call's slot the loader adds only where the file is
            mapped, until the first call; every other word is zero or what follows from the rest.
    """

    address: int
    kind: int
    symbol: Symbol | None
    addend: int
    initial: int


_KINDS: Mapping[int, type[IntEnum]] = {
    Machine.X86_64: X86Kind,
    Machine.I386: I386Kind,
    Machine.AARCH64: Aarch64Kind,
}
_OF_CALLS = frozenset({"JUMP_SLOT", "IRELATIVE", "TLSDESC"})
_WITHOUT_SYMBOL = frozenset({"RELATIVE", "IRELATIVE"})
_OF_THREADS = ("DTPMOD", "DTPOFF", "TPOFF", "TLSDESC")
_WITHOUT_ADDEND = frozenset({"GLOB_DAT", "JUMP_SLOT", "COPY", "DTPMOD64", "DTPMOD32"})


@dataclass(frozen=True, kw_only=True, slots=True)
class _Rule:
    """What a kind of relocation may have; its name leaves out the machine."""

    name: str
    size: int
    needs_symbol: bool
    may_have_symbol: bool
    may_have_addend: bool


def _rules(elf: Elf) -> Mapping[int, _Rule]:
    word = elf.bits // 8
    kinds = _KINDS.get(elf.machine)
    if kinds is None:
        raise UnreadableElfError(f"is for the unknown machine {elf.machine}")
    return {
        kind.value: _Rule(
            name=name,
            size={"TLSDESC": 2 * word, "ABSOLUTE32": 4, "PC32": 4}.get(name, word),
            needs_symbol=name not in _WITHOUT_SYMBOL and not name.startswith(_OF_THREADS),
            may_have_symbol=name not in _WITHOUT_SYMBOL,
            may_have_addend=name not in _WITHOUT_ADDEND,
        )
        for name, kind in kinds.__members__.items()
    }


class _Row(NamedTuple):
    """One entry of a table; `slot` is its place in the table of calls. There may be very many."""

    address: int
    kind: int
    symbol: int
    addend: int | None
    slot: int | None


def read_relocations(elf: Elf, symbols: Sequence[Symbol]) -> tuple[Relocation, ...]:
    """Read every loaded table of relocations, also the packed one, sorted by address.

    Raises:
        UnreadableElfError: a relocation is unknown, lies in code or in what is never written to,
            shares its place with another, or its slot does not lead to its own call.
    """
    rules = _rules(elf)
    rows = _rows(elf)
    for row in rows:
        rule = rules.get(row.kind)
        if rule is None:
            raise UnreadableElfError(f"has a relocation of the unknown type {row.kind}")
        _check_row(row, rule, len(symbols))
    rows.sort(key=lambda row: row.address)
    found = []
    free = 0
    for row, section in _placed(elf, rows):
        rule = rules[row.kind]
        symbol = symbols[row.symbol] if row.symbol else None
        if row.address < free:
            raise UnreadableElfError(f"two relocations change the bytes at {row.address:#x}")
        size = symbol.size if symbol and rule.name == "COPY" else rule.size
        free = row.address + size
        if free > section.end:
            raise UnreadableElfError(f"a relocation at {row.address:#x} leaves its section")
        initial = _initial(elf, section, row, rule)
        relocation = Relocation(
            address=row.address,
            kind=row.kind,
            symbol=symbol,
            addend=initial if row.addend is None else row.addend,
            initial=initial,
        )
        _check_initial(elf, relocation, row, rule)
        found.append(relocation)
    return tuple(found)


def _rows(elf: Elf) -> list[_Row]:
    values = single_values(read_entries(elf))
    rows: list[_Row] = []
    for section in relocation_sections(elf):
        if section.link != dynamic_symbols_section(elf).index:
            raise UnreadableElfError(f"{section.name} is about other symbols than the dynamic ones")
        is_calls = section.address == values.get(Tag.JMPREL)
        rows += _table(elf, section, is_calls=is_calls)
        if len(rows) > MAX_RELOCATIONS:
            raise UnreadableElfError(f"has more than {MAX_RELOCATIONS} relocations")
    _check_count(elf, rows, values)
    relative = _KINDS[elf.machine]["RELATIVE"].value
    packed = the_one(elf, SectionKind.RELR)
    if packed is not None:
        rows += (
            _Row(address=address, kind=relative, symbol=0, addend=None, slot=None)
            for address in _unpacked(elf, packed)
        )
    if len(rows) > MAX_RELOCATIONS:
        raise UnreadableElfError(f"has more than {MAX_RELOCATIONS} relocations")
    return rows


def _table(elf: Elf, section: Section, *, is_calls: bool) -> Iterator[_Row]:
    has_addends = section.kind == SectionKind.RELA
    layout = struct.Struct(
        {64: "<QQq", 32: "<IIi"}[elf.bits] if has_addends else {64: "<QQ", 32: "<II"}[elf.bits]
    )
    if section.entry_size != layout.size or section.size % layout.size:
        raise UnreadableElfError(f"{section.name} is not made of relocations")
    shift, mask = (32, 0xFFFFFFFF) if elf.bits == 64 else (8, 0xFF)
    for index, (address, info, *addend) in enumerate(layout.iter_unpack(elf.content(section))):
        yield _Row(
            address=address,
            kind=info & mask,
            symbol=info >> shift,
            addend=addend[0] if addend else None,
            slot=index if is_calls else None,
        )


def _check_count(elf: Elf, rows: Sequence[_Row], values: Mapping[int, int]) -> None:
    """The loader takes so many at the start for relative ones without looking at their kind."""
    stated = values.get(Tag.RELACOUNT, values.get(Tag.RELCOUNT))
    relative = _KINDS[elf.machine]["RELATIVE"].value
    others = (at for at, row in enumerate(rows) if row.kind != relative or row.slot is not None)
    leading = next(others, len(rows))
    if stated is not None and stated != leading:
        raise UnreadableElfError("counts its relative relocations otherwise than they are")


def _unpacked(elf: Elf, section: Section) -> Iterator[int]:
    """The addresses that `.relr.dyn` stands for: an address, then bit maps of what follows it."""
    word = elf.bits // 8
    if section.size % word or section.entry_size != word:
        raise UnreadableElfError(f"{section.name} is not made of words")
    count = 0
    base = None
    for (entry,) in struct.iter_unpack("<Q" if word == 8 else "<I", elf.content(section)):
        if not entry & 1:
            found = [entry]
            base = entry + word
        elif base is None:
            raise UnreadableElfError(f"{section.name} begins with a bit map")
        else:
            bits = range(1, elf.bits)
            found = [base + (bit - 1) * word for bit in bits if entry >> bit & 1]
            base += (elf.bits - 1) * word
        yield from found
        count += len(found)
        if count > MAX_RELOCATIONS:
            raise UnreadableElfError(f"has more than {MAX_RELOCATIONS} relocations")


def _check_row(row: _Row, rule: _Rule, symbols: int) -> None:
    if row.symbol >= symbols:
        raise UnreadableElfError("a relocation is about a symbol that there is not")
    if (row.symbol and not rule.may_have_symbol) or (not row.symbol and rule.needs_symbol):
        raise UnreadableElfError(f"a {rule.name} relocation has a symbol too much or lacks it")
    if row.addend and not rule.may_have_addend:
        raise UnreadableElfError(f"a {rule.name} relocation has an addend, which nobody reads")
    if row.slot is None and rule.name == "JUMP_SLOT":
        raise UnreadableElfError("the slot of a call is not in the table of calls")
    if row.slot is not None and rule.name not in _OF_CALLS:
        raise UnreadableElfError(f"a {rule.name} relocation is in the table of calls")


def _placed(elf: Elf, rows: Sequence[_Row]) -> Iterator[tuple[_Row, Section]]:
    """Each relocation, sorted by address, with the section that it changes."""
    sections = iter(elf.loaded)
    section: Section | None = next(sections, None)
    checked = None
    for row in rows:
        while section is not None and section.end <= row.address:
            section = next(sections, None)
        if section is None or row.address < section.address:
            raise UnreadableElfError(f"a relocation changes no section at {row.address:#x}")
        if section is not checked:
            _check_writable(elf, section)
            checked = section
        yield row, section


def _check_writable(elf: Elf, section: Section) -> None:
    if section.is_code:
        raise UnreadableElfError(f"a relocation changes the code of {section.name}")
    if not section.flags & SectionFlag.WRITE or not elf.segment_flags(section) & SegmentFlag.WRITE:
        raise UnreadableElfError(f"a relocation changes {section.name}, which is read-only")


def _initial(elf: Elf, section: Section, row: _Row, rule: _Rule) -> int:
    """The word before relocation."""
    if not section.in_file:
        if rule.name != "COPY":
            raise UnreadableElfError(f"a relocation changes {section.name}, which is not stored")
        return 0
    start = section.offset + row.address - section.address
    return int.from_bytes(elf.data[start : start + rule.size], "little")


def _check_initial(elf: Elf, relocation: Relocation, row: _Row, rule: _Rule) -> None:
    """What stands in the place is of no use to anybody but the linker: no byte of it is free."""
    if row.slot is not None and rule.name in {"JUMP_SLOT", "IRELATIVE"}:
        _check_slot(elf, relocation, row.slot)
    elif row.addend is None:
        if relocation.initial and not rule.may_have_addend:
            raise UnreadableElfError(f"has bytes under the relocation at {relocation.address:#x}")
    elif relocation.initial:
        bits = rule.size * 8
        target = relocation.addend + (relocation.symbol.address if relocation.symbol else 0)
        allowed = {value & ((1 << bits) - 1) for value in (relocation.addend, target)}
        if rule.name == "TLSDESC":
            allowed = {(value & ((1 << bits // 2) - 1)) << bits // 2 for value in allowed}
        if relocation.initial not in allowed:
            raise UnreadableElfError(f"has bytes under the relocation at {relocation.address:#x}")


_PUSH = 0x68
_LANDING = {Machine.X86_64: b"\xf3\x0f\x1e\xfa", Machine.I386: b"\xf3\x0f\x1e\xfb"}


def _check_slot(elf: Elf, relocation: Relocation, slot: int) -> None:
    """Until the first call the slot leads to the instruction that pushes its own number."""
    if not relocation.initial:
        return
    section = elf.section_at(relocation.initial)
    if section is None or not section.is_code:
        raise UnreadableElfError(f"the slot at {relocation.address:#x} leads to no code")
    if elf.machine == Machine.AARCH64:
        if relocation.initial != section.address:
            raise UnreadableElfError(f"the slot at {relocation.address:#x} leads astray")
        return
    content = elf.read(relocation.initial, min(9, section.end - relocation.initial))
    content = content.removeprefix(_LANDING[Machine(elf.machine)])
    number = slot if elf.machine == Machine.X86_64 else slot * 8
    if content[:5] != struct.pack("<BI", _PUSH, number):
        raise UnreadableElfError(f"the slot at {relocation.address:#x} leads to another call")
