"""The evidence of a finding as lines for a terminal."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import TypeGuard

from reports.printable import printable
from verify.finding import Finding, JSONValue

_TELLING = (
    *("diff", "added", "fields", "shapes", "identifiers", "shadows", "holds", "reaches"),
    *("binaries", "differing", "problems", "telling_lines", "first_lines", "text", "strings"),
)
"""Keys by how much they tell; the first that a finding has is shown, with `-v` everything."""

_EXCERPTS = frozenset(
    {"binaries", "differing", "problems", "telling_lines", "first_lines", "text", "strings"}
)
_ELSEWHERE = ("touches", "disassembly")
"""What is told above, or by `reports.native`."""

_MAX_EXCERPT = 3
"""Lines of what is no difference but an example."""


def evidence_lines(finding: Finding, *, verbose: bool) -> list[str]:
    """What a person should see of the evidence, safe to print; without `verbose`, the essence."""
    evidence = finding.evidence
    shown = next((key for key in _TELLING if evidence.get(key)), None)
    lines = []
    kinds = evidence.get("touches")
    if kinds and _is_list(kinds):
        lines.append(f"touches {', '.join(map(str, kinds))}")
    if shown is not None:
        rows = _rows(evidence[shown], _ROWS.get(shown))
        lines += rows[:_MAX_EXCERPT] if shown in _EXCERPTS and not verbose else rows
    if verbose:
        rest = (key for key in evidence if key not in {shown, *_ELSEWHERE})
        lines += [f"{key}: {json.dumps(evidence[key], ensure_ascii=True)}" for key in sorted(rest)]
    return [printable(line) for line in lines]


_Row = Callable[[Mapping[str, JSONValue]], str]


def _rows(value: JSONValue, row: _Row | None = None) -> list[str]:
    if isinstance(value, Mapping) and row is not None:
        return [row(value)]
    if isinstance(value, Mapping):
        return [f"{key}: {line}" for key in value for line in _rows(value[key])]
    if _is_list(value):
        return [line for item in value for line in _rows(item, row)]
    # Line ends stay, so that a changed one shows as a change.
    return [str(value)]


def _function(item: Mapping[str, JSONValue]) -> str:
    """A native function that differs, with its sizes."""
    ours, theirs = (
        "none" if item[side] is None else f"{item[side]:,} B" for side in ("published", "rebuilt")
    )
    same = ", calls and uses the same" if item["same_footprint"] else ""
    return f"{item['name']}: {ours}, rebuilt: {theirs}{same}"


def _problem(item: Mapping[str, JSONValue]) -> str:
    return f"{item['part']}: {item['summary']}"


def _binary(item: Mapping[str, JSONValue]) -> str:
    """A binary in the source, and what it is called in the wheel."""
    names = item["in_wheel"]
    place = f", in the wheel as {', '.join(map(str, names))}" if names and _is_list(names) else ""
    return f"{item['name']}: {item['kind']}, {item['size']:,} B{place}"


_ROWS = {"binaries": _binary, "differing": _function, "problems": _problem}
"""How records are told that have more fields than a line has words."""


def _is_list(value: JSONValue) -> TypeGuard[Sequence[JSONValue]]:
    return isinstance(value, Sequence) and not isinstance(value, str)
