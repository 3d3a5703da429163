"""Parts of functions that are seldom run: they stand anywhere if nothing takes their address."""

import pytest

from tests.attacks.native.building import accepted, linked, told, with_word
from verify.native.module import read_module

_END = "\n.section .note.GNU-stack\n"
DEBUG = ("-O2", "-g")


def _cold(data: bytes) -> dict[str, int]:
    return {
        piece.name: piece.start
        for piece in read_module(data).pieces
        if piece.name and piece.name.endswith(".cold")
    }


def test_parts_that_are_seldom_run_may_stand_anywhere() -> None:
    """Another order of objects: nothing aligns these parts."""
    one, two = _named("one", 3), _named("two", 1)
    published, rebuilt = linked(two, one), linked(one, two, flags=DEBUG)
    ours, theirs = _cold(published), _cold(rebuilt)
    assert {(ours[name] - theirs[name]) % 16 for name in theirs} - {0}
    assert told(published, with_word(rebuilt)) == []


def _named(name: str, calls: int) -> str:
    """A function with a part that is seldom run, which is the longer the more it calls."""
    more = "".join(f"more({at});" for at in range(calls))
    return f"""
    void give_up(void) __attribute__((cold, noreturn));
    void more(int) __attribute__((cold));
    int {name}(int code) {{ if (code > 7) {{ {more} give_up(); }}
        return code * 3; }}
    """


_TAKEN = {
    "code": "lea one.cold(%rip), %rax\n and $15, %eax",
    "middle": "lea one.cold+1(%rip), %rax\n and $15, %eax",
    "itself": "call one.cold",
    "pointer": "mov held(%rip), %rax\n and $15, %eax",
}

_ITSELF = "call here\nhere: pop %rax\n and $15, %eax"
"""What code for x86 without 64 bits does to know where it is."""


@pytest.mark.parametrize("way", _TAKEN)
def test_a_part_whose_address_is_taken_stands_as_aligned_as_before(way: str) -> None:
    """The low bits of an address may be what code goes by."""
    taking = f"""#asm
.text
.globl bits
.type bits,@function
bits: .cfi_startproc
 {_TAKEN[way]}
 ret
 .cfi_endproc
.size bits,.-bits
.section .data.rel.ro,"aw"
.hidden one.cold
held: .quad {"one.cold" if way == "pointer" else "0"}
{_END}"""
    part = f"""#asm
.section .text.unlikely,"ax"
.globl one.cold
.hidden one.cold
.type one.cold,@function
one.cold: .cfi_startproc
 {_ITSELF if way == "itself" else "mov $7, %eax"}
 ret
 .cfi_endproc
.size one.cold,.-one.cold
{_END}"""
    filling = '#asm\n.section .text.unlikely,"ax"\n.fill {size},1,0x90' + _END
    rebuilt = linked(filling.format(size=16), part, taking, flags=DEBUG)
    published = linked(filling.format(size=21), part, taking, flags=DEBUG)
    assert accepted(published, rebuilt) == []


def test_a_function_is_no_part_that_is_seldom_run() -> None:
    """Exported, it has an address that others take."""
    part = """#asm
.text
.globl one.cold
.type one.cold,@function
one.cold: .cfi_startproc
 mov $7, %eax
 ret
 .cfi_endproc
.size one.cold,.-one.cold
"""
    filling = "#asm\n.text\n.fill {size},1,0x90" + _END
    rebuilt = linked(filling.format(size=16), part + _END, flags=DEBUG)
    published = linked(filling.format(size=21), part + _END, flags=DEBUG)
    assert accepted(published, rebuilt) == []
