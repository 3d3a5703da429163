"""Each benign rule taken away in turn: only the honest pairs that name it fall, and all of them."""

from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from pathlib import Path

import pytest

from tests.attacks.honest import HONEST
from tests.attacks.honest.pair import HonestPair, Pair
from tests.support.real_wheels import RealWheel
from tests.support.wheels import write
from verify.compare.engine import compare
from verify.finding import Finding, FindingClass
from verify.rules.registry import ALL, Rules
from verify.verdict import Verdict

TRUSTED = {Verdict.IDENTICAL, Verdict.REGENERATED, Verdict.EQUIVALENT}

AnyRule = Callable[..., Finding | None]


def _rules() -> list[AnyRule]:
    return [*ALL.benign, *ALL.fields, *ALL.streams]


def _without(rule: AnyRule) -> Rules:
    return replace(
        ALL,
        benign=tuple(each for each in ALL.benign if each is not rule),
        fields=tuple(each for each in ALL.fields if each is not rule),
        streams=tuple(each for each in ALL.streams if each is not rule),
    )


Written = Mapping[HonestPair, tuple[Path, Path]]
"""By honest pair, one published file and the rebuilt one."""


@pytest.fixture(scope="module")
def written(wheels: tuple[RealWheel, ...], tmp_path_factory: pytest.TempPathFactory) -> Written:
    """One pair of each kind, on disk."""
    directory = tmp_path_factory.mktemp("honest")
    return {
        honest: _write(next(honest.pairs(wheels)), directory / honest.name) for honest in HONEST
    }


def _write(pair: Pair, directory: Path) -> tuple[Path, Path]:
    return (
        write(directory / "published", pair.published, pair.base.filename),
        write(directory / "rebuilt", pair.rebuilt, pair.base.filename),
    )


@pytest.fixture(scope="module")
def told(written: Written) -> Mapping[AnyRule, set[str]]:
    """By rule, the names of the benign findings that it has made of all honest pairs."""
    names: dict[AnyRule, set[str]] = {rule: set() for rule in _rules()}

    def listening(rule: AnyRule) -> AnyRule:
        def heard(*arguments: object) -> Finding | None:
            finding = rule(*arguments)
            if finding is not None and finding.kind is FindingClass.BENIGN:
                names[rule].add(finding.rule)
            return finding

        return heard

    rules = replace(
        ALL,
        benign=tuple(map(listening, ALL.benign)),
        fields=tuple(map(listening, ALL.fields)),
        streams=tuple(map(listening, ALL.streams)),
    )
    for published, rebuilt in written.values():
        compare(published, rebuilt, rules=rules)
    return names


def test_lists_of_rules_that_may_explain_are_all_taken_apart() -> None:
    lists = {field.name for field in fields(Rules) if isinstance(getattr(ALL, field.name), tuple)}
    assert lists == {"benign", "fields", "streams", "dangerous", "unexplained"}


@pytest.mark.parametrize("rule", _rules(), ids=lambda rule: rule.__name__)
def test_without_a_rule_exactly_its_own_pairs_fall(
    rule: AnyRule, written: Written, told: Mapping[AnyRule, set[str]]
) -> None:
    own = {honest.name for honest in HONEST if honest.rules & told[rule]}
    assert own, "no honest pair needs this rule"
    rules = _without(rule)
    fallen = {
        honest.name
        for honest, (published, rebuilt) in written.items()
        if compare(published, rebuilt, rules=rules).verdict not in TRUSTED
    }
    assert fallen == own


def test_every_rule_that_a_pair_names_is_one(told: Mapping[AnyRule, set[str]]) -> None:
    """A rule that is not in the lists could not be taken away."""
    named = {name for honest in HONEST for name in honest.rules}
    assert named == {name for names in told.values() for name in names}
