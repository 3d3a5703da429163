"""Sections of data: the same bytes, but where they are addresses, which must mean the same."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from verify.native.elf import Section, SectionFlag
from verify.native.fields import Field, FieldKind
from verify.native.module import Module, Piece, is_data
from verify.native.operands import Operands
from verify.native.pairing import Pair
from verify.native.places import piece_at
from verify.native.relocations import Relocation, X86Kind

_CHUNK = 4096
_WORD = 4
_WIDTHS = {X86Kind.ABSOLUTE32: 4, X86Kind.PC32: 4}
"""Bytes that a relocation fills; all others fill eight."""

_RELEVANT = SectionFlag.WRITE | SectionFlag.ALLOC | SectionFlag.EXEC | SectionFlag.TLS


@dataclass(frozen=True, kw_only=True, slots=True)
class DataProblem:
    """A place in a section whose meaning is not the same; offset and size in bytes."""

    section: str
    offset: int
    size: int
    summary: str


@dataclass(frozen=True, kw_only=True, slots=True)
class JumpTables:
    """Distances to code in sections of data, by offset in the section.

    Attributes:
        same: those that lead to the same code on both sides.
        other: those that do not.
    """

    same: frozenset[tuple[str, int]]
    other: frozenset[tuple[str, int]]


class DataComparison:
    """Compares the data of two modules whose code is paired."""

    def __init__(
        self, published: Module, rebuilt: Module, operands: Operands, pairs: Sequence[Pair]
    ) -> None:
        self._ours, self._theirs = published, rebuilt
        self._operands, self._meaning = operands, operands.meaning
        self._pairs = pairs
        self._tables = jump_tables(published, rebuilt, operands, pairs)
        self._relocations = [_by_section(module) for module in (published, rebuilt)]

    def problems(self) -> Iterator[DataProblem]:
        """Everything that differs, section by section."""
        ours = {section.name: section for section in self._ours.data_sections}
        theirs = {section.name: section for section in self._theirs.data_sections}
        thread_local = (_thread_zero(self._ours), _thread_zero(self._theirs))
        if thread_local[0] != thread_local[1]:
            yield _whole(".tbss", max(thread_local), "thread-local data of another size")
        for name in sorted(ours.keys() | theirs.keys()):
            left, right = ours.get(name), theirs.get(name)
            if left is None or right is None:
                side = "rebuilt" if left is None else "published"
                size = (left or right or self._ours.elf.sections[0]).size
                yield _whole(name, size, f"only the {side} file has this section")
            elif fault := _shape_fault(left, right):
                yield _whole(name, left.size, fault)
            else:
                yield from self._section(left, right)

    def is_explained(self, address: int, field: Field) -> bool:
        """Whether a word that the rebuild's linker wrote leads to the same on both sides."""
        section = self._theirs.elf.section_at(address)
        if section is None or field.kind != FieldKind.PC32 or field.section is None:
            return False
        offset = address - section.address
        if (section.name, offset) in self._tables.same:
            return True
        ours = self._ours.elf.by_name.get(section.name)
        if ours is None or offset + _WORD > ours.size:
            return False
        left = ours.address + offset + _signed(self._ours, ours.address + offset)
        right = address + _signed(self._theirs, address)
        meant = self._theirs.elf.by_name.get(field.section)
        if meant is not None and is_data(meant):
            return self._meaning.is_same_distance(meant.name, left, right)
        return {left - right} == self._shifts

    @cached_property
    def _shifts(self) -> set[int]:
        """How far code is moved: one number where it is all as far apart on both sides."""
        return {
            pair.published.start - pair.rebuilt.start
            for pair in self._pairs
            if pair.rebuilt.section == ".text"
        }

    def _section(self, ours: Section, theirs: Section) -> Iterator[DataProblem]:
        masked, faults = self._relocated(ours)
        for offset, size in faults:
            yield DataProblem(
                section=ours.name,
                offset=offset,
                size=size,
                summary="the loader writes another address here",
            )
        left, right = (
            bytearray(self._ours.elf.content(ours)),
            bytearray(self._theirs.elf.content(theirs)),
        )
        for offset, size in masked:
            left[offset : offset + size] = right[offset : offset + size] = bytes(size)
        for name, offset in sorted(self._tables.other):
            if name == ours.name:
                yield DataProblem(
                    section=name, offset=offset, size=_WORD, summary="a jump leads elsewhere"
                )
        for name, offset in self._tables.same:
            if name == ours.name:
                left[offset : offset + _WORD] = right[offset : offset + _WORD]
        for offset, size in differing_runs(bytes(left), bytes(right)):
            yield DataProblem(section=ours.name, offset=offset, size=size, summary="other bytes")

    def _relocated(self, ours: Section) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
        """Offsets and sizes that the loader writes the same to, and those where it does not."""
        left, right = (found.get(ours.name, {}) for found in self._relocations)
        masked: list[tuple[int, int]] = []
        faults: list[tuple[int, int]] = []
        for offset in sorted(left.keys() | right.keys()):
            one, other = left.get(offset), right.get(offset)
            width = max(_width(one), _width(other))
            is_same = (
                one is not None
                and other is not None
                and self._meaning.is_same_relocation(one, other)
                and self._operands.is_same_pointer(one, other)
                and _is_overwritten(self._ours, ours, one, width)
            )
            (masked if is_same else faults).append((offset, width))
        return masked, faults


