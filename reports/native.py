"""Disassembly of native functions that differ, in two columns: published left, rebuilt right.

Between them, as `sdiff` marks lines: `|` for what changed, `<` for what only the published file
has, `>` for what only the rebuilt one has.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from reports.printable import printable
from verify.finding import Finding, JSONValue

_INDENT = " " * 6
_LEAST_WIDTH = 30
_MARKS = {
    "equal": (" ", "dim"),
    "changed": ("|", "yellow"),
    "only-published": ("<", "red"),
    "only-rebuilt": (">", "green"),
}
_COUNTED = (
    ("equal", "the same"),
    ("changed", "changed"),
    ("only-published", "only published"),
    ("only-rebuilt", "only rebuilt"),
)
_RELATIVE = re.compile(r"rip(?: [+-] (?:0x)?[0-9a-f]+)?")
_MEMORY = "["


def render_disassembly(finding: Finding, console: Console) -> None:
    """Print the functions that a finding shows side by side, if there are any."""
    for function in shown_functions(finding):
        _render_function(function, console)


def shown_functions(finding: Finding) -> list[Mapping[str, JSONValue]]:
    """The functions that a finding has side by side."""
    return list(_mappings(finding.evidence.get("disassembly")))


def _render_function(function: Mapping[str, JSONValue], console: Console) -> None:
    heading = Text(f"\n{_INDENT}{printable(str(function['name']))}", style="bold")
    heading.append(f"  {_size(function['published'])}, rebuilt {_size(function['rebuilt'])}")
    console.print(heading)
    console.print(Text(f"{_INDENT}{_counts(function)}", style="dim"))
    for line in _lines(_table(function), console):
        console.print(line, soft_wrap=True)
    for words in _ending(function):
        console.print(Text(f"{_INDENT}{words}", style="dim"))


def _table(function: Mapping[str, JSONValue]) -> Table:
    table = Table.grid(padding=(0, 1, 0, 0), expand=True)
    table.add_column(justify="right", no_wrap=True)
    table.add_column(ratio=1, overflow="fold")
    table.add_column(no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    table.add_column(ratio=1, overflow="fold")
    for row in _mappings(function["rows"]):
        table.add_row(*_cells(row))
    return table


def _lines(table: Table, console: Console) -> Iterator[Text]:
    """The table's lines, without the spaces that fill them up."""
    options = console.options.update_width(max(console.width - len(_INDENT), _LEAST_WIDTH))
    for segments in console.render_lines(table, options, pad=False):
        line = Text(_INDENT)
        for segment in segments:
            line.append(segment.text, segment.style)
        line.rstrip()
        yield line


def _cells(row: Mapping[str, JSONValue]) -> tuple[Text, ...]:
    mark = str(row["mark"])
    if mark == "folded":
        text = Text(f"... {row['count']:,} the same", style="dim")
        return Text(), text, Text(), Text(), Text()
    sign, style = _MARKS[mark]
    sides = row["published"], row["rebuilt"]
    alone = instruction_text(sides[0]) == instruction_text(sides[1]) and mark == "changed"
    left, right = (_side(side, style, with_bytes=alone) for side in sides)
    return *left, Text(sign, style="bold"), *right


def _side(side: JSONValue, style: str, *, with_bytes: bool) -> tuple[Text, Text]:
    if not isinstance(side, Mapping):
        return Text(), Text()
    text = Text(instruction_text(side), style=style)
    if with_bytes:
        text.append(f"  ({printable(str(side['bytes']))})")
    return Text(f"{side['address']:x}", style="dim"), text


def instruction_text(side: JSONValue) -> str:
    """An instruction with what its address denotes in the place of the address."""
    if not isinstance(side, Mapping):
        return ""
    mnemonic, operands = str(side["mnemonic"]), str(side["operands"])
    if side["denotes"] is not None:
        words = str(side["denotes"])
        replaced = _RELATIVE.sub(lambda _: words, operands, count=1)
        operands = replaced if _MEMORY in operands else words
    return printable(f"{mnemonic} {operands}".rstrip())


def _size(value: JSONValue) -> str:
    return "none" if value is None else f"{value:,} B"


def _counts(function: Mapping[str, JSONValue]) -> str:
    counts = function["counts"]
    if not isinstance(counts, Mapping):
        return ""
    return ", ".join(f"{counts[mark]:,} {words}" for mark, words in _COUNTED if counts[mark])


def _ending(function: Mapping[str, JSONValue]) -> Iterator[str]:
    if function["more_rows"]:
        yield f"     ... {function['more_rows']:,} more rows"
    if function["is_cut"]:
        yield "     ... and more instructions, which were not looked at"


def _mappings(value: JSONValue) -> Iterator[Mapping[str, JSONValue]]:
    if isinstance(value, Sequence) and not isinstance(value, str):
        yield from (item for item in value if isinstance(item, Mapping))
