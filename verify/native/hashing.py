"""The hash tables by which the loader finds symbols: each finds exactly what the symbols say.

The loader sees a symbol only through these tables. They follow from the names and from the numbers
of buckets, so that they are recomputed here, and no byte of them is free.

Source: System V ABI, chapter 5, "Hash Table"; `.gnu.hash` as `do_lookup_x` of glibc reads it.
"""

import struct
from collections.abc import Sequence

from verify.native.elf import Elf, Section, SectionKind, UnreadableElfError
from verify.native.strings import dynamic_symbols_section, the_one
from verify.native.symbols import Binding, Symbol
from verify.native.versions import system_v_hash

_MOST, _SPARE = 64, 4096
"""Bytes of a table for each symbol, and in any case; linkers need less than half of it."""


def check_hashes(elf: Elf, symbols: Sequence[Symbol]) -> None:
    """Check `.gnu.hash` and `.hash` against the dynamic symbols, whichever there are.

    Raises:
        UnreadableElfError: a table hides a symbol, finds another one, or has bytes to spare.
    """
    tables = [the_one(elf, kind) for kind in (SectionKind.GNU_HASH, SectionKind.HASH)]
    for table in tables:
        if table is not None and table.link != dynamic_symbols_section(elf).index:
            raise UnreadableElfError(f"{table.name} is about other symbols than the dynamic ones")
        if table is not None and table.size > _SPARE + _MOST * len(symbols):
            raise UnreadableElfError(f"{table.name} is far larger than its symbols need")
    gnu, system_v = tables
    if gnu is None and system_v is None:
        raise UnreadableElfError("has no table to find its symbols by")
    if gnu is not None:
        _check_gnu(elf, gnu, symbols)
    if system_v is not None:
        _check_system_v(elf, system_v, symbols)


def gnu_hash(name: str) -> int:
    """The hash of `.gnu.hash`: Bernstein's, in 32 bits."""
    value = 5381
    for byte in name.encode("utf-8"):
        value = (value * 33 + byte) & 0xFFFFFFFF
    return value


def _check_gnu(elf: Elf, table: Section, symbols: Sequence[Symbol]) -> None:
    content = elf.content(table)
    if len(content) < 16:
        raise UnreadableElfError(f"{table.name} is too short")
    buckets, first, words, shift = struct.unpack_from("<IIII", content)
    size = elf.bits // 8
    exported = symbols[first:]
    if not buckets or not words or words & (words - 1) or shift >= elf.bits or not first:
        raise UnreadableElfError(f"{table.name} has a layout that finds nothing")
    rest = len(content) - 16 - words * size - 4 * buckets
    if rest == 0 and first == 1 and not any(content[16:]):
        # ld writes this where nothing is exported, whatever else there is.
        first, exported = len(symbols), ()
    if first > len(symbols) or rest != 4 * len(exported):
        raise UnreadableElfError(f"{table.name} has another size than its symbols need")
    if any(symbol.is_defined and symbol.binding != Binding.LOCAL for symbol in symbols[1:first]):
        raise UnreadableElfError(f"{table.name} hides a symbol that is exported")
    if not all(symbol.is_defined for symbol in exported):
        raise UnreadableElfError(f"{table.name} finds a symbol that is not there")
    hashes = [gnu_hash(symbol.name) for symbol in exported]
    expected = b"".join(
        (
            content[:16],
            _bloom(hashes, words, shift, elf.bits),
            _buckets(table, hashes, first, buckets),
            _chains(hashes, buckets),
        )
    )
    if content != expected:
        raise UnreadableElfError(f"{table.name} does not find exactly what is exported")


def _bloom(hashes: Sequence[int], words: int, shift: int, bits: int) -> bytes:
    """The filter that the loader asks first: two bits for each symbol."""
    found = [0] * words
    for value in hashes:
        word = value // bits & (words - 1)
        found[word] |= 1 << value % bits | 1 << (value >> shift) % bits
    return struct.pack(f"<{words}{'Q' if bits == 64 else 'I'}", *found)


def _buckets(table: Section, hashes: Sequence[int], first: int, count: int) -> bytes:
    """The first symbol of each bucket; the symbols of one bucket follow each other."""
    found = [0] * count
    before = -1
    for index, value in enumerate(hashes, first):
        bucket = value % count
        if bucket != before:
            if found[bucket]:
                raise UnreadableElfError(f"{table.name} has a bucket in two places")
            found[bucket] = index
        before = bucket
    return struct.pack(f"<{count}I", *found)


def _chains(hashes: Sequence[int], buckets: int) -> bytes:
    """Each hash, with the last bit set at the end of its bucket."""
    found = []
    for following, value in enumerate(hashes, 1):
        is_last = following == len(hashes) or hashes[following] % buckets != value % buckets
        found.append(value & ~1 | is_last)
    return struct.pack(f"<{len(found)}I", *found)


def _check_system_v(elf: Elf, table: Section, symbols: Sequence[Symbol]) -> None:
    content = elf.content(table)
    if len(content) < 8 or len(content) % 4:
        raise UnreadableElfError(f"{table.name} is too short")
    values = struct.unpack(f"<{len(content) // 4}I", content)
    count, chained = values[:2]
    if not count or chained != len(symbols) or len(values) != 2 + count + chained:
        raise UnreadableElfError(f"{table.name} has another size than its symbols need")
    chains = values[2 + count :]
    seen = _walk(table, values[2 : 2 + count], chains, symbols)
    if any(chain and not found for chain, found in zip(chains, seen, strict=True)):
        raise UnreadableElfError(f"{table.name} has bytes that nothing reads")
    for symbol in symbols[1:]:
        if not seen[symbol.index] and symbol.binding != Binding.LOCAL:
            raise UnreadableElfError(f"{table.name} hides a symbol that is exported")


def _walk(
    table: Section, buckets: Sequence[int], chains: Sequence[int], symbols: Sequence[Symbol]
) -> Sequence[bool]:
    """Which symbols the chains lead to, each through the bucket of its name, and once."""
    seen = [False] * len(chains)
    for bucket, start in enumerate(buckets):
        index = start
        while index:
            if index >= len(chains) or seen[index]:
                raise UnreadableElfError(f"{table.name} has a chain without an end")
            seen[index] = True
            if system_v_hash(symbols[index].name) % len(buckets) != bucket:
                raise UnreadableElfError(f"{table.name} finds a symbol by another name")
            index = chains[index]
    return seen
