"""From findings to the verdict; DESIGN's table, worst first."""

from collections.abc import Iterable

from verify.finding import Finding, FindingClass
from verify.verdict import Verdict


def decide(findings: Iterable[Finding], *, is_same_file: bool) -> Verdict:
    """The verdict on a published wheel that was compared.

    Args:
        findings: all findings about it.
        is_same_file: both files have the same sha256.
    """
    kinds = {finding.kind for finding in findings}
    if FindingClass.DANGEROUS in kinds:
        return Verdict.SUSPICIOUS
    if FindingClass.UNEXPLAINED in kinds:
        return Verdict.DIFFERENT
    if is_same_file:
        return Verdict.IDENTICAL
    # Without a benign finding nothing needed one: every member is byte-identical, and the
    # container regenerates, else `container.not-regenerated` were among the findings.
    if FindingClass.BENIGN in kinds:
        return Verdict.EQUIVALENT
    return Verdict.REGENERATED
