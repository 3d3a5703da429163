"""What every shared object begins with: the C runtime's code for tables of transactional memory.

It asks twice where the table ends, and where it begins, and does nothing where that is one place,
as in all files without such tables. Where that place is, in a gap between two sections or at the
start of one, is up to the linker.

Source: GCC, libgcc/crtstuff.c, `deregister_tm_clones` and `register_tm_clones`, as GCC 8 to 14 at
-O2 compile them.
"""

from verify.native.code import Reference
from verify.native.module import Piece
from verify.native.pairing import Pair

_CODE = bytes.fromhex(
    "488d3d00000000488d05000000004839f87415488b05000000004885c07409ffe00f1f8000000000c3"
    "0f1f8000000000"
    "488d3d00000000488d35000000004829fe4889f048c1ee3f48c1f8034801c648d1fe7414488b0500000000"
    "4885c07408ffe0660f1f440000c3"
)
_BOTH_ENDS = ((0x00, 0x07), (0x30, 0x37))
"""Offsets of the instructions that take the start and the end."""


def is_empty_table(pair: Pair, reference: Reference) -> bool:
    """Whether an operand names an end of a table that is empty on both sides.

    Args:
        pair: two pieces with the same code.
        reference: of either of them.
    """
    if not pair.rebuilt.code.skeleton.startswith(_CODE):
        return False
    return any(
        reference.at in ends and _is_empty(pair.published, ends) and _is_empty(pair.rebuilt, ends)
        for ends in _BOTH_ENDS
    )


def _is_empty(piece: Piece, ends: tuple[int, int]) -> bool:
    places = {one.at: one.target for one in piece.code.references}
    start, end = (places.get(at) for at in ends)
    return start is not None and start == end
