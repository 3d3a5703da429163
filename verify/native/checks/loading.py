"""Loading: what the loader is told, fills in, maps and runs."""

from collections.abc import Iterator

from verify.native.checks.case import Case, Problem
from verify.native.elf import SegmentFlag, SegmentKind
from verify.native.module import SLOTS, Module, is_data
from verify.native.relocations import X86Kind
from verify.native.segments import read_segments
from verify.native.symbols import unused_strings
from verify.native.versions import read_versions

_SYSTEM_V, _GNU_SYSTEM = 0, 3
_BIND_NOW, _NOW = 0x8, 0x1
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
    for what in ("needed", "soname", "rpath", "runpath", "others", "removed"):
        left, right = getattr(ours, what), getattr(theirs, what)
        if left != right and (what != "removed" or left):
            yield Problem(part="loading", summary=f"{what}: {left!r}, rebuilt: {right!r}")
    for what, left, right, late in (
        ("flags", ours.flags, theirs.flags, _BIND_NOW),
        ("flags_1", ours.flags_1, theirs.flags_1, _NOW),
    ):
        # When functions are looked up makes no other program.
        if left & ~late != right & ~late:
            yield Problem(part="loading", summary=f"{what}: {left:#x}, rebuilt: {right:#x}")
    if ours.places or theirs.places:
        yield Problem(part="loading", summary="descriptors of thread-local variables")
    for table, content in unused_strings(case.published.elf):
        yield Problem(part="loading", summary=f"{table} holds {content[:60]!r}, for nothing")


def check_versions(case: Case) -> Iterator[Problem]:
    """What is asked of libraries as a whole, whether or not a symbol has that version."""
    ours, theirs = (
        {
            *((one.library, one.name, one.flags) for one in versions.needed),
            *(("", one.name, one.flags, *one.parents) for one in versions.defined),
        }
        for versions in (read_versions(case.published.elf), read_versions(case.rebuilt.elf))
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
        if wanted is not None and (flags ^ wanted) & SegmentFlag.WRITE:
            yield Problem(part="loading", summary=f"{name} is mapped otherwise")
    missing = sorted({*theirs.relro} & dict(ours.protection).keys() - {*ours.relro})
    if missing:
        yield Problem(part="loading", summary=f"{', '.join(missing)} can still be written")


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
