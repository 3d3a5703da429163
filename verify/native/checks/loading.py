"""Loading: what the loader is told, fills in, maps and runs."""

import re
from collections import Counter
from collections.abc import Iterator

from verify.native.checks.case import Case, Problem
from verify.native.dynamic import Tag
from verify.native.elf import Section, SectionKind, SegmentFlag, SegmentKind, is_within
from verify.native.module import SLOTS, Module, is_data
from verify.native.padding import is_filler
from verify.native.parts import BUNDLED, REPAIR
from verify.native.relocations import X86Kind
from verify.native.segments import read_segments
from verify.native.symbols import unused_strings
from verify.native.versions import read_versions

_SYSTEM_V, _GNU_SYSTEM = 0, 3
_BIND_NOW, _NOW = 0x8, 0x1
_Span = tuple[int, int]
_PATHS = ("rpath", "runpath")
_OWN_PLACE = re.compile(r"\$ORIGIN(?:/\.\.)*/[^/:]+\.libs")
"""Where auditwheel has copies looked for: one folder of copies, relative to the file."""

_MAX_FILLED = 16
"""Search paths that patchelf has written over in one file, where it ran several times."""

_CONSTANT = re.compile(
    r"\.(?:tdata|init_array|fini_array|preinit_array|data\.rel\.ro|ctors|dtors|jcr)(?:\..*)?"
)
"""Data that nobody writes after relocation, whether or not a file has it protected."""

_MOVED = (".note.", ".gnu.", ".hash", ".dynsym", ".dynstr", ".rela.", ".dynamic")
"""What patchelf moves: what grows, and what is in the way of another program header."""

_TABLES = frozenset(
    {
        SectionKind.NOTE,
        SectionKind.HASH,
        SectionKind.GNU_HASH,
        SectionKind.DYNSYM,
        SectionKind.STRTAB,
        SectionKind.GNU_VERSYM,
        SectionKind.GNU_VERNEED,
        SectionKind.GNU_VERDEF,
        SectionKind.RELA,
    }
)
"""What only the loader reads, and nobody writes."""

_FILLED = frozenset(
    {
        X86Kind.GLOB_DAT,
        X86Kind.JUMP_SLOT,
        X86Kind.RELATIVE,
        X86Kind.ABSOLUTE64,
        X86Kind.DTPMOD64,
        X86Kind.DTPOFF64,
        X86Kind.TPOFF64,
    }
)


def check_slots(case: Case) -> Iterator[Problem]:
    """What the loader fills in beside data: nothing that runs code but what the rebuild has."""
    ours, theirs = (
        [
            relocation
            for relocation in module.relocations.values()
            if (section := module.elf.section_at(relocation.address)) is None
            or section.name in SLOTS
        ]
        for module in (case.published, case.rebuilt)
    )
    running = [one for one in theirs if one.kind == X86Kind.IRELATIVE]
    for relocation in ours:
        if relocation.kind == X86Kind.IRELATIVE:
            is_known = any(case.meaning.is_same_relocation(relocation, one) for one in running)
        else:
            is_known = relocation.kind in _FILLED
        if not is_known:
            yield Problem(
                part="loading", summary=f"a slot is filled by relocation {relocation.kind}"
            )
    places = {relocation.address for relocation in ours}
    for address in sorted(case.published.relocations.keys() - places):
        section = case.published.elf.section_at(address)
        if section is None or not is_data(section):
            yield Problem(part="loading", summary=f"a relocation changes {address:#x}")


def check_orders(case: Case) -> Iterator[Problem]:
    """The entries of `.dynamic` that are no places of tables."""
    ours, theirs = case.published.dynamic, case.rebuilt.dynamic
    yield from _needed(case)
    for what in ("soname", "rpath", "runpath", "others", "removed"):
        left, right = getattr(ours, what), getattr(theirs, what)
        if left != right and (what != "removed" or left):
            is_own = what in _PATHS and right is None and _OWN_PLACE.fullmatch(left)
            part = REPAIR if is_own and case.meaning.is_unrepaired else "loading"
            yield Problem(part=part, summary=f"{what}: {left!r}, rebuilt: {right!r}")
    for what, left, right, late in (
        ("flags", ours.flags, theirs.flags, _BIND_NOW),
        ("flags_1", ours.flags_1, theirs.flags_1, _NOW),
    ):
        # When functions are looked up makes no other program.
        if left & ~late != right & ~late:
            yield Problem(part="loading", summary=f"{what}: {left:#x}, rebuilt: {right:#x}")
    if ours.places or theirs.places:
        yield Problem(part="loading", summary="descriptors of thread-local variables")
    yield from _left_strings(case)


