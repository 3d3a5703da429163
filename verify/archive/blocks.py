"""The blocks of a deflate stream (RFC 1951), walked without inflating them.

zlib silently skips what holds no content: empty blocks, the bits that pad a stored block, the bits
behind the last block. Whoever wants every bit accounted for has to walk the blocks himself.
"""

from collections.abc import Sequence
from dataclasses import dataclass

_LENGTH_BITS = (*(0,) * 8, *(bits for bits in range(1, 6) for _ in range(4)), 0)
_DISTANCE_BITS = (0, 0, *(bits for bits in range(14) for _ in range(2)))
"""Extra bits behind a length code from 257 on and behind a distance code, section 3.2.5."""

_LENGTH_ORDER = (16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15)
_REPEATS = {16: (2, 3), 17: (3, 3), 18: (7, 11)}
"""Bits and least count of the codes that repeat a code length, section 3.2.7."""

_END_OF_BLOCK = 256
_LAST_SYMBOL = 285
"""The fixed code has two more, which never occur (section 3.2.6)."""

_REFILL = 8

MAX_WORK = 16 * 1024**2
"""Bytes of packed data that are walked for one wheel; this takes some five seconds."""

MAX_FLUSHES = 2
"""Empty stored blocks, as a flush of the encoder leaves them: writers that flush the CSV and the
archive behind RECORD (uv) leave two. Their bits are all fixed, only their places are not."""

BLOCK_WORK = 2048
"""Bytes that can be walked in the time in which the tables of one block are built."""


class _BadStreamError(Exception):
    """The stream is not valid; whoever inflated it before knows that already."""


@dataclass(frozen=True, slots=True)
class _Code:
    """A Huffman code: for the next `width` bits, symbol * 16 + its length; 0 for no symbol."""

    table: Sequence[int]
    width: int


class _Bits:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0
        self.hold = 0
        self.held = 0

    def take(self, count: int) -> int:
        while self.held < count:
            self.refill()
        value = self.hold & ((1 << count) - 1)
        self.hold >>= count
        self.held -= count
        return value

    def refill(self) -> None:
        piece = self.data[self.at : self.at + _REFILL]
        if not piece:
            raise _BadStreamError
        self.hold |= int.from_bytes(piece, "little") << self.held
        self.held += 8 * len(piece)
        self.at += len(piece)

    def symbol(self, code: _Code) -> int:
        if self.held < code.width and self.at < len(self.data):
            self.refill()
        entry = code.table[self.hold & ((1 << code.width) - 1)]
        self.take(entry & 15)
        if not entry:
            raise _BadStreamError
        return entry >> 4


class BlockWalker:
    """Walks streams until a budget of work is spent; after that every stream is a fault.

    Args:
        budget: bytes of packed data, where a block costs as much as `BLOCK_WORK` bytes.
    """

    def __init__(self, budget: int = MAX_WORK) -> None:
        self.left = budget

    def fault(self, data: bytes) -> str | None:
        """What in a stream means nothing, as a sentence's end; None if every bit has a meaning.

        How an encoder splits blocks, writes its code tables and picks matches is not judged.
        """
        self.left -= len(data)
        bits = _Bits(data)
        try:
            found = self._block_fault(bits)
        except _BadStreamError:
            return "it is not valid"
        if found is None and (bits.hold or bits.held >= 8 or bits.at < len(data)):
            return "bits behind its end are not zero"
        return found

    def _block_fault(self, bits: _Bits) -> str | None:
        flushes = 0
        is_last = 0
        while not is_last:
            self.left -= BLOCK_WORK
            if self.left < 0:
                return "it is too large to be looked through"
            is_last, kind = bits.take(1), bits.take(2)
            if kind == 0 and bits.take(bits.held % 8):
                return "the bits before a stored block are not zero"
            is_empty = not (_skip_stored(bits) if kind == 0 else _skip_coded(bits, kind))
            if is_empty and not is_last:
                flushes += 1
                if kind != 0 or flushes > MAX_FLUSHES:
                    return "it holds empty blocks"
        return None


