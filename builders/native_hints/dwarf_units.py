"""The compilation units of an ELF file: who compiled what, where. Hostile files, bounded work.

Only the first entry of each unit is read. pyelftools reads the same with far less code, but for one
small file its work can be made to grow with the product of tables and strings; here every step is
counted.

Source: DWARF 5, 7.5 (the same holds of versions 2 to 4, as far as it is read here).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from verify.native.cursor import Cursor
from verify.native.elf import Elf, SectionFlag, UnreadableElfError

MAX_UNITS = 20_000
MAX_STEPS = 2_000_000
"""Attributes that are looked at in one file: some seconds."""

MAX_STRING = 8_192
"""Bytes of a string that is looked at; that of a producer has a few hundred."""

_NAME, _COMP_DIR, _PRODUCER = 0x03, 0x1B, 0x25
_WANTED = frozenset({_NAME, _COMP_DIR, _PRODUCER})

_TYPE_UNITS = frozenset({0x02, 0x06})
_SKELETONS = frozenset({0x04, 0x05})

_SIZES: Mapping[int, int] = {
    0x05: 2, 0x06: 4, 0x07: 8, 0x0B: 1, 0x0C: 1, 0x11: 1, 0x12: 2, 0x13: 4, 0x14: 8, 0x19: 0,
    0x1C: 4, 0x1E: 16, 0x20: 8, 0x21: 0, 0x24: 8, 0x25: 1, 0x26: 2, 0x27: 3, 0x28: 4, 0x29: 1,
    0x2A: 2, 0x2B: 3, 0x2C: 4,
}  # fmt: skip
"""Bytes of an attribute by its form, where that is fixed."""

_ADDRESS = 0x01
_OFFSETS = frozenset({0x0E, 0x10, 0x17, 0x1D, 0x1F, 0x1F20, 0x1F21})
_NUMBERS = frozenset({0x0D, 0x0F, 0x15, 0x1A, 0x1B, 0x22, 0x23, 0x1F01, 0x1F02})
_BLOCKS: Mapping[int, Literal[1, 2, 4]] = {0x0A: 1, 0x03: 2, 0x04: 4}
_LONG_BLOCKS = frozenset({0x09, 0x18})
_STRING, _STRP, _LINE_STRP, _IMPLICIT = 0x08, 0x0E, 0x1F, 0x21


@dataclass(frozen=True, kw_only=True, slots=True)
class Unit:
    """One compilation unit; each text is empty where the file does not say.

    Attributes:
        producer: the compiler and its flags, `DW_AT_producer`.
        name: of the source, as the compiler was told, `DW_AT_name`.
        directory: where the compiler ran, `DW_AT_comp_dir`.
    """

    producer: str
    name: str
    directory: str


def has_dwarf(elf: Elf) -> bool:
    """Whether there is debug information that can be read; compressed one is not."""
    section = elf.by_name.get(".debug_info")
    return section is not None and not section.flags & SectionFlag.COMPRESSED


def compilation_units(elf: Elf) -> Iterator[Unit]:
    """The compilation units of a file, in order.

    Raises:
        UnreadableElfError: the debug information is damaged, or would take too long to read.
    """
    if has_dwarf(elf):
        yield from _Reader(elf).units()


@dataclass(frozen=True, kw_only=True, slots=True)
class _Header:
    """What the header of a unit says, and where the unit ends."""

    end: int
    abbreviations: int
    address_size: int
    offset_size: Literal[4, 8]
    version: int


class _Reader:
    def __init__(self, elf: Elf) -> None:
        self._info = _content(elf, ".debug_info")
        self._abbreviations = _content(elf, ".debug_abbrev")
        self._strings = {
            _STRP: _content(elf, ".debug_str"),
            _LINE_STRP: _content(elf, ".debug_line_str"),
        }
        self._steps = 0

    def units(self) -> Iterator[Unit]:
        at = found = 0
        while at < len(self._info):
            found += 1
            if found > MAX_UNITS:
                raise UnreadableElfError(f"has more than {MAX_UNITS} compilation units")
            cursor = Cursor(self._info, at)
            header = _header(cursor)
            at = header.end
            unit = self._first_entry(Cursor(self._info, cursor.at, header.end), header)
            if unit is not None:
                yield unit

    def _first_entry(self, entry: Cursor, header: _Header) -> Unit | None:
        code = entry.uleb()
        if not code or header.version == 0:
            return None
        found: dict[int, str] = {}
        for attribute, form in self._attributes(header.abbreviations, code):
            text = self._value(entry, form, header)
            if attribute in _WANTED and attribute not in found:
                found[attribute] = text
            if len(found) == len(_WANTED):
                break
        return Unit(
            producer=found.get(_PRODUCER, ""),
            name=found.get(_NAME, ""),
            directory=found.get(_COMP_DIR, ""),
        )

    def _attributes(self, at: int, code: int) -> Iterator[tuple[int, int]]:
        """Pairs of attribute and form of one abbreviation of a table."""
        table = Cursor(self._abbreviations, at)
        while True:
            current = table.uleb()
            if not current:
                raise UnreadableElfError("has an entry without its abbreviation")
            table.uleb()
            table.byte()
            while True:
                self._step()
                attribute, form = table.uleb(), table.uleb()
                if form == _IMPLICIT:
                    table.sleb()
                if not attribute and not form:
                    break
                if current == code:
                    yield attribute, form
            if current == code:
                return

    def _step(self) -> None:
        self._steps += 1
        if self._steps > MAX_STEPS:
            raise UnreadableElfError("has debug information that takes too long to read")

    def _value(self, entry: Cursor, form: int, header: _Header) -> str:
        """Move behind a value; gives its text, or nothing where it is none."""
        if form == _STRING:
            return _text(entry.string())
        if form in self._strings:
            return self._string(form, entry.unsigned(header.offset_size))
        entry.take(_size(entry, form, header))
        return ""

    def _string(self, form: int, at: int) -> str:
        data = self._strings[form]
        end = data.find(b"\0", at, at + MAX_STRING)
        return "" if end < 0 else _text(data[at:end])


def _header(cursor: Cursor) -> _Header:
    length = cursor.unsigned(4)
    offset_size: Literal[4, 8] = 4
    if length == 0xFFFFFFFF:
        offset_size, length = 8, cursor.unsigned(8)
    end = cursor.at + length
    if end > cursor.end:
        raise UnreadableElfError("cut off: a compilation unit ends behind its section")
    version = cursor.unsigned(2)
    if not 2 <= version <= 5:
        return _Header(end=end, abbreviations=0, address_size=0, offset_size=4, version=0)
    kind = cursor.byte() if version == 5 else 0
    if version == 5:
        address_size = cursor.byte()
        abbreviations = cursor.unsigned(offset_size)
    else:
        abbreviations = cursor.unsigned(offset_size)
        address_size = cursor.byte()
    if kind in _SKELETONS:
        cursor.take(8)
    if kind in _TYPE_UNITS:
        version = 0
    return _Header(
        end=end,
        abbreviations=abbreviations,
        address_size=address_size,
        offset_size=offset_size,
        version=version,
    )


def _size(entry: Cursor, form: int, header: _Header) -> int:
    """How many bytes a value has that is no text; a number of variable size is passed at once."""
    if form in _SIZES:
        return _SIZES[form]
    if form == _ADDRESS:
        return header.address_size
    if form in _OFFSETS:
        return header.offset_size
    if form in _BLOCKS:
        return entry.unsigned(_BLOCKS[form])
    if form in _LONG_BLOCKS:
        return entry.uleb()
    if form in _NUMBERS:
        while entry.byte() & 0x80:
            pass
        return 0
    raise UnreadableElfError(f"has a value of the unknown form {form:#x}")


def _content(elf: Elf, name: str) -> bytes:
    section = elf.by_name.get(name)
    if section is None or section.flags & SectionFlag.COMPRESSED:
        return b""
    return elf.content(section)


def _text(data: bytes) -> str:
    return data[:MAX_STRING].decode("utf-8", "replace")
