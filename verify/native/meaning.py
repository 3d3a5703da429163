"""What an address means: the same thing in two modules that were laid out differently.

An address is a stretch of code and a distance from its start, a section of data and a distance, a
slot or a linkage entry of some symbol, or the end of a section. One address can be two of these, an
end and a start: which was meant, nobody knows, so all that the rebuilt one may mean has to be true
of the published one.
"""

from collections.abc import Iterator, Mapping

from verify.native.copies import copies_of, is_copy
from verify.native.elf import Section
from verify.native.module import SLOTS, Module, is_data
from verify.native.pairing import Pairing
from verify.native.places import piece_at
from verify.native.relocations import Relocation, X86Kind
from verify.native.symbols import Symbol

_BY_ADDEND = frozenset({X86Kind.RELATIVE, X86Kind.IRELATIVE})
_FILLED_ALIKE = frozenset({X86Kind.GLOB_DAT, X86Kind.JUMP_SLOT})


SymbolKey = tuple[str, str | None, str | None, bool]
"""Name, version, the library that has to define it, and whether this file does."""


class Meaning:
    """Compares addresses of a published module with those of a rebuilt one."""

    def __init__(self, published: Module, rebuilt: Module, pairing: Pairing) -> None:
        self._ours, self._theirs = published, rebuilt
        self._copies = copies_of(published.dynamic, rebuilt.dynamic)
        self._published_start: Mapping[int, int] = {
            pair.rebuilt.start: pair.published.start for pair in pairing.pairs
        }
        self._ends = [_ends(module) for module in (published, rebuilt)]
        self._known: dict[tuple[int, int], bool] = {}

    def is_same(self, ours: int, theirs: int) -> bool:
        """Whether a published address means all that a rebuilt one may mean."""
        known = self._known.get((ours, theirs))
        if known is None:
            readings = list(self._readings(ours, theirs))
            known = bool(readings) and all(readings)
            self._known[ours, theirs] = known
        return known

    def is_same_distance(self, name: str, ours: int, theirs: int) -> bool:
        """Whether two addresses are as far from the start of a section of data, of either side."""
        left, right = self._ours.elf.by_name.get(name), self._theirs.elf.by_name.get(name)
        if left is None or right is None or not left.is_loaded:
            return False
        return ours - left.address == theirs - right.address

    def is_same_symbol(self, ours: Symbol | None, theirs: Symbol | None) -> bool:
        """Whether two symbols are one to the loader."""
        if ours is None or theirs is None:
            return ours is theirs
        if not ours.name or not theirs.name:
            is_unnamed = not ours.name and not theirs.name and ours.is_defined
            return is_unnamed and self.is_same(ours.address, theirs.address)
        return self.key(ours) == symbol_key(theirs)

    def key(self, ours: Symbol) -> SymbolKey:
        """What the loader goes by in a published symbol, had both files loaded the same copies."""
        name, version, library, is_defined = symbol_key(ours)
        return name, version, self._copies.get(library or "", library), is_defined

    def library(self, ours: str) -> str:
        """The name that the rebuilt file has for a library that the published one loads."""
        return self._copies.get(ours, ours)

    @property
    def is_unrepaired(self) -> bool:
        """Whether the published file loads copies in place of what the rebuilt one leaves as is."""
        return bool(self._copies) and not any(map(is_copy, self._copies.values()))

    def is_same_relocation(self, ours: Relocation, theirs: Relocation) -> bool:
        """Whether the loader writes the same at two places."""
        if ours.kind != theirs.kind or not self.is_same_symbol(ours.symbol, theirs.symbol):
            return False
        if ours.kind in _BY_ADDEND:
            return ours.symbol is None and self.is_same(ours.addend, theirs.addend)
        return ours.addend == theirs.addend

    def is_same_slot(self, ours: int, theirs: int) -> bool:
        """Whether the loader fills two slots with the same, at the same time."""
        left, right = self._ours.relocations.get(ours), self._theirs.relocations.get(theirs)
        if left is None or right is None:
            return False
        if not self.is_same_relocation(left, right):
            return False
        # A thread-local variable takes two slots: the module's number, and the place in its block.
        return left.kind != X86Kind.DTPMOD64 or self._is_same_second(ours + 8, theirs + 8)

    def _is_same_second(self, ours: int, theirs: int) -> bool:
        left, right = self._ours.relocations.get(ours), self._theirs.relocations.get(theirs)
        if left is None or right is None:
            return left is right and self._ours.elf.read(ours, 8) == self._theirs.elf.read(
                theirs, 8
            )
        return self.is_same_relocation(left, right)

    def _readings(self, ours: int, theirs: int) -> Iterator[bool]:
        """For each thing that the rebuilt address may mean, whether the published one does."""
        rebuilt_end = self._ends[1].get(theirs)
        section = self._theirs.elf.section_at(theirs)
        if rebuilt_end is not None:
            yield self._ends[0].get(ours) == rebuilt_end
        if section is None:
            return
        other = self._ours.elf.section_at(ours)
        if other is None or other.name != section.name or theirs in self._theirs.linkage.slots:
            yield self._is_same_entry(ours, theirs)
        elif section.name in SLOTS:
            yield self.is_same_slot(ours, theirs)
        elif section.is_code:
            yield self._is_same_code(ours, theirs)
        else:
            yield _is_same_place(other, section, ours, theirs)

    def _is_same_entry(self, ours: int, theirs: int) -> bool:
        """Both are entries of a linkage table, of whichever, that lead to the same function."""
        left = self._ours.linkage.slots.get(ours)
        right = self._theirs.linkage.slots.get(theirs)
        return left is not None and right is not None and self._is_same_function(left, right)

    def _is_same_function(self, ours: int, theirs: int) -> bool:
        """Two slots that are only jumped through: the linker decides when they are filled."""
        left, right = self._ours.relocations.get(ours), self._theirs.relocations.get(theirs)
        if left is None or right is None:
            return False
        if left.kind in _FILLED_ALIKE and right.kind in _FILLED_ALIKE:
            return self.is_same_symbol(left.symbol, right.symbol) and left.addend == right.addend
        return self.is_same_slot(ours, theirs)

    def _is_same_code(self, ours: int, theirs: int) -> bool:
        piece = piece_at(self._theirs.pieces, theirs)
        if piece is None:
            return False
        start = self._published_start.get(piece.start)
        return start is not None and ours - start == theirs - piece.start


def _ends(module: Module) -> dict[int, str]:
    """Sections of data by the first address behind them."""
    return {section.end: section.name for section in module.data_sections}


def symbol_key(symbol: Symbol) -> SymbolKey:
    """What the loader goes by."""
    return symbol.name, symbol.version, symbol.library, symbol.is_defined


def _is_same_place(ours: Section, theirs: Section, left: int, right: int) -> bool:
    """The same distance into a section of data; of a table with a reader of its own, the start."""
    distance = right - theirs.address
    return left - ours.address == distance and (is_data(theirs) or distance == 0)
