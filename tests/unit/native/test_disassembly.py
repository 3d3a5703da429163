"""Functions that differ, side by side: what is marked, what addresses denote, what is bounded."""

from tests.attacks.native.building import linked
from verify.native.compare import NativeComparison, compare_native
from verify.native.disassembly import (
    CONTEXT,
    MAX_FUNCTIONS,
    MAX_ROWS,
    Disassembly,
    Mark,
    Row,
    Wanted,
)
from verify.native.instructions import MAX_INSTRUCTIONS

SOURCE = """
#include <stdio.h>
#include <stdlib.h>
int tell(const char *text, int count) {
    for (int at = 0; at < count; at++) { if (text[at] == 'x') { return at; } }
    printf("no x in %s", text);
    return abs(count);
}
int same(int code) { return code * 7; }
"""


def _compared(published: str, rebuilt: str = SOURCE) -> NativeComparison:
    return compare_native(linked(published), linked(rebuilt))


def _only(comparison: NativeComparison) -> Disassembly:
    assert len(comparison.disassembly) == 1
    return comparison.disassembly[0]


def _denoted(rows: tuple[Row, ...], mark: Mark) -> list[str]:
    sides = [side for row in rows if row.mark is mark for side in (row.published, row.rebuilt)]
    return [side.denotes for side in sides if side and side.denotes]


def test_nothing_is_shown_where_nothing_differs() -> None:
    assert _compared(SOURCE).disassembly == ()


def test_one_constant_is_one_changed_row() -> None:
    shown = _only(_compared(SOURCE.replace("'x'", "'y'")))
    assert shown.name == "tell"
    assert shown.counts[Mark.CHANGED] == 1
    assert shown.counts[Mark.ONLY_PUBLISHED] == shown.counts[Mark.ONLY_REBUILT] == 0
    changed = next(row for row in shown.rows if row.mark is Mark.CHANGED)
    assert changed.published is not None
    assert changed.rebuilt is not None
    assert changed.published.operands.endswith("0x79")
    assert changed.rebuilt.operands.endswith("0x78")


def test_a_call_that_was_put_in_is_on_its_side_alone_and_says_what_it_calls() -> None:
    added = linked(SOURCE.replace("return abs", "if (count > 3) system(text); return abs"))
    shown = _only(compare_native(added, linked(SOURCE)))
    assert "system" in _denoted(shown.rows, Mark.ONLY_PUBLISHED)
    other = _only(compare_native(linked(SOURCE), added))
    assert "system" in _denoted(other.rows, Mark.ONLY_REBUILT)


def test_a_jump_over_what_was_put_in_is_no_change() -> None:
    """Its distance is another one, and yet it goes to the same instruction."""
    inserted = "#asm\n.globl f\n.type f,@function\nf: .cfi_startproc\n"
    end = "\nret\n.cfi_endproc\n.size f,.-f\n.section .note.GNU-stack\n"
    code = "test %edi,%edi\njz 1f\nmov $1,%eax\n{}1: inc %eax"
    shown = _only(
        compare_native(
            linked(inserted + code.format("xor %ecx,%ecx\n") + end),
            linked(inserted + code.format("") + end),
        )
    )
    assert shown.counts[Mark.ONLY_PUBLISHED] == 1
    assert shown.counts[Mark.CHANGED] == 0


def test_another_text_at_the_same_place_is_a_change() -> None:
    """The code is the same, but for what makes the function differ at all."""
    other = SOURCE.replace("no x in", "no y in").replace("'x'", "'y'")
    shown = _only(_compared(other))
    assert set(_denoted(shown.rows, Mark.CHANGED)) == {'"no x in %s"', '"no y in %s"'}


def test_functions_of_one_side_are_shown_whole() -> None:
    added = SOURCE + "int added(int code) { return code * code + 3; }\n"
    (shown,) = (one for one in _compared(added).disassembly if one.name == "added")
    assert (shown.published is None, shown.rebuilt) == (False, None)
    assert {row.mark for row in shown.rows} == {Mark.ONLY_PUBLISHED}
    assert len(shown.rows) == shown.counts[Mark.ONLY_PUBLISHED] >= 3


def _long(name: str, step: str, last: str = "a") -> str:
    return f"long {name}(long a) {{ {step * 30} return {last}; }}\n"


