"""CPython's hashes of strings and tuples under a seed, and the order in which they leave a set.

Sources: CPython's Python/pyhash.c (SipHash-1-3 since 3.11, SipHash-2-4 from 3.4 on),
Python/bootstrap_hash.c (`lcg_urandom`), Objects/setobject.c (`set_add_entry`),
Objects/tupleobject.c (`tuplehash`, as it was before 3.8).
"""

from collections.abc import Iterable

MAX_SEEDS = 200_000
"""Of 2**32; sets of a few strings come in every order long before."""

_MASK = 2**64 - 1
_SIPHASH_13 = (3, 11)
_MIN_SIZE = 8

_FAILED = _MASK
"""-1 is how C tells an error, so no hash is that."""

Key = tuple[int, int]

Word = tuple[int, int, int, int]


def rounds_of(python: tuple[int, int]) -> tuple[int, int]:
    """How many rounds of SipHash a Python does for each word, and at the end."""
    return (1, 3) if python >= _SIPHASH_13 else (2, 4)


def is_ascending(hashes: Iterable[int], size: int) -> bool:
    """Whether a set of so many slots gives these in this order, none of them having met another."""
    last = -1
    for found in hashes:
        slot = found & (size - 1)
        if slot <= last:
            return False
        last = slot
    return True


def slots_of(count: int) -> int:
    """How many slots a set has after so many were added to it, one by one."""
    size = _MIN_SIZE
    for used in range(1, count + 1):
        if used * 5 >= (size - 1) * 3:
            wanted, size = used * 4, _MIN_SIZE
            while size <= wanted:
                size *= 2
    return size


def hashed_bytes(text: str) -> bytes:
    """The bytes of a string that are hashed: as wide as the widest character."""
    widest = max(map(ord, text), default=0)
    if widest < 2**8:
        return text.encode("latin-1")
    return text.encode("utf-16-le" if widest < 2**16 else "utf-32-le", "surrogatepass")


def key_of(seed: int) -> Key:
    """The key of SipHash that follows from PYTHONHASHSEED, which is not 0."""
    drawn = bytearray()
    for _ in range(16):
        seed = (seed * 214013 + 2531011) & 0xFFFFFFFF
        drawn.append(seed >> 16 & 0xFF)
    return int.from_bytes(drawn[:8], "little"), int.from_bytes(drawn[8:], "little")


def hash_of_tuple(hashes: Iterable[int]) -> int:
    """The hash of a tuple of what has these hashes, before Python 3.8; in 64 bits, without sign."""
    items = [*hashes]
    value, factor = 0x345678, 1000003
    for left, item in zip(range(len(items) - 1, -1, -1), items, strict=True):
        value = (value ^ item) * factor & _MASK
        factor = factor + 82520 + 2 * left & _MASK
    return _told(value + 97531 & _MASK)


def hash_of_bytes(text: bytes, key: Key, rounds: tuple[int, int]) -> int:
    """The hash of a string with these bytes; in 64 bits, without sign."""
    return _told(_siphash(text, key, rounds)) if text else 0


def _told(value: int) -> int:
    return value - 1 if value == _FAILED else value


def _siphash(text: bytes, key: Key, rounds: tuple[int, int]) -> int:
    k0, k1 = key
    state: Word = (
        k0 ^ 0x736F6D6570736575,
        k1 ^ 0x646F72616E646F6D,
        k0 ^ 0x6C7967656E657261,
        k1 ^ 0x7465646279746573,
    )
    whole = len(text) - len(text) % 8
    words = [int.from_bytes(text[at : at + 8], "little") for at in range(0, whole, 8)]
    words.append((len(text) & 0xFF) << 56 | int.from_bytes(text[whole:], "little"))
    for word in words:
        v0, v1, v2, v3 = state
        v0, v1, v2, v3 = _mixed((v0, v1, v2, v3 ^ word), rounds[0])
        state = (v0 ^ word, v1, v2, v3)
    v0, v1, v2, v3 = state
    v0, v1, v2, v3 = _mixed((v0, v1, v2 ^ 0xFF, v3), rounds[1])
    return v0 ^ v1 ^ v2 ^ v3


def _mixed(state: Word, rounds: int) -> Word:
    v0, v1, v2, v3 = state
    for _ in range(rounds):
        v0 = (v0 + v1) & _MASK
        v1 = (v1 << 13 | v1 >> 51) & _MASK ^ v0
        v0 = (v0 << 32 | v0 >> 32) & _MASK
        v2 = (v2 + v3) & _MASK
        v3 = (v3 << 16 | v3 >> 48) & _MASK ^ v2
        v0 = (v0 + v3) & _MASK
        v3 = (v3 << 21 | v3 >> 43) & _MASK ^ v0
        v2 = (v2 + v1) & _MASK
        v1 = (v1 << 17 | v1 >> 47) & _MASK ^ v2
        v2 = (v2 << 32 | v2 >> 32) & _MASK
    return v0, v1, v2, v3
