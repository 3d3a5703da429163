"""Judgements to remember, and keys to remember them by."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from packaging.utils import canonicalize_name

from builders.recipe import BackendCall, Recipe, SourceFile, recipe_to_json
from verify.finding import Finding, FindingClass, RuleName
from verify.ledger.interface import Effort, Key, Remembered
from verify.results import (
    Accounting,
    Attempt,
    ByteShare,
    Diff,
    FileIdentity,
    Judgement,
    Seconds,
)
from verify.verdict import Reason, Verdict

WHEEL, SDIST = "thing-1.0-py3-none-any.whl", "thing-1.0.tar.gz"
WHEEL_SHA256, SDIST_SHA256, OTHER_SHA256 = "ab" * 32, "cd" * 32, "ef" * 32
MOMENT = datetime(2026, 11, 20, 9, 30, 15, 250, tzinfo=UTC)
SIZE = 1200

EFFORT = Effort(
    attempts=8, search_seconds=600.0, build_seconds=900.0, memory_bytes=2**32, offline=False
)


def make_key(**changes: Any) -> Key:  # noqa: ANN401 - fields of Key
    """A key, or one that differs in these fields."""
    key = Key(
        wheel=WHEEL,
        wheel_sha256=WHEEL_SHA256,
        source=SDIST,
        source_sha256=SDIST_SHA256,
        uploaded="2024-05-01T12:00:00.000000Z",
        served=(OTHER_SHA256,),
        indexes="12" * 32,
        recipe=None,
        confined=True,
        tool="1.0",
        rules="34" * 32,
    )
    return replace(key, **changes)


def make_recipe(sandbox: str = "bubblewrap", sha256: str = SDIST_SHA256) -> Recipe:
    """A recipe for the source of `make_key`."""
    return Recipe(
        source=SourceFile(
            name=canonicalize_name("thing"), version="1.0", filename=SDIST, sha256=sha256
        ),
        python="3.11",
        sandbox=sandbox,
        image=None,
        as_of=datetime(2024, 5, 1, 12, tzinfo=UTC),
        backend=BackendCall(mode="pep517", backend="setuptools.build_meta"),
        requirements=(),
    )


def make_judgement(
    verdict: Verdict = Verdict.DIFFERENT,
    **changes: Any,  # noqa: ANN401 - fields of Judgement
) -> Judgement:
    """What a check found out about the files of `make_key`: every kind of value is in it."""
    judged = Judgement(
        verdict=verdict,
        reason=None,
        detail="the search ended after 600 s",
        diff=_diff(verdict),
        recipe=recipe_to_json(make_recipe()),
        attempts=(
            Attempt(
                recipe=OTHER_SHA256,
                verdict=Verdict.UNDETERMINED,
                reason=Reason.BUILD_FAILED,
                chosen=("setuptools 60.0.0",),
                detail="the build ended with exit code 1",
                log_tail="error: \x1b[31m\ud800\n",
            ),
            Attempt(recipe=SDIST_SHA256, verdict=verdict, reason=None, seconds=1.5, distance=2),
        ),
        signals=(_finding("release.prebuilt-binary", None, {"only_in_source": 1}),),
        seconds=Seconds(fetch=0.5, resolve=1.0, build=1.5, compare=0.25, total=3.25),
    )
    if verdict is Verdict.UNDETERMINED:
        judged = replace(judged, diff=None, reason=Reason.BUILD_FAILED)
    return replace(judged, **changes)


def make_remembered(
    verdict: Verdict = Verdict.DIFFERENT,
    **changes: Any,  # noqa: ANN401 - fields of Remembered
) -> Remembered:
    """What a ledger keeps of it."""
    kept = Remembered(
        key=make_key(), judgement=make_judgement(verdict), effort=EFFORT, judged_at=MOMENT
    )
    return replace(kept, **changes)


def _diff(verdict: Verdict) -> Diff:
    rebuilt = WHEEL_SHA256 if verdict is Verdict.IDENTICAL else OTHER_SHA256
    evidence = {"diff": ["+import os"], "deep": {"n": [1, 2.5, None, True]}, "text": "\u202e\ud800"}
    return Diff(
        published=FileIdentity(filename=WHEEL, sha256=WHEEL_SHA256, size=SIZE),
        rebuilt=FileIdentity(filename=WHEEL, sha256=rebuilt, size=1100),
        verdict=verdict,
        findings=(_finding("code.differs", "thing/core.py", evidence),),
        accounting=Accounting(
            published_bytes=SIZE,
            reproduced_bytes=1000,
            explained_bytes=150,
            unexplained_bytes=50,
            regions=(
                ByteShare(part="data", published=9, reproduced=8, explained=1, unexplained=0),
            ),
        ),
    )


def _finding(rule: str, member: str | None, evidence: dict[str, Any]) -> Finding:
    return Finding(
        rule=RuleName(rule),
        kind=FindingClass.UNEXPLAINED,
        member=member,
        summary="a finding",
        evidence=evidence,
    )
