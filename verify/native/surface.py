"""The review surface: what of the published code a person still has to read, function by function.

For people, and for measuring; it decides nothing. A function counts as read where the rebuild has
the same instructions and every address in them means the same, or leads to data that reads the same
although it stands elsewhere.
"""

from dataclasses import dataclass

from verify.native.module import Module, Piece
from verify.native.pairing import Pairing
from verify.native.reading import Reader


@dataclass(frozen=True, kw_only=True, slots=True)
class Unread:
    """A function that differs, as the files have it; None where a side has none.

    Attributes:
        published, rebuilt: its code.
        same_footprint: both call the same functions and use the same strings and constants.
    """

    published: Piece | None
    rebuilt: Piece | None
    same_footprint: bool

    @property
    def name(self) -> str:
        """As a symbol table has it, else its address."""
        piece = self.published or self.rebuilt
        if piece is None:
            return ""
        return piece.name or f"{piece.section}+{piece.start:#x}"


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


def unread_functions(pairing: Pairing, reader: Reader) -> tuple[Unread, ...]:
    """The functions that differ, of either file, the largest published one first."""
    found = [
        Unread(
            published=pair.published,
            rebuilt=pair.rebuilt,
            same_footprint=reader.has_same_footprint(pair),
        )
        for pair in pairing.pairs
        if not reader.is_identical(pair)
    ]
    found += [
        Unread(published=piece, rebuilt=None, same_footprint=False)
        for piece in pairing.only_published
    ]
    found += [
        Unread(published=None, rebuilt=piece, same_footprint=False)
        for piece in pairing.only_rebuilt
    ]
    return tuple(sorted(found, key=lambda one: (-(_size(one.published) or 0), one.name)))


def review_surface(published: Module, unread: tuple[Unread, ...]) -> Surface:
    """Sum up what `unread_functions` has found."""
    return Surface(
        functions=len(published.pieces),
        identical=len(published.pieces) - sum(one.published is not None for one in unread),
        code_bytes=sum(piece.size for piece in published.pieces),
        bytes_to_read=sum(_size(one.published) or 0 for one in unread),
        differing=tuple(
            Read(
                name=one.name,
                published=_size(one.published),
                rebuilt=_size(one.rebuilt),
                same_footprint=one.same_footprint,
            )
            for one in unread
        ),
    )


def _size(piece: Piece | None) -> int | None:
    return None if piece is None else piece.size
