"""String tables of an ELF file: each string by its offset, and which bytes nobody refers to.

Linkers let one string be the end of another ("printf" in "fprintf"), so an offset may point into
the middle; every byte of an honest table belongs to some string that is referred to.

Source: System V ABI, chapter 4, "String Table".
"""

from collections.abc import Iterable

from verify.native.elf import Elf, Section, SectionKind, UnreadableElfError

_SPARE = 64 * 1024
_OVERLAP = 4


class StringTable:
    """The strings of one section, read by offset; each is read once.

    Names that share their ends with each other cost more to read than the table is long; how much
    more is bounded, because a hostile file can make it the square.
    """

    def __init__(self, elf: Elf, section: Section) -> None:
        if section.kind != SectionKind.STRTAB:
            raise UnreadableElfError(f"{section.name} is used as a string table and is none")
        self.section = section
        self._bytes = elf.content(section)
        self._found: dict[int, str] = {}
        self._left = _OVERLAP * len(self._bytes) + _SPARE
        if self._bytes and (self._bytes[0] or self._bytes[-1]):
            raise UnreadableElfError(f"{section.name} does not begin and end with a zero byte")

    def at(self, offset: int) -> str:
        """The string that begins at an offset.

        Raises:
            UnreadableElfError: there is none, or it is not UTF-8.
        """
        if offset in self._found:
            return self._found[offset]
        if not offset < len(self._bytes):
            raise UnreadableElfError(f"a name begins behind the end of {self.section.name}")
        end = self._bytes.index(0, offset)
        self._left -= end - offset
        if self._left < 0:
            raise UnreadableElfError(f"the strings of {self.section.name} overlap too much")
        try:
            found = self._bytes[offset:end].decode("utf-8")
        except UnicodeDecodeError as error:
            raise UnreadableElfError(f"{self.section.name} has a name that is no text") from error
        self._found[offset] = found
        return found

    def unused(self, offsets: Iterable[int]) -> tuple[bytes, ...]:
        """What lies in none of the strings at the offsets, in order, cut at zero bytes.

        Raises:
            UnreadableElfError: an offset is not in the table.
        """
        found = []
        at = 0
        for offset in sorted(set(offsets)):
            if offset < at:
                continue
            if offset >= len(self._bytes):
                raise UnreadableElfError(f"a name begins behind the end of {self.section.name}")
            found += self._bytes[at:offset].split(b"\0")
            at = self._bytes.index(0, offset) + 1
        found += self._bytes[at:].split(b"\0")
        return tuple(filter(None, found))


def the_one(elf: Elf, kind: SectionKind) -> Section | None:
    """The loaded section of a kind of which the loader knows one at most.

    Raises:
        UnreadableElfError: there are several.
    """
    found = [section for section in elf.sections if section.kind == kind and section.is_loaded]
    if len(found) > 1:
        raise UnreadableElfError(f"has {len(found)} sections of the type {kind.name}")
    return found[0] if found else None


def dynamic_symbols_section(elf: Elf) -> Section:
    """`.dynsym`, which every other table of the loader refers to.

    Raises:
        UnreadableElfError: there is none.
    """
    section = the_one(elf, SectionKind.DYNSYM)
    if section is None:
        raise UnreadableElfError("has no dynamic symbols")
    return section


def dynamic_strings(elf: Elf) -> StringTable:
    """`.dynstr`: the loaded string table of `.dynsym`.

    Raises:
        UnreadableElfError: there is none, or it is not loaded.
    """
    section = elf.sections[dynamic_symbols_section(elf).link]
    if not section.is_loaded:
        raise UnreadableElfError("the names of its dynamic symbols are not loaded")
    return StringTable(elf, section)
