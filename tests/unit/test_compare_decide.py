"""The verdict from the classes of findings: the worst decides."""

import itertools

import pytest

from verify.archive.facts import benign, dangerous, note, unexplained
from verify.compare.decide import decide
from verify.verdict import Verdict

ALL = (
    note("a.note", "."),
    benign("a.benign", "."),
    unexplained("a.odd", "."),
    dangerous("a.bad", "."),
)
EXPECTED = (Verdict.REGENERATED, Verdict.EQUIVALENT, Verdict.DIFFERENT, Verdict.SUSPICIOUS)


@pytest.mark.parametrize("count", range(1, 5))
def test_heaviest_finding_decides(count: int) -> None:
    for findings in itertools.combinations(ALL, count):
        heaviest = max(finding.kind.weight for finding in findings)
        assert decide(findings, is_same_file=False) is EXPECTED[heaviest]


def test_same_file_is_identical_unless_a_finding_is_worse_than_benign() -> None:
    assert decide((), is_same_file=True) is Verdict.IDENTICAL
    assert decide(ALL[:1], is_same_file=True) is Verdict.IDENTICAL
    assert decide(ALL[2:3], is_same_file=True) is Verdict.DIFFERENT
    assert decide(ALL[3:], is_same_file=True) is Verdict.SUSPICIOUS
