"""What a finding on a field says."""

from verify.archive.facts import benign
from verify.finding import Finding
from verify.rules.interface import FieldDifference

_MAX_LISTED = 8
_WIDTH = 200


def explained(difference: FieldDifference, rule: str, summary: str) -> Finding:
    """A benign finding with the values that only one side has, or with their order."""
    ours, theirs = difference.published, difference.rebuilt
    return benign(
        rule,
        summary,
        member=difference.difference.name,
        published=_only(ours, theirs),
        rebuilt=_only(theirs, ours),
    )


def _only(values: tuple[str, ...], others: tuple[str, ...]) -> list[str]:
    known = frozenset(others)
    only = [value for value in values if value not in known]
    if not only and values != others:
        only = list(values[_common(values, others) :])
    return [value[:_WIDTH] for value in only[:_MAX_LISTED]]


def _common(values: tuple[str, ...], others: tuple[str, ...]) -> int:
    pairs = zip(values, others, strict=False)
    return next((at for at, pair in enumerate(pairs) if pair[0] != pair[1]), 0)
