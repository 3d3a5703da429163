"""Native functions whole and side by side, for who asks; no verdict depends on it."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from verify.archive.errors import ArchiveError
from verify.archive.reader import Archive, read_archive
from verify.finding import Finding, JSONValue
from verify.results import Diff
from verify.rules.native import MAX_FILE
from verify.rules.side_by_side import function_evidence

MAX_FUNCTIONS = 200
"""Functions that are shown of one file."""

MAX_ROWS = 10_000
"""Rows of one function; one is not looked at any further than some thousand instructions."""

MAX_MEMBERS = 20
"""Files of one wheel that functions are shown of."""

_EVIDENCE = "disassembly"


def with_functions(diff: Diff, published: Path, rebuilt: Path, pattern: str) -> Diff:
    """The same comparison, with other functions in its evidence: those of some name, whole.

    Args:
        diff: what `compare` said of the two wheels.
        published: the one wheel.
        rebuilt: the other one.
        pattern: for names of functions that differ, as `fnmatch` has it.

    Raises:
        UsageFault: one of the wheels cannot be read any more.
    """
    if not any(_EVIDENCE in finding.evidence for finding in diff.findings):
        return diff
    archives = read_archive(published), read_archive(rebuilt)
    return replace(diff, findings=tuple(_shown(diff.findings, archives, pattern)))


def has_functions(diff: Diff) -> bool:
    """Whether any function is shown."""
    return any(finding.evidence.get(_EVIDENCE) for finding in diff.findings)


def _shown(
    findings: Iterable[Finding], archives: tuple[Archive, Archive], pattern: str
) -> Iterator[Finding]:
    left = MAX_MEMBERS
    for finding in findings:
        if _EVIDENCE not in finding.evidence:
            yield finding
            continue
        functions = list(_functions(finding, archives, pattern)) if left > 0 else []
        left -= bool(functions)
        yield replace(finding, evidence={**finding.evidence, _EVIDENCE: functions})


def _functions(
    finding: Finding, archives: tuple[Archive, Archive], pattern: str
) -> Iterator[JSONValue]:
    from verify.native.compare import compare_native  # noqa: PLC0415 - loads the disassembler
    from verify.native.disassembly import Wanted  # noqa: PLC0415
    from verify.native.elf import UnreadableElfError  # noqa: PLC0415

    wanted = Wanted(pattern=pattern, functions=MAX_FUNCTIONS, rows=MAX_ROWS)
    try:
        ours, theirs = (one.read(finding.member or "", limit=MAX_FILE) for one in archives)
        comparison = compare_native(ours, theirs, wanted=wanted)
    except (ArchiveError, UnreadableElfError):
        return
    yield from map(function_evidence, comparison.disassembly)