def _needed(case: Case) -> Iterator[Problem]:
    """The libraries to load; a copy of another file is a problem of its own kind."""
    ours, theirs = case.published.dynamic.needed, case.rebuilt.dynamic.needed
    if tuple(map(case.meaning.library, ours)) != theirs:
        yield Problem(part="loading", summary=f"needed: {ours!r}, rebuilt: {theirs!r}")
        return
    part = REPAIR if case.meaning.is_unrepaired else BUNDLED
    for left, right in zip(ours, theirs, strict=True):
        if left != right:
            yield Problem(part=part, summary=f"needed: {left!r}, rebuilt: {right!r}")


def _left_strings(case: Case) -> Iterator[Problem]:
    """Names that nothing refers to any more: patchelf's filler, or what the rebuild has, too."""
    theirs = Counter(content for _, content in unused_strings(case.rebuilt.elf))
    former = {name.encode() for name in case.rebuilt.dynamic.needed}
    filled = 0
    for table, content in unused_strings(case.published.elf):
        theirs[content] -= 1
        filled += is_filler(content)
        is_left = is_filler(content) and filled <= _MAX_FILLED
        if theirs[content] < 0 and not is_left:
            part = REPAIR if case.meaning.is_unrepaired and content in former else "loading"
            yield Problem(part=part, summary=f"{table} holds {content[:60]!r}, for nothing")


def check_versions(case: Case) -> Iterator[Problem]:
    """What is asked of libraries as a whole, whether or not a symbol has that version."""
    ours, theirs = (
        {
            *((name(one.library), one.name, one.flags) for one in versions.needed),
            *(("", one.name, one.flags, *one.parents) for one in versions.defined),
        }
        for versions, name in (
            (read_versions(case.published.elf), case.meaning.library),
            (read_versions(case.rebuilt.elf), str),
        )
    )
    for library, version, *_ in sorted(ours ^ theirs, key=str):
        yield Problem(part="loading", summary=f"version {version} {library}".strip())


def check_entries(case: Case) -> Iterator[Problem]:
    """Where control enters without a symbol."""
    ours, theirs = case.published, case.rebuilt
    for what, left, right in (
        ("init", ours.dynamic.init, theirs.dynamic.init),
        ("fini", ours.dynamic.fini, theirs.dynamic.fini),
    ):
        both = left is not None and right is not None and case.meaning.is_same(left, right)
        if not both and left is not right:
            yield Problem(part="loading", summary=f"{what} is other code")
    # Old linkers name the start of the code, though nobody enters a shared object there.
    code = ours.elf.by_name.get(".text")
    if ours.elf.entry and (code is None or ours.elf.entry != code.address):
        yield Problem(part="loading", summary="an entry point of its own")
    headers = [(_system(module), module.elf.processor_flags) for module in (ours, theirs)]
    if headers[0] != headers[1]:
        yield Problem(part="loading", summary="for another system, or other processor flags")


