"""What a worker elsewhere found out, judged before it counts, decided about and remembered."""

from dataclasses import replace

from verify.batch.dask.wire import Answer, read_answer
from verify.batch.interface import Failed, Finished, Outcome, Trouble
from verify.batch.work import failure_of
from verify.decision import decision_on
from verify.errors import TruewheelError
from verify.index.interface import Sha256
from verify.ledger.interface import Key
from verify.policy.model import waiver_to_json
from verify.results import CheckResult, Judgement
from verify.subject import Subject
from verify.verdict import Verdict
from verify.workbench import Workbench

ODD = "the worker's answer does not fit what it was asked"


def settled(answer: Answer, subject: Subject, bench: Workbench) -> Outcome:
    """The outcome of a job.

    The policy is asked here, whatever the worker thought of the wheel, and the ledger is told. What
    is not about the wheel that was asked for, or was found out otherwise than here, is refused.
    """
    found = read_answer(answer)
    if found is None:
        return Failed(trouble=Trouble.BUG, message="the worker's answer cannot be read")
    if isinstance(found, Failed):
        return found
    key = found.kept.key if found.kept else None
    if not (_is_about(found.result, subject) and _fits(key, found.result, subject, bench)):
        return Failed(trouble=Trouble.BUG, message=ODD)
    judgement = found.kept.judgement if found.kept else _judgement(found.result)
    result = _decided(found, judgement, subject, bench)
    memory = bench.memory
    if memory is None:
        return Finished(result=result)
    try:
        memory.note(result, judgement, key)
    except TruewheelError as error:
        return failure_of(error)
    return Finished(result=result, entry=memory.latest)


def _is_about(result: CheckResult, subject: Subject) -> bool:
    wheel, source = subject.wheel, subject.source
    if result.requirement != subject.requirement or result.judged_at is not None:
        return False
    if wheel is None or result.wheel is None or result.wheel.filename != wheel.filename:
        return False
    if wheel.sha256 is not None and result.wheel.sha256 != wheel.sha256:
        return False
    found = result.source.filename if result.source else None
    return found == (source.filename if source else None)


def _fits(key: Key | None, result: CheckResult, subject: Subject, bench: Workbench) -> bool:
    """Whether a verdict was found out of what was asked for, as it would be here."""
    wheel, source, memory = subject.wheel, subject.source, bench.memory
    if key is None:
        return result.verdict is Verdict.UNDETERMINED
    if wheel is None or source is None:
        return False
    hashes = Sha256(key.wheel_sha256), Sha256(key.source_sha256)
    for file, found in zip((wheel, source), hashes, strict=True):
        if file.sha256 not in {None, found}:
            return False
    if memory is None:
        return (key.wheel, key.source) == (wheel.filename, source.filename)
    return key == memory.key(wheel, source, hashes, key.served)


def _judgement(result: CheckResult) -> Judgement:
    """Of a wheel or source that could not be had: nothing is kept of it."""
    return Judgement(verdict=result.verdict, reason=result.reason, detail=result.detail)


def _decided(
    found: Finished, judgement: Judgement, subject: Subject, bench: Workbench
) -> CheckResult:
    result = found.result
    decision = decision_on(subject.wheel, judgement, result.signals, bench, index=found.index)
    return replace(
        result,
        trusted=decision.trusted,
        reasons=decision.reasons,
        basis=decision.basis,
        warnings=decision.warnings,
        waiver=waiver_to_json(decision.waiver) if decision.waiver else None,
        policy=bench.policy_id,
    )