def test_what_is_equal_is_folded_but_for_its_neighbours() -> None:
    ours, theirs = (
        SOURCE + _long("far", "a = a * 7 + (a >> 5);", f"a + {last}") for last in (77777, 77778)
    )
    shown = _only(_compared(ours, theirs))
    assert shown.rows[0].mark is Mark.FOLDED
    assert shown.rows[0].count > 50
    first = next(at for at, row in enumerate(shown.rows) if row.mark is Mark.CHANGED)
    assert first == CONTEXT + 1
    assert sum(row.count for row in shown.rows) == sum(shown.counts.values())


def test_functions_and_rows_are_bounded() -> None:
    count = MAX_FUNCTIONS + 5
    ours, theirs = (
        SOURCE
        + "".join(
            _long(f"f{at}", f"a = a * {by} + (a ^ {by});", f"a + {at}") for at in range(count)
        )
        for by in (5, 21)
    )
    found = _compared(ours, theirs).disassembly
    assert len(found) == MAX_FUNCTIONS
    for shown in found:
        assert len(shown.rows) == MAX_ROWS
        told = sum(row.count for row in shown.rows)
        assert told + shown.more_rows == sum(shown.counts.values())


def test_fewer_functions_may_be_asked_for() -> None:
    published, rebuilt = linked(SOURCE.replace("* 7", "* 9").replace("'x'", "'y'")), linked(SOURCE)
    assert len(compare_native(published, rebuilt).disassembly) == 2
    assert len(compare_native(published, rebuilt, wanted=Wanted(functions=1)).disassembly) == 1
    assert compare_native(published, rebuilt, wanted=Wanted(functions=0)).disassembly == ()


def test_functions_may_be_asked_for_by_name() -> None:
    published, rebuilt = linked(SOURCE.replace("* 7", "* 9").replace("'x'", "'y'")), linked(SOURCE)
    for pattern, names in (("same", ["same"]), ("[st]*", ["tell", "same"]), ("Same", [])):
        wanted = Wanted(pattern=pattern)
        found = compare_native(published, rebuilt, wanted=wanted).disassembly
        assert [shown.name for shown in found] == names


ASSEMBLY = """#asm
.globl f
.type f,@function
f: .cfi_startproc
.rept {count}
inc %eax
.endr
{last}
ret
.cfi_endproc
.size f,.-f
.section .note.GNU-stack
"""


def test_instructions_are_bounded_and_it_is_told() -> None:
    count = MAX_INSTRUCTIONS + 50
    ours, theirs = (
        linked(ASSEMBLY.format(count=count, last=last)) for last in ("inc %ecx", "inc %edx")
    )
    shown = _only(compare_native(ours, theirs))
    assert shown.is_cut
    assert sum(shown.counts.values()) == MAX_INSTRUCTIONS


def test_bytes_that_are_no_instruction_are_shown_as_such() -> None:
    ours, theirs = (
        linked(ASSEMBLY.format(count=1, last=f"ret\n.byte 0x06,0x0e,{last}")) for last in (1, 2)
    )
    shown = _only(compare_native(ours, theirs))
    changed = next(row.published for row in shown.rows if row.mark is Mark.CHANGED)
    assert changed is not None
    assert (changed.mnemonic, changed.operands) == (".byte", "06 0e 01 c3")


def test_what_calls_or_uses_something_else_comes_first() -> None:
    calling = SOURCE.replace("return abs", "return system(text) + abs")
    ours, theirs = (
        source + _long("large", f"a = a * {by} + (a >> {by});")
        for source, by in ((calling, 9), (SOURCE, 21))
    )
    found = _compared(ours, theirs).disassembly
    assert [shown.name for shown in found] == ["tell", "large"]


def test_names_from_the_file_are_told_in_ascii_and_bounded() -> None:
    name = "told" + "x" * 300
    hostile = "\u202e\x1b[2J\r\n\U0001f600".encode()
    calling = SOURCE.replace("int same", f"int {name}(int);\nint same")
    data = linked(calling.replace("return code * 7", f"return {name}(code)"))
    data = data.replace(name.encode(), hostile + name.encode()[len(hostile) :])
    shown = compare_native(data, linked(SOURCE)).disassembly
    sides = [row.published for one in shown for row in one.rows if row.published]
    texts = [side.denotes for side in sides if side.denotes]
    assert any(text.startswith("\\u202e\\x1b[2J\\r\\n\\U0001f600x") for text in texts)
    assert all(text.isascii() and text.isprintable() and len(text) < 80 for text in texts)
