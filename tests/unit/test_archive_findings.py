"""Collecting findings in bounded memory, without another verdict."""

from verify.archive.facts import dangerous, unexplained
from verify.archive.findings import MAX_SHOWN, Findings
from verify.finding import FindingClass


def test_findings_beyond_the_limit_are_counted_in_one_of_the_same_weight() -> None:
    findings = Findings()
    findings.add(unexplained("a.rule", f"Number {at}.") for at in range(MAX_SHOWN + 7))
    findings.add([dangerous("a.rule", "Another weight."), dangerous("b.rule", "Another rule.")])
    told = findings.told()
    assert len(told) == MAX_SHOWN + 3
    assert [fact.summary for fact in told[:2]] == ["Number 0.", "Number 1."]
    assert (told[-1].rule, told[-1].kind) == ("a.rule", FindingClass.UNEXPLAINED)
    assert dict(told[-1].evidence) == {"count": 7}
    assert findings.has("b.rule")
    assert not findings.has("c.rule")


def test_findings_up_to_the_limit_are_all_told() -> None:
    findings = Findings()
    findings.add(unexplained("a.rule", f"Number {at}.") for at in range(MAX_SHOWN))
    assert len(findings.told()) == MAX_SHOWN
