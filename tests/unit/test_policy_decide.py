from datetime import timedelta

import pytest

from builders.errors import FailureCode
from tests.support.policies import INDEX, OTHER, SHA256, TODAY, WAIVER, case, policy
from verify.policy.decide import Basis, decide
from verify.policy.model import DEFAULT_POLICY, Rules
from verify.signals import SIGNALS
from verify.verdict import Reason, Verdict

LATE = "release.late-wheel"
REPRODUCED = {Verdict.IDENTICAL, Verdict.REGENERATED, Verdict.EQUIVALENT}


@pytest.mark.parametrize("verdict", list(Verdict))
def test_by_default_only_what_was_reproduced_is_trusted(verdict: Verdict) -> None:
    decision = decide(case(verdict), DEFAULT_POLICY, TODAY)
    assert decision.trusted is (verdict in REPRODUCED)
    assert decision.reasons == (f"the verdict is {verdict}",)
    assert decision.basis is (Basis.VERDICT if decision.trusted else None)


def test_a_rebuild_on_the_unsafe_host_is_never_trusted_not_even_by_waiver() -> None:
    for verdict in (Verdict.IDENTICAL, Verdict.DIFFERENT):
        decision = decide(case(verdict, sandbox="unsafe-host"), policy(WAIVER), TODAY)
        assert not decision.trusted
        assert any("unsafe-host" in reason for reason in decision.reasons)


@pytest.mark.parametrize("name", SIGNALS)
def test_by_default_a_signal_warns_and_says_so(name: str) -> None:
    decision = decide(case(Verdict.IDENTICAL, name), DEFAULT_POLICY, TODAY)
    assert decision.trusted
    assert decision.warnings == (f"{name}: late by 20 days",)
    assert decision.reasons == (
        "the verdict is identical",
        f"signal {name} warns, and does not refuse",
    )


def test_a_signal_refuses_where_the_policy_says_so() -> None:
    decision = decide(case(Verdict.IDENTICAL, LATE), policy('signals.late-wheel = "refuse"'), TODAY)
    assert not decision.trusted
    assert decision.reasons == (f"signal {LATE} refuses (policy): late by 20 days",)
    assert decision.warnings == ()


def test_an_ignored_signal_is_not_spoken_of() -> None:
    decision = decide(case(Verdict.IDENTICAL, LATE), policy('signals.late-wheel = "ignore"'), TODAY)
    assert decision.reasons == ("the verdict is identical",)
    assert decision.warnings == ()


def test_a_signal_that_nobody_knows_refuses() -> None:
    assert not decide(case(Verdict.IDENTICAL, "release.new"), DEFAULT_POLICY, TODAY).trusted


def test_a_policy_may_trust_less() -> None:
    strict = policy('trusted = ["identical"]')
    assert decide(case(Verdict.IDENTICAL), strict, TODAY).trusted
    assert decide(case(Verdict.EQUIVALENT), strict, TODAY).reasons == (
        "the verdict is equivalent, which this policy does not trust",
    )


@pytest.mark.parametrize(
    ("index", "trusted"),
    [
        (INDEX, True),
        (f"{INDEX}/", True),
        ("HTTPS://Index.Example.org:443/simple", True),
        ("http://index.example.org/simple", False),
        ("https://index.example.org:8443/simple", False),
        ("https://index.example.org/simple/other", False),
        ("https://other.example.org/simple", False),
        (None, False),
    ],
)
def test_wheels_of_other_indexes_are_refused(index: str | None, trusted: bool) -> None:  # noqa: FBT001
    decision = decide(case(Verdict.IDENTICAL, index=index), policy(f'indexes = ["{INDEX}"]'), TODAY)
    assert decision.trusted is trusted
    assert trusted or "which policy forbids" in decision.reasons[0]


def test_no_waiver_lets_another_index_in() -> None:
    waived = policy(f'indexes = ["{INDEX}"]\n{WAIVER}')
    assert decide(case(Verdict.DIFFERENT), waived, TODAY).trusted
    elsewhere = case(Verdict.DIFFERENT, index="https://other.example.org/simple")
    assert not decide(elsewhere, waived, TODAY).trusted


RULES = """
[signals]
late-wheel = "refuse"
[[projects.Some_Thing]]
signals.late-wheel = "ignore"
trusted = ["identical"]
[[projects.Some_Thing]]
versions = ">=2"
trusted = ["identical", "equivalent"]
[projects.other]
signals.late-wheel = "warn"
"""


@pytest.mark.parametrize(
    ("project", "version", "verdict", "trusted"),
    [
        ("some-thing", "1.0", Verdict.IDENTICAL, True),
        ("some-thing", "1.0", Verdict.EQUIVALENT, False),
        ("some-thing", "2.0", Verdict.EQUIVALENT, True),
        ("some-thing", "2.1a1", Verdict.EQUIVALENT, True),
        ("some-thing", "2.0", Verdict.REGENERATED, False),
        ("other", "1.0", Verdict.REGENERATED, True),
        ("third", "1.0", Verdict.REGENERATED, False),
    ],
)
def test_rules_of_a_project_win_over_general_ones_and_later_ones_over_earlier(
    project: str,
    version: str,
    verdict: Verdict,
    trusted: bool,  # noqa: FBT001
) -> None:
    one = case(verdict, LATE, project=project, version=version)
    assert decide(one, policy(RULES), TODAY).trusted is trusted


