"""Operands of code that name an address: whether two of them mean the same."""

from bisect import bisect_left
from collections.abc import Iterator, Mapping

from verify.native.code import Reference
from verify.native.elf import Section, UnreadableElfError
from verify.native.fields import BY_SLOT, DIRECT, IN_BLOCK, Field, FieldKind, read_fields
from verify.native.meaning import Meaning
from verify.native.module import SLOTS, Module, is_data
from verify.native.pairing import Pair
from verify.native.relocations import Relocation, X86Kind

_THREAD_LOCAL = frozenset({X86Kind.DTPMOD64, X86Kind.TLSDESC})


class Operands:
    """Compares operands; with the linker's word on the rebuilt ones where there is one."""

    def __init__(self, published: Module, rebuilt: Module, meaning: Meaning) -> None:
        self._ours, self._theirs, self._meaning = published, rebuilt, meaning
        try:
            self._fields: Mapping[int, Field] | None = read_fields(rebuilt.elf)
        except UnreadableElfError:
            self._fields = None
        self._places = sorted(self._fields or ())

    @property
    def meaning(self) -> Meaning:
        """What addresses mean by themselves."""
        return self._meaning

    @property
    def has_fields(self) -> bool:
        """Whether the linker of the rebuilt file has left its word."""
        return self._fields is not None

    def is_same(self, pair: Pair, ours: Reference, theirs: Reference) -> bool:
        """Whether an operand of a published piece of code means what the rebuilt one means."""
        if theirs.is_address and not self._may_be_taken(theirs.target):
            return False
        if self._fields is None:
            return self._meaning.is_same(ours.target, theirs.target)
        field = self._fields.get(pair.rebuilt.start + theirs.field)
        meant = self._meant(field)
        if meant is not None:
            return self._meaning.is_same_distance(meant.name, ours.target, theirs.target)
        return self._is_known(pair, theirs, field) and self._meaning.is_same(
            ours.target, theirs.target
        )

    def _meant(self, field: Field | None) -> Section | None:
        """The section of data that the linker has named; an empty one is a mere place."""
        if field is None or field.section is None or field.kind not in DIRECT:
            return None
        section = self._theirs.elf.by_name[field.section]
        return section if section.size and is_data(section) else None

    def _is_known(self, pair: Pair, theirs: Reference, field: Field | None) -> bool:
        """Whether the linker has said of an operand that it is none of data."""
        if field is not None:
            return field.kind in DIRECT | BY_SLOT
        # Only the assembler resolves an address without the linker: one in the same section.
        section = self._theirs.elf.section_at(theirs.target)
        return section is not None and section.name == pair.rebuilt.section

    def unknown_fields(self, pair: Pair) -> Iterator[int]:
        """Offsets in rebuilt code of what the linker wrote, and is no operand that is known."""
        fields, piece = self._fields or {}, pair.rebuilt
        known = {reference.field for reference in piece.code.references}
        first = bisect_left(self._places, piece.start)
        for address in self._places[first : bisect_left(self._places, piece.end)]:
            field, offset = fields[address], address - piece.start
            is_inside = field.section == piece.section and field.kind in DIRECT
            if offset not in known and not is_inside and field.kind not in IN_BLOCK:
                yield offset

    def may_be_distance(self, address: int) -> bool:
        """Whether rebuilt data may hold a distance to code there, as far as the linker says."""
        field = (self._fields or {}).get(address)
        return self._fields is None or (field is not None and field.kind == FieldKind.PC32)

    def data_fields(self) -> Iterator[tuple[int, Field]]:
        """What the linker wrote to data and the loader does not change, by address."""
        for address, field in (self._fields or {}).items():
            section = self._theirs.elf.section_at(address)
            is_filled = address in self._theirs.relocations or field.kind in IN_BLOCK
            if section is not None and is_data(section) and not is_filled:
                yield address, field

    def _may_be_taken(self, address: int) -> bool:
        """Nobody takes the address of a slot, but for those of thread-local variables."""
        section = self._theirs.elf.section_at(address)
        if section is None or section.name not in SLOTS:
            return True
        relocation = self._theirs.relocations.get(address)
        return relocation is not None and relocation.kind in _THREAD_LOCAL

    def is_same_pointer(self, ours: Relocation, theirs: Relocation) -> bool:
        """Whether two addresses that the loader writes to data are of the same, as was meant."""
        field = (self._fields or {}).get(theirs.address)
        meant = self._theirs.elf.by_name.get(field.section) if field and field.section else None
        if theirs.kind != X86Kind.RELATIVE or meant is None or not is_data(meant):
            return self._fields is None or field is not None or theirs.kind != X86Kind.RELATIVE
        return self._meaning.is_same_distance(meant.name, ours.addend, theirs.addend)
