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
    in_section_header,
    number,
    section,
    with_dynamic,
    word,
)
from verify.native.dynamic import Tag
from verify.native.elf import UnreadableElfError
from verify.native.elf_reader import read_elf
from verify.native.symbols import (
    Binding,
    Kind,
    Symbol,
    read_dynamic_symbols,
    read_symbol_table,
    unused_strings,
)
from verify.native.versions import read_versions


def by_name(data: bytes) -> dict[str, Symbol]:
    return {symbol.name: symbol for symbol in read_dynamic_symbols(read_elf(data))}


def test_an_import_names_its_version_and_library() -> None:
    symbols = by_name(compiled(C))
    copy, length = symbols["memcpy"], symbols["strlen"]
    assert (copy.version, copy.library, copy.is_defined) == ("GLIBC_2.14", "libc.so.6", False)
    assert (length.version, length.library, length.is_default) == ("GLIBC_2.2.5", "libc.so.6", True)


def test_an_export_names_its_kind_place_and_size() -> None:
    data = compiled(C)
    symbols = by_name(data)
    greet, buffer, calls = symbols["greet"], symbols["buffer"], symbols["calls"]
    assert (greet.kind, greet.binding, greet.version) == (Kind.FUNC, Binding.GLOBAL, None)
    assert greet.section == section(data, ".text").index
    assert (buffer.kind, buffer.size, buffer.section) == (
        Kind.OBJECT,
        4096,
        section(data, ".bss").index,
    )
    assert (calls.kind, calls.size) == (Kind.TLS, 4)
    assert "inner" not in symbols


def test_a_symbol_that_nothing_defines_has_no_version() -> None:
    outside = by_name(compiled(ALONE, "-nostdlib"))["outside"]
    assert (outside.version, outside.library, outside.is_defined) == (None, None, False)


def test_exports_have_the_versions_of_the_script_and_one_is_the_default() -> None:
    elf = read_elf(compiled(VERSIONED, versions=VERSIONS))
    found = {
        (symbol.name, symbol.version, symbol.is_default)
        for symbol in read_dynamic_symbols(elf)
        if symbol.is_defined and symbol.kind == Kind.FUNC
    }
    assert found == {("first", "LIB_1", False), ("first", "LIB_2", True), ("second", "LIB_1", True)}


def test_versions_are_read_with_what_they_follow() -> None:
    versions = read_versions(read_elf(compiled(VERSIONED, versions=VERSIONS)))
    assert [(one.name, one.parents, one.flags) for one in versions.defined] == [
        ("made.so", (), 1),
        ("LIB_1", (), 0),
        ("LIB_2", ("LIB_1",), 0),
    ]


def test_a_version_that_is_named_like_the_file_shares_its_name() -> None:
    data = compiled(ALONE, "-nostdlib", "-Wl,-soname,liba.so.4", versions="liba.so.4 { *; };\n")
    assert [one.name for one in read_versions(read_elf(data)).defined] == ["liba.so.4"] * 2


def test_needed_versions_name_their_library() -> None:
    versions = read_versions(read_elf(compiled(C)))
    assert {("libc.so.6", "GLIBC_2.14"), ("libc.so.6", "GLIBC_2.2.5")} <= {
        (one.library, one.name) for one in versions.needed
    }
    assert all(one.flags == 0 for one in versions.needed)


def test_the_table_that_is_not_loaded_has_local_names_too() -> None:
    symbols = {symbol.name: symbol for symbol in read_symbol_table(read_elf(compiled(C)))}
    assert symbols["inner"].binding == Binding.LOCAL
    assert symbols["inner"].kind == Kind.FUNC


def test_a_stripped_file_has_its_dynamic_symbols_alone() -> None:
    stripped = read_elf(compiled(C, "-s"))
    assert read_symbol_table(stripped) == ()
    names = {symbol.name for symbol in read_dynamic_symbols(stripped)}
    assert {"greet", "memcpy"} <= names


def test_names_of_another_language_are_read() -> None:
    names = by_name(compiled(CPP))
    assert "_Z5totalRKSt6vectorIP5ShapeSaIS1_EE" in names


def test_symbols_of_32_bits_are_read() -> None:
    symbols = by_name(compiled(ALONE, "-m32", "-nostdlib"))
    assert (symbols["inside"].kind, symbols["inside"].size) == (Kind.OBJECT, 4)
    assert not symbols["outside"].is_defined


