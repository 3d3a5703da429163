"""Judges the sections of a file that are not loaded, each by its own rule.

They are no part of the process: nobody executes them, so they need no counterpart in a rebuild. But
a file is a place to hide things in, so each must be exactly what its name says, and nothing else.

What is not proven: symbol names, strings and entries of debug information may hold any text (see
`verify.native.dwarf`), and nothing says that they tell the truth about the code.

Sources: System V ABI (gABI 4.1), chapter 4; GDB manual, "Debugging Information in Separate Files"
(`.gnu_debuglink`).
"""

import re
import zlib
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice

from verify.native import dwarf
from verify.native.compiler import identify
from verify.native.elf import Elf, Section, SectionFlag, SectionKind, UnreadableElfError
from verify.native.elf_reader import MAX_SIZE
from verify.native.name_tables import check_section_names, check_symbols, names_index
from verify.native.tool_notes import check_attributes, check_gold, check_probes


class Kind(StrEnum):
    """What a section that is not loaded is for."""

    COMPILER = "compiler-identification"
    DEBUG = "debug"
    DEBUG_LINK = "debug-link"
    NOTES = "notes"
    SYMBOLS = "symbols"
    STRINGS = "strings"
    NAMES = "names"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True, slots=True)
class Unloaded:
    """One section that is not loaded.

    Attributes:
        section: its name.
        size: in the file, in bytes.
        kind: what it is for.
        problem: a clause that says why it is not what its name says; None if it is.
    """

    section: str
    size: int
    kind: Kind
    problem: str | None


def judge_unloaded(elf: Elf, rebuilt: Elf | None = None) -> tuple[Unloaded, ...]:
    """Judge every section that is not loaded, in the order of the section headers.

    Args:
        elf: the published file.
        rebuilt: what it may have that is no text has to be there, too.
    """
    sections = [section for section in elf.sections[1:] if not section.is_loaded]
    counts = Counter(section.name for section in sections)
    debug = _DebugSections(elf, sections, rebuilt)
    found = []
    for section in sections:
        kind, check = _rule(elf, section, debug)
        problem = _problem(elf, section, check)
        if counts[section.name] > 1:
            problem = "stands there more than once"
        size = section.size if section.in_file else 0
        found.append(Unloaded(section=section.name, size=size, kind=kind, problem=problem))
    return tuple(found)


def _problem(elf: Elf, section: Section, check: "_Check") -> str | None:
    try:
        if check is not _refuse:
            _check_header(section)
        check(elf, section)
    except UnreadableElfError as error:
        return str(error)
    return None


def compiler_lines(elf: Elf) -> tuple[str, ...]:
    """The lines of `.comment`, known or not; none without such a section."""
    section = next((s for s in elf.sections if s.name == ".comment" and not s.is_loaded), None)
    if section is None:
        return ()
    lines = elf.content(section).split(b"\0")
    return tuple(line.decode("utf-8", "backslashreplace") for line in lines if line)


_Check = Callable[[Elf, Section], None]


def _rule(elf: Elf, section: Section, debug: "_DebugSections") -> tuple[Kind, _Check]:
    if section.index == names_index(elf):
        return Kind.NAMES, check_section_names
    if dwarf.is_known(section.name):
        return Kind.DEBUG, debug.check
    return _RULES.get(section.name, (Kind.UNKNOWN, _refuse))


def _refuse(_elf: Elf, _section: Section) -> None:
    raise UnreadableElfError("is of a kind that is not known")


_STRINGS = SectionFlag.MERGE | SectionFlag.STRINGS
_TYPES = {
    ".symtab": SectionKind.SYMTAB,
    ".strtab": SectionKind.STRTAB,
    ".shstrtab": SectionKind.STRTAB,
    ".note.stapsdt": SectionKind.NOTE,
    ".note.gnu.gold-version": SectionKind.NOTE,
    ".gnu.build.attributes": SectionKind.NOTE,
}
_MAX_ALIGNMENT = 32


def _check_header(section: Section) -> None:
    """The section header says what its name does, and is zero where it has nothing to say."""
    # Of a flag itself, `~` would leave the other known flags alone.
    free = int(SectionFlag.COMPRESSED) if dwarf.is_known(section.name) else 0
    flags = section.flags & ~free
    entries = {0: 0, _STRINGS: 1}
    if section.name == ".symtab":
        entries = {0: section.entry_size}
    elif section.link or section.info:
        raise UnreadableElfError("has a header with more in it than it needs")
    if section.kind != _TYPES.get(section.name, SectionKind.PROGBITS) or flags not in entries:
        raise UnreadableElfError("has a type that it cannot have")
    if section.entry_size != entries[flags] or (
        section.address and section.name != ".gnu.build.attributes"  # As annobin's notes have.
    ):
        raise UnreadableElfError("has a header with more in it than it needs")
    if section.alignment > _MAX_ALIGNMENT:
        raise UnreadableElfError("has an alignment that it does not need")


