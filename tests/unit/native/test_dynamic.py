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
    dynamic_entry,
    entry,
    header,
    in_section,
    patched,
    program,
    section,
    segment,
    with_dynamic,
    word,
)
from verify.native.dynamic import Tag, read_dynamic
from verify.native.elf import SegmentKind, UnreadableElfError
from verify.native.elf_reader import read_elf


def test_libraries_are_read_in_order_with_names_and_paths() -> None:
    data = compiled(C, "-Wl,--no-as-needed", "-lm", "-Wl,-soname,libgreet.so.1")
    dynamic = read_dynamic(read_elf(data))
    assert dynamic.needed == ("libm.so.6", "libc.so.6", "ld-linux-x86-64.so.2")
    assert (dynamic.soname, dynamic.rpath, dynamic.runpath) == ("libgreet.so.1", None, None)


@pytest.mark.parametrize(
    ("flag", "paths"),
    [
        ("-Wl,--enable-new-dtags", (None, "$ORIGIN/../x.libs")),
        ("-Wl,--disable-new-dtags", ("$ORIGIN/../x.libs", None)),
    ],
)
def test_search_paths_are_told_apart(flag: str, paths: tuple[str | None, str | None]) -> None:
    dynamic = read_dynamic(read_elf(compiled(C, "-Wl,-rpath,$ORIGIN/../x.libs", flag)))
    assert (dynamic.rpath, dynamic.runpath) == paths


def test_code_on_loading_and_unloading_is_where_the_sections_are() -> None:
    data = compiled(C)
    dynamic = read_dynamic(read_elf(data))
    assert dynamic.init == section(data, ".init").address
    assert dynamic.fini == section(data, ".fini").address


def test_flags_are_values() -> None:
    lazy, now = (
        read_dynamic(read_elf(compiled(C, flag))) for flag in ("-Wl,-z,lazy", "-Wl,-z,now")
    )
    assert (lazy.flags, lazy.flags_1) == (0, 0)
    assert (now.flags, now.flags_1) == (8, 1)


def test_binding_to_itself_is_among_the_other_tags() -> None:
    dynamic = read_dynamic(read_elf(compiled(C, "-Wl,-Bsymbolic")))
    assert dynamic.others == ((Tag.SYMBOLIC, 0),)


HONEST = {
    "both hashes": ("-Wl,--hash-style=both",),
    "old hash": ("-Wl,--hash-style=sysv",),
    "new hash": ("-Wl,--hash-style=gnu",),
    "code beside constants": ("-Wl,-z,noseparate-code",),
    "no protection after relocation": ("-Wl,-z,norelro",),
    "packed relocations": ("-Wl,-z,pack-relative-relocs",),
    "bound at once": ("-Wl,-z,now", "-Wl,-z,relro"),
    "larger pages": ("-Wl,-z,max-page-size=65536",),
    "for shadow stacks": ("-fcf-protection=full", "-Wl,-z,ibtplt"),
    "stripped": ("-s",),
    "debugging": ("-g",),
    "runtime inside": ("-static-libgcc",),
    "only what is used": ("-ffunction-sections", "-fdata-sections", "-Wl,--gc-sections"),
    "without linkage table": ("-fno-plt",),
    "the other linker": ("-fuse-ld=gold",),
    "no start files": ("-nostartfiles",),
}


@pytest.mark.parametrize("variant", HONEST)
def test_every_honest_variant_is_read(variant: str) -> None:
    dynamic = read_dynamic(read_elf(compiled(C, *HONEST[variant])))
    assert "libc.so.6" in dynamic.needed
    assert dynamic.removed == ()


def test_an_honest_library_of_another_language_is_read() -> None:
    dynamic = read_dynamic(read_elf(compiled(CPP, "-static-libgcc")))
    assert dynamic.needed[0] == "libstdc++.so.6"


def test_an_honest_library_with_versions_is_read() -> None:
    assert read_dynamic(read_elf(compiled(VERSIONED, versions=VERSIONS))).soname is None


def test_what_meson_takes_out_is_told() -> None:
    data = compiled(C, "-Wl,-rpath,/opt/made")
    names, table = section(data, ".dynstr"), section(data, ".dynamic")
    name = data.index(b"/opt/made\0", names.offset) - names.offset
    rows = data[table.offset : dynamic_entry(read_elf(data), Tag.NULL)]
    taken = word(Tag.RUNPATH) + word(name)
    assert rows.count(taken) == 1
    without = rows.replace(taken, b"") + bytes(16) + word(0) + word(name)
    dynamic = read_dynamic(read_elf(in_section(data, ".dynamic", 0, without)))
    assert (dynamic.runpath, dynamic.removed) == (None, ("/opt/made",))