def test_a_waiver_makes_a_wheel_trusted_and_leaves_its_verdict() -> None:
    decision = decide(case(Verdict.DIFFERENT), policy(WAIVER), TODAY)
    assert (decision.trusted, decision.basis) == (True, Basis.WAIVER)
    assert decision.reasons == (
        "the verdict is different",
        "waived by alice@example.org until 2026-06-30: read by hand",
    )
    assert decision.waiver is not None
    assert decision.waiver.sha256 == SHA256


def test_a_waiver_that_is_not_needed_is_not_used() -> None:
    decision = decide(case(Verdict.IDENTICAL), policy(WAIVER), TODAY)
    assert (decision.basis, decision.waiver) == (Basis.VERDICT, None)


@pytest.mark.parametrize(("days", "trusted"), [(-15, False), (-14, True), (15, True), (16, False)])
def test_a_waiver_counts_from_its_date_to_its_last_day(days: int, trusted: bool) -> None:  # noqa: FBT001
    day = TODAY + timedelta(days=days)
    decision = decide(case(Verdict.DIFFERENT), policy(WAIVER), day)
    assert decision.trusted is trusted
    if days > 15:
        assert decision.reasons[1] == "the waiver of alice@example.org expired on 2026-06-30"
    if days < -14:
        assert decision.reasons[1] == "the waiver of alice@example.org counts from 2026-06-01 on"


SCOPES = {
    'verdicts = ["different"]': {Verdict.DIFFERENT},
    'verdicts = ["undetermined"]': {Verdict.UNDETERMINED},
    'verdicts = ["suspicious"]': {Verdict.SUSPICIOUS},
    'verdicts = ["different", "suspicious"]': {Verdict.DIFFERENT, Verdict.SUSPICIOUS},
    'verdicts = ["different"], project = "Thing"': {Verdict.DIFFERENT},
    'verdicts = ["different"], project = "thing", versions = "==1.*"': {Verdict.DIFFERENT},
    'verdicts = ["different"], project = "thing", versions = "<1"': set(),
    'verdicts = ["different"], project = "other"': set(),
    'signals = ["late-wheel"]': set(),
}


@pytest.mark.parametrize("scope", SCOPES)
def test_a_waiver_covers_what_its_scope_names_and_nothing_else(scope: str) -> None:
    waived = policy(WAIVER.replace('verdicts = ["different"]', scope))
    found = {v for v in Verdict if decide(case(v), waived, TODAY).trusted}
    assert found - REPRODUCED == SCOPES[scope]


def test_one_waiver_has_to_cover_everything() -> None:
    refusing = 'signals.late-wheel = "refuse"\n'
    refusal = f"signal {LATE} refuses (policy): late by 20 days"
    one = case(Verdict.DIFFERENT, LATE)
    assert decide(one, policy(refusing + WAIVER), TODAY).reasons == (
        "the verdict is different",
        refusal,
        f"the waiver of alice@example.org does not cover: {refusal}",
    )
    both = WAIVER.replace('["different"]', '["different"], signals = ["release.late-wheel"]')
    assert decide(one, policy(refusing + both), TODAY).trusted


def test_of_two_waivers_the_one_that_counts_is_used() -> None:
    expired = WAIVER.replace("2026-06-30", "2026-06-02").replace("alice", "bob")
    decision = decide(case(Verdict.DIFFERENT), policy(expired + WAIVER), TODAY)
    assert decision.waiver is not None
    assert decision.waiver.owner == "alice@example.org"


def test_bytes_that_were_not_the_promised_ones_cannot_be_waived() -> None:
    waived = policy(WAIVER.replace("different", "undetermined"))
    other = case(Verdict.UNDETERMINED)
    assert decide(other, waived, TODAY).trusted
    swapped = type(other)(
        verdict=Verdict.UNDETERMINED, reason=Reason.HASH_MISMATCH, sha256=SHA256, index=INDEX
    )
    assert not decide(swapped, waived, TODAY).trusted


def test_a_wheel_without_a_hash_is_no_file_that_a_waiver_is_for() -> None:
    assert not decide(case(Verdict.DIFFERENT, sha256=None), policy(WAIVER), TODAY).trusted
    assert not decide(case(Verdict.DIFFERENT, sha256=OTHER), policy(WAIVER), TODAY).trusted


def test_every_way_a_build_can_fail_is_a_reason() -> None:
    assert {code.value for code in FailureCode} <= {reason.value for reason in Reason}


@pytest.mark.parametrize("verdict", sorted(set(Verdict) - REPRODUCED))
def test_rules_that_trust_what_was_not_reproduced_cannot_even_be_made(verdict: Verdict) -> None:
    with pytest.raises(ValueError, match="no policy trusts"):
        Rules(trusted=frozenset({Verdict.IDENTICAL, verdict}))
