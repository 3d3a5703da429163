"""From a judgement, whenever it was made, to a result: with the signals and the policy of today."""

from datetime import datetime

from verify.finding import Finding
from verify.index.interface import IndexFile
from verify.listed_release import listed_release
from verify.policy.decide import Case, Decision, decide
from verify.policy.model import waiver_to_json
from verify.results import CheckedSource, CheckedWheel, CheckResult, Diff, Judgement
from verify.subject import NO_URL, Subject
from verify.workbench import Workbench


def result_of(  # noqa: PLR0913 - each is another thing that a result tells
    subject: Subject,
    judgement: Judgement,
    bench: Workbench,
    *,
    listed: tuple[Finding, ...],
    source_sha256: str | None,
    judged_at: datetime | None,
) -> CheckResult:
    """What is told of a wheel, but for what it took and what is kept beside it.

    Args:
        subject: what was checked.
        judgement: what the check came to.
        bench: has the policy.
        listed: signals of today's listing.
        source_sha256: that of the source's bytes; None for what the index tells.
        judged_at: when an earlier check came to it, None for this one.
    """
    signals = (*listed, *judgement.signals)
    wheel = subject.wheel
    index = bench.index.origin(wheel) if wheel and wheel.url != NO_URL else None
    decision = decision_on(wheel, judgement, signals, bench, index=index)
    return CheckResult(
        requirement=subject.requirement,
        wheel=_checked_wheel(wheel, judgement.diff),
        source=_checked_source(subject.source, source_sha256),
        verdict=judgement.verdict,
        reason=judgement.reason,
        detail=judgement.detail,
        trusted=decision.trusted,
        reasons=decision.reasons,
        basis=decision.basis,
        warnings=decision.warnings,
        waiver=waiver_to_json(decision.waiver) if decision.waiver else None,
        policy=bench.policy_id,
        release=listed_release(wheel, subject.source, subject.listing),
        signals=signals,
        diff=judgement.diff,
        recipe=judgement.recipe,
        attempts=judgement.attempts,
        judged_at=judged_at,
    )


def decision_on(
    wheel: IndexFile | None,
    judgement: Judgement,
    signals: tuple[Finding, ...],
    bench: Workbench,
    *,
    index: str | None,
) -> Decision:
    """The policy's answer; the sha256 is that of the bytes, where they were compared.

    `index` is the URL of the index that listed the wheel, None where none did.
    """
    diff, recipe = judgement.diff, judgement.recipe
    case = Case(
        verdict=judgement.verdict,
        reason=judgement.reason,
        project=wheel.project if wheel else None,
        version=wheel.version if wheel else None,
        sha256=diff.published.sha256 if diff else wheel.sha256 if wheel else None,
        index=index,
        signals=signals,
        findings=diff.findings if diff else (),
        sandbox=str(recipe["sandbox"]) if recipe else None,
    )
    return decide(case, bench.settings.policy, bench.today)


def _checked_wheel(file: IndexFile | None, diff: Diff | None) -> CheckedWheel | None:
    if file is None:
        return None
    return CheckedWheel(
        filename=file.filename,
        sha256=diff.published.sha256 if diff else file.sha256,
        size=diff.published.size if diff else file.size,
        url=file.url or None,
        upload_time=file.upload_time,
    )


def _checked_source(file: IndexFile | None, sha256: str | None) -> CheckedSource | None:
    if file is None:
        return None
    return CheckedSource(
        kind="sdist",
        filename=file.filename,
        sha256=sha256 or file.sha256,
        upload_time=file.upload_time,
    )