def swapped_tags(data: bytes) -> bytes:
    """The addresses of the two arrays of functions, exchanged."""
    first, second = section(data, ".init_array").address, section(data, ".fini_array").address
    data = with_dynamic(data, Tag.INIT_ARRAY, value=second)
    return with_dynamic(data, Tag.FINI_ARRAY, value=first)


def doubled(data: bytes) -> bytes:
    return with_dynamic(data, Tag.FINI, new_tag=Tag.INIT)


def behind_the_end(data: bytes) -> bytes:
    return in_section(data, ".dynamic", -16, word(Tag.NEEDED))


def no_end(data: bytes) -> bytes:
    table, end = section(data, ".dynamic"), dynamic_entry(read_elf(data), Tag.NULL)
    left = (table.offset + table.size - end) // 16
    return patched(data, end, (word(Tag.NEEDED) + word(1)) * left)


LIES: dict[str, tuple[Change, str]] = {
    "audit library": (entry(Tag.FINI, new_tag=0x6FFFFEFC), "0x6ffffefc, which means nothing"),
    "filter": (entry(Tag.FINI, new_tag=0x7FFFFFFF), "0x7fffffff, which means nothing"),
    "preinit array": (entry(Tag.FINI, new_tag=Tag.PREINIT_ARRAY), "DT_PREINIT_ARRAY, which means"),
    "doubled": (doubled, "stands twice"),
    "arrays swapped": (swapped_tags, "DT_INIT_ARRAY does not fit"),
    "longer array": (entry(Tag.INIT_ARRAYSZ, value=24), "DT_INIT_ARRAYSZ does not fit"),
    "no array": (entry(Tag.INIT_ARRAY, new_tag=Tag.NEEDED, value=1), "DT_INIT_ARRAY does not fit"),
    "strings": (entry(Tag.STRTAB, value=0x600), "DT_STRTAB does not fit"),
    "more strings": (entry(Tag.STRSZ, value=0x600), "DT_STRSZ does not fit"),
    "symbols": (entry(Tag.SYMTAB, value=0x600), "DT_SYMTAB does not fit"),
    "size of symbols": (entry(Tag.SYMENT, value=16), "DT_SYMENT does not fit"),
    "hash": (entry(Tag.GNU_HASH, value=0x600), "DT_GNU_HASH does not fit"),
    "versions": (entry(Tag.VERSYM, value=0x600), "DT_VERSYM does not fit"),
    "needed versions": (entry(Tag.VERNEED, value=0x600), "DT_VERNEED does not fit"),
    "number of versions": (entry(Tag.VERNEEDNUM, value=1), "DT_VERNEEDNUM does not fit"),
    "relocations": (entry(Tag.RELA, value=0x600), "DT_RELA does not fit"),
    "fewer relocations": (entry(Tag.RELASZ, value=24), "DT_RELASZ does not fit"),
    "no relocations": (entry(Tag.RELASZ, value=0), "DT_RELASZ does not fit"),
    "size of relocations": (entry(Tag.RELAENT, value=16), "DT_RELAENT does not fit"),
    "relocations of calls": (entry(Tag.JMPREL, value=0x600), "DT_JMPREL does not fit"),
    "fewer calls": (entry(Tag.PLTRELSZ, value=24), "DT_PLTRELSZ does not fit"),
    "kind of calls": (entry(Tag.PLTREL, value=Tag.REL), "DT_PLTREL does not fit"),
    "table of addresses": (entry(Tag.PLTGOT, value=0x2000), "DT_PLTGOT does not fit"),
    "code on loading": (entry(Tag.INIT, value=0x2000), "DT_INIT names no code"),
    "code nowhere": (entry(Tag.FINI, value=1 << 40), "DT_FINI names no code"),
    "changed code": (entry(Tag.FINI, new_tag=Tag.FLAGS, value=4), "to change its code"),
    "changed code by tag": (entry(Tag.FINI, new_tag=22), "0x16, which means nothing"),
    "name behind the table": (entry(Tag.NEEDED, value=1 << 20), "behind the end of .dynstr"),
    "entry behind the end": (behind_the_end, "entries behind its end"),
    "no end": (no_end, "has no end"),
    "value behind the end": (content(".dynamic", -8, word(1 << 30)), "behind the end of .dynstr"),
    "segment elsewhere": (segment(SegmentKind.DYNAMIC, "address", 0x4028), "is not its dynamic"),
    "bytes elsewhere": (segment(SegmentKind.DYNAMIC, "offset", 0x2DB8), "is not its dynamic"),
    "shorter segment": (segment(SegmentKind.DYNAMIC, "memory_size", 64), "is not its dynamic"),
    "no segment": (segment(SegmentKind.DYNAMIC, "kind", 0), "exactly one dynamic section"),
    "no section": (header(".dynamic", "kind", 1), "exactly one dynamic section"),
    "names elsewhere": (header(".dynamic", "link", 3), "takes its names from another table"),
    "size of entries": (header(".dynamic", "entry_size", 8), "is not made of entries"),
    "two arrays": (header(".data.rel.ro", "kind", 14), "2 sections of the type INIT_ARRAY"),
    "kind of relocations": (header(".rela.plt", "kind", 9), "its machine does not use"),
    "hidden relocations": (header(".rela.plt", "kind", 1), "DT_JMPREL does not fit"),
    "array that is none": (header(".init_array", "kind", 1), "DT_INIT_ARRAY"),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_to_the_loader_is_an_error(lie: str) -> None:
    change, words = LIES[lie]
    with pytest.raises(UnreadableElfError, match=words):
        read_dynamic(read_elf(change(compiled(C))))


def test_a_lie_about_packed_relocations_is_an_error() -> None:
    data = compiled(C, "-Wl,-z,pack-relative-relocs")
    for tag, value in ((Tag.RELR, 0x600), (Tag.RELRSZ, 8), (Tag.RELRENT, 16)):
        with pytest.raises(UnreadableElfError, match=f"{tag.name} does not fit"):
            read_dynamic(read_elf(with_dynamic(data, tag, value=value)))


def test_a_lie_about_defined_versions_is_an_error() -> None:
    data = compiled(VERSIONED, versions=VERSIONS)
    for tag, value in ((Tag.VERDEF, 0x600), (Tag.VERDEFNUM, 1)):
        with pytest.raises(UnreadableElfError, match=f"{tag.name} does not fit"):
            read_dynamic(read_elf(with_dynamic(data, tag, value=value)))


def test_too_many_entries_are_an_error() -> None:
    data = compiled(C + "int big[100000] = {1};", "-Wl,-soname,x")
    big = section(data, ".data")
    size = big.size // 16 * 16
    data = patched(data, big.offset, bytes(big.size))
    data = header(".dynamic", "kind", 1)(data)
    data = header(".data", "kind", 6)(data)
    data = header(".data", "link", section(data, ".dynstr").index)(data)
    data = header(".data", "entry_size", 16)(data)
    data = header(".data", "size", size)(data)
    for field, value in (
        ("address", big.address),
        ("offset", big.offset),
        ("file_size", size),
        ("memory_size", size),
    ):
        data = segment(SegmentKind.DYNAMIC, field, value)(data)
    with pytest.raises(UnreadableElfError, match="more than 10000 entries"):
        read_dynamic(read_elf(data))


def test_a_library_of_32_bits_is_read() -> None:
    data = compiled(ALONE, "-m32", "-nostdlib", "-Wl,-soname,liba.so")
    assert read_dynamic(read_elf(data)).soname == "liba.so"


def test_a_program_is_read() -> None:
    dynamic = read_dynamic(read_elf(program("int main(void) { return 0; }")))
    assert dynamic.others == ((Tag.DEBUG, 0),)


def test_relocations_that_there_are_not_are_an_error() -> None:
    data = compiled("int one(void) { return 1; }", "-nostdlib", "-Wl,-soname,liba.so")
    assert read_dynamic(read_elf(data)).soname == "liba.so"
    lie = with_dynamic(data, Tag.SONAME, new_tag=Tag.RELA, value=0x200)
    with pytest.raises(UnreadableElfError, match="names relocations that there are not"):
        read_dynamic(read_elf(lie))


def test_relocations_may_be_counted_with_those_of_calls() -> None:
    """As old linkers do, and the loader takes into account."""
    data = compiled(C)
    size = section(data, ".rela.dyn").size + section(data, ".rela.plt").size
    assert read_dynamic(read_elf(with_dynamic(data, Tag.RELASZ, value=size))).needed
    with pytest.raises(UnreadableElfError, match="DT_RELASZ does not fit"):
        read_dynamic(read_elf(with_dynamic(data, Tag.RELASZ, value=size + 24)))
