"""Tampering with what patchelf changed: in the places that it leaves, and in the tables it moves.

The rebuilt file is repaired as the published one is, so that nothing but the change is told.
"""

import random
import struct
from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.attacks.native.building import told
from tests.attacks.native.image import LOAD, NOTE, STACK, Image, Segment
from tests.attacks.native.repairing import CALLING, built, repaired
from tests.support.patchelf import NEWEST, OLDEST, USUAL
from verify.native.parts import BUNDLED

Change = Callable[[Image], None]

SHELL = b"\x31\xc0\x50\x48\xbf/bin//sh\x57\x54\x5f\x6a\x3b\x58\x0f\x05"
DYNAMIC = 2
NEEDED, HASH_GNU, STRTAB, SYMTAB, RELA, STRSZ, INIT = 1, 0x6FFFFEF5, 5, 6, 7, 10, 12
SONAME, RPATH, JMPREL, RUNPATH, VERSYM, VERNEED = 14, 15, 23, 29, 0x6FFFFFF0, 0x6FFFFFFE
FIRST, SECOND = b"libfoo-0badc0de.so.1", b"libbar-feedface.so.2"

CHANGES: dict[str, Change] = {}


def change(made: Change) -> Change:
    """Register a change, named like the function."""
    CHANGES[made.__name__.strip("_").replace("_", "-")] = made
    return made


def _before(name: str) -> Image:
    """The file before it was repaired."""
    image = Image(built())
    assert image.section(name).size
    return image


def _left(name: str) -> int:
    """Where a section was that patchelf has moved away, in the file."""
    return _before(name).section(name).offset


def _added(image: Image) -> Segment:
    """The last segment that patchelf added."""
    return [one for one in image.segments() if one.kind == LOAD][-1]


def _grown(image: Image, content: bytes) -> int:
    """Put something behind the last segment, have it loaded, too, and give its address."""
    last = _added(image)
    behind = last.file_size
    del image.data[last.offset + behind :]
    image.append(content)
    which = len([one for one in image.segments() if one.kind == LOAD]) - 1
    size = behind + len(content)
    image.change_segment(LOAD, which, file_size=size, memory_size=size)
    return last.address + behind


def _string(image: Image, text: bytes) -> int:
    """The offset of a name in the names of dynamic symbols."""
    return image.content(".dynstr").index(text)


# In what was left


@change
def _code_where_the_names_were(image: Image) -> None:
    image.put(_left(".dynstr") + 16, SHELL)


@change
def _code_where_the_dynamic_section_was(image: Image) -> None:
    image.put(_left(".dynamic"), SHELL)


@change
def _old_dynamic_section_put_back_with_another_library(image: Image) -> None:
    before = _before(".dynamic")
    before.change_entry(NEEDED, 1)
    image.put(_left(".dynamic"), before.content(".dynamic"))


@change
def _old_names_put_back(image: Image) -> None:
    image.put(_left(".dynstr"), _before(".dynstr").content(".dynstr"))


@change
def _letters_that_spell_bits(image: Image) -> None:
    at, size = _left(".dynstr"), _before(".dynstr").section(".dynstr").size
    image.put(at, bytes(b"X\0"[bit % 3 == 0] for bit in range(size)))


@change
def _letters_behind_code(image: Image) -> None:
    fini = image.section(".fini")
    image.put(fini.offset + fini.size, b"X" * 64)


@change
def _section_of_code_over_what_was_left(image: Image) -> None:
    before = _before(".dynstr").section(".dynstr")
    image.put(before.offset, SHELL)
    image.add_section(".text.own", b"", flags=6, offset=before.offset, address=before.address)
    image.change_section(".text.own", size=before.size)


@change
def _section_of_data_over_what_was_left(image: Image) -> None:
    before = _before(".dynamic").section(".dynamic")
    image.put(before.offset, SHELL)
    fields = {"flags": 3, "offset": before.offset, "address": before.address, "alignment": 8}
    image.add_section(".data.own", b"", **fields)
    image.change_section(".data.own", size=before.size)


# In and behind the new segment


@change
def _code_in_the_padding_of_the_new_segment(image: Image) -> None:
    _grown(image, SHELL)


