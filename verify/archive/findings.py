"""Collecting findings in bounded memory."""

from bisect import insort
from collections import Counter
from collections.abc import Callable, Iterable

from verify.finding import Finding, FindingClass, RuleName

MAX_SHOWN = 100
"""Findings of one rule that are told one by one; a hostile archive has millions for free."""

Order = Callable[[Finding], tuple[int | str, ...]]
"""A sort key; what is to be told first is the least."""


class Findings:
    """Findings as they come, with at most `MAX_SHOWN` of one rule and class held.

    The rest is counted in one more finding of the same rule and class, so that a verdict is the
    same as with all of them.

    Args:
        order: which findings to hold; without it, the first that come.
    """

    def __init__(self, order: Order | None = None) -> None:
        self._order = order
        self._shown: dict[tuple[RuleName, FindingClass], list[Finding]] = {}
        self._counts: Counter[tuple[RuleName, FindingClass]] = Counter()

    def add(self, findings: Iterable[Finding]) -> None:
        """Take findings, consuming an iterator one by one."""
        for finding in findings:
            key = (finding.rule, finding.kind)
            self._counts[key] += 1
            shown = self._shown.setdefault(key, [])
            if self._order is not None:
                insort(shown, finding, key=self._order)
                del shown[MAX_SHOWN:]
            elif len(shown) < MAX_SHOWN:
                shown.append(finding)

    def has(self, *rules: str) -> bool:
        """Whether there is a finding of one of these rules."""
        return any(rule in rules for rule, _ in self._counts)

    def told(self) -> tuple[Finding, ...]:
        """What is shown, by rule and class as they first came, then the counts of the rest."""
        rest = (
            Finding(
                rule=rule,
                kind=kind,
                summary="More findings of this rule.",
                evidence={"count": count - MAX_SHOWN},
            )
            for (rule, kind), count in sorted(self._counts.items())
            if count > MAX_SHOWN
        )
        return (*(finding for shown in self._shown.values() for finding in shown), *rest)
