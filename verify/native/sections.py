"""Two shared objects of a processor whose code is not decoded, compared by sections and symbols.

They are the same only if they are loaded as the same bytes (`verify.native.image`). For people, it
is told which sections and which named functions are not; a function whose address operands alone
differ counts as another one.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from verify.native.checks.case import Problem
from verify.native.elf import Elf, Machine, Section, UnreadableElfError
from verify.native.elf_reader import read_elf
from verify.native.image import check_image
from verify.native.surface import Read, Surface
from verify.native.symbols import Kind, Symbol, read_dynamic_symbols, read_symbol_table

MACHINES = {(Machine.I386, 32): "x86", (Machine.AARCH64, 64): "AArch64"}
"""The processors, by `e_machine` and bits, whose files are compared so."""

_MAX_PROBLEMS = 50


@dataclass(frozen=True, kw_only=True, slots=True)
class SectionDifference:
    """A loaded section that is not the same; sizes in bytes, None where there is none."""

    name: str
    published: int | None
    rebuilt: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class SectionComparison:
    """What came of comparing two shared objects without reading their code.

    Attributes:
        processor: what they are for, in words.
        problems: what would be loaded otherwise, at most fifty; none if nothing is.
        sections: how many loaded ones the published file has.
        differing: those that are not the same, in either file, by address.
        surface: what of its code is in no named function with the same bytes.
    """

    processor: str
    problems: tuple[Problem, ...]
    sections: int
    differing: tuple[SectionDifference, ...]
    surface: Surface

    @property
    def same_sections(self) -> int:
        """How many loaded sections of the published file are the same."""
        return self.sections - sum(one.published is not None for one in self.differing)


def compare_sections(published: bytes, rebuilt: bytes) -> SectionComparison | None:
    """Compare two files for one of `MACHINES`; None where neither is, or one cannot be read.

    Raises:
        UnreadableElfError: they are for two processors.
    """
    try:
        ours, theirs = read_elf(published), read_elf(rebuilt)
    except UnreadableElfError:
        return None
    machines = (ours.machine, ours.bits), (theirs.machine, theirs.bits)
    if not any(machine in MACHINES for machine in machines):
        return None
    if machines[0] != machines[1]:
        raise UnreadableElfError("the two files are for different processors")
    return SectionComparison(
        processor=MACHINES[machines[0]],  # type: ignore[index]  # a plain number of the same value
        problems=tuple(islice(_problems(ours, theirs), _MAX_PROBLEMS)),
        sections=len(ours.loaded),
        differing=tuple(_differing(ours, theirs)),
        surface=_surface(ours, theirs),
    )


def _problems(ours: Elf, theirs: Elf) -> Iterator[Problem]:
    try:
        yield from check_image(ours, theirs)
    except UnreadableElfError as error:
        yield Problem(part="layout", summary=str(error))


def _differing(ours: Elf, theirs: Elf) -> Iterator[SectionDifference]:
    left, right = ({section.name: section for section in elf.loaded} for elf in (ours, theirs))
    names = [*left, *(name for name in right if name not in left)]
    for name in names:
        one, other = left.get(name), right.get(name)
        if one is None or other is None or _bytes(ours, one) != _bytes(theirs, other):
            yield SectionDifference(
                name=name,
                published=one.size if one else None,
                rebuilt=other.size if other else None,
            )


def _bytes(elf: Elf, section: Section) -> tuple[int, bytes]:
    return section.size, elf.content(section)


def _surface(ours: Elf, theirs: Elf) -> Surface:
    left, right = _functions(ours), _functions(theirs)
    found, same_bytes, same = [], 0, 0
    for name in sorted({*left, *right}):
        mine, others = left.get(name, []), right.get(name, [])
        for at in range(max(len(mine), len(others))):
            one = mine[at] if at < len(mine) else None
            other = others[at] if at < len(others) else None
            if one is not None and one == other:
                same, same_bytes = same + 1, same_bytes + len(one)
                continue
            found.append(
                Read(
                    name=name,
                    published=None if one is None else len(one),
                    rebuilt=None if other is None else len(other),
                    same_footprint=False,
                )
            )
    code = sum(section.size for section in ours.loaded if section.is_code)
    return Surface(
        functions=sum(map(len, left.values())),
        identical=same,
        code_bytes=code,
        bytes_to_read=max(0, code - same_bytes),
        differing=tuple(sorted(found, key=lambda read: (-(read.published or 0), read.name))),
    )


def _functions(elf: Elf) -> dict[str, list[bytes]]:
    """The bytes of each function that has a name and a size, by name; no byte is of two."""
    found: dict[str, list[bytes]] = defaultdict(list)
    reached = 0
    named = (one for one in _symbols(elf) if one.kind == Kind.FUNC and one.is_defined and one.size)
    for symbol in sorted(named, key=lambda one: (one.address, -one.size, one.name)):
        section, end = elf.section_at(symbol.address), symbol.address + symbol.size
        is_code = section is not None and section.is_code and end <= section.end
        if is_code and symbol.address >= reached:
            reached = end
            found[symbol.name].append(elf.read(symbol.address, symbol.size))
    return found


def _symbols(elf: Elf) -> Iterator[Symbol]:
    for read in (read_symbol_table, read_dynamic_symbols):
        try:
            yield from read(elf)
        except UnreadableElfError:
            continue
