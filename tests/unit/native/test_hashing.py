import struct

import pytest

from tests.support.elf import (
    ALONE,
    CPP,
    VERSIONED,
    VERSIONS,
    C,
    Change,
    compiled,
    content,
    header,
    in_section,
    number,
    section,
    word,
)
from verify.native.elf import UnreadableElfError
from verify.native.elf_reader import read_elf
from verify.native.hashing import check_hashes, gnu_hash
from verify.native.symbols import read_dynamic_symbols
from verify.native.versions import system_v_hash

NEW, OLD, BOTH = (f"-Wl,--hash-style={style}" for style in ("gnu", "sysv", "both"))


def check(data: bytes) -> None:
    elf = read_elf(data)
    check_hashes(elf, read_dynamic_symbols(elf))


def test_hashes_are_those_of_the_specifications() -> None:
    assert (gnu_hash(""), gnu_hash("printf"), gnu_hash("syscall")) == (
        0x00001505,
        0x156B2BB8,
        0xBAC212A0,
    )
    assert (system_v_hash(""), system_v_hash("printf"), system_v_hash("GLIBC_2.2.5")) == (
        0,
        0x077905A6,
        0x09691A75,
    )


@pytest.mark.parametrize("style", [NEW, OLD, BOTH])
def test_honest_tables_find_what_is_exported(style: str) -> None:
    check(compiled(C, style))
    check(compiled(CPP, style))
    check(compiled(VERSIONED, style, versions=VERSIONS))
    check(
        compiled("".join(f"int function_{at}(void) {{ return {at}; }}" for at in range(500)), style)
    )


def test_a_library_that_exports_nothing_has_an_empty_table() -> None:
    check(compiled(C, NEW, "-fvisibility=hidden"))
    check(compiled(C, OLD, "-fvisibility=hidden"))


def test_tables_of_32_bits_are_checked() -> None:
    data = compiled(ALONE, "-m32", "-nostdlib", BOTH)
    check(data)
    with pytest.raises(UnreadableElfError, match="does not find exactly"):
        check(in_section(data, ".gnu.hash", 16, b"\xff"))


def test_the_other_linker_makes_the_same_tables() -> None:
    check(compiled(C, BOTH, "-fuse-ld=gold"))


def a_swap_of_exports(data: bytes) -> bytes:
    """Two exported functions that lead to each other's code: their names, exchanged."""
    elf = read_elf(data)
    table = elf.by_name[".dynsym"].offset
    first, second = (
        table + 24 * symbol.index
        for symbol in read_dynamic_symbols(elf)
        if symbol.name in {"greet", "leave"}
    )
    names = [number(data, at, 4) for at in (first, second)]
    changed = bytearray(data)
    struct.pack_into("<I", changed, first, names[1])
    struct.pack_into("<I", changed, second, names[0])
    return bytes(changed)


def bucket_zeroed(data: bytes) -> bytes:
    buckets, _, words, _ = struct.unpack_from("<4I", data, section(data, ".gnu.hash").offset)
    return in_section(data, ".gnu.hash", 16 + 8 * words, bytes(4 * buckets))


def later_start(data: bytes) -> bytes:
    first = number(data, section(data, ".gnu.hash").offset + 4, 4)
    return in_section(data, ".gnu.hash", 4, word(first + 1, 4))