def _width(relocation: Relocation | None) -> int:
    return 0 if relocation is None else _WIDTHS.get(X86Kind(relocation.kind), 8)


def _whole(name: str, size: int, summary: str) -> DataProblem:
    return DataProblem(section=name, offset=0, size=size, summary=summary)


def _thread_zero(module: Module) -> int:
    return sum(section.size for section in module.elf.sections if section.is_thread_zero)


def _shape_fault(ours: Section, theirs: Section) -> str | None:
    """Why two sections of a name cannot be compared byte by byte."""
    if ours.size != theirs.size:
        return "another size"
    if ours.kind != theirs.kind or ours.flags & _RELEVANT != theirs.flags & _RELEVANT:
        return "another kind of section"
    if theirs.alignment > 1 and ours.address % theirs.alignment:
        return "less aligned"
    return None


def _by_section(module: Module) -> dict[str, dict[int, Relocation]]:
    """The relocations in each section by offset."""
    found: dict[str, dict[int, Relocation]] = {}
    for place, relocation in module.relocations.items():
        section = module.elf.section_at(place)
        if section is not None:
            found.setdefault(section.name, {})[place - section.address] = relocation
    return found


def _is_overwritten(module: Module, section: Section, relocation: Relocation, width: int) -> bool:
    """Whether the file has nothing of its own where the loader writes: zero, or the addend."""
    at = relocation.address - section.address
    value = int.from_bytes(module.elf.content(section)[at : at + width], "little")
    return value in {0, relocation.addend % 2 ** (8 * width)}


def jump_tables(
    published: Module, rebuilt: Module, operands: Operands, pairs: Sequence[Pair]
) -> JumpTables:
    """Follow the jump tables of the rebuilt code, and look where the published ones lead.

    A table has no length that the file tells. It ends at the next address that any code names, with
    the first distance that leads to no code, or where the linker knows of no distance. What is no
    table, though its address is taken as that of one, has none in it.
    """
    meaning = operands.meaning
    same: set[tuple[str, int]] = set()
    other: set[tuple[str, int]] = set()
    named = sorted(_named(rebuilt))
    follows = dict(pairwise(named))
    for pair in pairs:
        if not pair.is_same_code:
            continue
        for place in sorted(set(pair.rebuilt.code.tables)):
            ours = pair.published.code.references[place].target
            theirs = pair.rebuilt.code.references[place].target
            left, right = published.elf.section_at(ours), rebuilt.elf.section_at(theirs)
            if left is None or right is None or not meaning.is_same(ours, theirs):
                continue
            end = min(right.end, follows.get(theirs) or right.end)
            for at in range(0, end - theirs - _WORD + 1, _WORD):
                jump = theirs + _signed(rebuilt, theirs + at)
                section = rebuilt.elf.section_at(jump)
                is_distance = operands.may_be_distance(theirs + at)
                if section is None or not is_distance or not _is_case(rebuilt, pair.rebuilt, jump):
                    break
                leads_same = meaning.is_same(ours + _signed(published, ours + at), jump)
                (same if leads_same else other).add((left.name, ours + at - left.address))
    return JumpTables(same=frozenset(same), other=frozenset(other))


def _named(module: Module) -> set[int]:
    """Every address that code, the loader or another file names."""
    named = {reference.target for piece in module.pieces for reference in piece.code.references}
    named |= {relocation.addend for relocation in module.relocations.values()}
    return named | {symbol.address for symbol in module.symbols if symbol.is_defined}


def _is_case(module: Module, piece: Piece, address: int) -> bool:
    """Whether a jump of a function leads into it, or into the part of it that is seldom run."""
    found = piece_at(module.pieces, address)
    if found is None or found.start == piece.start:
        return found is not None
    return piece.name is not None and found.name == f"{piece.name}.cold"


def _signed(module: Module, address: int) -> int:
    return int.from_bytes(module.elf.read(address, _WORD), "little", signed=True)


def differing_runs(left: bytes, right: bytes) -> Iterator[tuple[int, int]]:
    """Offsets and sizes of words that differ, joined where they are neighbours."""
    start, end = 0, 0
    for chunk in range(0, len(left), _CHUNK):
        ours, theirs = left[chunk : chunk + _CHUNK], right[chunk : chunk + _CHUNK]
        if ours == theirs:
            continue
        for at in range(0, len(ours), _WORD):
            if ours[at : at + _WORD] != theirs[at : at + _WORD]:
                if chunk + at != end:
                    if end:
                        yield start, end - start
                    start = chunk + at
                end = min(chunk + at + _WORD, len(left))
    if end:
        yield start, end - start
