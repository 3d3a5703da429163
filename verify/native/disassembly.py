"""Functions that differ, side by side, instruction by instruction; for people, decides nothing.

Decoded for these functions alone, and bounded in every direction: functions, instructions, rows,
and the characters of what an address denotes.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase

from verify.native.alignment import align
from verify.native.instructions import MAX_INSTRUCTIONS, Instruction, read_instructions
from verify.native.module import Module, Piece
from verify.native.reading import Reader
from verify.native.surface import Unread

MAX_FUNCTIONS = 8
"""Functions of one file that are shown."""

MAX_ROWS = 40
"""Rows of one function that are shown."""

CONTEXT = 2
"""Equal rows that are shown before and after one that is not."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """What is to be shown.

    Attributes:
        pattern: for the names of functions, as `fnmatch` has it.
        functions: how many at most.
        rows: of each at most, equal ones folded.
    """

    pattern: str = "*"
    functions: int = MAX_FUNCTIONS
    rows: int = MAX_ROWS


WANTED = Wanted()


class Mark(StrEnum):
    """What a row shows; values are part of the JSON."""

    EQUAL = "equal"
    CHANGED = "changed"
    ONLY_PUBLISHED = "only-published"
    ONLY_REBUILT = "only-rebuilt"
    FOLDED = "folded"


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One row; a side is None where it has no instruction.

    Attributes:
        mark: how the two sides compare.
        count: how many equal rows a folded one stands for, else 1.
    """

    mark: Mark
    published: Instruction | None = None
    rebuilt: Instruction | None = None
    count: int = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Disassembly:
    """One function of both files side by side.

    Attributes:
        name: as a symbol table has it, else its address.
        published, rebuilt: how long it is, in bytes; None where there is none.
        counts: how many rows there are of each mark, folded or not.
        rows: the first ones, at most `MAX_ROWS`, equal ones folded.
        more_rows: how many are not among them.
        is_cut: whether it has more instructions than are looked at.
    """

    name: str
    published: int | None
    rebuilt: int | None
    counts: dict[Mark, int]
    rows: tuple[Row, ...]
    more_rows: int
    is_cut: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Disassembler:
    """Shows functions of two modules.

    Attributes:
        published, rebuilt: the modules.
        reader: what their addresses lead to.
    """

    published: Module
    rebuilt: Module
    reader: Reader

    def show(self, unread: Iterable[Unread], wanted: Wanted = WANTED) -> tuple[Disassembly, ...]:
        """Some functions that differ, those first that call or use something else."""
        named = (one for one in unread if fnmatchcase(one.name, wanted.pattern))
        ordered = sorted(named, key=lambda one: one.same_footprint)
        return tuple(self._function(one, wanted.rows) for one in ordered[: wanted.functions])

    def _function(self, unread: Unread, limit: int) -> Disassembly:
        ours = self._instructions(self.published, unread.published)
        theirs = self._instructions(self.rebuilt, unread.rebuilt)
        rows = tuple(self._rows(ours, theirs))
        folded = tuple(_folded(rows))
        return Disassembly(
            name=unread.name,
            published=unread.published.size if unread.published else None,
            rebuilt=unread.rebuilt.size if unread.rebuilt else None,
            counts={
                mark: sum(row.mark is mark for row in rows)
                for mark in Mark
                if mark is not Mark.FOLDED
            },
            rows=folded[:limit],
            more_rows=sum(row.count for row in folded[limit:]),
            is_cut=MAX_INSTRUCTIONS in {len(ours), len(theirs)},
        )

    def _instructions(self, module: Module, piece: Piece | None) -> tuple[Instruction, ...]:
        if piece is None:
            return ()
        return read_instructions(module, piece, self.reader, published=module is self.published)

    def _rows(self, ours: Sequence[Instruction], theirs: Sequence[Instruction]) -> Iterator[Row]:
        places = list(align([one.shape for one in ours], [one.shape for one in theirs]))
        together = {
            (ours[left].address, theirs[right].address)
            for left, right in places
            if left is not None and right is not None
        }
        for left, right in places:
            published = None if left is None else ours[left]
            rebuilt = None if right is None else theirs[right]
            mark = self._mark(published, rebuilt, together)
            yield Row(mark=mark, published=published, rebuilt=rebuilt)

    def _mark(
        self,
        ours: Instruction | None,
        theirs: Instruction | None,
        together: set[tuple[int, int]],
    ) -> Mark:
        if ours is None:
            return Mark.ONLY_REBUILT
        if theirs is None:
            return Mark.ONLY_PUBLISHED
        return Mark.EQUAL if self._is_equal(ours, theirs, together) else Mark.CHANGED

    def _is_equal(
        self, ours: Instruction, theirs: Instruction, together: set[tuple[int, int]]
    ) -> bool:
        """The same bytes, with an address that reads the same or a jump to the same row."""
        if ours.inside is not None and theirs.inside is not None:
            return ours.mnemonic == theirs.mnemonic and (ours.inside, theirs.inside) in together
        if ours.outside is not None and theirs.outside is not None:
            left, right = ours.outside.target, theirs.outside.target
            is_same = ours.plain == theirs.plain and self.reader.reads_same(left, right)
            return is_same and not _are_other_texts(ours.denotes, theirs.denotes)
        return ours.data == theirs.data


def _are_other_texts(ours: str | None, theirs: str | None) -> bool:
    """One place can hold another text: its data differs, and who reads the code wants to know."""
    return ours != theirs and all(words is not None and words[0] == '"' for words in (ours, theirs))


def _folded(rows: Sequence[Row]) -> Iterator[Row]:
    """The rows, with one for all equal ones that stand in a row far from others."""
    shown = {
        near
        for at, row in enumerate(rows)
        if row.mark is not Mark.EQUAL
        for near in range(at - CONTEXT, at + CONTEXT + 1)
    }
    hidden = 0
    for at, row in enumerate(rows):
        if at in shown:
            if hidden:
                yield Row(mark=Mark.FOLDED, count=hidden)
            hidden = 0
            yield row
        else:
            hidden += 1
    if hidden:
        yield Row(mark=Mark.FOLDED, count=hidden)
