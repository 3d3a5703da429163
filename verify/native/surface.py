"""The review surface: what of the published code a person still has to read, function by function.

For people, and for measuring; it decides nothing. A function counts as read where the rebuild has
the same instructions and every address in them means the same, or leads to data that reads the same
although it stands elsewhere.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from verify.native.elf import Section, UnreadableElfError
from verify.native.meaning import Meaning
from verify.native.module import Module, Piece, is_data
from verify.native.pairing import Pair, Pairing
from verify.native.places import piece_at
from verify.native.runtime import is_empty_table
from verify.native.symbols import Kind, read_symbol_table

_LOOKED_AT = 16
"""Bytes of a constant; an instruction reads no more of most."""

_MAX_STRING = 4096


@dataclass(frozen=True, kw_only=True, slots=True)
class Read:
    """A function that differs; sizes in bytes.

    Attributes:
        name: as a symbol table has it, else its address.
        published, rebuilt: how long it is; None where there is none.
        same_footprint: both call the same functions and use the same strings and constants.
    """

    name: str
    published: int | None
    rebuilt: int | None
    same_footprint: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Surface:
    """How much of the code is the same.

    Attributes:
        functions: in the published file.
        identical: those of them with the same instructions, whose addresses mean the same.
        code_bytes: of all functions of the published file.
        bytes_to_read: of those that are not identical.
        differing: these, the largest first.
    """

    functions: int
    identical: int
    code_bytes: int
    bytes_to_read: int
    differing: tuple[Read, ...]


def review_surface(
    published: Module, rebuilt: Module, pairing: Pairing, meaning: Meaning
) -> Surface:
    """Go through all code of the published file."""
    reader = _Reader(published, rebuilt, meaning)
    left: list[tuple[Piece | None, Piece | None, bool]] = [
        (pair.published, pair.rebuilt, reader.has_same_footprint(pair))
        for pair in pairing.pairs
        if not reader.is_identical(pair)
    ]
    left += [(piece, None, False) for piece in pairing.only_published]
    to_read = sum(ours.size for ours, _, _ in left if ours)
    left += [(None, piece, False) for piece in pairing.only_rebuilt]
    found = [
        Read(
            name=_name(ours or theirs),
            published=ours.size if ours else None,
            rebuilt=theirs.size if theirs else None,
            same_footprint=is_same,
        )
        for ours, theirs, is_same in left
    ]
    return Surface(
        functions=len(published.pieces),
        identical=len(published.pieces) - sum(read.published is not None for read in found),
        code_bytes=sum(piece.size for piece in published.pieces),
        bytes_to_read=to_read,
        differing=tuple(sorted(found, key=lambda read: (-(read.published or 0), read.name))),
    )


def _name(piece: Piece | None) -> str:
    if piece is None:
        return ""
    return piece.name or f"{piece.section}+{piece.start:#x}"


class _Reader:
    """Reads what addresses lead to as a person would."""

    def __init__(self, published: Module, rebuilt: Module, meaning: Meaning) -> None:
        self._ours, self._theirs, self._meaning = published, rebuilt, meaning

    def is_identical(self, pair: Pair) -> bool:
        """The same instructions, with addresses that mean the same or lead to the same data."""
        return pair.is_same_code and all(
            is_empty_table(pair, ours) or self._reads_same(ours.target, theirs.target)
            for ours, theirs in zip(
                pair.published.code.references, pair.rebuilt.code.references, strict=True
            )
        )

    def has_same_footprint(self, pair: Pair) -> bool:
        """What two functions call and use, however often and in whatever order."""
        ours = {*self._footprint(self._ours, pair.published)}
        return ours == {*self._footprint(self._theirs, pair.rebuilt)}

    def _reads_same(self, ours: int, theirs: int) -> bool:
        if self._meaning.is_same(ours, theirs):
            return True
        left, right = self._ours.elf.section_at(ours), self._theirs.elf.section_at(theirs)
        if left is None or right is None or left.name != right.name or not is_data(left):
            return False
        named = self._objects[0].get(ours), self._objects[1].get(theirs)
        if named[0] and named[0] == named[1]:
            return True
        return left.in_file and _reading(self._ours, left, ours) == _reading(
            self._theirs, right, theirs
        )

    @cached_property
    def _objects(self) -> tuple[Mapping[int, str], Mapping[int, str]]:
        return _objects(self._ours), _objects(self._theirs)

    def _footprint(self, module: Module, piece: Piece) -> Iterator[str]:
        for reference in piece.code.references:
            target = reference.target
            slot = module.linkage.slots.get(target, target)
            relocation = module.relocations.get(slot)
            section = module.elf.section_at(target)
            if relocation is not None and relocation.symbol is not None:
                yield relocation.symbol.name
            elif section is None:
                yield "?"
            elif section.is_code:
                called = piece_at(module.pieces, target)
                yield (called.name if called is not None else None) or "code"
            elif is_data(section):
                yield f"{section.name}:{_reading(module, section, target)!r}"


def _objects(module: Module) -> dict[int, str]:
    """Names of variables by address."""
    try:
        symbols = read_symbol_table(module.elf)
    except UnreadableElfError:
        return {}
    counts = Counter(symbol.name for symbol in symbols if symbol.kind == Kind.OBJECT)
    return {
        symbol.address: symbol.name
        for symbol in symbols
        if symbol.kind == Kind.OBJECT and counts[symbol.name] == 1
    }


def _reading(module: Module, section: Section, address: int) -> bytes:
    """A text up to its end, else as many bytes as a constant may have."""
    if not section.in_file:
        return b""
    content = module.elf.content(section)
    at = address - section.address
    end = content.find(b"\0", at, at + _MAX_STRING)
    text = content[at:end] if end > at else b""
    return text if text and text.isascii() else content[at : at + _LOOKED_AT]
