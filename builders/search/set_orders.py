"""The seed of string hashes with which setuptools writes METADATA in the published order.

Old releases write the names of extras, and the clauses of a requirement, in the order in which a
set gives them, which is another one for each run of a maintainer's Python. Sources: setuptools'
`dist.py`, where `provides_extras` was a set; wheel's `metadata.py`, `requires_to_requires_dist`
of 0.29; packaging's `specifiers.py`, where the hash of a clause is that of its operator and
version.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import combinations

from builders.search.string_hashes import (
    Key,
    hash_of_bytes,
    hash_of_tuple,
    hashed_bytes,
    is_ascending,
    key_of,
    rounds_of,
    slots_of,
)

MAX_MEMBERS = 6
"""Of one set; of more there are more orders than seeds that are worth looking at."""

MAX_SEEDS = 20_000
"""A few seconds; whoever makes METADATA can ask for an order that no seed gives."""

MAX_CLAUSES = 4
"""A set of more is copied into a table of another size."""

MAX_SETS = 32
MAX_TEXT = 100
"""Characters of one member."""

_SIPHASH = (3, 4)
_OTHER_TUPLES = (3, 8)

_CLAUSES = re.compile(r"[^();]*\(([^();]*)\)")
_CLAUSE = re.compile(r"\s*(===|~=|==|!=|<=|>=|<|>)\s*(\S+)\s*")

Member = tuple[bytes, ...]
"""A string, or the two that a clause is hashed by."""


def seed_for_metadata(
    extras: tuple[Sequence[str], Sequence[str]],
    requirements: tuple[Sequence[str], Sequence[str]],
    python: tuple[int, int],
) -> int | None:
    """A seed that brings the sets that METADATA shows into the published order.

    Args:
        extras: the values of Provides-Extra, published and rebuilt.
        requirements: those of Requires-Dist.
        python: (major, minor) of what built both.

    Returns:
        The smallest; None where neither is in another order, or no seed was found.
    """
    if python < _SIPHASH:
        return None
    found: list[Sequence[Member]] = []
    if is_permuted(*extras):
        found.append([(hashed_bytes(name),) for name in extras[0]])
    if is_other_order(*requirements) and python < _OTHER_TUPLES:
        found += _clauses(requirements[0])
    if not found or len(found) > MAX_SETS or not all(map(_is_hashable, found)):
        return None
    sets = [*dict.fromkeys(map(tuple, found))]  # the same one again refuses no more seeds
    if _are_contradictory(sets):
        return None
    sets.sort(key=len, reverse=True)  # the largest refuses most seeds
    rounds = rounds_of(python)
    for seed in range(1, MAX_SEEDS):
        key = key_of(seed)
        if all(_is_ordered(members, key, rounds) for members in sets):
            return seed
    return None


def is_other_order(ours: Sequence[str], theirs: Sequence[str]) -> bool:
    """Whether two lists of requirements differ in the order of clauses only."""
    return ours != theirs and [*map(sorted, ours)] == [*map(sorted, theirs)]


def is_permuted(ours: Sequence[str], theirs: Sequence[str]) -> bool:
    """Whether two lists hold the same texts, each once, in another order."""
    return ours != theirs and sorted(ours) == sorted(theirs) and len({*ours}) == len(ours)


def _clauses(requirements: Sequence[str]) -> Iterator[Sequence[Member]]:
    """Of each requirement with several clauses, these."""
    for text in requirements:
        match = _CLAUSES.match(text)
        parts = match[1].split(",") if match else []
        found = [_CLAUSE.fullmatch(part) for part in parts]
        members = [(hashed_bytes(one[1]), hashed_bytes(one[2])) for one in found if one is not None]
        if len(members) == len(parts) > 1 and len(members) <= MAX_CLAUSES:
            yield members


def _is_hashable(members: Sequence[Member]) -> bool:
    return len(members) <= MAX_MEMBERS and all(
        len(text) <= MAX_TEXT for member in members for text in member
    )


def _are_contradictory(sets: Sequence[Sequence[Member]]) -> bool:
    """Whether two members stand in either order, in sets of as many slots."""
    pairs = {
        (slots_of(len(members)), before, after)
        for members in sets
        for before, after in combinations(members, 2)
    }
    return any((slots, after, before) in pairs for slots, before, after in pairs)


def _is_ordered(members: Sequence[Member], key: Key, rounds: tuple[int, int]) -> bool:
    hashes = (_hash(member, key, rounds) for member in members)
    return is_ascending(hashes, slots_of(len(members)))


def _hash(member: Member, key: Key, rounds: tuple[int, int]) -> int:
    hashes = [hash_of_bytes(text, key, rounds) for text in member]
    return hashes[0] if len(hashes) == 1 else hash_of_tuple(hashes)
