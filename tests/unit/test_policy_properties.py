"""Laws that hold for every policy that can be written down."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from tests.support.policies import INDEX, OTHER, SHA256, TODAY, case, located
from verify.policy.decide import Basis, decide
from verify.policy.defaults import Action
from verify.policy.document import read_policy
from verify.policy.errors import PolicyFault
from verify.policy.model import Policy
from verify.signals import SIGNALS
from verify.verdict import Verdict

REPRODUCED = [Verdict.IDENTICAL.value, Verdict.REGENERATED.value, Verdict.EQUIVALENT.value]
OTHERS = [verdict.value for verdict in Verdict if verdict.value not in REPRODUCED]

signals = st.dictionaries(
    st.sampled_from(sorted(SIGNALS)), st.sampled_from([action.value for action in Action])
)
settings = {
    "trusted": st.lists(st.sampled_from(REPRODUCED)),
    "signals": signals,
    "late-after-days": st.integers(0, 36_500),
    "native-review-surface": st.one_of(
        st.sampled_from([False]), st.integers(1), st.integers(1, 100).map("{}%".format)
    ),
    "indexes": st.just([INDEX]),
}
rules = st.fixed_dictionaries({}, optional=settings)
projects = st.dictionaries(
    st.sampled_from(["thing", "other"]),
    st.fixed_dictionaries(
        {}, optional={**settings, "versions": st.sampled_from(["", ">=1", "<1"]).filter(bool)}
    ),
)
whatever_the_time = examples(deadline=None)
days = st.dates(date(2026, 1, 1), date(2027, 1, 1))


@st.composite
def waivers(draw: st.DrawFn, hashes: list[str], verdicts: list[str]) -> Mapping[str, object]:
    first, last = sorted([draw(days), draw(days)])
    scope = {
        "verdicts": draw(st.lists(st.sampled_from(verdicts), min_size=1)),
        "signals": draw(st.lists(st.sampled_from(sorted(SIGNALS)))),
    }
    return {
        "sha256": draw(st.sampled_from(hashes)),
        "owner": "alice@example.org",
        "reason": "read by hand",
        "date": first,
        "expires": last,
        "scope": scope,
    }


@st.composite
def policies(draw: st.DrawFn, *named: st.SearchStrategy[Any]) -> dict[str, Any]:
    chosen = [waiver for kind in named for waiver in draw(st.lists(kind, max_size=3))]
    return {**draw(rules), "projects": draw(projects), "waivers": chosen}


def read(table: Mapping[str, Any]) -> Policy:
    return read_policy(located(table), "truewheel.toml")


ANY_OTHER_FILE = waivers([OTHER, "ef" * 32], [verdict.value for verdict in Verdict])
THIS_FILE = waivers([SHA256], [verdict.value for verdict in Verdict])
THIS_FILE_LENIENT = waivers([SHA256], [*REPRODUCED, "different", "undetermined"])
signal_lists = st.lists(st.sampled_from(sorted(SIGNALS)), max_size=3)


@whatever_the_time
@given(policies(THIS_FILE_LENIENT, ANY_OTHER_FILE), signal_lists)
def test_nothing_but_a_waiver_that_names_hash_and_verdict_makes_suspicious_trusted(
    table: dict[str, Any], named: list[str]
) -> None:
    assert not decide(case(Verdict.SUSPICIOUS, *named), read(table), TODAY).trusted


@whatever_the_time
@given(policies(ANY_OTHER_FILE), signal_lists, st.sampled_from(OTHERS))
def test_without_a_waiver_for_it_nothing_that_was_not_reproduced_is_trusted(
    table: dict[str, Any], named: list[str], verdict: str
) -> None:
    assert not decide(case(Verdict(verdict), *named), read(table), TODAY).trusted


@whatever_the_time
@given(policies(THIS_FILE), ANY_OTHER_FILE, signal_lists, st.sampled_from(list(Verdict)), days)
def test_a_waiver_for_another_file_changes_nothing(
    table: dict[str, Any], other: dict[str, Any], named: list[str], verdict: Verdict, today: date
) -> None:
    one = case(verdict, *named)
    before = decide(one, read(table), today)
    assert decide(one, read({**table, "waivers": [*table["waivers"], other]}), today) == before


@whatever_the_time
@given(policies(THIS_FILE), signal_lists, st.sampled_from(list(Verdict)))
def test_when_all_waivers_are_over_they_might_as_well_not_be_there(
    table: dict[str, Any], named: list[str], verdict: Verdict
) -> None:
    one, later = case(verdict, *named), date(2027, 1, 2)
    without = decide(one, read({**table, "waivers": []}), later)
    assert decide(one, read(table), later).trusted is without.trusted


@whatever_the_time
@given(policies(THIS_FILE), signal_lists, st.sampled_from(list(Verdict)), days)
def test_every_answer_has_its_reason_and_every_used_waiver_counts(
    table: dict[str, Any], named: list[str], verdict: Verdict, today: date
) -> None:
    decision = decide(case(verdict, *named), read(table), today)
    assert decision.reasons
    assert decision.trusted is (decision.basis is not None)
    assert (decision.waiver is not None) is (decision.basis is Basis.WAIVER)
    if decision.waiver is not None:
        assert decision.waiver.sha256 == SHA256
        assert decision.waiver.given <= today <= decision.waiver.expires
        assert verdict in decision.waiver.scope.verdicts or verdict.value in REPRODUCED


@whatever_the_time
@given(policies(THIS_FILE, ANY_OTHER_FILE))
def test_the_order_of_what_a_file_says_means_nothing(table: dict[str, Any]) -> None:
    turned = {key: table[key] for key in reversed(table)}
    turned["waivers"] = list(reversed(turned["waivers"]))
    assert read(turned).digest == read(table).digest


JUNK = st.recursive(
    st.one_of(
        st.booleans(),
        st.integers(),
        st.floats(),
        st.text(max_size=8),
        st.dates(),
        st.datetimes(),
        st.sampled_from([*REPRODUCED, *OTHERS, "late-wheel", "2%", SHA256, ">=1"]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.one_of(
                st.sampled_from(
                    [*settings, "projects", "waivers", "versions", "scope", "verdicts", "numpy"]
                ),
                st.text(max_size=4),
            ),
            inner,
            max_size=4,
        ),
    ),
    max_leaves=12,
)


@whatever_the_time
@given(JUNK)
def test_whatever_a_file_holds_it_is_a_policy_or_a_located_fault(table: object) -> None:
    message = ""
    try:
        found = read_policy(located(table), "truewheel.toml")
        assert not decide(case(Verdict.SUSPICIOUS, sha256=OTHER), found, TODAY).trusted
        assert len(found.digest) == 64
    except PolicyFault as fault:
        message = fault.message
    assert not message or message.startswith("truewheel.toml: policy")


def test_the_laws_are_about_files_that_can_be_trusted() -> None:
    """Else the laws above would hold of a decision that trusts nothing."""
    waiver = {
        "sha256": SHA256,
        "owner": "alice",
        "reason": "read",
        "date": TODAY,
        "expires": TODAY,
        "scope": {"verdicts": ["suspicious"]},
    }
    assert decide(case(Verdict.SUSPICIOUS), read({"waivers": [waiver]}), TODAY).trusted
    with pytest.raises(PolicyFault):
        read({"waivers": [{**waiver, "expires": "2026-06-15"}]})
