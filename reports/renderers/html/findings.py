"""A finding as its part of a page: what differs beside each other, and the rest as lines."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from reports.evidence import evidence_lines
from reports.renderers.html.functions import Differing, Function, differing, functions
from reports.renderers.html.side_by_side import Row, side_by_side
from verify.finding import Finding, JSONValue

MAX_LINES = 200
MAX_WIDTH = 2000
_SHOWN_ALREADY = frozenset({"diff", "disassembly", "differing"})


@dataclass(frozen=True, kw_only=True, slots=True)
class FindingView:
    """What a page shows of a finding.

    Attributes:
        lines: evidence that is neither a diff nor native code.
        more_lines: how many lines of it are not here.
    """

    finding: Finding
    rows: tuple[Row, ...]
    functions: tuple[Function, ...]
    differing: tuple[Differing, ...]
    lines: tuple[str, ...]
    more_lines: int


def finding_view(finding: Finding) -> FindingView:
    """The view of one finding."""
    rest = {key: item for key, item in finding.evidence.items() if key not in _SHOWN_ALREADY}
    lines = _lines(replace(finding, evidence=rest))
    return FindingView(
        finding=finding,
        rows=tuple(side_by_side(_diff(finding.evidence.get("diff")))),
        functions=tuple(functions(finding)),
        differing=tuple(differing(finding)),
        lines=tuple(map(_cut, lines[:MAX_LINES])),
        more_lines=max(len(lines) - MAX_LINES, 0),
    )


def _diff(value: JSONValue) -> list[str]:
    """Lines of a diff; one by fields is a mapping of them."""
    if isinstance(value, Mapping):
        return [line for key, item in value.items() for line in (f"{key}:", *_diff(item))]
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [str(line) for line in value]
    return [] if value is None else [str(value)]


def _lines(finding: Finding) -> list[str]:
    try:
        return evidence_lines(finding, verbose=True)
    except (KeyError, TypeError, ValueError):
        # Of another version, which has other fields.
        return [f"{key}: {json.dumps(item)}" for key, item in finding.evidence.items()]


def _cut(line: str) -> str:
    return line if len(line) <= MAX_WIDTH else f"{line[:MAX_WIDTH]} ..."
