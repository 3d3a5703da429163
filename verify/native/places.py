"""Finding what is at an address."""

from bisect import bisect_right
from collections.abc import Sequence

from verify.native.module import Piece


def piece_at(pieces: Sequence[Piece], address: int) -> Piece | None:
    """The piece of code that holds an address, among pieces in order."""
    at = bisect_right(pieces, address, key=lambda piece: piece.start) - 1
    if at < 0 or address >= pieces[at].end:
        return None
    return pieces[at]
