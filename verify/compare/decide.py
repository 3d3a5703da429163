"""From findings to the verdict; DESIGN's table, worst first."""

from collections.abc import Iterable

from verify.finding import Finding, FindingClass
from verify.results import Diff
from verify.rules.uncompared import UNCOMPARED, UNREPAIRED
from verify.verdict import Reason, Verdict


def why_undetermined(diff: Diff) -> str | None:
    """What could not be compared, a sentence; None for a comparison that came to a verdict."""
    if diff.reason is None:
        return None
    rules = {UNREPAIRED} if diff.reason is Reason.REPAIR_FAILED else UNCOMPARED
    told = (one.summary for one in diff.findings if one.rule in rules)
    return next(told, "The rebuilt wheel cannot serve as evidence.")


def decide(findings: Iterable[Finding], *, is_same_file: bool) -> Verdict:
    """The verdict on a published wheel that was compared.

    Args:
        findings: all findings about it.
        is_same_file: both files have the same sha256.
    """
    found = {(finding.kind, finding.rule) for finding in findings}
    kinds = {kind for kind, _ in found}
    if FindingClass.DANGEROUS in kinds:
        return Verdict.SUSPICIOUS
    if FindingClass.UNEXPLAINED in kinds:
        rules = {rule for kind, rule in found if kind is FindingClass.UNEXPLAINED}
        return Verdict.UNDETERMINED if rules <= UNCOMPARED else Verdict.DIFFERENT
    if is_same_file:
        return Verdict.IDENTICAL
    # Without a benign finding nothing needed one: every member is byte-identical, and the
    # container regenerates, else `container.not-regenerated` were among the findings.
    if FindingClass.BENIGN in kinds:
        return Verdict.EQUIVALENT
    return Verdict.REGENERATED
