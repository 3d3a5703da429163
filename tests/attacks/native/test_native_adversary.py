"""Attacks by somebody who has read `verify/native`: each aims at what it takes for granted.

Most of the published files here were loaded and do something else than the rebuilt ones.
"""

import struct
import time
from dataclasses import replace
from pathlib import Path

import pytest

from tests.attacks.native.building import accepted, linked, told, with_word
from tests.attacks.native.image import (
    LOAD,
    RELRO,
    TLS,
    Image,
    Row,
    Segment,
    versioned_rows,
    with_symbols,
)
from tests.attacks.native.sources import MAIN

PAGE = 0x1000
_END = "\n.section .note.GNU-stack\n"


def _asm(text: str) -> str:
    return f"#asm\n{text}{_END}"


def _padding(size: int) -> str:
    """Nothing but instructions that do nothing, before all other code."""
    return _asm(f".text\n.fill {size},1,0x90")


SMALL = """
#include <stdio.h>
#include <stdlib.h>
int two(void) { return 2; }
int one(void) { return 1; }
int use(const char *text) { return abs(atoi(text)) + puts(text); }
"""
RETURN_1337 = b"\xb8\x39\x05\x00\x00\xc3"


def _loads(image: Image) -> list[Segment]:
    return [segment for segment in image.segments() if segment.kind == LOAD]


def _inserted(image: Image, after: Segment, new: Segment) -> None:
    segments = image.segments()
    at = segments.index(after)
    image.set_segments([*segments[: at + 1], new, *segments[at + 1 :]])


def _other_page(image: Image, *, file_size: int, memory_size: int) -> bytes:
    """Have a page of code be mapped twice; the second one comes out of debug information."""
    code = _loads(image)[1]
    page = bytearray(image.data[code.offset : code.offset + PAGE])
    at = image.address_of("one") - code.address
    page[at : at + len(RETURN_1337)] = RETURN_1337
    image.add_name(".debug_loc")
    image.align(PAGE)
    offset = image.add_section(".debug_loc", bytes(page)) + 0xFF0
    address = code.address + 0xFF0
    new = Segment(
        kind=LOAD,
        flags=5,
        offset=offset,
        address=address,
        physical=address,
        file_size=file_size,
        memory_size=memory_size,
        alignment=PAGE,
    )
    _inserted(image, code, new)
    return image.done()


@pytest.mark.parametrize("size", [16, 1, 0])
def test_a_page_of_code_is_not_mapped_over(size: int) -> None:
    """The loader maps whole pages: one() returns 1337."""
    rebuilt = linked(SMALL)
    assert accepted(_other_page(Image(rebuilt), file_size=size, memory_size=size), rebuilt) == []


def test_segments_stand_in_order() -> None:
    rebuilt = linked(SMALL)
    image = Image(rebuilt)
    segments = image.segments()
    segments[0], segments[1] = segments[1], segments[0]
    image.set_segments(segments)
    assert accepted(image.done(), rebuilt) == []


def test_no_segment_is_of_no_section() -> None:
    """Code in memory that nothing refers to, out of debug information."""
    rebuilt = linked(SMALL)
    image = Image(rebuilt)
    image.add_name(".debug_loc")
    image.align(PAGE)
    offset = image.add_section(".debug_loc", RETURN_1337.ljust(64, b"\0"))
    last = _loads(image)[-1]
    address = (last.address + last.memory_size + 2 * PAGE) // PAGE * PAGE
    new = Segment(
        kind=LOAD,
        flags=5,
        offset=offset,
        address=address,
        physical=address,
        file_size=64,
        memory_size=64,
        alignment=PAGE,
    )
    _inserted(image, last, new)
    assert accepted(image.done(), rebuilt) == []