LIES: dict[str, tuple[Change, str]] = {
    "no table": (header(".gnu.hash", "kind", 1), "has no table to find its symbols by"),
    "other symbols": (header(".gnu.hash", "link", 4), "about other symbols"),
    "no buckets": (content(".gnu.hash", 0, bytes(4)), "a layout that finds nothing"),
    "many buckets": (content(".gnu.hash", 0, word(1 << 31, 4)), "another size than its symbols"),
    "first symbol": (later_start, "another size than its symbols"),
    "no first symbol": (content(".gnu.hash", 4, bytes(4)), "a layout that finds nothing"),
    "filter of no words": (content(".gnu.hash", 8, bytes(4)), "a layout that finds nothing"),
    "odd filter": (content(".gnu.hash", 8, word(3, 4)), "a layout that finds nothing"),
    "another shift": (content(".gnu.hash", 12, word(1, 4)), "does not find exactly"),
    "far shift": (content(".gnu.hash", 12, word(64, 4)), "a layout that finds nothing"),
    "filter lets all through": (content(".gnu.hash", 16, b"\xff" * 8), "does not find exactly"),
    "filter lets nothing through": (content(".gnu.hash", 16, bytes(8)), "does not find exactly"),
    "empty buckets": (bucket_zeroed, "does not find exactly"),
    "chain": (content(".gnu.hash", -4, word(0x1234, 4)), "does not find exactly"),
    "names exchanged": (a_swap_of_exports, "does not find exactly|in two places"),
    "too short": (header(".gnu.hash", "size", 12), "is too short"),
    "shorter": (header(".gnu.hash", "size", 40), "another size than its symbols"),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_in_the_new_table_is_an_error(lie: str) -> None:
    change, words = LIES[lie]
    with pytest.raises(UnreadableElfError, match=words):
        check(change(compiled(C, NEW)))


def chain_loop(data: bytes) -> bytes:
    """The last symbol of a chain leads back to its first."""
    table = section(data, ".hash").offset
    buckets, count = struct.unpack_from("<2I", data, table)
    chains = table + 8 + 4 * buckets
    for bucket in range(buckets):
        start = number(data, table + 8 + 4 * bucket, 4)
        if start:
            at = start
            while number(data, chains + 4 * at, 4):
                at = number(data, chains + 4 * at, 4)
            return in_section(data, ".hash", 8 + 4 * (buckets + at), word(start, 4))
    raise LookupError(count)


def empty_bucket(data: bytes) -> bytes:
    table = section(data, ".hash").offset
    buckets = number(data, table, 4)
    for bucket in range(buckets):
        if number(data, table + 8 + 4 * bucket, 4):
            return in_section(data, ".hash", 8 + 4 * bucket, bytes(4))
    raise LookupError(buckets)


def chain_of_the_first(data: bytes) -> bytes:
    buckets = number(data, section(data, ".hash").offset, 4)
    return in_section(data, ".hash", 8 + 4 * buckets, b"\x01")


OLD_LIES: dict[str, tuple[Change, str]] = {
    "loop": (chain_loop, "a chain without an end"),
    "behind the end": (content(".hash", 8, word(1 << 20, 4)), "a chain without an end"),
    "hidden": (empty_bucket, "hides a symbol|bytes that nothing reads"),
    "spare": (chain_of_the_first, "bytes that nothing reads"),
    "no buckets": (content(".hash", 0, bytes(4)), "another size than its symbols"),
    "fewer symbols": (content(".hash", 4, word(3, 4)), "another size than its symbols"),
    "names exchanged": (a_swap_of_exports, "finds a symbol by another name"),
    "odd size": (header(".hash", "size", 18), "is too short"),
    "other symbols": (header(".hash", "link", 4), "about other symbols"),
}


@pytest.mark.parametrize("lie", OLD_LIES)
def test_a_lie_in_the_old_table_is_an_error(lie: str) -> None:
    change, words = OLD_LIES[lie]
    with pytest.raises(UnreadableElfError, match=words):
        check(change(compiled(C, OLD)))


def test_each_of_two_tables_is_checked() -> None:
    data = compiled(C, BOTH)
    with pytest.raises(UnreadableElfError, match=r"\.gnu\.hash does not find exactly"):
        check(in_section(data, ".gnu.hash", 16, bytes(8)))
    with pytest.raises(UnreadableElfError, match=r"\.hash has a chain without an end"):
        check(chain_loop(data))


def test_a_table_far_larger_than_its_symbols_is_an_error() -> None:
    data = compiled(C + "int big[100000] = {1};", NEW)
    symbols = section(data, ".dynsym").index
    data = header(".data", "kind", 5)(header(".data", "link", symbols)(data))
    with pytest.raises(UnreadableElfError, match="far larger than its symbols need"):
        check(data)


@pytest.mark.parametrize("style", [NEW, OLD])
def test_an_import_that_is_made_an_export_is_not_found(style: str) -> None:
    data = compiled(C, style)
    text = section(data, ".text")
    lie = in_section(data, ".dynsym", 24 + 6, word(text.index, 2) + word(text.address))
    lie = in_section(lie, ".gnu.version", 2, word(1, 2))
    if style == OLD:
        lie = empty_bucket(lie)
    with pytest.raises(UnreadableElfError, match=r"hides a symbol that is exported|nothing reads"):
        check(lie)


def test_an_export_that_is_made_an_import_is_still_found() -> None:
    data = compiled(C, NEW)
    last = section(data, ".dynsym").size - 24
    lie = in_section(data, ".dynsym", last + 5, bytes(19))
    with pytest.raises(UnreadableElfError, match="finds a symbol that is not there"):
        check(lie)


def test_symbols_of_one_bucket_that_are_apart_are_an_error() -> None:
    data = compiled("".join(f"int function_{at}(void) {{ return {at}; }}" for at in range(50)), NEW)
    first = number(data, section(data, ".gnu.hash").offset + 4, 4)
    table, size = section(data, ".dynsym"), 24
    start, end = table.offset + first * size, table.offset + table.size
    rows = [data[at : at + size] for at in range(start, end, size)]
    mixed = b"".join(rows[1::2] + rows[::2])
    with pytest.raises(UnreadableElfError, match="a bucket in two places"):
        check(in_section(data, ".dynsym", first * size, mixed))
