"""The seed of string hashes with which a set comes in the order that a published module has.

A compiler of Python that writes down the constants of a set does so in the order in which the set
gives them, which goes by the hashes of strings, and these by a seed that is another one each time.
Literals stand in one table, each after its length; two tables of the same literals tell
which ones were a set, and in which order.

How strings are hashed is in `builders.search.string_hashes`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from builders.search.string_hashes import (
    MAX_SEEDS,
    Key,
    hash_of_bytes,
    hashed_bytes,
    is_ascending,
    key_of,
    rounds_of,
    slots_of,
)
from verify.native.elf import UnreadableElfError
from verify.native.elf_reader import read_elf

MAX_TABLE = 4 * 1024**2
MAX_LITERALS = 50_000
MAX_SET = 8
"""Members of one set; of more there are more orders than seeds that can be looked at."""

MAX_TEXT = 100
"""Characters of a member of a set; a docstring would be hashed for each seed."""

_SECTION = ".rodata"

_FURTHER = 20_000
"""Seeds that are looked at after the first that will do, for a better one."""

_WIDER = 32
"""Slots of a set that has more members than it seems: of five and more."""


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
    rounds = rounds_of(python)
    own = [[*map(hashed_bytes, found.own)] for found in sets]
    wide = [[*map(hashed_bytes, texts)] for found in sets for texts in found.wider]
    first = None
    for seed in range(1, MAX_SEEDS):
        key = key_of(seed)
        if first and seed > first + _FURTHER:
            break
        if all(_is_ordered(texts, key, rounds, slots_of(len(texts))) for texts in own):
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


def _is_ordered(texts: Sequence[bytes], key: Key, rounds: tuple[int, int], size: int) -> bool:
    return is_ascending((hash_of_bytes(text, key, rounds) for text in texts), size)
