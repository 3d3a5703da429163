"""Short constructors of findings, so that a check reads as one line per fact."""

from verify.finding import Finding, FindingClass, JSONValue, RuleName

_HEAD = 32


def dangerous(
    rule: str, summary: str, *, member: str | None = None, **evidence: JSONValue
) -> Finding:
    """A fact that no honest build tool produces and that an attacker gains from."""
    return _fact(FindingClass.DANGEROUS, rule, summary, member, evidence)


def unexplained(
    rule: str, summary: str, *, member: str | None = None, **evidence: JSONValue
) -> Finding:
    """A fact that nothing explains."""
    return _fact(FindingClass.UNEXPLAINED, rule, summary, member, evidence)


def benign(rule: str, summary: str, *, member: str | None = None, **evidence: JSONValue) -> Finding:
    """A difference that a narrow, named rule explains."""
    return _fact(FindingClass.BENIGN, rule, summary, member, evidence)


def note(rule: str, summary: str, *, member: str | None = None, **evidence: JSONValue) -> Finding:
    """Something worth knowing that weighs nothing in the verdict."""
    return _fact(FindingClass.NOTE, rule, summary, member, evidence)


def head(data: bytes) -> str:
    """The first bytes of `data` in hexadecimal, for evidence of bounded size."""
    return data[:_HEAD].hex() + ("..." if len(data) > _HEAD else "")


def _fact(
    kind: FindingClass,
    rule: str,
    summary: str,
    member: str | None,
    evidence: dict[str, JSONValue],
) -> Finding:
    return Finding(
        rule=RuleName(rule), kind=kind, member=member, summary=summary, evidence=evidence
    )
