"""What somebody who knows the code tries with files that patchelf changed, and with their repair.

Each of these was accepted once, or hid behind a repair that failed.
"""

import struct
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.attacks.native.building import told
from tests.attacks.native.image import LOAD, RELRO, Image, Segment
from tests.attacks.native.repairing import FOLDER, built, copied, repaired
from tests.attacks.native.test_bundled_libraries import FOLDER as COPIES
from tests.attacks.native.test_bundled_libraries import LIBRARY, MODULE, judged, library
from tests.support.patchelf import NEWEST, OLDEST, USUAL
from verify.compare.unrepaired import as_unrepaired
from verify.native.compare import compare_native
from verify.native.dwarf import MAX_STRINGS, DebugInformation
from verify.native.elf import UnreadableElfError
from verify.native.parts import REPAIR
from verify.verdict import Verdict

Change = Callable[[Image], None]

WORD = ("-Wl,--emit-relocs",)
DYNAMIC, STRTAB, SYMTAB, RELA, RELASZ, STRSZ, JMPREL = 2, 5, 6, 7, 8, 10, 23
RELACOUNT = 0x6FFFFFF9
FAR = 1 << 46
"""Bytes; nobody can reserve as many addresses."""

CHANGES: dict[str, Change] = {}


def change(made: Change) -> Change:
    """Register a change, named like the function."""
    CHANGES[made.__name__.strip("_").replace("_", "-")] = made
    return made


def _loads(image: Image) -> list[Segment]:
    return [one for one in image.segments() if one.kind == LOAD]


def _grown(image: Image, content: bytes) -> int:
    """Put something behind the last segment, have it loaded, too, and give its address."""
    last = _loads(image)[-1]
    del image.data[last.offset + last.file_size :]
    image.append(content)
    size = last.file_size + len(content)
    image.change_segment(LOAD, len(_loads(image)) - 1, file_size=size, memory_size=size)
    return last.address + last.file_size


def _placed(image: Image, name: str, address: int, **fields: int) -> None:
    """Have a section stand elsewhere; where it was is nothing."""
    old = image.section(name)
    image.put(old.offset, bytes(old.size))
    image.change_section(name, address=address, offset=image.offset(address), **fields)


# Bytes that nobody asks for


@change
def _letters_that_spell_something_behind_the_last_section(image: Image) -> None:
    _grown(image, (b"X" * 8 + b"\0" + b"Z" * 9 + b"\0\0") * 500)


@change
def _letters_that_spell_something_among_the_names(image: Image) -> None:
    spelled = b"".join(b"X" * size + b"\0" for size in (1, 2, 3, 7, 4) * 20)
    names = image.content(".dynstr") + spelled
    address = _grown(image, names + bytes(-len(names) % 8))
    _placed(image, ".dynstr", address, size=len(names))
    image.change_entry(STRTAB, address)
    image.change_entry(STRSZ, len(names))


# What cannot be mapped, read or written


