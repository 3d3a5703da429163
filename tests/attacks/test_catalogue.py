"""The attack catalogue: nothing in it is trusted, and everything in it is called what it is."""

import hashlib
from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from tests.attacks.catalogue import CATALOGUE
from tests.attacks.catalogue.table import PAGE, render
from tests.attacks.catalogue.technique import Forgery, Technique
from tests.support.real_wheels import RealWheel
from tests.support.wheels import write
from verify.compare.engine import compare
from verify.finding import FindingClass
from verify.results import Diff
from verify.verdict import Verdict

VERDICTS = {
    FindingClass.DANGEROUS: Verdict.SUSPICIOUS,
    FindingClass.UNEXPLAINED: Verdict.DIFFERENT,
}

RECORD_MAY_BE_WRONG = {"Headers of a member", "Packed data", "Central directory", "RECORD"}
"""Families in which RECORD lies, or the archive so much that nobody can hold it against RECORD."""


Forge = Callable[[Technique], tuple[Forgery, ...]]


@pytest.fixture(scope="module")
def forge(wheels: tuple[RealWheel, ...]) -> Forge:
    """The tampered wheels of a technique, made once."""
    return cache(lambda technique: technique.forge(wheels))


def _judge(forgery: Forgery, directory: Path) -> Diff:
    return compare(
        write(directory / "published", forgery.data, forgery.filename),
        write(directory / "rebuilt", forgery.rebuilt, forgery.base.filename),
    )


def _wrong(technique: Technique, diff: Diff) -> str | None:
    """What is wrong with a judgement, None if nothing is."""
    found = {(finding.rule, finding.kind) for finding in diff.findings}
    if diff.verdict is not VERDICTS[technique.kind]:
        return f"the verdict is {diff.verdict} by {sorted(found)}"
    if (technique.rule, technique.kind) not in found:
        return f"only found {sorted(found)}"
    accounting = diff.accounting
    shares = (
        accounting.reproduced_bytes,
        accounting.explained_bytes,
        accounting.unexplained_bytes,
    )
    if sum(shares) != accounting.published_bytes:
        return f"{shares} do not add up to {accounting.published_bytes} bytes"
    return None


@pytest.mark.parametrize("technique", CATALOGUE, ids=lambda technique: technique.name)
def test_tampered_wheel_is_called_what_it_is_and_never_trusted(
    technique: Technique, forge: Forge, tmp_path: Path
) -> None:
    forged = forge(technique)
    assert forged, "no base wheel fits"
    wrong = []
    for at, forgery in enumerate(forged):
        assert (forgery.filename, forgery.data) != (forgery.base.filename, forgery.rebuilt)
        fault = _wrong(technique, _judge(forgery, tmp_path))
        if fault is not None:
            wrong.append(f"{forgery.base.project}, wheel {at}: {fault}")
    assert not wrong, "\n".join(wrong)


def test_catalogue_is_as_large_as_it_says(forge: Forge) -> None:
    names = Counter(technique.name for technique in CATALOGUE)
    assert max(names.values()) == 1
    assert len(names) >= 100
    digests = {
        (forgery.filename, hashlib.sha256(forgery.data).hexdigest())
        for technique in CATALOGUE
        for forgery in forge(technique)
    }
    assert len({digest for _, digest in digests}) >= 250


def test_attackers_make_record_fit(forge: Forge, tmp_path: Path) -> None:
    """A tampered wheel that RECORD alone gives away would say nothing of the other rules."""
    given_away = [
        technique.name
        for technique in CATALOGUE
        if technique.family not in RECORD_MAY_BE_WRONG
        and not technique.rule.startswith(("record.", "archive."))
        and any(
            finding.rule.startswith("record.") and finding.kind is FindingClass.DANGEROUS
            for finding in _judge(forge(technique)[0], tmp_path).findings
        )
    ]
    assert given_away == []


def test_page_of_attacks_is_current(forge: Forge) -> None:
    counts = {technique: len(forge(technique)) for technique in CATALOGUE}
    assert PAGE.read_text(encoding="utf-8") == render(counts)


def test_base_wheels_are_trusted_as_they_are(wheels: tuple[RealWheel, ...], tmp_path: Path) -> None:
    for wheel in wheels:
        forgery = Forgery(
            base=wheel, filename=wheel.filename, data=wheel.data, rebuilt=wheel.forge({})
        )
        assert _judge(forgery, tmp_path).verdict is Verdict.IDENTICAL