def test_an_honest_file_has_no_unused_strings() -> None:
    for data in (compiled(C), compiled(CPP), compiled(VERSIONED, versions=VERSIONS)):
        assert unused_strings(read_elf(data)) == ()


def test_a_string_that_nothing_refers_to_is_reported() -> None:
    data = compiled(C, "-Wl,-rpath,/opt/payload", "-Wl,-soname,libgreet.so")
    names = section(data, ".dynstr")
    at = data.index(b"libgreet.so\0", names.offset) - names.offset
    unused = unused_strings(read_elf(with_dynamic(data, Tag.RUNPATH, value=at)))
    assert unused == ((".dynstr", b"/opt/payload"),)


def test_the_unused_beginning_of_a_used_string_is_reported() -> None:
    data = compiled(C, "-Wl,-rpath,/opt/payload")
    names = section(data, ".dynstr")
    at = data.index(b"/opt/payload\0", names.offset) - names.offset
    unused = unused_strings(read_elf(with_dynamic(data, Tag.RUNPATH, value=at + 4)))
    assert unused == ((".dynstr", b"/opt"),)


def first_export(data: bytes) -> int:
    """Where in `.dynsym` the first function that is defined stands."""
    found = next(
        symbol
        for symbol in read_dynamic_symbols(read_elf(data))
        if symbol.is_defined and symbol.kind == Kind.FUNC
    )
    return found.index * 24


def in_export(at: int, replacement: bytes) -> Change:
    return lambda data: in_section(data, ".dynsym", first_export(data) + at, replacement)


def in_import(at: int, replacement: bytes) -> Change:
    return lambda data: in_section(data, ".dynsym", 24 + at, replacement)


def longer_dynsym(data: bytes) -> bytes:
    return in_section_header(data, ".dynsym", "size", section(data, ".dynsym").size - 8)


