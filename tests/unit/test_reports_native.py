"""Functions side by side in a terminal: the whole text, at 80 columns; hostile text is harmless."""

from collections.abc import Mapping

from rich.console import Console

from reports.native import render_disassembly
from verify.finding import Finding, FindingClass, JSONValue, RuleName

WIDTH = 80


def _side(
    address: int, mnemonic: str, operands: str, denotes: str | None = None, *, code: str = "90"
) -> JSONValue:
    return {
        "address": address,
        "bytes": code,
        "mnemonic": mnemonic,
        "operands": operands,
        "denotes": denotes,
    }


def _row(
    mark: str, published: JSONValue = None, rebuilt: JSONValue = None, count: int = 1
) -> JSONValue:
    return {"mark": mark, "count": count, "published": published, "rebuilt": rebuilt}


def _function(name: str, *rows: JSONValue, **more: JSONValue) -> Mapping[str, JSONValue]:
    return {
        "name": name,
        "published": 129,
        "rebuilt": 92,
        "counts": {"equal": 9, "changed": 3, "only-published": 1, "only-rebuilt": 1},
        "rows": rows,
        "more_rows": 0,
        "is_cut": False,
        **more,
    }


def _printed(*functions: JSONValue, width: int = WIDTH) -> str:
    finding = Finding(
        rule=RuleName("native.differs"),
        kind=FindingClass.UNEXPLAINED,
        summary="It differs.",
        evidence={"disassembly": functions},
    )
    console = Console(width=width, no_color=True, force_terminal=False, legacy_windows=False)
    with console.capture() as capture:
        render_disassembly(finding, console)
    return capture.get()


GOLDEN = """\

      greet  129 B, rebuilt 92 B
      9 the same, 3 changed, 1 only published, 1 only rebuilt
           ... 7 the same
      1129 test esi, esi                    1118 test esi, esi
      112b jle +0x60                      | 111a jle +0x58
      1147 lea edx, [rdx + rdx*4]         | 1137 lea edx, [rdx + rdx*2]
      1156 lea rdi, ["olleh %s\\n"]        | 1146 lea rdi, ["hello %s\\n"]
      116a call system                    <
                                          > 1150 mov eax, dword ptr [counter]
      118e call printf                      1156 call printf
           ... 12 more rows
"""


def test_two_columns_with_what_addresses_denote() -> None:
    text = '"{} %s\\n"'
    function = _function(
        "greet",
        _row("folded", count=7),
        _row("equal", _side(0x1129, "test", "esi, esi"), _side(0x1118, "test", "esi, esi")),
        _row(
            "changed",
            _side(0x112B, "jle", "0x1180", "+0x60"),
            _side(0x111A, "jle", "0x1168", "+0x58"),
        ),
        _row(
            "changed",
            _side(0x1147, "lea", "edx, [rdx + rdx*4]"),
            _side(0x1137, "lea", "edx, [rdx + rdx*2]"),
        ),
        _row(
            "changed",
            _side(0x1156, "lea", "rdi, [rip + 0xea3]", text.format("olleh")),
            _side(0x1146, "lea", "rdi, [rip + 0xeb3]", text.format("hello")),
        ),
        _row("only-published", _side(0x116A, "call", "0x1030", "system")),
        _row("only-rebuilt", None, _side(0x1150, "mov", "eax, dword ptr [rip - 8]", "counter")),
        _row(
            "equal",
            _side(0x118E, "call", "0x1040", "printf"),
            _side(0x1156, "call", "0x1030", "printf"),
        ),
        more_rows=12,
    )
    assert _printed(function) == GOLDEN


def test_other_bytes_of_the_same_text_are_shown() -> None:
    row = _row(
        "changed",
        _side(1, "mov", "rax, rbx", code="4889d8"),
        _side(2, "mov", "rax, rbx", code="488bc3"),
    )
    line = _printed(_function("f", row)).splitlines()[3]
    assert " ".join(line.split()) == "1 mov rax, rbx (4889d8) | 2 mov rax, rbx (488bc3)"


def test_functions_of_one_side_and_cut_ones_say_so() -> None:
    counts = {"equal": 0, "changed": 0, "only-published": 3, "only-rebuilt": 0}
    printed = _printed(_function("f", rebuilt=None, counts=counts, is_cut=True))
    assert "f  129 B, rebuilt none\n      3 only published\n" in printed
    assert "more instructions, which were not looked at" in printed


HOSTILE = "\x1b[2J\u202eevil\r\n[bold]\x9b1m" + "x" * 500


def test_hostile_text_stays_in_its_column_and_moves_no_cursor() -> None:
    row = _row("only-published", _side(1, "call", HOSTILE, HOSTILE))
    other = _row("changed", _side(1, HOSTILE, "[rip + 0x10]", HOSTILE), _side(2, "nop", ""))
    for width in (40, WIDTH, 200):
        printed = _printed(_function(HOSTILE, row, other), width=width)
        assert not set(printed) & {"\x1b", "\r", "\u202e", "\x9b"}
        assert "\\x1b[2J\\u202eevil" in printed.replace("\n", "").replace(" ", "")
        rows = printed.split("only rebuilt\n")[1]
        assert all(len(line) <= width for line in rows.splitlines())


def test_evidence_of_another_shape_is_passed_over() -> None:
    assert _printed("text", 5, None) == ""
