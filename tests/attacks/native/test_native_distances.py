"""Attacks on what was assembled together: distances between functions that nothing tells of."""

import pytest

from tests.attacks.native.building import accepted, linked, told, with_word
from tests.attacks.native.image import Image

_END = "\n.section .note.GNU-stack\n"
_CHOICE = """
.text
.globl choose
.type choose,@function
choose: .cfi_startproc
here: lea here(%rip), %rax
 add $(WHAT - here), %rax
 call *%rax
 ret
 .cfi_endproc
.size choose,.-choose
.p2align 4
"""
_FUNCTION = """
{section}
.type {name},@function
{name}: .cfi_startproc
 mov ${number}, %eax
 ret
 .cfi_endproc
.size {name},.-{name}
.p2align 4
"""


def _function(name: str, number: int, section: str = "") -> str:
    return _FUNCTION.format(name=name, number=number, section=section)


def _asm(*parts: str) -> str:
    return "\n".join(("#asm", *parts, _END))


FIRST, SECOND = _function("first", 1), _function("second", 2)
DEBUG = ("-O2", "-g")


@pytest.mark.parametrize("flags", [("-O2", "-g0"), DEBUG])
def test_functions_of_one_source_do_not_change_places(flags: tuple[str, ...]) -> None:
    """All instructions stay the same, and another function is called."""
    rebuilt = linked(_asm(_CHOICE.replace("WHAT", "first"), FIRST, SECOND), flags=flags)
    published = linked(_asm(_CHOICE.replace("WHAT", "second"), SECOND, FIRST), flags=flags)
    choose = Image(rebuilt).address_of("choose")
    ours = Image(published).read(Image(published).address_of("choose"), 16)
    assert ours == Image(rebuilt).read(choose, 16)
    assert accepted(published, rebuilt) == []


@pytest.mark.parametrize("flags", [("-O2", "-g0"), DEBUG])
def test_functions_of_one_source_do_not_move_apart(flags: tuple[str, ...]) -> None:
    code = _CHOICE.replace("WHAT", "first")
    rebuilt = linked(_asm(code, FIRST, SECOND), flags=flags)
    published = linked(_asm(code, FIRST, ".fill 16,1,0x90", SECOND), flags=flags)
    assert accepted(published, rebuilt) == []


def test_a_part_that_is_seldom_run_does_not_change_places_with_another() -> None:
    """A name does not make code what a compiler puts into a section of its own."""
    cold = [_function(f"{name}.cold", number) for name, number in (("first", 1), ("second", 2))]
    rebuilt = linked(_asm(_CHOICE.replace("WHAT", "first.cold"), *cold))
    published = linked(_asm(_CHOICE.replace("WHAT", "second.cold"), *reversed(cold)))
    assert accepted(published, rebuilt) == []


def test_sources_without_debug_information_do_not_change_places() -> None:
    """Nothing says then which functions were assembled together."""
    one, two = "int one(int code) { return code * 3; }", "int two(int code) { return code - 7; }"
    assert told(linked(two, one), with_word(linked(one, two))) != []


def test_units_that_overlap_say_nothing() -> None:
    """A unit that claims a part of another's code does not make that part one of its own."""
    claim = (
        ".section .debug_aranges\n.long 44\n.short 2\n.long 0\n.byte 8,0\n.long 0\n"
        ".quad {0}\n.quad 16\n.quad 0,0\n"
    )
    code = _CHOICE.replace("WHAT", "first")
    rebuilt = linked(
        "int one(void) { return 1; }",
        _asm(code, FIRST, SECOND, claim.format("second"), claim.format("second")),
        flags=DEBUG,
    )
    code = _CHOICE.replace("WHAT", "second")
    published = linked(
        "int one(void) { return 1; }",
        _asm(code, SECOND, FIRST),
        flags=DEBUG,
    )
    assert accepted(published, rebuilt) == []


def test_functions_behind_one_that_differs_may_stand_further_off() -> None:
    """What has to be read is the one alone."""
    code = _CHOICE.replace("WHAT", "first")
    longer = _function("first", 1).replace(" ret", " mov $3, %ecx\n" * 4 + " ret")
    rebuilt = with_word(linked(_asm(code, FIRST, SECOND)))
    parts = [line.partition(":")[0] for line in told(linked(_asm(code, longer, SECOND)), rebuilt)]
    assert parts == ["code", "unwinding"]
