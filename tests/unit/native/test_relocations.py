import struct
from collections import Counter
from itertools import pairwise

import pytest

from tests.support.elf import (
    ALONE,
    CPP,
    C,
    Change,
    compiled,
    content,
    header,
    in_section,
    number,
    patched,
    program,
    section,
    with_dynamic,
    word,
)
from verify.native.dynamic import Tag
from verify.native.elf import UnreadableElfError
from verify.native.elf_reader import read_elf
from verify.native.relocations import I386Kind, Relocation, X86Kind, read_relocations
from verify.native.symbols import read_dynamic_symbols

PACKED = "-Wl,-z,pack-relative-relocs"


def read(data: bytes) -> tuple[Relocation, ...]:
    elf = read_elf(data)
    return read_relocations(elf, read_dynamic_symbols(elf))


def named(data: bytes, kind: int) -> set[str]:
    return {one.symbol.name for one in read(data) if one.kind == kind and one.symbol}


def test_imports_are_reached_through_slots_and_words() -> None:
    data = compiled(C)
    assert named(data, X86Kind.JUMP_SLOT) == {
        "strlen",
        "printf",
        "__tls_get_addr",
        "memcpy",
        "exit",
    }
    assert named(data, X86Kind.ABSOLUTE64) == {"puts", "remove"}
    assert {"limit", "buffer", "words"} <= named(data, X86Kind.GLOB_DAT)
    assert named(data, X86Kind.DTPMOD64) == named(data, X86Kind.DTPOFF64) == {"calls"}


def test_addresses_of_the_file_itself_are_addends() -> None:
    data = compiled(C)
    strings, table = section(data, ".rodata"), section(data, ".data.rel.ro")
    found = [
        one
        for one in read(data)
        if table.address <= one.address < table.end and one.kind == X86Kind.RELATIVE
    ]
    assert [one.address - table.address for one in found] == [0, 8, 16]
    texts = [
        data[strings.offset + one.addend - strings.address :].partition(b"\0")[0] for one in found
    ]
    assert texts == [b"one", b"two", b"three"]
    assert all(one.symbol is None for one in found)


@pytest.mark.parametrize("source", [C, CPP])
def test_relocations_are_sorted_by_address_and_do_not_overlap(source: str) -> None:
    addresses = [one.address for one in read(compiled(source))]
    assert all(before + 8 <= after for before, after in pairwise(addresses))


def test_packed_relocations_are_the_same_as_those_at_length() -> None:
    source = "static int here[200]; int *const all[200] = {" + "&here[1]," * 150 + "};" + C
    long, packed = compiled(source), compiled(source, PACKED)
    counts = [sum(one.kind == X86Kind.RELATIVE for one in read(data)) for data in (long, packed)]
    assert counts[0] == counts[1] > 150
    here = Counter(one.addend for one in read(packed))
    assert here.most_common(1)[0][1] == 150


@pytest.mark.parametrize(
    "flags",
    [
        ("-Wl,-z,now",),
        ("-fno-plt",),
        ("-fcf-protection=full", "-Wl,-z,ibtplt"),
        ("-Wl,-z,noseparate-code",),
        ("-Wl,-z,norelro",),
        ("-fuse-ld=gold",),
        ("-mtls-dialect=gnu2",),
        ("-Wl,-Bsymbolic",),
        (PACKED,),
    ],
)
def test_every_honest_variant_is_read(flags: tuple[str, ...]) -> None:
    assert {"puts", "remove"} <= named(compiled(C, *flags), X86Kind.ABSOLUTE64)


def test_a_function_chosen_on_loading_is_read() -> None:
    source = """
    static int plain(void) { return 1; }
    static int (*choose(void))(void) { return plain; }
    static int chosen(void) __attribute__((ifunc("choose")));
    int call(void) { return chosen(); }
    int (*pointer)(void) = chosen;
    """
    data = compiled(source, "-nostartfiles")
    assert {one.kind for one in read(data)} == {X86Kind.IRELATIVE}


def test_relocations_of_32_bits_keep_their_addends_in_place() -> None:
    data = compiled(ALONE, "-m32", "-nostdlib")
    found = {one.kind: one for one in read(data)}
    own = found[I386Kind.RELATIVE]
    assert own.addend == own.initial == section(data, ".bss").address + 4
    absolute = found[I386Kind.ABSOLUTE32].symbol
    assert absolute is not None
    assert absolute.name == "inside"