class _DebugSections:
    """Debug information, inflated when a section of it is judged."""

    def __init__(self, elf: Elf, sections: list[Section], rebuilt: Elf | None) -> None:
        self._elf = elf
        self._rebuilt = rebuilt
        self._sections = {s.name: s for s in sections if dwarf.is_known(s.name)}
        self._information: dwarf.DebugInformation | None = None
        self._problems: dict[str, UnreadableElfError] = {}

    def check(self, _elf: Elf, section: Section) -> None:
        """Check one section, with what the others say."""
        if self._information is None:
            self._information = self._read()
        if section.name in self._problems:
            raise self._problems[section.name]
        if section.size:
            self._information.check(section.name)

    def _read(self) -> dwarf.DebugInformation:
        contents = {}
        room = MAX_SIZE
        for name, section in self._sections.items():
            try:
                contents[name] = _inflate(self._elf, section, room)
                room -= len(contents[name])
            except UnreadableElfError as error:
                self._problems[name] = error
        return dwarf.DebugInformation(contents, self._elf.bits // 8, self._reproduced)

    def _reproduced(self, name: str) -> frozenset[bytes]:
        """The strings of the rebuilt file that are not plain; none where it cannot be read."""
        section = self._rebuilt.by_name.get(name) if self._rebuilt else None
        if self._rebuilt is None or section is None:
            return frozenset()
        try:
            strings = dwarf.odd_strings(_inflate(self._rebuilt, section, MAX_SIZE))
            return frozenset(islice(strings, dwarf.MAX_STRINGS))
        except UnreadableElfError:
            return frozenset()


def _inflate(elf: Elf, section: Section, room: int) -> bytes:
    """The contents of a section that may be compressed (gABI 4.1, `SHF_COMPRESSED`)."""
    data = elf.content(section)
    if not section.flags & SectionFlag.COMPRESSED:
        return data
    header = 24 if elf.bits == 64 else 12
    word = elf.bits // 8
    kind = int.from_bytes(data[:4], "little")
    size = int.from_bytes(data[header - 2 * word : header - word], "little")
    if len(data) < header or kind != 1 or (elf.bits == 64 and any(data[4:8])):
        raise UnreadableElfError("is compressed in an unknown way")
    if size > room:
        raise UnreadableElfError(f"is compressed, and larger than {room} B")
    stream = zlib.decompressobj()
    try:
        found = stream.decompress(data[header:], size + 1)
    except zlib.error as error:
        raise UnreadableElfError(f"cannot be decompressed: {error}") from error
    if len(found) != size or not stream.eof or stream.unused_data:
        raise UnreadableElfError("is compressed, and not as large as it says")
    return found


def _check_comment(elf: Elf, section: Section) -> None:
    """Every line is how a known tool names itself."""
    data = elf.content(section)
    if len(data) > _MAX_COMMENT:
        raise UnreadableElfError(f"is larger than {_MAX_COMMENT} B")
    if not data.endswith(b"\0"):
        raise UnreadableElfError("does not end where its last line does")
    for line in set(data.split(b"\0")) - {b""}:
        if identify(line.decode("utf-8", "replace")) is None:
            shown = line[:60].decode("ascii", "backslashreplace")
            raise UnreadableElfError(f"names a tool that is not known: {shown!r}")


_MAX_COMMENT = 64 * 1024
_DEBUG_LINK = re.compile(rb"[\w.+-]{1,200}\.debug(?:info)?\x00+", re.ASCII)


def _check_debug_link(elf: Elf, section: Section) -> None:
    """A file name, zeros up to a multiple of four, and a checksum that any value may be."""
    data = elf.content(section)
    name = data[:-4]
    if not _DEBUG_LINK.fullmatch(name) or len(name) != (name.index(0) + 4) // 4 * 4:
        raise UnreadableElfError("is not a file name and a checksum")


def _has_symbols(elf: Elf, section: Section) -> None:
    """The names are checked with the symbols that use them; they need to be there."""
    if not any(s.kind == SectionKind.SYMTAB and s.link == section.index for s in elf.sections):
        raise UnreadableElfError("has strings that nothing refers to")


_RULES: Mapping[str, tuple[Kind, _Check]] = {
    ".comment": (Kind.COMPILER, _check_comment),
    ".symtab": (Kind.SYMBOLS, check_symbols),
    ".strtab": (Kind.STRINGS, _has_symbols),
    ".gnu_debuglink": (Kind.DEBUG_LINK, _check_debug_link),
    ".note.stapsdt": (Kind.NOTES, check_probes),
    ".note.gnu.gold-version": (Kind.NOTES, check_gold),
    ".gnu.build.attributes": (Kind.NOTES, check_attributes),
}
