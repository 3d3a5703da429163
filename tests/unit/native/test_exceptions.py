"""Exception tables: read to the last byte, and compared by what they denote."""

import io
import random
import subprocess
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from elftools.elf.elffile import ELFFile
from elftools.elf.relocation import RelocationSection
from elftools.elf.sections import SymbolTableSection

from tests.support.elf import in_section, in_section_header, patched, section, word
from verify.native.elf import UnreadableElfError
from verify.native.elf_reader import read_elf
from verify.native.exceptions import (
    AllUnwinding,
    CallSite,
    ExceptionTable,
    SameReference,
    Unwinding,
    compare_frames,
    compare_orphans,
    read_unwinding,
)

SOURCE = """
struct Plain { int value; };
struct Guard { Guard(); ~Guard(); };
extern "C" int work(int);

extern "C" int by_type(int value) {
    Guard guard;
    try { return work(value); }
    catch (int number) { return number; }
    catch (CAUGHT &plain) { return plain.value; }
}
extern "C" int everything(int value) { try { return work(value); } catch (...) { return 1; } }
extern "C" int cleanup(int value) { Guard guard; return work(value) + work(2); }
extern "C" int promised(int value) throw(int, Plain) { return work(value); }
extern "C" int nothing(int value) throw() { return work(value); }
"""

OTHER = """
extern "C" const char *const words[] = {"some", "more", "data"};
extern "C" int first(int value) { try { throw words[value]; } catch (const char *) { return 3; } }
"""

ORPHANS = """
__asm__(".pushsection .gcc_except_table,\\"a\\",@progbits\\n"
        ".byte 0xff, 0xff, 1, 0\\n.byte 0xff, 0xff, 1, 4, 0, 5, LANDING, 0\\n.popsection");
"""


@cache
def made(*flags: str, before: str = "", behind: str = "", caught: str = "Plain") -> bytes:
    """A shared object of C++ with all kinds of exceptions."""
    with TemporaryDirectory() as folder:
        Path(folder, "source.cc").write_text(
            before + SOURCE.replace("CAUGHT", caught) + behind, encoding="utf-8"
        )
        options = ["-shared", "-fPIC", "-O1", "-std=c++14", "-w", "source.cc", "-o", "made.so"]
        subprocess.run(["/usr/bin/env", "g++", *options, *flags], cwd=folder, check=True)
        return Path(folder, "made.so").read_bytes()


HONEST = made()


def unwinding(data: bytes) -> AllUnwinding:
    return read_unwinding(read_elf(data))


@cache
def symbols(data: bytes) -> dict[int, str]:
    """Names of defined symbols, and of what the loader puts into slots, by address."""
    file = ELFFile(io.BytesIO(data))
    names, relocations = file.get_section_by_name(".dynsym"), file.get_section_by_name(".rela.dyn")
    assert isinstance(names, SymbolTableSection)
    assert isinstance(relocations, RelocationSection)
    defined = {s["st_value"]: s.name for s in names.iter_symbols() if s["st_value"]}
    slots = {
        relocation["r_offset"]: names.get_symbol(relocation["r_info_sym"]).name
        for relocation in relocations.iter_relocations()
        if relocation["r_info_sym"]
    }
    return defined | slots


@cache
def functions(data: bytes) -> dict[str, Unwinding]:
    """How the functions of the source are unwound, by name."""
    found = unwinding(data).functions
    return {symbols(data).get(one.frame.start, ""): one for one in found}


def table(name: str, data: bytes = HONEST) -> ExceptionTable:
    found = functions(data)[name].table
    assert found is not None
    return found


def names_of(types: ExceptionTable, data: bytes = HONEST) -> list[str | None]:
    return [symbols(data)[one.address] if one else None for one in types.types]


def by_name(published: bytes, rebuilt: bytes) -> SameReference:
    return lambda ours, theirs: symbols(published)[ours] == symbols(rebuilt)[theirs]


def difference(published: bytes, rebuilt: bytes, name: str) -> str | None:
    ours, theirs = functions(published)[name], functions(rebuilt)[name]
    return compare_frames(ours, theirs, by_name(published, rebuilt))


def test_types_are_the_slots_of_what_is_caught() -> None:
    caught = table("by_type")
    assert sorted(filter(None, names_of(caught))) == ["_ZTI5Plain", "_ZTIi"]
    assert all(one.is_indirect for one in caught.types if one)
    assert names_of(table("everything")) == [None]
    assert names_of(table("cleanup")) == []