def entry_of(data: bytes, table: str, kind: int) -> int:
    """Where in its section the first relocation of a kind stands."""
    found = section(data, table)
    for at in range(0, found.size, 24):
        if number(data, found.offset + at + 8) & 0xFFFFFFFF == kind:
            return at
    raise LookupError(kind)


def rewritten(table: str, kind: int, at: int, replacement: bytes) -> Change:
    return lambda data: in_section(data, table, entry_of(data, table, kind) + at, replacement)


def at_place(table: str, kind: int, replacement: bytes) -> Change:
    """Other bytes in the place that the first relocation of a kind changes."""

    def change(data: bytes) -> bytes:
        place = number(data, section(data, table).offset + entry_of(data, table, kind))
        found = read_elf(data).section_at(place)
        assert found is not None
        return patched(data, found.offset + place - found.address, replacement)

    return change


def moved_to(table: str, kind: int, target: str, distance: int = 0) -> Change:
    """The place of the first relocation of a kind is elsewhere."""
    return lambda data: rewritten(table, kind, 0, word(section(data, target).address + distance))(
        data
    )


def slots_exchanged(data: bytes) -> bytes:
    """Two calls lead to each other's function: their symbols, exchanged, stay as they are."""
    table = section(data, ".got.plt")
    first, second = (number(data, table.offset + at) for at in (24, 32))
    data = in_section(data, ".got.plt", 24, word(second))
    return in_section(data, ".got.plt", 32, word(first))


def twice(data: bytes) -> bytes:
    place = number(data, section(data, ".rela.dyn").offset)
    return in_section(data, ".rela.dyn", 24, word(place))


def one_more(data: bytes) -> bytes:
    return with_dynamic(data, Tag.RELACOUNT, value=9)


