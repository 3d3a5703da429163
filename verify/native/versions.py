"""Symbol versions: which a file defines, which it needs of which library.

Source: "ELF Symbol Versioning" (Drepper), and the Linux Standard Base, "Symbol Versioning".
"""

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from verify.native.elf import Elf, Section, SectionKind, UnreadableElfError
from verify.native.strings import StringTable, dynamic_strings, dynamic_symbols_section, the_one

HIDDEN = 0x8000
"""The bit of `.gnu.version` that says: found only by those who ask for this very version."""

BASE = 1
"""The index that means: no version, or the file itself."""

_MAX_RECORDS = 0x10000
"""There are no more numbers than half of it."""

_FLAG_BASE, _FLAG_WEAK = 1, 2
_NEED = struct.Struct("<HHIII")
_NEED_NAME = struct.Struct("<IHHII")
_DEFINITION = struct.Struct("<HHHHIII")
_DEFINITION_NAME = struct.Struct("<II")


@dataclass(frozen=True, kw_only=True, slots=True)
class NeededVersion:
    """A version that another file has to define; `flags` is 2 where it may be missing."""

    library: str
    name: str
    flags: int
    index: int


@dataclass(frozen=True, kw_only=True, slots=True)
class DefinedVersion:
    """A version that this file defines, with those that it follows; `flags` 1: the file itself."""

    name: str
    parents: tuple[str, ...]
    flags: int
    index: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Versions:
    """The tables of versions, in their order; `names` are the offsets of their strings."""

    needed: tuple[NeededVersion, ...]
    defined: tuple[DefinedVersion, ...]
    names: tuple[int, ...]

    def by_number(self) -> Mapping[int, NeededVersion | DefinedVersion]:
        """Each by what `.gnu.version` calls it."""
        found: dict[int, NeededVersion | DefinedVersion] = {v.index: v for v in self.needed}
        return found | {version.index: version for version in self.defined}


def read_versions(elf: Elf) -> Versions:
    """Read `.gnu.version_r` and `.gnu.version_d`; both are chains of records.

    Raises:
        UnreadableElfError: a chain leaves its section, comes back to itself or leaves bytes out, or
            a hash, count or index contradicts another.
    """
    strings = dynamic_strings(elf)
    names: list[int] = []
    needed = tuple(_needed(elf, strings, names))
    defined = tuple(_defined(elf, strings, names))
    indexes = [version.index for version in needed] + [version.index for version in defined]
    if len(set(indexes)) != len(indexes):
        raise UnreadableElfError("two of its symbol versions have one number")
    if any(version.index <= BASE for version in needed):
        raise UnreadableElfError("a needed symbol version has a number that is reserved")
    for version in defined:
        is_base = bool(version.flags & _FLAG_BASE)
        if is_base != (version.index == BASE):
            raise UnreadableElfError("a defined symbol version has a number that is reserved")
    return Versions(needed=needed, defined=defined, names=tuple(names))


def version_numbers(elf: Elf, count: int) -> tuple[int, ...] | None:
    """`.gnu.version`: one number for each of `count` dynamic symbols; None without the section.

    Raises:
        UnreadableElfError: it has another length, or belongs to another table.
    """
    section = the_one(elf, SectionKind.GNU_VERSYM)
    if section is None:
        return None
    if section.size != 2 * count or section.link != dynamic_symbols_section(elf).index:
        raise UnreadableElfError(f"{section.name} does not fit to the dynamic symbols")
    return struct.unpack(f"<{count}H", elf.content(section))


def system_v_hash(name: str) -> int:
    """The hash of the System V ABI, which `.hash` and the version tables use."""
    value = 0
    for byte in name.encode("utf-8"):
        value = (value << 4) + byte
        value = (value ^ (value >> 24 & 0xF0)) & 0x0FFFFFFF
    return value


