"""Which piece of code is which: a proposal, which the comparison of their addresses then tests.

A wrong pair cannot make two modules equal: whatever refers to one of its pieces, or is referred to
by it, then denotes something else on the other side.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from verify.native.code import Reference, disassemble
from verify.native.module import Module, Piece

ALIGNMENT = 16
"""Bytes that a function stands aligned by; low bits of its address may have a meaning.

Source: Itanium C++ ABI, 2.3, "Member Function Pointers".
"""

COLD = ".cold"
"""How GCC names the part of a function that is seldom run, in a section of its own.

It is no function: it is jumped to, and stands aligned by nothing.
Source: GCC's gcc/varasm.c and gcc/cgraphclones.c, -freorder-blocks-and-partition.
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Pair:
    """A published piece of code and the rebuilt one that it is compared with.

    Attributes:
        published, rebuilt: the pieces.
        is_only_jumped_to: the rebuilt one is a cold part whose address nothing takes.
    """

    published: Piece
    rebuilt: Piece
    is_only_jumped_to: bool = False

    @property
    def is_same_code(self) -> bool:
        """Whether they are the same instructions, apart from addresses."""
        ours, theirs = self.published.code, self.rebuilt.code
        return (
            ours.skeleton == theirs.skeleton
            and ours.is_whole
            and theirs.is_whole
            and [*map(_operand, ours.references)] == [*map(_operand, theirs.references)]
            and self.is_aligned
        )

    @property
    def is_aligned(self) -> bool:
        """Whether the low bits of a function's address are the same, where it has one."""
        is_moved = (self.published.start - self.rebuilt.start) % ALIGNMENT
        return self.rebuilt.frame is None or self.is_only_jumped_to or not is_moved


def _operand(reference: Reference) -> tuple[int, int, bool, bool]:
    """Everything of an operand but the address."""
    return reference.field, reference.width, reference.is_branch, reference.is_address


@dataclass(frozen=True, kw_only=True, slots=True)
class Pairing:
    """All code of two modules."""

    pairs: tuple[Pair, ...]
    only_published: tuple[Piece, ...]
    only_rebuilt: tuple[Piece, ...]


def pair_pieces(published: Module, rebuilt: Module) -> Pairing:
    """Pair by name and code, then by code in order, then by name."""
    ours, theirs = list(published.pieces), list(rebuilt.pieces)
    taken = sorted(_taken(rebuilt))
    pairs: list[Pair] = []
    for key in (_by_name_and_code, _by_code, _by_name):
        found = list(_matched(ours, theirs, key))
        pairs += found
        ours = _without(ours, (pair.published for pair in found))
        theirs = _without(theirs, (pair.rebuilt for pair in found))
    pairs = [replace(pair, is_only_jumped_to=_is_cold(pair.rebuilt, taken)) for pair in pairs]
    pairs.sort(key=lambda pair: pair.published.start)
    return Pairing(pairs=tuple(pairs), only_published=tuple(ours), only_rebuilt=tuple(theirs))


def _taken(module: Module) -> Iterator[int]:
    """Every address that code, the loader or another file has in hand, rather than jumps to."""
    for piece in module.pieces:
        yield from (one.target for one in piece.code.references if not one.is_branch)
    for relocation in module.relocations.values():
        yield relocation.addend
    for symbol in module.symbols:
        if symbol.is_defined:
            yield symbol.address


def _is_cold(piece: Piece, taken: Sequence[int]) -> bool:
    """Whether a piece is the cold part of a function, and no address in it is taken."""
    if piece.name is None or not piece.name.endswith(COLD):
        return False
    at = bisect_left(taken, piece.start)
    return (at == len(taken) or taken[at] >= piece.end) and not _calls_itself(piece)


def _calls_itself(piece: Piece) -> bool:
    """Whether a call leads into the piece that it is in, which is how code learns where it is."""
    outward = {one.at for one in piece.code.references}
    return any(
        mnemonic.endswith("call") and operands.startswith("0x") and at - piece.start not in outward
        for at, _, mnemonic, operands in disassemble(piece.code.skeleton, piece.start)
    )


Key = Callable[[Piece], Hashable]


def _by_name_and_code(piece: Piece) -> Hashable:
    return None if piece.name is None else (piece.section, piece.name, piece.code.skeleton)


def _by_code(piece: Piece) -> Hashable:
    return (piece.section, piece.frame is None, piece.code.skeleton)


def _by_name(piece: Piece) -> Hashable:
    return None if piece.name is None else (piece.section, piece.name)


def _matched(ours: list[Piece], theirs: list[Piece], key: Key) -> Iterator[Pair]:
    """The first of each key with the first, the second with the second, and so on."""
    waiting: dict[Hashable, list[Piece]] = defaultdict(list)
    for piece in reversed(theirs):
        if (found := key(piece)) is not None:
            waiting[found].append(piece)
    for piece in ours:
        found = key(piece)
        if found is not None and waiting[found]:
            yield Pair(published=piece, rebuilt=waiting[found].pop())


def _without(pieces: list[Piece], used: Iterable[Piece]) -> list[Piece]:
    starts = {piece.start for piece in used}
    return [piece for piece in pieces if piece.start not in starts]
