"""The dynamic section: what the loader is told, each address checked against the sections.

The loader finds every table by this section alone. Here each entry that names a table has to name
exactly the section of that type, so that everything else can go by sections.

Source: System V ABI, chapter 5, "Dynamic Section"; elf.h of glibc for the GNU tags.
"""

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from itertools import pairwise

from verify.native.elf import (
    Elf,
    Machine,
    Section,
    SectionKind,
    SegmentKind,
    UnreadableElfError,
)
from verify.native.strings import dynamic_strings, dynamic_symbols_section, the_one

MAX_ENTRIES = 10_000


class Tag(IntEnum):
    """`DT_...`, those that a library may have; every other one is an error."""

    NULL = 0
    NEEDED = 1
    PLTRELSZ = 2
    PLTGOT = 3
    HASH = 4
    STRTAB = 5
    SYMTAB = 6
    RELA = 7
    RELASZ = 8
    RELAENT = 9
    STRSZ = 10
    SYMENT = 11
    INIT = 12
    FINI = 13
    SONAME = 14
    RPATH = 15
    SYMBOLIC = 16
    REL = 17
    RELSZ = 18
    RELENT = 19
    PLTREL = 20
    DEBUG = 21
    JMPREL = 23
    BIND_NOW = 24
    INIT_ARRAY = 25
    FINI_ARRAY = 26
    INIT_ARRAYSZ = 27
    FINI_ARRAYSZ = 28
    RUNPATH = 29
    FLAGS = 30
    PREINIT_ARRAY = 32
    PREINIT_ARRAYSZ = 33
    RELRSZ = 35
    RELR = 36
    RELRENT = 37
    GNU_HASH = 0x6FFFFEF5
    TLSDESC_PLT = 0x6FFFFEF6
    TLSDESC_GOT = 0x6FFFFEF7
    VERSYM = 0x6FFFFFF0
    RELACOUNT = 0x6FFFFFF9
    RELCOUNT = 0x6FFFFFFA
    FLAGS_1 = 0x6FFFFFFB
    VERDEF = 0x6FFFFFFC
    VERDEFNUM = 0x6FFFFFFD
    VERNEED = 0x6FFFFFFE
    VERNEEDNUM = 0x6FFFFFFF


TEXT_RELOCATIONS = 4
"""The bit of `DT_FLAGS` that has the loader make code writable."""

_AARCH64_TAGS = frozenset({0x70000001, 0x70000003, 0x70000005})
"""BTI_PLT, PAC_PLT and VARIANT_PCS: a mark, without a value."""