@pytest.mark.parametrize("which", [0, 1, 2, 3])
def test_no_segment_is_longer_in_memory_than_its_sections(which: int) -> None:
    """As much memory as somebody likes is taken on loading."""
    rebuilt = linked(SMALL)
    image = Image(rebuilt)
    found = _loads(image)[which]
    image.change_segment(
        LOAD, which, memory_size=found.memory_size + (1 << 30 if which == 3 else 8)
    )
    assert accepted(image.done(), rebuilt) == []


def test_no_more_becomes_read_only_than_in_the_rebuild() -> None:
    """The first write to a variable ends the process."""
    rebuilt = linked(SMALL)
    image = Image(rebuilt)
    found = next(one for one in image.segments() if one.kind == RELRO)
    end = -(-_loads(image)[-1].address // PAGE) * PAGE + PAGE
    image.change_segment(RELRO, memory_size=end - found.address)
    assert accepted(image.done(), rebuilt) == []


# Symbols


def _twice(name: str, like: Row) -> bytes:
    """A second symbol of a name, which the loader finds first."""
    data = linked(SMALL)
    rows = versioned_rows(data)
    first = next(at for at, (_, row, _) in enumerate(rows) if at and row.section)
    return with_symbols(data, [*rows[:first], (name, like, 1), *rows[first:]])


def _row(name: str) -> Row:
    image = Image(linked(SMALL))
    return image.rows()[image.symbol(name)]


def test_dynamic_symbols_that_are_moved_alone_are_accounted_for() -> None:
    """Otherwise the next tests would show nothing."""
    rebuilt = linked(SMALL)
    assert told(with_symbols(rebuilt, versioned_rows(rebuilt)), rebuilt) == []


def test_an_export_does_not_stand_there_twice() -> None:
    """The first one counts: one() returns 2."""
    assert accepted(_twice("one", _row("two")), linked(SMALL)) == []


def test_a_hidden_symbol_of_the_name_of_an_export_is_seen() -> None:
    assert accepted(_twice("one", replace(_row("two"), other=2)), linked(SMALL)) == []


@pytest.mark.parametrize("kind", [2, 10])
def test_a_local_symbol_of_the_name_of_an_export_is_seen(kind: int) -> None:
    """A relocation that is about it calls it, if it is to be resolved by a call."""
    data = linked(SMALL)
    rows = versioned_rows(data)
    local = ("one", replace(_row("two"), info=kind), 0)
    assert accepted(with_symbols(data, [rows[0], local, *rows[1:]]), data) == []


def test_an_unnamed_local_symbol_is_seen() -> None:
    data = linked(SMALL)
    rows = versioned_rows(data)
    local = ("", replace(_row("two"), name_at=0, info=10), 0)
    assert accepted(with_symbols(data, [rows[0], local, *rows[1:]]), data) == []


def test_an_export_that_is_local_by_its_version_is_seen() -> None:
    data = linked(SMALL)
    rows = [(name, row, 0 if name == "one" else at) for name, row, at in versioned_rows(data)]
    assert accepted(with_symbols(data, rows), data) == []


def test_text_among_the_loaded_names_is_seen() -> None:
    data = linked(SMALL)
    assert accepted(with_symbols(data, versioned_rows(data), b"#!/bin/sh evil\0"), data) == []


def test_a_name_behind_the_end_of_the_entries_is_seen() -> None:
    """meson leaves a search path there; that is text in memory all the same."""
    data = linked(SMALL)
    text = b"#!/bin/sh evil\0"
    image = Image(with_symbols(data, versioned_rows(data), text))
    entries = image.entries()
    end = next(at for at, one in enumerate(entries) if not one[0])
    entries[end + 1] = (0, image.content(".dynstr").index(text))
    image.set_entries(entries)
    assert accepted(image.done(), data) == []


# Slots


def test_a_function_is_not_looked_up_later_than_its_address_is_read() -> None:
    """`__gmon_start__` is null unless somebody has it; its slot is not, until the first call."""
    rebuilt = linked(SMALL)
    image = Image(rebuilt)
    number = image.symbol("__gmon_start__")
    rows = image.relocations()
    moved = next(row for row in rows if row.symbol == number)
    image.set_relocations([*(row for row in rows if row is not moved), replace(moved, kind=7)])
    rest, calls = image.section(".rela.dyn"), image.section(".rela.plt")
    assert rest.offset + rest.size == calls.offset
    image.change_section(".rela.dyn", size=rest.size - 24)
    image.change_section(
        ".rela.plt", size=calls.size + 24, offset=calls.offset - 24, address=calls.address - 24
    )
    entries = dict(image.entries())
    for tag, change in ((8, -24), (2, 24), (23, -24)):
        image.change_entry(tag, entries[tag] + change)
    table = image.section(".plt")
    for at in range(table.offset + 16, table.offset + table.size, 16):
        image.put(at + 7, struct.pack("<I", image.number(at + 7, 4) + 1))
    assert accepted(image.done(), rebuilt) == []


def test_constructors_do_not_hide_as_slots() -> None:
    """An array of constructors by its type, a table of slots by its name."""
    source = """
    int count;
    void more(void) { count += 1000; }
    int get(void) { return count; }
    int (*const keep)(void) = get;
    """
    flags = ("-nostartfiles", "-Wl,-z,now")
    array = '__attribute__((section(".init_array"), used)) static void (*const run)(void) = more;'
    rebuilt = linked(source, link=flags)
    image = Image(linked(source + array, link=flags))
    image.add_name(".got.plt")
    name = image.content(".shstrtab").index(b"\0.got.plt\0") + 1
    image.change_section(".init_array", name_at=name)
    assert ".got.plt" not in [header.name for header in Image(rebuilt).headers()]
    assert accepted(image.done(), rebuilt) == []


def test_resolvers_are_not_run_before_what_they_read_is_relocated() -> None:
    """The loader goes through its table in order, and linkers put resolvers last."""
    source = """
    extern char **environ;
    static int plain(void) { return 1; }
    static int fast(void) { return 2; }
    static int (*resolve(void))(void) { return environ && *environ ? plain : fast; }
    __attribute__((ifunc("resolve"))) static int chosen(void);
    int (*const held)(void) = chosen;
    """
    rebuilt = linked(source, link=("-Wl,-z,now",))
    image = Image(rebuilt)
    rows = image.relocations()
    late = [row for row in rows if row.kind == 37]
    early = [row for row in rows if row.kind == 8]
    assert late
    assert rows[-1] in late
    others = [row for row in rows if row.kind not in {8, 37}]
    image.set_relocations([*early, *late, *others])
    assert accepted(image.done(), rebuilt) == []


# Code


SWITCH = """
#include <stdlib.h>
int choose(int which, int with) {
    switch (which) {
    case 0: return abs(with);
    case 1: return with * 3;
    case 2: return rand() + 7;
    case 3: return with - 1;
    case 4: return with / 7;
    case 5: return with ^ 99;
    default: return -1;
    }
}
"""


@pytest.mark.parametrize("level", ["-O0", "-O1", "-O2", "-O3", "-Os"])
@pytest.mark.parametrize("marks", ["none", "full"])
def test_a_jump_table_is_not_left_behind_when_code_moves(level: str, marks: str) -> None:
    """Its words are distances; every case leads into the middle of an instruction."""
    flags = (level, "-g0", f"-fcf-protection={marks}")
    rebuilt = linked(_padding(0), SWITCH, flags=flags)
    image = Image(linked(_padding(16), SWITCH, flags=flags))
    image.put(image.section(".rodata").offset, Image(rebuilt).content(".rodata"))
    assert accepted(image.done(), rebuilt) == []


def test_a_table_of_distances_of_assembly_is_not_left_behind() -> None:
    code = _asm("""
.text
.globl choose
.type choose,@function
choose: .cfi_startproc
 lea table(%rip), %rdx
 mov %rdx, %r8
 movslq (%r8,%rdi,4), %rax
 add %r8, %rax
 jmp *%rax
first: mov $1, %eax
 ret
second: mov $2, %eax
 ret
 .cfi_endproc
.size choose,.-choose
.section .rodata
table: .long first - table, second - table
""")
    rebuilt = linked(_padding(0), code)
    image = Image(linked(_padding(16), code))
    image.put(image.section(".rodata").offset, Image(rebuilt).content(".rodata"))
    assert accepted(image.done(), rebuilt) == []


def test_a_jump_table_is_not_left_behind_when_all_code_moves() -> None:
    """All functions are as far apart as before, and the section begins where it did."""
    flags = ("-O0", "-g0")
    link = ("-nostartfiles",)
    rebuilt = linked(_padding(0), SWITCH, flags=flags, link=link)
    image = Image(linked(_padding(16), SWITCH, flags=flags, link=link))
    image.put(image.section(".rodata").offset, Image(rebuilt).content(".rodata"))
    assert accepted(image.done(), rebuilt) == []


_CALLED = """
.globl choose
.type choose,@function
choose: .cfi_startproc
 lea table(%rip), %rdx
 movslq (%rdx,%rdi,4), %rax
 add %rdx, %rax
 GO
 ret
 .cfi_endproc
.size choose,.-choose
"""
_TABLE = "table: .long first - table, second - table, 0xc3\n"
_FUNCTIONS = """
.type first,@function
first: .cfi_startproc
 mov $1, %eax
 ret
 .cfi_endproc
.size first,.-first
.type second,@function
second: .cfi_startproc
 mov $2, %eax
 ret
 .cfi_endproc
.size second,.-second
"""


@pytest.mark.parametrize(
    "go", ["call *%rax", "push %rax\n ret", "mov %rax,-8(%rsp)\n jmp *-8(%rsp)"]
)
def test_distances_to_functions_are_not_left_behind(go: str) -> None:
    code = f".text\n{_CALLED.replace('GO', go)}FILL{_FUNCTIONS}.section .rodata\n{_TABLE}"
    rebuilt = linked(_asm(code.replace("FILL", "")))
    image = Image(linked(_asm(code.replace("FILL", ".fill 16,1,0x90"))))
    image.put(image.section(".rodata").offset, Image(rebuilt).content(".rodata"))
    assert accepted(image.done(), rebuilt) == []


@pytest.mark.parametrize("place", ["before", "behind"])
def test_distances_in_code_are_not_left_behind(place: str) -> None:
    """The assembler has written them, and the linker knows of none."""
    table = {"before": (_TABLE, ""), "behind": ("", _TABLE)}[place]
    code = f".text\n{table[0]}{_CALLED.replace('GO', 'call *%rax')}{table[1]}FILL{_FUNCTIONS}"
    rebuilt = linked(_asm(code.replace("FILL", ".fill 16,1,0x90")))
    image = Image(linked(_asm(code.replace("FILL", ".fill 32,1,0x90"))))
    words = Image(rebuilt).read(Image(rebuilt).address_of("table"), 12)
    image.write(image.address_of("table"), words)
    assert accepted(image.done(), rebuilt) == []


def test_constants_behind_a_jump_table_do_not_move_with_the_code() -> None:
    """No code names them, and they would lead to code if they were distances."""
    source = (
        SWITCH
        + """
    static const int after[] = {VALUE, 5};
    const int *const reached = after;
    """
    )

    def made(size: int, value: int) -> bytes:
        return linked(_padding(size), source.replace("VALUE", str(value)))

    probe = Image(made(0, 1))
    table = probe.address_of("after")
    start = probe.address_of("choose")
    base = probe.section(".rodata").address
    for at in range(base, table, 4):
        value = start - at
        published, rebuilt = made(16, value + 16), made(0, value)
        assert accepted(published, rebuilt) == []


def test_methods_stay_at_even_addresses() -> None:
    """The last bit of a pointer to a member function says whether it is a virtual one."""
    code = _asm("""
.text
FILL
.globl method
.type method,@function
method: .cfi_startproc
 mov $42, %eax
 ret
 .cfi_endproc
.size method,.-method
.section .data.rel.ro,"aw"
.globl held
held: .quad method, 0
""")
    rebuilt = linked(code.replace("FILL", ".fill 16,1,0x90"))
    published = linked(code.replace("FILL", ".fill 17,1,0x90"))
    assert accepted(published, rebuilt) == []


CALLS = """
.text
.globl moved
.type moved,@function
moved: .cfi_startproc
 call 1f
1: pop %rax
 .byte 0xe9
 .long other-.-4
 mov $1,%eax
 ret
 .cfi_endproc
.size moved,.-moved
.globl other
.hidden other
.type other,@function
other: .cfi_startproc
 mov $7,%eax
 ret
 .cfi_endproc
.size other,.-other
"""


def test_a_call_of_the_next_instruction_is_none_of_another_function() -> None:
    """Both are zero where the address was; there is one address more."""
    rebuilt = linked(_asm(CALLS))
    image = Image(rebuilt)
    image.point(image.address_of("moved") + 1, image.address_of("other"))
    assert accepted(image.done(), rebuilt) == []


def test_a_call_does_not_move_within_its_function() -> None:
    rebuilt = linked(_asm(CALLS))
    image = Image(rebuilt)
    start = image.address_of("moved")
    image.point(start + 1, image.address_of("other"))
    image.point(start + 7, start + 11)
    assert accepted(image.done(), rebuilt) == []


_PIECE = """
.globl {name}
.type {name},@function
{name}: .cfi_startproc
 {body}
 .cfi_endproc
.size {name},.-{name}
"""
ENTER = _PIECE.format(name="enter", body="mov $7,%eax")
LEAVE = _PIECE.format(name="leave", body="ret")
MORE = _PIECE.format(name="more", body="add $1,%eax\n ret")


def test_code_that_goes_on_in_the_next_function_goes_on_in_the_same() -> None:
    rebuilt = linked(_asm(".text" + ENTER + LEAVE + MORE))
    assert accepted(linked(_asm(".text" + ENTER + MORE + LEAVE)), rebuilt) == []


@pytest.mark.parametrize("last", ["mov $39,%eax\n syscall", "call leave", "int $3", "jnz leave"])
def test_code_that_may_go_on_goes_on_in_the_same(last: str) -> None:
    """Nothing says that a call does not return."""
    enter = _PIECE.format(name="enter", body=last)
    rebuilt = linked(_asm(".text" + enter + LEAVE + MORE))
    assert accepted(linked(_asm(".text" + enter + MORE + LEAVE)), rebuilt) == []


def test_code_that_goes_on_does_not_run_into_a_breakpoint() -> None:
    rebuilt = linked(_asm(".text" + ENTER + LEAVE))
    assert accepted(linked(_asm(".text" + ENTER + ".byte 0xcc\n" + LEAVE)), rebuilt) == []


def test_code_that_ends_in_a_breakpoint_ends_there() -> None:
    """Without a frame it is taken for padding."""
    code = ".text\n.globl stop\n.type stop,@function\nstop: mov $7,%eax\nBREAK\n"
    after = ".globl go\n.type go,@function\n" + _PIECE.format(name="go", body="ret")
    rebuilt = linked(_asm(code.replace("BREAK", "int3") + after))
    assert accepted(linked(_asm(code.replace("BREAK", "nop") + after)), rebuilt) == []


def test_padding_is_what_assemblers_write() -> None:
    """An instruction that does nothing has room for others in it."""
    rebuilt = linked(MAIN)
    image = Image(rebuilt)
    image.swap(
        ".text",
        bytes.fromhex("66662e0f1f8400") + bytes(4),
        bytes.fromhex("66662e0f1f8400") + b"\x0f\x05\xc3\x90",
    )
    assert accepted(image.done(), rebuilt) == []


def test_padding_is_not_longer_than_alignment_needs() -> None:
    rebuilt = linked(_padding(0), SMALL)
    assert accepted(linked(_padding(4096), SMALL), rebuilt) == []


def test_distances_in_immediate_values_fit_to_the_layout() -> None:
    """`-mcmodel=large`: get(0) reads other data."""
    source = """
    static int first[4] = {1, 2, 3, 4};
    int get(long at) { return first[at]; }
    void set(long at) { first[at] = 9; }
    """
    flags = ("-O2", "-g0", "-mcmodel=large")
    rebuilt = Image(linked(source, flags=flags))
    image = Image(linked(source, flags=flags, link=("-Wl,--section-start=.data=0x4020",)))
    for name in ("get", "set"):
        ours, theirs = (
            bytearray(image.read(image.address_of(name), 80)),
            rebuilt.read(rebuilt.address_of(name), 80),
        )
        at = 0
        while at < 70:
            if theirs[at] in {0x48, 0x49} and 0xB8 <= theirs[at + 1] <= 0xBF:
                ours[at + 2 : at + 10] = theirs[at + 2 : at + 10]
                at += 9
            at += 1
        image.write(image.address_of(name), bytes(ours))
    assert accepted(image.done(), rebuilt.done()) == []


@pytest.mark.parametrize("level", ["-O2", "-Os"])
def test_an_address_before_an_array_moves_with_the_array(level: str) -> None:
    """GCC names the place 26 bytes before it, which is of another section."""
    source = """
    long table[15] = {1, 2, 3};
    static short held[64] __attribute__((aligned(64)));
    long sum(long n) {
        long all = 0;
        for (long i = n; i > 17; i -= 3) { all = all * 3 + held[i - 13]; held[i - 17] = all; }
        return all;
    }
    void set(long at, long value) { held[at] = value; }
    """
    flags = (level, "-g0")
    rebuilt = Image(linked(source, flags=flags, link=("-nostartfiles",)))
    further = rebuilt.section(".bss").address + 64
    link = ("-nostartfiles", f"-Wl,--section-start=.bss={further:#x}")
    image = Image(linked(source, flags=flags, link=link))
    start = rebuilt.address_of("sum")
    at = rebuilt.read(start, 100).index(b"\x8d") + 2
    target = start + at + 4 + struct.unpack("<i", rebuilt.read(start + at, 4))[0]
    before = rebuilt.section(".data")
    assert before.address < target < before.address + before.size
    image.point(
        image.address_of("sum") + at, image.section(".data").address + target - before.address
    )
    assert accepted(image.done(), rebuilt.done()) == []


def test_constants_in_code_are_no_addresses() -> None:
    """Bytes of a table of assembly that look like a call change with the layout."""
    code = _asm("""
.text
.globl read
.type read,@function
read: .cfi_startproc
 mov table+1(%rip), %eax
 ret
table: .byte 0xe8
 .long other - START
 ret
 .cfi_endproc
.size read,.-read
.fill FILL,1,0x90
.globl other
.type other,@function
other: .cfi_startproc
 ret
 .cfi_endproc
.size other,.-other
""").replace("START", ". - 4")
    # The same constant in both: what an assembler writes for data.
    rebuilt, published = (
        Image(linked(code.replace("FILL", "16"))),
        linked(code.replace("FILL", "32")),
    )
    assert rebuilt.done() != published
    assert accepted(published, rebuilt.done()) == []


def test_constants_at_the_start_of_code_are_no_addresses() -> None:
    """They look like a function whose address is taken."""
    code = """
.text
table: .byte 0xe8
 .long other - . - 4
 ret
.globl read
.type read,@function
read: .cfi_startproc
 lea table(%rip), %rax
 mov 1(%rax), %eax
 ret
 .cfi_endproc
.size read,.-read
FILL
.type other,@function
other: .cfi_startproc
 ret
 .cfi_endproc
.size other,.-other
"""
    rebuilt = linked(_asm(code.replace("FILL", ".fill 16,1,0x90")))
    assert accepted(linked(_asm(code.replace("FILL", ".fill 32,1,0x90"))), rebuilt) == []


# What is in memory and is compared with nothing


def _loaded_section(kind: int, name: str, content: bytes) -> bytes:
    """A further section of constants, behind everything else in memory."""
    image = Image(linked(SMALL))
    image.add_name(name)
    last = _loads(image)[-1]
    offset = image.align(PAGE)
    address = (last.address + last.memory_size + 2 * PAGE) // PAGE * PAGE
    image.add_section(name, content, kind=kind, flags=2, address=address)
    new = Segment(
        kind=LOAD,
        flags=4,
        offset=offset,
        address=address,
        physical=address,
        file_size=len(content),
        memory_size=len(content),
        alignment=PAGE,
    )
    _inserted(image, last, new)
    return image.done()


@pytest.mark.parametrize(
    ("kind", "name"),
    [(3, ".names"), (3, ".strtab2"), (1, ".more"), (2, ".table"), (17, ".group"), (1, ".plt.sec")],
)
def test_no_section_is_loaded_that_the_rebuild_does_not_have(kind: int, name: str) -> None:
    assert accepted(_loaded_section(kind, name, b"\0payload\0"), linked(SMALL)) == []


def test_a_build_id_is_no_place_for_a_program() -> None:
    """It is in memory, and any linker lets it be given: `--build-id=0x...`."""
    payload = "90" * 4000
    published = linked(SMALL, link=(f"-Wl,--build-id=0x{payload}",))
    assert accepted(published, linked(SMALL)) == []


def test_there_is_one_build_id() -> None:
    note = struct.pack("<III", 4, 20, 3) + b"GNU\0" + b"payload payload 1234"
    more = _asm('.section .note.more,"a",@note\n' + "\n".join(f".byte {byte}" for byte in note))
    assert accepted(linked(SMALL, more), linked(SMALL)) == []


def test_a_version_is_not_asked_for_that_no_symbol_has() -> None:
    """The loader refuses the file where it is missing."""
    source = "#include <math.h>\ndouble more(double of) { return pow(of, 2.5); }"
    rebuilt = linked(source, link=("-lm",))
    image = Image(rebuilt)
    rows = versioned_rows(rebuilt)
    number = next(number for name, _, number in rows if name == "pow")
    offset = image.section(".gnu.version").offset
    image.put(offset + 2 * [name for name, _, _ in rows].index("pow"), struct.pack("<H", 1))
    assert number > 1
    assert accepted(image.done(), rebuilt) == []


def test_versions_that_are_defined_are_the_same(tmp_path: Path) -> None:
    """Whoever was linked against the file asks for them."""
    source = """
    int first_old(void) { return 1; }
    int first_new(void) { return 2; }
    __asm__(".symver first_old, first@LIB_1");
    __asm__(".symver first_new, first@@LIB_2");
    """

    def made(name: str, script: str) -> bytes:
        (tmp_path / name).write_text(script, encoding="utf-8")
        return linked(source, link=(f"-Wl,--version-script={tmp_path / name}",))

    rebuilt = made("rebuilt", "LIB_1 { };\nLIB_2 { } LIB_1;\n")
    assert told(rebuilt, rebuilt) == []
    assert accepted(made("published", "LIB_1 { };\nLIB_2 { };\n"), rebuilt) == []


@pytest.mark.parametrize("alignment", [0, 1, 2, 4096, 1 << 40])
def test_thread_local_data_is_aligned_the_same(alignment: int) -> None:
    rebuilt = linked(MAIN)
    image = Image(rebuilt)
    image.change_segment(TLS, alignment=alignment)
    assert accepted(image.done(), rebuilt) == []


# Time


def _within(seconds: float, published: bytes, rebuilt: bytes) -> list[str]:
    start = time.process_time()
    found = told(published, rebuilt)
    assert time.process_time() - start < seconds
    return found


def test_many_sections_of_code_with_many_frames_take_no_long() -> None:
    """One looks through all frames for each section."""

    def one(at: int) -> str:
        frames = "".join(" .cfi_startproc\n nop\n .cfi_endproc\n" for _ in range(60))
        return f'.section .text.s{at},"ax",@progbits\n{frames}'

    source = linked(_asm(""), link=())
    wide = linked(_asm("\n".join(one(at) for at in range(1500))), link=("-Wl,--unique=.text.*",))
    assert _within(60, wide, source) != []


def test_many_sections_of_data_with_many_relocations_take_no_long() -> None:
    def one(at: int) -> str:
        return f'.section .data.s{at},"aw",@progbits\n.rept 100\n.quad place\n.endr\n'

    text = "\n".join(one(at) for at in range(1500)) + '\n.section .data.p,"aw"\nplace: .quad 1\n'
    wide = linked(_asm(text), link=("-Wl,--unique=.data.*",))
    assert _within(60, wide, linked(SMALL)) != []


def test_many_functions_with_what_the_linker_knew_take_no_long() -> None:
    source = "int puts(const char *);\n" + "\n".join(
        f'int f{at}(int a) {{ return puts("{at}") + puts("a{at}") * a + puts("b") - {at}; }}'
        for at in range(2500)
    )
    other = source.replace("* a +", "* a -")
    assert _within(60, linked(other), with_word(linked(source))) != []


def test_many_functions_that_differ_take_no_long() -> None:
    """The footprint of each is looked up among all of them."""

    def made(value: int) -> bytes:
        lines = [".text"]
        for at in range(6000):
            lines += [f"f{at}: .cfi_startproc", f" mov ${value + at},%eax"]
            lines += [f" call f{(at * 7 + step) % 6000}" for step in range(6)]
            lines += [" ret", " .cfi_endproc", f".type f{at},@function", f".size f{at},.-f{at}"]
        return linked(_asm("\n".join(lines)))

    assert _within(60, made(1), made(100000)) != []


# Pointers in data


def test_a_pointer_before_an_array_moves_with_the_array() -> None:
    """`array - 13` in an initial value: arrays that are counted from 13 on."""
    source = """
    long table[15] = {1, 2, 3};
    static short held[64] __attribute__((aligned(64)));
    short *from = held - 13;
    long get(long at) { return from[at]; }
    void set(long at, long value) { held[at] = value; }
    """
    link = ("-nostartfiles", "-Wl,-z,now")
    rebuilt = Image(linked(source, link=link))
    further = rebuilt.section(".bss").address + 64
    image = Image(linked(source, link=(*link, f"-Wl,--section-start=.bss={further:#x}")))
    theirs = next(row for row in rebuilt.relocations() if row.kind == 8)
    before = rebuilt.section(".data")
    assert before.address < theirs.addend < before.address + before.size
    image.change_relocation(
        lambda row: row.kind == 8,
        addend=image.section(".data").address + theirs.addend - before.address,
    )
    assert accepted(image.done(), rebuilt.done()) == []


@pytest.mark.parametrize("kind", [2, 4, 0x6474E550, 0x6474E551, 0x6474E552])
def test_no_alignment_of_a_segment_is_free(kind: int) -> None:
    """How the loader steps through notes follows from it; found by the fuzzer."""
    rebuilt = linked(SMALL)
    image = Image(rebuilt)
    image.change_segment(kind, alignment=1 << 20)
    assert accepted(image.done(), rebuilt) == []
