"""Compare two shared objects; `compare_native` reads like the specification.

The published one is *relinked* from what the rebuilt one holds if every byte of it is accounted
for: code is the same instructions with addresses that mean the same, data is the same bytes with
addresses that mean the same, what the loader is told is the same, and whatever is never loaded is
exactly what its kind says. Then both do the same, whatever differs in their layout.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from verify.native.checks.case import Case, Problem
from verify.native.checks.code import check_code, check_constants, check_layout
from verify.native.checks.data import check_data
from verify.native.checks.distances import check_distances
from verify.native.checks.labels import check_notes, check_unloaded
from verify.native.checks.loading import (
    check_entries,
    check_orders,
    check_protection,
    check_slots,
    check_versions,
)
from verify.native.checks.symbols import check_exports, check_imports, check_symbols
from verify.native.checks.unwinding import check_unwinding
from verify.native.disassembly import WANTED, Disassembler, Disassembly, Wanted
from verify.native.elf import UnreadableElfError
from verify.native.meaning import Meaning
from verify.native.module import Module, read_module
from verify.native.operands import Operands
from verify.native.pairing import pair_pieces
from verify.native.reading import Reader
from verify.native.surface import Surface, review_surface, unread_functions
from verify.native.unaccounted import unaccounted_code

CHECKS: tuple[Callable[[Case], Iterator[Problem]], ...] = (
    check_layout,
    check_distances,
    check_code,
    check_constants,
    check_data,
    check_symbols,
    check_imports,
    check_exports,
    check_slots,
    check_orders,
    check_versions,
    check_entries,
    check_protection,
    check_unwinding,
    check_notes,
    check_unloaded,
)

_MAX_PROBLEMS = 50


@dataclass(frozen=True, kw_only=True, slots=True)
class NativeComparison:
    """What came of comparing two shared objects.

    Attributes:
        problems: what is not accounted for, at most fifty; none if the published file is relinked.
        parts: what all of them are about, see `Problem`.
        unaccounted: bytes of the functions that the problems are about, None if some are about
            anything else.
        surface: what of its code a person has to read.
        disassembly: some functions of it side by side; none if there is no problem.
        imported: names that only the published file asks of others.
        needed: libraries that only the published file loads.
        search_path: where the published file has libraries looked for.
        constructors: how many more functions than the rebuilt file it runs on loading.
    """

    problems: tuple[Problem, ...]
    parts: frozenset[str]
    unaccounted: int | None
    surface: Surface
    disassembly: tuple[Disassembly, ...]
    imported: tuple[str, ...]
    needed: tuple[str, ...]
    search_path: str
    constructors: int


def compare_native(
    published: bytes, rebuilt: bytes, *, wanted: Wanted = WANTED
) -> NativeComparison:
    """Account for every byte of a published shared object by a rebuilt one.

    Args:
        published: the file to account for.
        rebuilt: what its source was built to.
        wanted: which functions that differ are shown side by side.

    Raises:
        UnreadableElfError: one of them is none for x86-64, or contradicts itself; its text begins
            with which.
    """
    theirs = _read("rebuilt", rebuilt)
    ours = _read("published", published, like=theirs)
    pairing = pair_pieces(ours, theirs)
    meaning = Meaning(ours, theirs, pairing)
    case = Case(
        published=ours,
        rebuilt=theirs,
        pairing=pairing,
        meaning=meaning,
        operands=Operands(ours, theirs, meaning),
    )
    problems = [problem for check in CHECKS for problem in check(case)]
    reader = Reader(ours, theirs, meaning)
    unread = unread_functions(pairing, reader)
    shown = Disassembler(published=ours, rebuilt=theirs, reader=reader)
    return NativeComparison(
        problems=tuple(problems[:_MAX_PROBLEMS]),
        parts=frozenset(problem.part for problem in problems),
        unaccounted=unaccounted_code(problems),
        surface=review_surface(ours, unread),
        disassembly=shown.show(unread, wanted) if problems else (),
        imported=tuple(sorted(_imports(ours) - _imports(theirs))),
        needed=tuple(name for name in ours.dynamic.needed if name not in theirs.dynamic.needed),
        search_path=ours.dynamic.runpath or ours.dynamic.rpath or "",
        constructors=max(0, _constructors(ours) - _constructors(theirs)),
    )


def _read(side: str, data: bytes, like: Module | None = None) -> Module:
    try:
        return read_module(data, like)
    except UnreadableElfError as error:
        raise UnreadableElfError(f"the {side} file: {error}") from error


def _imports(module: Module) -> set[str]:
    return {symbol.name for symbol in module.symbols if symbol.name and not symbol.is_defined}


def _constructors(module: Module) -> int:
    sections = (
        module.elf.by_name.get(name) for name in (".init_array", ".preinit_array", ".ctors")
    )
    return sum(section.size // 8 for section in sections if section)