def test_an_exception_specification_is_a_list_of_types() -> None:
    promised = table("promised")
    assert sorted(filter(None, names_of(promised))) == ["_ZTI5Plain", "_ZTIi"]
    assert (promised.filters, promised.actions[:1]) == (b"\1\2\0", b"\x7f")


def test_a_function_that_throws_nothing_lists_no_type() -> None:
    nothing = table("nothing")
    assert (nothing.filters, nothing.types) == (b"\0", ())


def test_call_sites_are_in_their_function_and_land_in_it() -> None:
    for one in functions(HONEST).values():
        for site in one.table.call_sites if one.table else ():
            assert 0 <= site.start < site.start + site.length <= one.frame.size
            assert site.landing_pad is None or site.landing_pad < one.frame.size
    assert isinstance(table("cleanup").call_sites[0], CallSite)
    assert [site.landing_pad is None for site in table("everything").call_sites] == [False, True]


def test_a_landing_pad_is_where_the_caught_exception_is_begun() -> None:
    """`everything` calls `__cxa_begin_catch` right where it lands: the exception is in rax."""
    site = table("everything").call_sites[0]
    assert site.landing_pad is not None
    start = functions(HONEST)["everything"].frame.start
    assert read_elf(HONEST).read(start + site.landing_pad, 3) == b"\x48\x89\xc7"  # mov %rax,%rdi


def test_the_tables_and_zeros_are_the_whole_section() -> None:
    found = section(HONEST, ".gcc_except_table")
    content = bytearray(read_elf(HONEST).content(found))
    for one in functions(HONEST).values():
        if one.table:
            start = one.table.address - found.address
            assert any(content[start : start + one.table.size])
            content[start : start + one.table.size] = bytes(one.table.size)
    assert not any(content)


@pytest.mark.parametrize(
    "rebuilt",
    [
        made("-Wl,-z,max-page-size=0x10000"),
        made("-Wl,-z,noseparate-code"),
        made("-g"),
        made(behind=OTHER),
        made(before=OTHER),
    ],
)
def test_functions_that_stand_elsewhere_are_unwound_the_same(rebuilt: bytes) -> None:
    for name in ("by_type", "everything", "cleanup", "promised", "nothing"):
        assert difference(HONEST, rebuilt, name) is None


def test_other_types_are_another_table() -> None:
    rebuilt = made(before="struct Other { int value; };", caught="Other")
    assert difference(HONEST, rebuilt, "by_type") == "catches other types"
    assert difference(HONEST, rebuilt, "everything") is None


def test_optimization_is_seen_in_sizes() -> None:
    found = difference(HONEST, made("-O0"), "cleanup")
    assert found is not None
    assert "B of code" in found


def test_another_personality_is_seen() -> None:
    one = functions(HONEST)["cleanup"]
    assert (
        compare_frames(one, one, lambda _ours, _theirs: False) == "has another personality routine"
    )


def test_a_function_has_a_table_or_none() -> None:
    one = functions(HONEST)["cleanup"]
    bare = Unwinding(frame=one.frame, table=None)
    assert compare_frames(one, bare, lambda *_: True) == "has an exception table"
    assert compare_frames(bare, one, lambda *_: True) == "has no exception table"
    assert compare_frames(bare, bare, lambda *_: True) is None


def _patch(name: str, offset: int, replacement: bytes) -> bytes:
    found = section(HONEST, ".gcc_except_table")
    return patched(HONEST, found.offset + table(name).address - found.address + offset, replacement)


# `everything`: ff, 9b, the end of its types, 01, the size of its call sites; two call sites of four
# numbers; action 1, 0; a zero; one type, which is null.
@pytest.mark.parametrize(
    ("data", "words"),
    [
        (_patch("everything", 0, b"\x1b"), "landing pad|call sites in"),
        (_patch("everything", 1, b"\xff"), "type|nothing|in order|encoding"),
        (_patch("everything", 1, b"\x03"), "encoding 0x3"),
        (_patch("everything", 2, b"\x7f"), "leads|room|tables|cut off|bits"),
        (_patch("everything", 2, b"\x01"), "room"),
        (_patch("everything", 3, b"\x50"), "encoding 0x50"),
        (_patch("everything", 4, b"\x7f"), "call site|cut off"),
        (_patch("everything", 5, b"\x7f"), "not in its function"),
        (_patch("everything", 6, b"\x7f"), "not in its function"),
        (_patch("everything", 6, b"\x00"), "not in its function"),
        (_patch("everything", 7, b"\x7f"), "landing pad is not in its function"),
        (_patch("everything", 8, b"\x02"), "an action that there is not|bits"),
        (_patch("everything", 13, b"\x09"), "room|type"),
        (_patch("everything", 14, b"\x02"), "leads to none"),
        (_patch("promised", 0, b"\x00"), "encoding 0x0"),
    ],
)
def test_a_lie_in_an_exception_table_is_not_read(data: bytes, words: str) -> None:
    with pytest.raises(UnreadableElfError, match=words):
        unwinding(data)