@change
def _one_byte_in_its_rounding(image: Image) -> None:
    last = _added(image)
    end = max(one.offset + one.size for one in image.headers())
    assert end < last.offset + last.file_size
    image.put(end, b"\x01")


@change
def _a_last_byte_that_is_something(image: Image) -> None:
    assert image.data[-1] == 0
    image.put(len(image.data) - 1, b"\xc3")


@change
def _more_bytes_behind_the_last(image: Image) -> None:
    image.append(bytes(7))


@change
def _payload_behind_the_last_byte(image: Image) -> None:
    image.append(SHELL)


@change
def _memory_behind_the_file(image: Image) -> None:
    which = len([one for one in image.segments() if one.kind == LOAD]) - 1
    image.change_segment(LOAD, which, memory_size=_added(image).file_size + 0x800)


@change
def _new_segment_that_is_executed(image: Image) -> None:
    which = len([one for one in image.segments() if one.kind == LOAD]) - 1
    image.change_segment(LOAD, which, flags=7)


@change
def _a_segment_more_of_letters_and_code(image: Image) -> None:
    start = image.align(0x1000)
    image.append(b"X" * 64 + SHELL + b"X" * 64)
    size = len(image.data) - start
    address = -(-(_added(image).address + _added(image).memory_size) // 0x1000) * 0x1000
    more = replace(
        _added(image),
        offset=start,
        address=address,
        physical=address,
        file_size=size,
        memory_size=size,
        flags=5,
    )
    image.set_segments([*image.segments(), more])


# What the loader goes by


def _copy_of(image: Image, name: str, edit: Callable[[bytearray], None]) -> int:
    content = bytearray(image.content(name))
    edit(content)
    return _grown(image, bytes(content) + bytes(-len(content) % 8))


def _segment_of_dynamic(image: Image) -> Segment:
    return next(one for one in image.segments() if one.kind == DYNAMIC)


def _shadow(image: Image) -> Segment:
    """A second dynamic section, whose first library is called by the end of another name."""

    def edit(content: bytearray) -> None:
        at = next(at for at in range(0, len(content), 16) if content[at : at + 8] == _word(NEEDED))
        content[at + 8 : at + 16] = _word(_string(image, b"foo-0badc0de"))

    address = _copy_of(image, ".dynamic", edit)
    size = image.section(".dynamic").size
    return replace(
        _segment_of_dynamic(image),
        offset=image.offset(address),
        address=address,
        physical=address,
        file_size=size,
        memory_size=size,
    )


def _word(value: int) -> bytes:
    return struct.pack("<Q", value)


@change
def _segment_of_another_dynamic_section(image: Image) -> None:
    shadow = _shadow(image)
    others = [shadow if one.kind == DYNAMIC else one for one in image.segments()]
    image.set_segments(others)


@change
def _two_segments_of_dynamic_sections(image: Image) -> None:
    shadow = _shadow(image)
    image.set_segments([*image.segments(), shadow])


@change
def _unused_header_turned_into_another_dynamic_segment(image: Image) -> None:
    shadow = _shadow(image)
    segments = image.segments()
    at = [one.kind for one in segments].index(NOTE)
    segments[at] = shadow
    image.set_segments(segments)


@change
def _section_header_leads_to_the_old_dynamic_section(image: Image) -> None:
    before = _before(".dynamic")
    old = before.section(".dynamic")
    image.put(old.offset, before.content(".dynamic"))
    image.change_section(".dynamic", offset=old.offset, address=old.address, size=old.size)


@change
def _both_lead_to_the_old_dynamic_section(image: Image) -> None:
    before = _before(".dynamic")
    old = before.section(".dynamic")
    image.put(old.offset, before.content(".dynamic"))
    fields = {"offset": old.offset, "address": old.address}
    image.change_section(".dynamic", size=old.size, **fields)
    sizes = {"file_size": old.size, "memory_size": old.size, "physical": old.address}
    image.change_segment(DYNAMIC, **fields, **sizes)


@change
def _first_slot_leads_to_data(image: Image) -> None:
    image.write(image.section(".got.plt").address, _word(image.section(".data").address))


@change
def _first_slot_leads_to_where_the_names_were(image: Image) -> None:
    address = _before(".dynstr").section(".dynstr").address
    image.write(image.section(".got.plt").address, _word(address + -address % 8 + 8))


@change
def _first_slot_leads_into_where_the_dynamic_section_was(image: Image) -> None:
    address = _before(".dynamic").section(".dynamic").address
    image.write(image.section(".got.plt").address, _word(address + 16))


@change
def _first_slot_leads_to_a_dynamic_section_put_back(image: Image) -> None:
    image.put(_left(".dynamic"), _before(".dynamic").content(".dynamic"))
    assert image.number(image.section(".got.plt").offset) == (
        _before(".dynamic").section(".dynamic").address
    )


@change
def _second_slot_leads_to_where_the_dynamic_section_was(image: Image) -> None:
    address = _before(".dynamic").section(".dynamic").address
    image.write(image.section(".got.plt").address + 8, _word(address))


@change
def _a_library_by_its_old_name(image: Image) -> None:
    image.change_entry(NEEDED, _string(image, b"libfoo.so.1"))


@change
def _a_library_more_by_its_old_name(image: Image) -> None:
    image.add_entry(NEEDED, _string(image, b"libfoo.so.1"))


@change
def _a_library_by_the_end_of_its_name(image: Image) -> None:
    image.change_entry(NEEDED, _string(image, b"foo-0badc0de"))


@change
def _both_libraries_swapped(image: Image) -> None:
    names = [_string(image, FIRST), _string(image, SECOND)]
    entries = image.entries()
    swapped = dict(zip(names, reversed(names), strict=True))
    image.set_entries([(tag, swapped.get(at, at) if tag == NEEDED else at) for tag, at in entries])


@change
def _hashes_of_both_libraries_swapped(image: Image) -> None:
    image.swap(".dynstr", b"0badc0de", b"feedface")
    image.swap(".dynstr", SECOND, b"libbar-0badc0de.so.2")


@change
def _versions_of_both_libraries_swapped(image: Image) -> None:
    table = image.section(".gnu.version_r")
    content = bytearray(image.content(".gnu.version_r"))
    places = {
        name: content.index(struct.pack("<I", _string(image, name))) for name in (FIRST, SECOND)
    }
    content[places[FIRST] : places[FIRST] + 4] = struct.pack("<I", _string(image, SECOND))
    content[places[SECOND] : places[SECOND] + 4] = struct.pack("<I", _string(image, FIRST))
    image.put(table.offset, bytes(content))


@change
def _path_leads_up_further(image: Image) -> None:
    image.swap(".dynstr", b"$ORIGIN/../example.libs", b"$ORIGIN/../../../../tmp")


@change
def _path_is_the_end_of_it(image: Image) -> None:
    image.change_entry(RPATH, _string(image, b"example.libs"))


@change
def _path_that_later_tags_have(image: Image) -> None:
    image.change_entry(RPATH, to=RUNPATH)


@change
def _later_path_beside_the_path(image: Image) -> None:
    image.add_entry(RUNPATH, _string(image, b"example.libs"))


@change
def _name_of_its_own(image: Image) -> None:
    image.add_entry(SONAME, _string(image, FIRST))


@change
def _names_in_what_was_filled(image: Image) -> None:
    at = _before(".dynstr").section(".dynstr")
    image.put(at.offset, image.content(".dynstr")[: at.size])
    image.change_entry(STRTAB, at.address)


@change
def _longer_table_of_names(image: Image) -> None:
    image.change_entry(STRSZ, image.section(".dynstr").size + 8)


@change
def _more_names_than_anything_refers_to(image: Image) -> None:
    image.swap(".dynstr", b"libfoo.so.1\0", b"libbad.so.1\0")


def _moved(name: str, tag: int, at: int, content: bytes) -> Change:
    """The loader has another copy of a table, in which something is changed."""

    def made(image: Image) -> None:
        def edit(copy: bytearray) -> None:
            copy[at : at + len(content)] = content

        image.change_entry(tag, _copy_of(image, name, edit))

    return made


CHANGES["another-table-of-symbols"] = _moved(".dynsym", SYMTAB, 24, b"\x01")
CHANGES["the-same-table-of-symbols-elsewhere"] = _moved(".dynsym", SYMTAB, 0, b"\x00")
CHANGES["another-table-of-names"] = _moved(".dynstr", STRTAB, 1, b"_")
CHANGES["another-table-of-hashes"] = _moved(".gnu.hash", HASH_GNU, 16, bytes(8))
CHANGES["another-table-of-relocations"] = _moved(".rela.dyn", RELA, 16, b"\x08")
CHANGES["another-table-of-calls"] = _moved(".rela.plt", JMPREL, 12, b"\x02")
CHANGES["another-table-of-versions"] = _moved(".gnu.version", VERSYM, 2, b"\x01\x00")
CHANGES["another-table-of-needed-versions"] = _moved(".gnu.version_r", VERNEED, 4, b"\x01")


@change
def _moved_relocations_with_their_section(image: Image) -> None:
    def edit(content: bytearray) -> None:
        content[16:24] = _word(image.address_of("square"))

    address = _copy_of(image, ".rela.dyn", edit)
    image.change_entry(RELA, address)
    old = image.section(".rela.dyn")
    image.put(old.offset, b"X" * old.size)
    image.change_section(".rela.dyn", address=address, offset=image.offset(address))


@change
def _hashes_that_hide_a_symbol(image: Image) -> None:
    table = image.section(".gnu.hash")
    image.put(table.offset + table.size - 4, bytes(4))


@change
def _hashes_of_another_symbol(image: Image) -> None:
    table = image.section(".gnu.hash")
    image.put(table.offset + table.size - 4, struct.pack("<I", 0x12345679))


@change
def _symbol_of_another_name(image: Image) -> None:
    image.change_symbol("packed", name_at=_string(image, b"unpacked\0") + 3)


@change
def _symbol_of_the_other_library(image: Image) -> None:
    ours, theirs = image.symbol("packed"), image.symbol("unpacked")
    table = image.section(".gnu.version")
    image.put(table.offset + 2 * ours, image.content(".gnu.version")[2 * theirs : 2 * theirs + 2])


@change
def _code_run_on_loading_in_what_was_left(image: Image) -> None:
    image.change_entry(INIT, _before(".dynstr").section(".dynstr").address)


@change
def _address_of_what_was_left(image: Image) -> None:
    left = _before(".dynamic").section(".dynamic").address
    image.change_relocation(lambda row: row.kind == 8, addend=left)


@change
def _segment_of_notes_in_code(image: Image) -> None:
    text = image.section(".text")
    image.change_segment(NOTE, offset=text.offset, address=text.address, physical=text.address)


@change
def _segment_of_notes_that_loaders_read(image: Image) -> None:
    image.change_segment(NOTE, alignment=8)


@change
def _segment_of_notes_in_the_first_program_headers(image: Image) -> None:
    image.change_segment(NOTE, offset=64, address=64, physical=64)


@change
def _segment_of_notes_where_the_names_were(image: Image) -> None:
    at = _before(".dynstr").section(".dynstr").offset
    image.change_segment(NOTE, offset=at + 1, address=at + 1, physical=at + 1)


@change
def _another_segment_of_notes(image: Image) -> None:
    notes = next(one for one in image.segments() if one.kind == NOTE)
    image.set_segments([*image.segments(), notes])


@change
def _segment_of_letters_that_is_executed(image: Image) -> None:
    start = image.align(0x1000)
    image.append(b"X" * 4096)
    address = -(-(_added(image).address + _added(image).memory_size) // 0x1000) * 0x1000
    place = {"offset": start, "address": address, "physical": address, "flags": 5}
    more = replace(_added(image), file_size=4096, memory_size=4096, **place)
    image.set_segments([*image.segments(), more])


@change
def _one_instruction(image: Image) -> None:
    at = image.address_of("work")
    code = image.read(at, 40)
    image.write(at + code.index(b"\x83\xc0\x03") + 2, b"\x04")


@pytest.mark.parametrize("version", [OLDEST, USUAL, NEWEST])
@pytest.mark.parametrize("name", CHANGES)
def test_tampering_with_a_repaired_file_leaves_a_problem(name: str, version: str) -> None:
    honest = repaired(built(), version)
    image = Image(honest)
    CHANGES[name](image)
    assert image.done() != honest
    for link in ((), ("-Wl,--emit-relocs",)):
        assert told(image.done(), repaired(built(link), version)) != []


@pytest.mark.parametrize("name", sorted({*CHANGES} - {"hashes-of-both-libraries-swapped"}))
def test_a_copy_of_another_file_covers_nothing(name: str) -> None:
    """The names of copies may differ; what else does is told beside them."""
    image = Image(repaired(built()))
    CHANGES[name](image)
    theirs = repaired(built(("-Wl,--emit-relocs",)), USUAL, ("12345678", "feedface"))
    assert [line for line in told(image.done(), theirs) if not line.startswith(f"{BUNDLED}:")]


@pytest.mark.parametrize(
    "names",
    [
        ("0badc0de", "0badc0de"),
        ("feedface", "0badc0de"),
    ],
)
def test_hashes_that_are_another_librarys_are_told(names: tuple[str, str]) -> None:
    assert told(repaired(built(), USUAL, names), repaired(built(("-Wl,--emit-relocs",)))) != []


def test_a_backdoor_beside_another_copy_is_told_by_its_import() -> None:
    opened = CALLING.replace("packed(x) + 3", 'packed(x) + system("id")')
    ours = repaired(built((), opened), USUAL, ("12345678", "feedface"))
    lines = told(ours, repaired(built(("-Wl,--emit-relocs",))))
    assert any(line.startswith("code: ") for line in lines)


def test_there_are_more_than_fifty_changes() -> None:
    assert len(CHANGES) > 50


FLIPS = 150


@pytest.mark.parametrize("version", [OLDEST, USUAL, NEWEST])
def test_no_loaded_byte_of_a_repaired_file_changes_unseen(version: str) -> None:
    published = repaired(built(), version)
    rebuilt = repaired(built(("-Wl,--emit-relocs",)), version)
    image = Image(published)
    label = image.section(".note.gnu.build-id")
    free = range(label.offset + 16, label.offset + label.size)
    loaded = [
        at
        for one in image.segments()
        if one.kind == LOAD
        for at in range(one.offset, one.offset + one.file_size)
        if at not in free
    ]
    source = random.Random(f"{version} flips")  # noqa: S311 - to be repeated
    unseen = []
    for at in source.sample(loaded, FLIPS):
        changed = bytearray(published)
        changed[at] ^= source.randrange(1, 256)
        # Nothing and patchelf's letter are one, where a section was.
        if {changed[at], published[at]} <= set(b"\0X"):
            continue
        if not told(bytes(changed), rebuilt):
            unseen.append(at)
    assert unseen == []


def test_a_letter_left_short_is_odd_but_behind_program_headers() -> None:
    """Headers that are added cover what was behind them; nothing else cuts a former place short."""
    honest = repaired(built())
    image = Image(honest)
    headers = image.number(32) + 56 * image.number(56, 2)
    first = min(one.offset for one in image.headers()[1:] if one.size)
    assert set(image.data[headers:first]) <= set(b"X\0")
    image.put(headers, b"XXX".ljust(first - headers, b"\0"))
    assert told(image.done(), honest) == []
    image.put(headers, b"\0XXX".ljust(first - headers, b"\0"))
    assert told(image.done(), honest) != []


def test_a_segment_of_notes_where_there_were_some_stands_for_those_that_lack_one() -> None:
    """Of patchelf up to 0.11 it is left behind; of a later one it is one too many."""
    old = _before(".note.gnu.build-id").section(".note.gnu.build-id")
    image = Image(repaired(built()))
    notes = next(one for one in image.segments() if one.kind == NOTE)
    assert old.size == notes.file_size
    place = {"offset": old.offset, "address": old.address, "physical": old.address}
    others = [replace(notes, **place) if one.kind == STACK else one for one in image.segments()]
    image.set_segments(others)
    (line,) = told(image.done(), image.done())
    assert line.endswith("has a segment of notes where there are none")