def check_protection(case: Case) -> Iterator[Problem]:
    """The published file is mapped with no more rights than the rebuilt one."""
    ours, theirs = read_segments(case.published.elf), read_segments(case.rebuilt.elf)
    left, right = ours.stack_flags, theirs.stack_flags
    if _is_executable(left) and not _is_executable(right):
        yield Problem(part="loading", summary="the stack can be executed")
    if ours.interpreter != theirs.interpreter:
        yield Problem(part="loading", summary=f"another loader, {ours.interpreter}")
    if _thread_alignment(case.published) != _thread_alignment(case.rebuilt):
        yield Problem(part="loading", summary="thread-local data is aligned otherwise")
    rebuilt = dict(theirs.protection)
    for name, flags in ours.protection:
        # Constants may share a page with code: `ld -z noseparate-code`.
        wanted = rebuilt.get(name)
        is_other = wanted is not None and (flags ^ wanted) & SegmentFlag.WRITE
        if is_other and not _is_moved_by_both(case, name):
            yield Problem(part=_part_of(case, name), summary=f"{name} is mapped otherwise")
    for name in sorted({*theirs.relro} & dict(ours.protection).keys() - {*ours.relro}):
        yield Problem(part=_part_of(case, name), summary=f"{name} can still be written")
    yield from _read_only(case, ours.protected, theirs.protected)


def _read_only(case: Case, ours: _Span, theirs: _Span) -> Iterator[Problem]:
    """Nothing is made read-only that is written to afterwards, by the file or by the loader."""
    others = {section.name: section for section in case.rebuilt.data_sections}
    for section in case.published.data_sections:
        covered = _covered(section, ours)
        other = others.get(section.name)
        known = _covered(other, theirs) if other is not None else range(0)
        if covered and not _CONSTANT.fullmatch(section.name) and not _holds(known, covered):
            yield Problem(part="loading", summary=f"{section.name} cannot be written to")
    dynamic = case.published.dynamic
    is_bound = dynamic.flags & _BIND_NOW or dynamic.flags_1 & _NOW
    is_bound = is_bound or Tag.BIND_NOW in dict(dynamic.others)
    for address in () if is_bound else case.published.linkage.waiting:
        if address in range(*ours):
            yield Problem(part="loading", summary="slots that are filled late are read-only")
            return


def _holds(outer: range, inner: range) -> bool:
    return outer.start <= inner.start and inner.stop <= outer.stop


def _covered(section: Section, span: _Span) -> range:
    """Which bytes of a section lie in some memory, by their distance from its start."""
    start, end = max(span[0], section.address), min(span[1], section.end)
    return range(start - section.address, max(start, end) - section.address)


def _is_moved_by_both(case: Case, name: str) -> bool:
    """Whether patchelf was at work in both files, and may as well have moved this table in either.

    What it has to make room for depends on how many program headers it adds, which its releases do
    differently. The tables are in a segment that can be written to, and nobody but the loader
    writes there.
    """
    both = (case.published, case.rebuilt)
    if not all(_is_moved(module, ".dynstr") for module in both):
        return False
    kinds = {module.elf.by_name[name].kind for module in both}
    return kinds <= _TABLES and any(_is_moved(module, name) for module in both)


def _is_moved(module: Module, name: str) -> bool:
    """Whether a section is in a segment that patchelf adds: it holds tables of the loader alone."""
    section = module.elf.by_name.get(name)
    for segment in module.elf.segments:
        if section is None or segment.kind != SegmentKind.LOAD or not is_within(section, segment):
            continue
        inside = {one.kind for one in module.elf.loaded if is_within(one, segment)}
        return bool(segment.flags & SegmentFlag.WRITE) and inside <= _TABLES | {SectionKind.DYNAMIC}
    return False


def _part_of(case: Case, name: str) -> str:
    """What it is when a section is written to: patchelf moves tables to where that can be."""
    is_moved = case.meaning.is_unrepaired and name.startswith(_MOVED)
    return REPAIR if is_moved else "loading"


def _thread_alignment(module: Module) -> list[int]:
    segments = module.elf.segments
    return [segment.alignment for segment in segments if segment.kind == SegmentKind.TLS]


def _system(module: Module) -> int:
    """Which system it is for; GNU's is System V's to the loader, and says which extensions it has.

    Source: glibc, sysdeps/unix/sysv/linux/ldsodefs.h, VALID_ELF_OSABI.
    """
    return _SYSTEM_V if module.elf.system == _GNU_SYSTEM else module.elf.system


def _is_executable(stack_flags: int | None) -> bool:
    return stack_flags is None or bool(stack_flags & SegmentFlag.EXEC)
