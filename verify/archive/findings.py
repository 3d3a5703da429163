"""Collecting findings in bounded memory."""

from collections import Counter
from collections.abc import Iterable

from verify.finding import Finding, FindingClass, RuleName

MAX_SHOWN = 100
"""Findings of one rule that are told one by one; a hostile archive has millions for free."""


class Findings:
    """Findings as they come, with at most `MAX_SHOWN` of one rule and class held.

    The rest is counted in one more finding of the same rule and class, so that a verdict is the
    same as with all of them.
    """

    def __init__(self) -> None:
        self._shown: list[Finding] = []
        self._counts: Counter[tuple[RuleName, FindingClass]] = Counter()

    def add(self, findings: Iterable[Finding]) -> None:
        """Take findings, consuming an iterator one by one."""
        for finding in findings:
            key = (finding.rule, finding.kind)
            self._counts[key] += 1
            if self._counts[key] <= MAX_SHOWN:
                self._shown.append(finding)

    def has(self, *rules: str) -> bool:
        """Whether there is a finding of one of these rules."""
        return any(rule in rules for rule, _ in self._counts)

    def told(self) -> tuple[Finding, ...]:
        """What is shown, in the order taken, then the counts of the rest."""
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
        return (*self._shown, *rest)
