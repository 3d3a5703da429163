"""The seed of string hashes with which a set comes in the order that a published module has.

A compiler of Python that writes down the constants of a set does so in the order in which the set
gives them, which goes by the hashes of strings, and these by a seed that is another one each time.
Literals stand in one table, each after its length; two tables of the same literals tell
which ones were a set, and in which order.

Sources: CPython's Python/pyhash.c (SipHash-1-3 since 3.11, SipHash-2-4 before),
Python/bootstrap_hash.c (`lcg_urandom`), Objects/setobject.c (`set_add_entry`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from verify.native.elf import UnreadableElfError, read_elf

MAX_TABLE = 4 * 1024**2
MAX_LITERALS = 50_000
MAX_SET = 8
"""Members of one set; of more there are more orders than seeds that can be looked at."""

MAX_TEXT = 100
"""Characters of a member of a set; a docstring would be hashed for each seed."""

MAX_SEEDS = 200_000

_MASK = 2**64 - 1
_SECTION = ".rodata"
_SIPHASH_13 = (3, 11)
_MIN_SIZE = 8

_FURTHER = 20_000
"""Seeds that are looked at after the first that will do, for a better one."""

_WIDER = 32
"""Slots of a set that has more members than it seems: of five and more."""

Word = tuple[int, int, int, int]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Set:
    """What is known of a set, in the published order.

    Attributes:
        own: members that stand elsewhere in the other file.
        wider: the same with what is beside them. That may be a member, too, which by chance stands
            where it did; a seed for these is preferred.
    """

    own: tuple[str, ...]
    wider: tuple[tuple[str, ...], ...]


def seed_for(published: bytes, rebuilt: bytes, python: tuple[int, int]) -> int | None:
    """A seed that brings the sets of a rebuilt module into the published order.

    Args:
        published: one ELF file.
        rebuilt: the other.
        python: (major, minor) of what compiled both.

    Returns:
        One of the smallest; None where no literals are in another order, or no seed was found.
    """
    sets = [*_permuted(published, rebuilt)]
    if not sets or not all(_is_hashable(found.own) for found in sets):
        return None
    sets.sort(key=lambda found: -len(found.own))  # the largest refuses most seeds
    rounds = (1, 3) if python >= _SIPHASH_13 else (2, 4)
    own = [_buffers(found.own) for found in sets]
    wide = [_buffers(texts) for found in sets for texts in found.wider]
    first = None
    for seed in range(1, MAX_SEEDS):
        key = _key(seed)
        if first and seed > first + _FURTHER:
            break
        if all(_is_ordered(texts, key, rounds, _size(len(texts))) for texts in own):
            first = first or seed
            if all(_is_ordered(texts, key, rounds, _WIDER) for texts in wide):
                return seed
    return first


def _permuted(published: bytes, rebuilt: bytes) -> Iterator[_Set]:
    """Neighbouring literals that the other file has in another order."""
    try:
        ours, theirs = (
            elf.content(elf.by_name[_SECTION]) for elf in map(read_elf, (published, rebuilt))
        )
    except (UnreadableElfError, KeyError):
        return
    if len(ours) != len(theirs) or len(ours) > MAX_TABLE:
        return
    tables: set[int] = set()
    at = _next_difference(ours, theirs, 0)
    while at is not None:
        start = ours.rfind(b"\0", 0, at) + 1
        if start in tables:
            return
        tables.add(start)
        left, right = _literals(ours, start), _literals(theirs, start)
        if left is None or right is None or left[1] != right[1]:
            return
        yield from _groups(left[0], right[0])
        at = _next_difference(ours, theirs, left[1])


def _next_difference(ours: bytes, theirs: bytes, start: int) -> int | None:
    if ours[start:] == theirs[start:]:
        return None
    return next(at for at in range(start, len(ours)) if ours[at] != theirs[at])


def _literals(data: bytes, start: int) -> tuple[list[str], int] | None:
    """The literals of one row of a table, and where it ends; None for something else.

    A row is how many there are, and each after its length. Numbers are of 7 bits a byte, the most
    significant first, and all bytes but the last have their eighth bit set.
    """
    count, at = _number(data, start)
    if not 0 < count <= MAX_LITERALS:
        return None
    found: list[str] = []
    for _ in range(count):
        size, at = _number(data, at)
        text = data[at : at + size]
        if len(text) != size:
            return None
        try:
            found.append(text.decode("utf-8"))
        except UnicodeDecodeError:
            return None
        at += size
    return found, at


def _number(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for place in range(at, min(at + 4, len(data))):
        value = value << 7 | data[place] & 0x7F
        if not data[place] & 0x80:
            return value, place + 1
    return -1, at


def _groups(ours: Sequence[str], theirs: Sequence[str]) -> Iterator[_Set]:
    """The shortest stretches of both that hold the same literals, in another order."""
    start, left, right = 0, set[str](), set[str]()
    for at, (one, other) in enumerate(zip(ours, theirs, strict=False)):
        left.add(one)
        right.add(other)
        if left == right:
            if at > start:
                wider = (ours[max(start - 1, 0) : at + 1], ours[start : at + 2])
                yield _Set(
                    own=tuple(ours[start : at + 1]),
                    wider=tuple(tuple(texts) for texts in wider if _is_hashable(texts)),
                )
            start, left, right = at + 1, set(), set()


def _is_hashable(texts: Sequence[str]) -> bool:
    """Whether these can be hashed for each of many seeds."""
    return len(texts) <= MAX_SET and max(map(len, texts)) <= MAX_TEXT


def _is_ordered(
    texts: Sequence[bytes], key: tuple[int, int], rounds: tuple[int, int], size: int
) -> bool:
    """Whether a set of so many slots gives these in this order, none of them having met another."""
    last = -1
    for text in texts:
        slot = _siphash(text, key, rounds) & (size - 1)
        if slot <= last:
            return False
        last = slot
    return True


def _size(count: int) -> int:
    """How many slots a set has after so many were added to it, one by one."""
    size = _MIN_SIZE
    for used in range(1, count + 1):
        if used * 5 >= (size - 1) * 3:
            wanted, size = used * 4, _MIN_SIZE
            while size <= wanted:
                size *= 2
    return size


def _buffers(texts: Sequence[str]) -> list[bytes]:
    return [_buffer(text) for text in texts]


def _buffer(text: str) -> bytes:
    """The bytes that are hashed: as wide as the widest character."""
    widest = max(map(ord, text), default=0)
    if widest < 2**8:
        return text.encode("latin-1")
    return text.encode("utf-16-le" if widest < 2**16 else "utf-32-le", "surrogatepass")


def _key(seed: int) -> tuple[int, int]:
    drawn = bytearray()
    for _ in range(16):
        seed = (seed * 214013 + 2531011) & 0xFFFFFFFF
        drawn.append(seed >> 16 & 0xFF)
    return int.from_bytes(drawn[:8], "little"), int.from_bytes(drawn[8:], "little")


def _siphash(text: bytes, key: tuple[int, int], rounds: tuple[int, int]) -> int:
    if not text:
        return 0
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