_STRINGS = (Tag.NEEDED, Tag.SONAME, Tag.RPATH, Tag.RUNPATH)
_PLAIN = (Tag.SYMBOLIC, Tag.DEBUG, Tag.BIND_NOW, *_AARCH64_TAGS)
_PLACES = (Tag.TLSDESC_PLT, Tag.TLSDESC_GOT)
_COUNTS = (Tag.RELACOUNT, Tag.RELCOUNT)
_OWN = (*_STRINGS, *_PLAIN, *_PLACES, *_COUNTS, Tag.INIT, Tag.FINI, Tag.FLAGS, Tag.FLAGS_1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Dynamic:
    """What the loader is told, apart from where tables are.

    Attributes:
        needed: libraries to load, in order.
        soname: its own name.
        rpath, runpath: where libraries are looked for.
        flags: `DT_FLAGS`.
        flags_1: `DT_FLAGS_1`.
        init: the address of code that is run on loading.
        fini: the address of code that is run on unloading.
        others: tags with plain values that are none of these, sorted.
        places: tags whose values are addresses of code or data, sorted (TLS descriptors).
        removed: strings that entries behind the end still name: meson takes the search path out of
            what it installs and leaves its place in `.dynstr` here. The loader never sees them.
    """

    needed: tuple[str, ...]
    soname: str | None
    rpath: str | None
    runpath: str | None
    flags: int
    flags_1: int
    init: int | None
    fini: int | None
    others: tuple[tuple[int, int], ...]
    places: tuple[tuple[int, int], ...]
    removed: tuple[str, ...]


def read_dynamic(elf: Elf) -> Dynamic:
    """Read `.dynamic` and check each entry against the section headers, and the other way round.

    Raises:
        UnreadableElfError: an entry is unknown, doubled, missing, or names no section of its kind.
    """
    entries, removed = _all_entries(elf)
    values = single_values(entries)
    expected = _expected(elf, values)
    for tag in values:
        if tag not in _OWN and tag not in expected:
            raise UnreadableElfError(f"has the dynamic entry {_name(tag)}, which means nothing")
    for tag, value in expected.items():
        if values.get(tag) != value:
            raise UnreadableElfError(f"its dynamic entry {_name(tag)} does not fit to its sections")
    for tag in (Tag.INIT, Tag.FINI, Tag.TLSDESC_PLT):
        if tag in values:
            _expect_code(elf, tag, values[tag])
    if values.get(Tag.FLAGS, 0) & TEXT_RELOCATIONS:
        raise UnreadableElfError("asks the loader to change its code")
    return _dynamic(elf, entries, values, removed)


def _dynamic(
    elf: Elf,
    entries: tuple[tuple[int, int], ...],
    values: Mapping[int, int],
    removed: tuple[int, ...],
) -> Dynamic:
    strings = dynamic_strings(elf)

    def text(tag: Tag) -> str | None:
        return strings.at(values[tag]) if tag in values else None

    return Dynamic(
        needed=tuple(strings.at(value) for tag, value in entries if tag == Tag.NEEDED),
        soname=text(Tag.SONAME),
        rpath=text(Tag.RPATH),
        runpath=text(Tag.RUNPATH),
        flags=values.get(Tag.FLAGS, 0),
        flags_1=values.get(Tag.FLAGS_1, 0),
        init=values.get(Tag.INIT),
        fini=values.get(Tag.FINI),
        others=tuple(sorted((tag, values[tag]) for tag in _PLAIN if tag in values)),
        places=tuple(sorted((tag, values[tag]) for tag in _PLACES if tag in values)),
        removed=tuple(map(strings.at, removed)),
    )


def string_offsets(elf: Elf) -> tuple[int, ...]:
    """The offsets in `.dynstr` of the names that the dynamic section refers to.

    Raises:
        UnreadableElfError: there is no dynamic section that can be read.
    """
    return tuple(value for tag, value in read_entries(elf) if tag in _STRINGS)


def read_entries(elf: Elf) -> tuple[tuple[int, int], ...]:
    """The entries of `.dynamic` as tags and values, without the end.

    Raises:
        UnreadableElfError: segment and section do not agree, or there is something behind the end.
    """
    return _all_entries(elf)[0]


def _all_entries(elf: Elf) -> tuple[tuple[tuple[int, int], ...], tuple[int, ...]]:
    """The entries, and the values that stand behind the end under the tag of an end."""
    section = the_one(elf, SectionKind.DYNAMIC)
    segments = [segment for segment in elf.segments if segment.kind == SegmentKind.DYNAMIC]
    if section is None or len(segments) != 1:
        raise UnreadableElfError("does not have exactly one dynamic section")
    found = segments[0]
    if (found.address, found.offset, found.file_size, found.memory_size) != (
        section.address,
        section.offset,
        section.size,
        section.size,
    ):
        raise UnreadableElfError("its dynamic segment is not its dynamic section")
    layout = struct.Struct("<QQ" if elf.bits == 64 else "<II")
    if section.size > MAX_ENTRIES * layout.size:
        raise UnreadableElfError(f"{section.name} has more than {MAX_ENTRIES} entries")
    if section.size % layout.size or section.entry_size != layout.size:
        raise UnreadableElfError(f"{section.name} is not made of entries")
    if section.link != dynamic_symbols_section(elf).link:
        raise UnreadableElfError(f"{section.name} takes its names from another table")
    entries = tuple(layout.iter_unpack(elf.content(section)))
    end = next((at for at, (tag, _) in enumerate(entries) if tag == Tag.NULL), None)
    if end is None:
        raise UnreadableElfError(f"{section.name} has no end")
    if any(tag for tag, _ in entries[end:]):
        raise UnreadableElfError(f"{section.name} has entries behind its end")
    return entries[:end], tuple(value for _, value in entries[end:] if value)


def single_values(entries: tuple[tuple[int, int], ...]) -> Mapping[int, int]:
    """The entries that may stand only once, by tag.

    Raises:
        UnreadableElfError: one stands twice.
    """
    single = [(tag, value) for tag, value in entries if tag != Tag.NEEDED]
    values = dict(single)
    if len(values) != len(single):
        raise UnreadableElfError("one of its dynamic entries stands twice")
    return values


def relocation_kind(elf: Elf) -> SectionKind:
    """Whether the machine's relocations carry their addends (RELA) or not (REL)."""
    return SectionKind.REL if elf.machine == Machine.I386 else SectionKind.RELA


def _name(tag: int) -> str:
    try:
        return f"DT_{Tag(tag).name}"
    except ValueError:
        return f"{tag:#x}"


def _expected(elf: Elf, values: Mapping[int, int]) -> Mapping[int, int]:
    """What each entry has to be that names a table, from the section headers alone."""
    symbols = dynamic_symbols_section(elf)
    strings = elf.sections[symbols.link]
    found = {
        int(Tag.SYMTAB): symbols.address,
        int(Tag.SYMENT): 24 if elf.bits == 64 else 16,
        int(Tag.STRTAB): strings.address,
        int(Tag.STRSZ): strings.size,
    }
    found.update(_tables(elf))
    found.update(_relocations(elf, values))
    if Tag.PLTGOT in values:
        found[Tag.PLTGOT] = _offset_table(elf)
    return found


def _tables(elf: Elf) -> Iterator[tuple[int, int]]:
    """Where the tables are of which there is one at most, and how long."""
    for kind, address, size in (
        (SectionKind.HASH, Tag.HASH, None),
        (SectionKind.GNU_HASH, Tag.GNU_HASH, None),
        (SectionKind.GNU_VERSYM, Tag.VERSYM, None),
        (SectionKind.INIT_ARRAY, Tag.INIT_ARRAY, Tag.INIT_ARRAYSZ),
        (SectionKind.FINI_ARRAY, Tag.FINI_ARRAY, Tag.FINI_ARRAYSZ),
        (SectionKind.PREINIT_ARRAY, Tag.PREINIT_ARRAY, Tag.PREINIT_ARRAYSZ),
        (SectionKind.RELR, Tag.RELR, Tag.RELRSZ),
    ):
        section = the_one(elf, kind)
        if section is not None:
            yield address, section.address
            if size is not None:
                yield size, section.size
            if kind == SectionKind.RELR:
                yield Tag.RELRENT, elf.bits // 8
    for kind, address, count in (
        (SectionKind.GNU_VERNEED, Tag.VERNEED, Tag.VERNEEDNUM),
        (SectionKind.GNU_VERDEF, Tag.VERDEF, Tag.VERDEFNUM),
    ):
        section = the_one(elf, kind)
        if section is not None:
            yield address, section.address
            yield count, section.info


def _offset_table(elf: Elf) -> int:
    for name in (".got.plt", ".got"):
        if name in elf.by_name:
            return elf.by_name[name].address
    raise UnreadableElfError("has no table of addresses for its calls")


def _relocations(elf: Elf, values: Mapping[int, int]) -> Iterator[tuple[int, int]]:
    """Where the relocations are: those of calls by one entry, all others by another.

    Linkers may count the calls' relocations to the others too where they follow each other.
    """
    kind = relocation_kind(elf)
    if kind == SectionKind.RELA:
        tags, step = (Tag.RELA, Tag.RELASZ, Tag.RELAENT), elf.bits // 8 * 3
    else:
        tags, step = (Tag.REL, Tag.RELSZ, Tag.RELENT), elf.bits // 8 * 2
    sections = relocation_sections(elf)
    calls = [s for s in sections if s.address == values.get(Tag.JMPREL)]
    if Tag.JMPREL in values:
        yield Tag.JMPREL, calls[0].address if calls else -1
        yield Tag.PLTRELSZ, calls[0].size if calls else -1
        yield Tag.PLTREL, tags[0]
    others = [section for section in sections if section not in calls]
    # glibc takes the calls' out again only where they are the last.
    is_last = bool(calls) and calls[0] is sections[-1]
    if is_last and values.get(tags[1]) == sum(section.size for section in sections):
        others = sections
    if any(before.end != after.address for before, after in pairwise(others)):
        raise UnreadableElfError("its relocations do not follow each other")
    if others:
        yield tags[0], others[0].address
        yield tags[1], others[-1].end - others[0].address
        yield tags[2], step
    elif tags[0] in values:
        raise UnreadableElfError("names relocations that there are not")


def relocation_sections(elf: Elf) -> list[Section]:
    """The loaded sections of relocations by address, except for RELR.

    Raises:
        UnreadableElfError: one is of the kind that the machine does not use.
    """
    kinds = {SectionKind.REL, SectionKind.RELA}
    found = [s for s in elf.sections if s.kind in kinds and s.is_loaded and s.size]
    if any(section.kind != relocation_kind(elf) for section in found):
        raise UnreadableElfError("has relocations of a kind that its machine does not use")
    return sorted(found, key=lambda section: section.address)


def _expect_code(elf: Elf, tag: Tag, address: int) -> None:
    section = elf.section_at(address)
    if section is None or not section.is_code:
        raise UnreadableElfError(f"its dynamic entry {_name(tag)} names no code")
