import pytest

from builders.errors import FailureCode
from verify import policy
from verify.finding import Finding, FindingClass, RuleName
from verify.policy import decide
from verify.verdict import Reason, Verdict


@pytest.mark.parametrize("verdict", list(Verdict))
def test_only_the_three_best_verdicts_are_trusted(verdict: Verdict) -> None:
    trusted = verdict in {Verdict.IDENTICAL, Verdict.REGENERATED, Verdict.EQUIVALENT}
    decision = decide(verdict, (), "bubblewrap")
    assert decision.trusted is trusted
    assert decision.reasons == (f"the verdict is {verdict}",)


def test_a_rebuild_on_the_unsafe_host_is_never_trusted() -> None:
    decision = decide(Verdict.IDENTICAL, (), "unsafe-host")
    assert not decision.trusted
    assert "unsafe-host" in decision.reasons[0]


def test_a_refusing_signal_refuses_and_any_other_informs(monkeypatch: pytest.MonkeyPatch) -> None:
    signal = Finding(
        rule=RuleName("release.late-wheel"), kind=FindingClass.NOTE, summary="late by 20 days"
    )
    assert decide(Verdict.IDENTICAL, (signal,), "docker").trusted
    monkeypatch.setattr(policy, "REFUSING_SIGNALS", frozenset({signal.rule}))
    decision = decide(Verdict.IDENTICAL, (signal,), "docker")
    assert not decision.trusted
    assert decision.reasons == ("signal release.late-wheel: late by 20 days",)


def test_every_way_a_build_can_fail_is_a_reason() -> None:
    assert {code.value for code in FailureCode} <= {reason.value for reason in Reason}