RELA, CALLS = ".rela.dyn", ".rela.plt"
LIES: dict[str, tuple[Change, str]] = {
    "unknown type": (rewritten(RELA, X86Kind.GLOB_DAT, 8, b"\x63"), "unknown type 99"),
    "no relocation": (rewritten(RELA, X86Kind.GLOB_DAT, 8, b"\0"), "unknown type 0"),
    "no such symbol": (rewritten(RELA, X86Kind.GLOB_DAT, 12, word(999, 4)), "symbol that there is"),
    "no symbol": (rewritten(RELA, X86Kind.GLOB_DAT, 12, word(0, 4)), "too much or lacks it"),
    "symbol too much": (rewritten(RELA, X86Kind.RELATIVE, 12, word(1, 4)), "too much or lacks it"),
    "addend": (rewritten(RELA, X86Kind.GLOB_DAT, 16, word(8)), "an addend, which nobody reads"),
    "addend of a call": (rewritten(CALLS, 7, 16, word(8)), "an addend, which nobody reads"),
    "call outside": (rewritten(RELA, X86Kind.GLOB_DAT, 8, b"\7"), "not in the table of calls"),
    "word among calls": (rewritten(CALLS, 7, 8, b"\6"), "is in the table of calls"),
    "two on one place": (twice, "two relocations change the bytes"),
    "overlap": (moved_to(RELA, X86Kind.RELATIVE, ".data.rel.ro", 4), "two relocations change"),
    "code": (moved_to(RELA, X86Kind.RELATIVE, ".text"), "changes the code of .text"),
    "constants": (moved_to(RELA, X86Kind.RELATIVE, ".rodata"), ".rodata, which is read-only"),
    "symbols": (moved_to(RELA, X86Kind.RELATIVE, ".dynsym", 24), ".dynsym, which is read-only"),
    "not stored": (moved_to(RELA, X86Kind.RELATIVE, ".bss"), "which is not stored"),
    "nowhere": (content(RELA, 0, word(1 << 40)), "changes no section"),
    "before all": (content(RELA, 0, word(0x10)), "changes no section"),
    "end of a section": (moved_to(RELA, X86Kind.RELATIVE, ".data", 8), "leaves its section"),
    "bytes under a word": (at_place(RELA, X86Kind.GLOB_DAT, b"payload!"), "has bytes under the"),
    "bytes under an address": (at_place(RELA, X86Kind.RELATIVE, b"payload!"), "has bytes under"),
    "bytes under a symbol": (at_place(RELA, X86Kind.ABSOLUTE64, b"payload!"), "has bytes under"),
    "slot to nowhere": (at_place(CALLS, 7, word(1 << 40)), "leads to no code"),
    "slot to data": (at_place(CALLS, 7, word(0x2000)), "leads to no code"),
    "slot to a function": (at_place(CALLS, 7, word(0x10A0)), "leads to another call"),
    "slots exchanged": (slots_exchanged, "leads to another call"),
    "count of relative ones": (one_more, "counts its relative relocations otherwise"),
    "other symbols": (header(RELA, "link", 4), "about other symbols than the dynamic ones"),
    "size of entries": (header(RELA, "entry_size", 16), "is not made of relocations"),
    "odd size": (header(RELA, "size", 32), "is not made of relocations"),
    "without addends": (header(RELA, "kind", 9), "that its machine does not use"),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_about_relocations_is_an_error(lie: str) -> None:
    change, words = LIES[lie]
    with pytest.raises(UnreadableElfError, match=words):
        read(change(compiled(C)))


PACKED_LIES: dict[str, tuple[Change, str]] = {
    "a map first": (content(".relr.dyn", 0, word(3)), "begins with a bit map"),
    "code": (content(".relr.dyn", 0, word(0x1090)), "changes the code|changes no section"),
    "nowhere": (content(".relr.dyn", 0, word(1 << 40)), "changes no section"),
    "a map of everything": (
        content(".relr.dyn", 8, b"\xff" * 8),
        "two relocations|read-only|no sec",
    ),
    "size of entries": (header(".relr.dyn", "entry_size", 24), "is not made of words"),
}


@pytest.mark.parametrize("lie", PACKED_LIES)
def test_a_lie_about_packed_relocations_is_an_error(lie: str) -> None:
    change, words = PACKED_LIES[lie]
    with pytest.raises(UnreadableElfError, match=words):
        read(change(compiled(C, PACKED)))


def test_maps_that_stand_for_more_than_a_million_places_are_an_error() -> None:
    attributes = '__attribute__((section("maps"), aligned(8)))'
    data = compiled(f"int big[40000] {attributes} = {{1}};" + C)
    big = section(data, "maps")
    data = in_section(data, "maps", 0, word(big.address) + b"\xff" * (big.size - 8))
    data = header("maps", "entry_size", 8)(header("maps", "kind", 19)(data))
    with pytest.raises(UnreadableElfError, match="more than 1000000 relocations"):
        read(data)


def test_a_machine_that_is_not_known_is_an_error() -> None:
    data = compiled(C)
    with pytest.raises(UnreadableElfError, match="unknown machine 43"):
        read(patched(data, 18, struct.pack("<H", 43)))


def test_what_a_program_copies_is_read() -> None:
    data = program('#include <stdio.h>\nint main(void) { return fputs("hello", stdout); }\n')
    (copied,) = (one for one in read(data) if one.kind == X86Kind.COPY)
    assert copied.symbol is not None
    assert (copied.symbol.name, copied.symbol.size) == ("stdout", 8)


def test_bytes_under_a_symbol_of_32_bits_are_an_error() -> None:
    data = compiled(ALONE, "-m32", "-nostdlib")
    place = next(one.address for one in read(data) if one.kind == I386Kind.GLOB_DAT)
    found = read_elf(data).section_at(place)
    assert found is not None
    lie = patched(data, found.offset + place - found.address, b"\1")
    with pytest.raises(UnreadableElfError, match="has bytes under the relocation"):
        read(lie)


def test_bytes_under_a_descriptor_are_an_error() -> None:
    data = compiled(C, "-mtls-dialect=gnu2")
    place = next(one.address for one in read(data) if one.kind == X86Kind.TLSDESC)
    found = read_elf(data).section_at(place)
    assert found is not None
    for distance in (0, 8):
        lie = patched(data, found.offset + place - found.address + distance, b"\x55")
        with pytest.raises(UnreadableElfError, match="has bytes under the relocation"):
            read(lie)