LIES: dict[str, tuple[Change, str]] = {
    "no dynamic symbols": (header(".dynsym", "kind", 1), "has no dynamic symbols"),
    "names elsewhere": (header(".dynsym", "link", 1), "used as a string table"),
    "names not loaded": (
        lambda data: in_section_header(data, ".dynsym", "link", section(data, ".strtab").index),
        "names of its dynamic symbols are not loaded",
    ),
    "odd size": (longer_dynsym, "not made of symbols"),
    "size of entries": (header(".dynsym", "entry_size", 16), "not made of symbols"),
    "number of locals": (header(".dynsym", "info", 2), "does not have its local symbols first"),
    "no number of locals": (header(".dynsym", "info", 0), "where its local symbols end"),
    "first symbol": (content(".dynsym", 8, b"\1"), "first symbol of .dynsym is not empty"),
    "name behind the table": (in_export(0, word(1 << 30, 4)), "behind the end of .dynstr"),
    "unknown kind": (in_export(4, b"\x17"), "of no known kind"),
    "unknown binding": (in_export(4, b"\x52"), "of no known kind"),
    "local among the others": (in_export(4, b"\x02"), "its local symbols first"),
    "unknown visibility": (in_export(5, b"\x80"), "unknown visibility 0x80"),
    "no such section": (in_export(6, word(0x300, 2)), "a section that there is not"),
    "common": (in_export(6, word(0xFFF2, 2)), "a section that there is not"),
    "other section": (in_export(6, word(1, 2)), "not in the section that it names"),
    "address outside": (in_export(8, word(1 << 40)), "not in the section that it names"),
    "size outside": (in_export(16, word(1 << 40)), "not in the section that it names"),
    "import with an address": (in_import(8, word(0x1000)), "is imported and says where"),
    "import with a size": (in_import(16, word(8)), "is imported and says where"),
    "unterminated strings": (content(".dynstr", -1, b"x"), "begin and end with a zero byte"),
    "strings without an empty one": (content(".dynstr", 0, b"x"), "begin and end with a zero"),
    "no text": (content(".dynstr", 1, b"\xff"), "a name that is no text"),
    "version of the empty symbol": (content(".gnu.version", 0, b"\1"), "empty symbol has a"),
    "local export": (content(".gnu.version", -2, word(0, 2)), "the version of local ones"),
    "version that is none": (content(".gnu.version", 2, word(99, 2)), "means nothing to it"),
    "version that is too high": (content(".gnu.version", -2, word(0x7FFF, 2)), "means nothing"),
    "versions of other symbols": (header(".gnu.version", "link", 1), "does not fit to the dynamic"),
    "no versions": (header(".gnu.version", "kind", 1), "given to no symbol"),
    "more libraries": (header(".gnu.version_r", "info", 3), "another length than it says"),
    "no libraries": (header(".gnu.version_r", "info", 0), "bytes that are of no record"),
    "names of versions elsewhere": (header(".gnu.version_r", "link", 1), "from another table"),
    "layout of versions": (content(".gnu.version_r", 0, b"\2"), "an unknown layout"),
    "fewer needed versions": (
        content(".gnu.version_r", 0x22, b"\1"),
        "another length than it says",
    ),
    "no needed versions": (content(".gnu.version_r", 2, b"\0"), "has no names"),
    "loop of needed versions": (
        content(".gnu.version_r", 0x3C, word(0xFFFFFFD0, 4)),
        "is not in it",
    ),
    "needed version twice": (content(".gnu.version_r", 8, word(0x40, 4)), "records of .* are one"),
    "hash of a version": (content(".gnu.version_r", 16, b"\x99"), "the hash of another name"),
    "flags of a version": (content(".gnu.version_r", 20, b"\x04"), "the unknown flags 0x4"),
    "reserved number": (content(".gnu.version_r", 22, b"\x01"), "a number that is reserved"),
    "record behind the end": (content(".gnu.version_r", 8, word(1 << 20, 4)), "is not in it"),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_about_symbols_is_an_error(lie: str) -> None:
    change, words = LIES[lie]
    data = change(compiled(C))
    with pytest.raises(UnreadableElfError, match=words):
        read_dynamic_symbols(read_elf(data))


def test_two_versions_with_one_number_are_an_error() -> None:
    data = compiled(C)
    second = number(data, section(data, ".gnu.version_r").offset + 0x36, 2)
    data = in_section(data, ".gnu.version_r", 22, word(second, 2))
    with pytest.raises(UnreadableElfError, match="have one number"):
        read_dynamic_symbols(read_elf(data))


DEFINITION_LIES = {
    "the file itself": (content(".gnu.version_d", 2, b"\0"), "a number that is reserved"),
    "a second file": (content(".gnu.version_d", 30, b"\1"), "a number that is reserved"),
    "hash": (content(".gnu.version_d", 8, b"\x99"), "the hash of another name"),
    "loop": (content(".gnu.version_d", 16, word(0, 4)), "another length than it says"),
    "number": (content(".gnu.version_d", 32, word(9, 2)), "means nothing to it"),
    "count": (header(".gnu.version_d", "info", 2), "another length than it says"),
}


@pytest.mark.parametrize("lie", DEFINITION_LIES)
def test_a_lie_about_defined_versions_is_an_error(lie: str) -> None:
    change, words = DEFINITION_LIES[lie]
    with pytest.raises(UnreadableElfError, match=words):
        read_dynamic_symbols(read_elf(change(compiled(VERSIONED, versions=VERSIONS))))


def test_names_that_all_end_alike_cost_no_more_than_a_few_times_the_table() -> None:
    many = 2000
    source = "".join(f"int v{at};" for at in range(many))
    data = compiled(source, "-nostdlib")
    table = bytearray(data)
    names, symbols = section(data, ".dynstr"), section(data, ".dynsym")
    table[names.offset + 1 : names.offset + names.size - 1] = b"a" * (names.size - 2)
    for index in range(1, many + 1):
        struct.pack_into("<I", table, symbols.offset + 24 * index, index)
    with pytest.raises(UnreadableElfError, match="overlap too much"):
        read_dynamic_symbols(read_elf(bytes(table)))


def test_a_second_symbol_table_is_an_error() -> None:
    data = in_section_header(compiled(C), ".comment", "kind", 2)
    with pytest.raises(UnreadableElfError, match="several symbol tables"):
        read_symbol_table(read_elf(data))


def test_a_variable_of_a_thread_outside_of_its_block_is_an_error() -> None:
    data = compiled(C)
    at = 24 * by_name(data)["calls"].index
    with pytest.raises(UnreadableElfError, match="calls is not in the block of its thread"):
        read_dynamic_symbols(read_elf(in_section(data, ".dynsym", at + 8, word(6))))


def test_an_export_of_what_is_not_loaded_is_an_error() -> None:
    data = compiled(C)
    comment = word(section(data, ".comment").index, 2)
    lie = in_section(data, ".dynsym", first_export(data) + 6, comment)
    with pytest.raises(UnreadableElfError, match="is exported and not loaded"):
        read_dynamic_symbols(read_elf(lie))