@change
def _more_memory_than_there_is(image: Image) -> None:
    last = _loads(image)[-1]
    address = -(-(last.address + last.memory_size) // 0x1000) * 0x1000
    start = image.align(0x1000)
    image.append(bytes(8))
    place = {"offset": start, "address": address, "physical": address}
    more = replace(last, file_size=8, memory_size=FAR, **place)
    image.set_segments([*image.segments(), more])


@change
def _new_segment_further_off_than_anybody_reserves(image: Image) -> None:
    last = _loads(image)[-1]
    inside = range(last.address, last.address + last.memory_size)
    for header in image.headers():
        if header.flags & 2 and header.address in inside:
            image.change_section(header.name, address=header.address + FAR)
    image.set_segments(
        [
            replace(one, address=one.address + FAR, physical=one.physical + FAR)
            if one.address in inside
            else one
            for one in image.segments()
        ]
    )
    image.set_entries(
        [
            (tag, value + FAR if value in inside and tag in {STRTAB, SYMTAB} else value)
            for tag, value in image.entries()
        ]
    )
    slot = image.section(".got.plt").offset
    if image.number(slot) in inside:
        image.put(slot, struct.pack("<Q", image.number(slot) + FAR))


@change
def _relocations_of_calls_counted_twice(image: Image) -> None:
    """The loader adds where the file is mapped to addresses that it has filled in before."""
    calls, others = image.content(".rela.plt"), image.content(".rela.dyn")
    address = _grown(image, calls + others)
    _placed(image, ".rela.plt", address)
    _placed(image, ".rela.dyn", address + len(calls))
    image.change_entry(RELA, address)
    image.change_entry(RELASZ, len(calls) + len(others))
    image.change_entry(JMPREL, address)
    image.set_entries([one for one in image.entries() if one[0] != RELACOUNT])


@change
def _constants_that_nobody_may_read(image: Image) -> None:
    image.change_segment(LOAD, 2, flags=0)


@change
def _names_that_nobody_may_read(image: Image) -> None:
    image.change_segment(LOAD, 0, flags=0)


@change
def _code_that_can_only_be_run(image: Image) -> None:
    image.change_segment(LOAD, 1, flags=1)


@change
def _tables_that_can_be_run(image: Image) -> None:
    """Whatever is in a build-id, too."""
    which = next(
        at
        for at, one in enumerate(_loads(image))
        if one.address <= image.section(".gnu.hash").address < one.address + one.memory_size
    )
    assert not _loads(image)[which].flags & 1
    image.change_segment(LOAD, which, flags=5)


@change
def _data_that_cannot_be_written_after_relocation(image: Image) -> None:
    relro = next(one for one in image.segments() if one.kind == RELRO)
    sizes = (relro.file_size + 0x1000, relro.memory_size + 0x1000)
    image.change_segment(RELRO, file_size=sizes[0], memory_size=sizes[1])


@pytest.mark.parametrize("version", [OLDEST, USUAL, NEWEST])
@pytest.mark.parametrize("name", CHANGES)
def test_what_was_once_accepted_of_a_repaired_file_leaves_a_problem(
    name: str, version: str
) -> None:
    honest, theirs = repaired(built(), version), repaired(built(WORD), version)
    assert told(honest, theirs) == []
    image = Image(honest)
    CHANGES[name](image)
    assert told(image.done(), theirs) != []


@pytest.mark.parametrize("name", [name for name in CHANGES if "nobody-may" in name])
def test_what_nobody_may_read_leaves_a_problem_of_a_plain_file_too(name: str) -> None:
    image = Image(built())
    CHANGES[name](image)
    assert told(image.done(), built(WORD)) != []


def test_each_thing_that_cannot_be_written_to_is_told() -> None:
    image = Image(built())
    CHANGES["data-that-cannot-be-written-after-relocation"](image)
    assert told(image.done(), built(WORD)) == [
        "loading: .data cannot be written to",
        "loading: .bss cannot be written to",
        "loading: slots that are filled late are read-only",
    ]


def test_slots_that_are_filled_at_once_may_be_read_only() -> None:
    assert told(built(("-Wl,-z,now",)), built((*WORD, "-Wl,-z,lazy"))) == []


def test_a_note_that_stands_twice_is_told() -> None:
    """Of properties that stand twice, the loader takes none."""
    once = '.section .note.own,"a",@note\\n.balign 4\\n.long 4,4,9,0x646c4f,{}\\n'
    source = '__asm__("' + once.format(1).replace('"', '\\"') + '.previous");'
    twice = source + source
    theirs = built(WORD, source)
    assert told(built((), source), theirs) == []
    assert told(built((), twice), theirs) != []


# A repair that failed

NAMES = (copied("libfoo.so.1", "0badc0de"), copied("libbar.so.2", "feedface"))
PLAIN = {MODULE: built(WORD)}


def _elsewhere(path: str) -> bytes:
    """The module has its copies looked for elsewhere."""
    image = Image(repaired(built()))
    image.swap(".dynstr", FOLDER.encode() + b"\0", path.encode().ljust(len(FOLDER) + 1, b"\0"))
    return image.done()


def _unrepaired() -> Iterator[tuple[str, dict[str, bytes]]]:
    copies = {f"{COPIES}/{name}": library(name) for name in NAMES}
    honest = {MODULE: repaired(built())}
    yield "a copy that is not there", {**honest, f"{COPIES}/{NAMES[0]}": library(NAMES[0])}
    yield "no copies", honest
    yield "a copy under its old name", {**PLAIN, f"{COPIES}/libfoo.so.1": library("libfoo.so.1")}
    yield (
        "a copy of an old name beside copies",
        {
            MODULE: _elsewhere(FOLDER),
            **copies,
            f"{COPIES}/libbaz.so.1": library("libbaz.so.1"),
            f"{COPIES}/{NAMES[0]}": library(NAMES[0], LIBRARY, "libbaz.so.1"),
        },
    )
    yield (
        "copies in another folder",
        {
            MODULE: _elsewhere("$ORIGIN/.libs"),
            **{f"example/.libs/{name}": library(name) for name in NAMES},
        },
    )
    for path in (
        "$ORIGIN/../../../../tmp",
        "$ORIGIN/../../x.libs",
        "$ORIGIN/../exemple.libs",
        "$ORIGIN/example.libs",
        "$ORIGIN",
    ):
        yield path, {MODULE: _elsewhere(path), **copies}


UNREPAIRED = dict(_unrepaired())


@pytest.mark.parametrize("what", UNREPAIRED)
def test_copies_that_the_wheel_does_not_lead_to_are_no_failed_repair(
    what: str, tmp_path: Path
) -> None:
    diff = as_unrepaired(judged(tmp_path, UNREPAIRED[what], PLAIN), "it broke")
    assert diff.verdict is Verdict.DIFFERENT


@pytest.mark.parametrize("path", ["$ORIGIN/../../../../tmp", "$ORIGIN", "$ORIGIN/../a:/b.libs"])
def test_a_path_that_no_repair_writes_is_more_than_a_repair(path: str) -> None:
    assert compare_native(_elsewhere(path), PLAIN[MODULE]).parts == {REPAIR, "loading"}


def test_a_word_that_only_begins_like_the_own_place_is_another_place(tmp_path: Path) -> None:
    copies = {f"{COPIES}/{name}": library(name) for name in NAMES}
    published = {MODULE: _elsewhere("$ORIGINAL/example.lib"), **copies}
    diff = as_unrepaired(judged(tmp_path, published, PLAIN), "it broke")
    assert diff.verdict is Verdict.SUSPICIOUS


# Names in debug information


def test_strings_that_take_too_long_to_look_at_are_refused() -> None:
    odd = "ä\0".encode() * (MAX_STRINGS + 1)
    debug = DebugInformation({".debug_str": b"\1\0" + odd}, 8, lambda _: frozenset({b"\1"}))
    with pytest.raises(UnreadableElfError, match="more than"):
        debug.check(".debug_str")


# Properties that the loader goes by

PROTECTED = ("-Wl,-z,ibt,-z,shstk",)
NOTE, PROPERTY = 4, 0x6474E553


def test_a_note_of_properties_is_none_that_patchelf_left_without_its_segment() -> None:
    """What the segment is about now is where notes were before; the loader finds no properties."""
    image = Image(repaired(built(PROTECTED)))
    theirs = repaired(built((*PROTECTED, *WORD)))
    assert told(image.done(), theirs) == []
    old = Image(built(PROTECTED)).section(".note.gnu.property")
    place = {"offset": old.offset, "address": old.address, "physical": old.address}
    unused = Segment(
        kind=0, flags=0, offset=0, address=0, physical=0, file_size=0, memory_size=0, alignment=0
    )
    segments = []
    for one in image.segments():
        is_read = one.kind == NOTE and one.alignment == 8
        kept = replace(one, alignment=4, **place) if is_read else one
        segments.append(unused if one.kind == PROPERTY else kept)
    image.set_segments(segments)
    assert told(image.done(), theirs) != []
