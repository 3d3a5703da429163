"""Rules `member.differs`, `member.only-published`, `member.only-rebuilt`: everything else.

The end of the list, which matches every difference: what no rule knows is a finding.
"""

from verify.archive.facts import unexplained
from verify.finding import Finding, JSONValue
from verify.rules.benign.record_follows import changed_rows
from verify.rules.evidence import look
from verify.rules.interface import Context, Difference, DifferenceKind, Side
from verify.rules.text import diff_lines

_NAMES = {
    DifferenceKind.CHANGED: (
        "member.differs",
        "The published member differs from the rebuilt one.",
    ),
    DifferenceKind.ONLY_PUBLISHED: (
        "member.only-published",
        "The published wheel has a member that the rebuild does not have.",
    ),
    DifferenceKind.ONLY_REBUILT: (
        "member.only-rebuilt",
        "The rebuild has a member that the published wheel does not have.",
    ),
}


_MAX_ROWS = 1000


def member_differs(difference: Difference, context: Context) -> Finding:
    """Name any difference; of RECORD also the rows, if that is all and they tell the truth."""
    ours, theirs = difference.published, difference.rebuilt
    rule, summary = _NAMES[difference.kind]
    evidence = {**_facts("published", ours), **_facts("rebuilt", theirs)}
    if ours and theirs:
        evidence["diff"] = diff_lines(ours, theirs)
        rows, has_same_ends = changed_rows(difference, context) or ([], False)
        if has_same_ends and 0 < len(rows) <= _MAX_ROWS:
            evidence["rows"] = rows
    elif ours and not ours.member.is_dir:
        evidence |= look(ours)
    return unexplained(rule, summary, member=difference.name, **evidence)


def _facts(which: str, side: Side | None) -> dict[str, JSONValue]:
    if side is None:
        return {}
    return {f"{which}_size": side.content.size, f"{which}_sha256": side.content.sha256}