def _skip_stored(bits: _Bits) -> int:
    """The number of bytes in the block; the complement of the length carries nothing."""
    length = bits.take(16)
    if bits.take(16) != length ^ 0xFFFF:
        raise _BadStreamError
    start = bits.at - bits.held // 8
    bits.at, bits.hold, bits.held = start + length, 0, 0
    if bits.at > len(bits.data):
        raise _BadStreamError
    return length


def _skip_coded(bits: _Bits, kind: int) -> int:
    """The number of symbols before the end of the block."""
    if kind == 1:
        return _skip_symbols(bits, *_FIXED)
    if kind == 2:
        return _skip_symbols(bits, *_read_codes(bits))
    raise _BadStreamError


def _skip_symbols(bits: _Bits, literals: _Code, distances: _Code) -> int:
    """The loop over every symbol, with the reader's state in local names for speed."""
    table, mask = literals.table, (1 << literals.width) - 1
    far_table, far_mask = distances.table, (1 << distances.width) - 1
    data, at, hold, held = bits.data, bits.at, bits.hold, bits.held
    count = 0
    while True:
        # A match takes at most 15 + 5 + 15 + 13 bits.
        if held < 48:
            piece = data[at : at + _REFILL]
            hold |= int.from_bytes(piece, "little") << held
            held += 8 * len(piece)
            at += len(piece)
        entry = table[hold & mask]
        length = entry & 15
        symbol = entry >> 4
        if symbol > _END_OF_BLOCK:
            length += _LENGTH_BITS[symbol - _END_OF_BLOCK - 1]
            far = far_table[hold >> length & far_mask]
            if not far:
                raise _BadStreamError
            length += (far & 15) + _DISTANCE_BITS[far >> 4]
        hold >>= length
        held -= length
        if held < 0 or not entry:
            raise _BadStreamError
        if symbol == _END_OF_BLOCK:
            bits.at, bits.hold, bits.held = at, hold, held
            return count
        count += 1


def _read_codes(bits: _Bits) -> tuple[_Code, _Code]:
    """The two codes that a dynamic block begins with, section 3.2.7."""
    literals, distances = bits.take(5) + 257, bits.take(5) + 1
    orders = _LENGTH_ORDER[: bits.take(4) + 4]
    stated = {symbol: bits.take(3) for symbol in orders}
    code = _code([stated.get(symbol, 0) for symbol in range(len(_LENGTH_ORDER))])
    lengths: list[int] = []
    while len(lengths) < literals + distances:
        symbol = bits.symbol(code)
        width, least = _REPEATS.get(symbol, (0, 1))
        repeated = lengths[-1:] if symbol == 16 else [symbol if symbol < 16 else 0]
        lengths += repeated * (bits.take(width) + least)
        if not lengths:
            raise _BadStreamError
    if len(lengths) > literals + distances or literals > 286 or distances > 30:
        raise _BadStreamError
    return _code(lengths[:literals]), _code(lengths[literals:])


def _code(lengths: Sequence[int]) -> _Code:
    """The canonical Huffman code of these lengths, section 3.2.2; 0 for symbols without one."""
    width = max(lengths)
    table = [0] * (1 << width)
    code = previous = 0
    for length, symbol in sorted((own, at) for at, own in enumerate(lengths) if own):
        code <<= length - previous
        previous = length
        if code >> length:
            raise _BadStreamError
        # Codes are packed from their most significant bit on.
        first = int(f"{code:0{length}b}"[::-1], 2)
        entry = symbol << 4 | length if symbol <= _LAST_SYMBOL else 0
        table[first :: 1 << length] = [entry] * (1 << (width - length))
        code += 1
    return _Code(table, width)


_FIXED = (
    _code([*(8,) * 144, *(9,) * 112, *(7,) * 24, *(8,) * 8]),
    _code([5] * 30),
)