class _Records:
    """The records of one section of versions; each byte belongs to exactly one."""

    def __init__(self, elf: Elf, section: Section) -> None:
        self._name = section.name
        self._bytes = elf.content(section)
        self._taken = bytearray(len(self._bytes))
        self._left = _MAX_RECORDS

    def take(self, layout: struct.Struct, at: int, *, may_share: bool = False) -> tuple[int, ...]:
        if at % 4 or not 0 <= at <= len(self._bytes) - layout.size:
            raise UnreadableElfError(f"a record of {self._name} is not in it")
        before = self._taken[at : at + layout.size]
        mark = bytes((layout.size,)) * layout.size
        if any(before) and not (may_share and before == mark):
            raise UnreadableElfError(f"two records of {self._name} are one")
        self._taken[at : at + layout.size] = mark
        self._left -= 1
        if self._left < 0:
            raise UnreadableElfError(f"{self._name} has more than {_MAX_RECORDS} records")
        return layout.unpack_from(self._bytes, at)

    def close(self) -> None:
        if 0 in self._taken:
            raise UnreadableElfError(f"{self._name} has bytes that are of no record")


def _section(elf: Elf, kind: SectionKind, strings: StringTable) -> Section | None:
    section = the_one(elf, kind)
    if section is not None and section.link != strings.section.index:
        raise UnreadableElfError(f"{section.name} takes its names from another table")
    return section


def _needed(elf: Elf, strings: StringTable, names: list[int]) -> Iterator[NeededVersion]:
    section = _section(elf, SectionKind.GNU_VERNEED, strings)
    if section is None:
        return
    records = _Records(elf, section)
    at = 0
    for left in range(section.info, 0, -1):
        version, count, library, first, following = records.take(_NEED, at)
        _expect_record(section, version, count, first)
        names.append(library)
        within = at + first
        for remaining in range(count, 0, -1):
            hashed, flags, index, name, step = records.take(_NEED_NAME, within)
            names.append(name)
            _expect_step(section, step, remaining)
            yield NeededVersion(
                library=strings.at(library),
                name=_hashed(strings.at(name), hashed),
                flags=_known(flags, _FLAG_WEAK),
                index=index,
            )
            within += step
        _expect_step(section, following, left)
        at += following
    records.close()


def _defined(elf: Elf, strings: StringTable, names: list[int]) -> Iterator[DefinedVersion]:
    section = _section(elf, SectionKind.GNU_VERDEF, strings)
    if section is None:
        return
    records = _Records(elf, section)
    at = 0
    for left in range(section.info, 0, -1):
        version, flags, index, count, hashed, first, following = records.take(_DEFINITION, at)
        _expect_record(section, version, count, first)
        found = []
        within = at + first
        for remaining in range(count, 0, -1):
            # ld lets a version that is named like the file itself share the file's name.
            name, step = records.take(_DEFINITION_NAME, within, may_share=count == 1)
            _expect_step(section, step, remaining)
            names.append(name)
            found.append(strings.at(name))
            within += step
        yield DefinedVersion(
            name=_hashed(found[0], hashed),
            parents=tuple(found[1:]),
            flags=_known(flags, _FLAG_BASE | _FLAG_WEAK),
            index=index,
        )
        _expect_step(section, following, left)
        at += following
    records.close()


def _expect_record(section: Section, version: int, count: int, first: int) -> None:
    if version != 1 or not count or not first:
        raise UnreadableElfError(f"a record of {section.name} has no names or an unknown layout")


def _expect_step(section: Section, step: int, left: int) -> None:
    """A record says where the next is; the last, and only it, says zero."""
    if (step == 0) != (left == 1):
        raise UnreadableElfError(f"the chain of {section.name} has another length than it says")


def _hashed(name: str, hashed: int) -> str:
    if system_v_hash(name) != hashed:
        raise UnreadableElfError(f"the symbol version {name!r} has the hash of another name")
    return name


def _known(flags: int, known: int) -> int:
    if flags & ~known:
        raise UnreadableElfError(f"a symbol version has the unknown flags {flags:#x}")
    return flags
