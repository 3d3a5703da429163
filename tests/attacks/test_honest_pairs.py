"""What build tools and repackers honestly do is trusted, by exactly the rules that are listed."""

from collections import Counter
from pathlib import Path

import pytest

from tests.attacks.honest import HONEST
from tests.attacks.honest.pair import HonestPair, Pair
from tests.support.real_wheels import RealWheel
from tests.support.wheels import write
from verify.compare.engine import compare
from verify.finding import FindingClass
from verify.results import Diff
from verify.verdict import Verdict


def _judge(pair: Pair, directory: Path) -> Diff:
    return compare(
        write(directory / "published", pair.published, pair.base.filename),
        write(directory / "rebuilt", pair.rebuilt, pair.base.filename),
    )


def _benign(diff: Diff) -> set[str]:
    return {finding.rule for finding in diff.findings if finding.kind is FindingClass.BENIGN}


def _wrong(honest: HonestPair, diff: Diff) -> str | None:
    """What is wrong with a judgement, None if nothing is."""
    if diff.verdict is not honest.verdict or _benign(diff) != honest.rules:
        found = sorted(
            (f.kind, f.rule, f.member or "", str(f.evidence)[:200]) for f in diff.findings
        )
        return f"the verdict is {diff.verdict} by {found}"
    if diff.accounting.unexplained_bytes:
        return f"{diff.accounting.unexplained_bytes} bytes are not explained"
    return None


@pytest.mark.parametrize("honest", HONEST, ids=lambda honest: honest.name)
def test_honest_pair_is_trusted_by_exactly_its_rules(
    honest: HonestPair, wheels: tuple[RealWheel, ...], tmp_path: Path
) -> None:
    pairs = list(honest.pairs(wheels))
    assert pairs, "no base wheel fits"
    wrong = []
    for at, pair in enumerate(pairs):
        assert pair.published != pair.rebuilt
        fault = _wrong(honest, _judge(pair, tmp_path))
        if fault is not None:
            wrong.append(f"{pair.base.project}, pair {at}: {fault}")
    assert not wrong, "\n".join(wrong)


SYMMETRIC = [honest for honest in HONEST if honest.is_symmetric]


@pytest.mark.parametrize("honest", SYMMETRIC, ids=lambda honest: honest.name)
def test_honest_pair_is_trusted_the_other_way_round(
    honest: HonestPair, wheels: tuple[RealWheel, ...], tmp_path: Path
) -> None:
    """Which of the two tools built the published wheel must not matter."""
    pair = next(honest.pairs(wheels))
    swapped = Pair(base=pair.base, published=pair.rebuilt, rebuilt=pair.published)
    diff = _judge(swapped, tmp_path)
    assert diff.verdict in {Verdict.REGENERATED, Verdict.EQUIVALENT}, diff.findings


def test_honest_pairs_have_names_of_their_own() -> None:
    assert max(Counter(honest.name for honest in HONEST).values()) == 1
