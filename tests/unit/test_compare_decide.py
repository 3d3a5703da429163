"""The verdict from the classes of findings: the worst decides."""

import itertools
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.searching import RECIPE
from verify.archive.facts import benign, dangerous, note, unexplained
from verify.attempts import Judged
from verify.compare.decide import decide, why_undetermined
from verify.results import Accounting, Diff, FileIdentity
from verify.rules.uncompared import UNCOMPARED
from verify.verdict import Reason, Verdict

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


@pytest.mark.parametrize("rule", sorted(UNCOMPARED))
def test_what_could_not_be_compared_is_undetermined_unless_something_is_worse(rule: str) -> None:
    uncompared = unexplained(rule, ".")
    assert decide((uncompared,), is_same_file=False) is Verdict.UNDETERMINED
    for at, verdict in enumerate(
        (Verdict.UNDETERMINED, Verdict.UNDETERMINED, Verdict.DIFFERENT, Verdict.SUSPICIOUS)
    ):
        assert decide((uncompared, ALL[at]), is_same_file=False) is verdict


def test_what_could_not_be_compared_is_a_better_attempt_than_what_differs() -> None:
    ranks = [
        _judged(verdict, reason).rank
        for verdict, reason in (
            (Verdict.EQUIVALENT, None),
            (Verdict.UNDETERMINED, Reason.UNSUPPORTED),
            (Verdict.DIFFERENT, None),
            (Verdict.SUSPICIOUS, None),
            (Verdict.UNDETERMINED, Reason.UNREADABLE_REBUILD),
        )
    ]
    assert ranks == sorted(ranks)
    assert len(set(ranks)) == len(ranks)
    assert _judged(Verdict.UNDETERMINED, Reason.REPAIR_FAILED).rank == ranks[1]


def _judged(verdict: Verdict, reason: Reason | None) -> Judged:
    file = FileIdentity(filename="example-1.0-py3-none-any.whl", sha256="0" * 64, size=1)
    counts = Accounting(
        published_bytes=1, reproduced_bytes=0, explained_bytes=0, unexplained_bytes=1
    )
    diff = Diff(
        published=file, rebuilt=file, verdict=verdict, findings=(), accounting=counts, reason=reason
    )
    return Judged(recipe=RECIPE, rebuilt=Path("rebuilt.whl"), log="", diff=diff, distance=3)


def test_what_could_not_be_compared_is_told_in_a_sentence() -> None:
    undetermined = _judged(Verdict.UNDETERMINED, Reason.UNSUPPORTED).diff
    told = (ALL[0], unexplained("native.unsupported", "It cannot be said."), ALL[1])
    assert why_undetermined(replace(undetermined, findings=told)) == "It cannot be said."
    assert why_undetermined(_judged(Verdict.DIFFERENT, None).diff) is None
    unfit = _judged(Verdict.UNDETERMINED, Reason.UNREADABLE_REBUILD).diff
    assert why_undetermined(unfit) == "The rebuilt wheel cannot serve as evidence."
