"""Findings that tell no difference, but that nothing could be compared.

They are unexplained, so that nothing with one is ever trusted. Where a wheel has no other
unexplained finding, its verdict is `undetermined`: a failure must not look like a finding.
"""

from verify.finding import RuleName

UNREPAIRED = RuleName("rebuild.unrepaired")
"""The note that a rebuild was compared although repairing it failed."""

UNCOMPARED = frozenset(
    {
        RuleName("native.unsupported"),
        RuleName("wheel.other-platform"),
        RuleName("record.uncompared"),
    }
)