def test_a_landing_pad_elsewhere_in_the_function_is_a_difference() -> None:
    site = table("everything").call_sites[0]
    assert site.landing_pad is not None
    changed = _patch("everything", 7, bytes((site.landing_pad - 1,)))
    assert difference(changed, HONEST, "everything") == "lands elsewhere when something is thrown"


def test_another_action_is_a_difference() -> None:
    changed = _patch("everything", 13, b"\0")
    found = difference(changed, HONEST, "everything")
    assert found == "does something else when something is thrown"


def test_an_exception_table_must_be_in_its_section() -> None:
    frame = functions(HONEST)["cleanup"].frame
    found = section(HONEST, ".eh_frame")
    changed = in_section(HONEST, ".eh_frame", frame.record - found.address + 17, word(1, 4))
    with pytest.raises(UnreadableElfError, match=r"is not in \.gcc_except_table"):
        unwinding(changed)


def test_exception_tables_cannot_be_written_to() -> None:
    with pytest.raises(UnreadableElfError, match="can be written to"):
        unwinding(in_section_header(HONEST, ".gcc_except_table", "flags", 3))


def test_two_functions_cannot_have_one_table() -> None:
    one, other = functions(HONEST)["cleanup"].frame, functions(HONEST)["nothing"].frame
    found = section(HONEST, ".eh_frame")
    assert one.exception_table is not None
    field = other.record + 17
    distance = (one.exception_table - field) % 2**32
    changed = in_section(HONEST, ".eh_frame", field - found.address, word(distance, 4))
    with pytest.raises(UnreadableElfError, match=r"two functions have|not in its function"):
        unwinding(changed)


def test_tables_of_no_function_are_read_and_compared() -> None:
    first, other = (made(behind=ORPHANS.replace("LANDING", pad)) for pad in ("3", "4"))
    assert [len(one.call_sites) for one in unwinding(first).orphans] == [0, 1]
    moved = made("-g", behind=ORPHANS.replace("LANDING", "3"))
    same = by_name(first, moved)
    assert compare_orphans(unwinding(first), unwinding(moved), same) is None
    expected = "has other exception tables of no function"
    assert compare_orphans(unwinding(first), unwinding(other), same) == expected
    assert compare_orphans(unwinding(first), unwinding(HONEST), same) == expected
    assert compare_orphans(unwinding(HONEST), unwinding(first), same) == expected


@pytest.mark.parametrize("junk", ["0x90", "0x01, 0x02, 0x03", "0xff, 0xff, 1, 40"])
def test_bytes_of_no_table_are_not_read(junk: str) -> None:
    source = ORPHANS.replace(".byte 0xff, 0xff, 1, 0", f".byte {junk}").replace("LANDING", "3")
    with pytest.raises(UnreadableElfError, match="the exception table"):
        unwinding(made(behind=source))


def test_a_cut_section_is_not_read() -> None:
    for size in range(section(HONEST, ".gcc_except_table").size - 1, 0, -1):
        data = in_section_header(HONEST, ".gcc_except_table", "size", size)
        with pytest.raises(UnreadableElfError):
            unwinding(data)


def _same_address(ours: int, theirs: int) -> bool:
    return ours == theirs


def test_no_flipped_bit_goes_unnoticed() -> None:
    """Every bit counts, but for how and where types are written that are none, or only null."""
    chance = random.Random(6)  # noqa: S311
    found = section(HONEST, ".gcc_except_table")
    honest = unwinding(HONEST)
    free = {
        found.offset + one.table.address - found.address + at
        for one in honest.functions
        for at in (1, 2)
        if one.table and not any(one.table.types)
    }
    offsets = [at for at in range(found.offset, found.offset + found.size) if at not in free]
    refused = 0
    for _ in range(2_000):
        at = chance.choice(offsets)
        data = patched(HONEST, at, bytes((HONEST[at] ^ 1 << chance.randrange(8),)))
        try:
            changed = unwinding(data)
        except UnreadableElfError:
            refused += 1
            continue
        pairs = zip(changed.functions, honest.functions, strict=True)
        assert any(compare_frames(*pair, _same_address) for pair in pairs), hex(at)
    assert 0 < refused < 2_000
