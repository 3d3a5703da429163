"""What a worker does with a job: find the wheels that are asked for, or judge one."""

import errno
import traceback
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import chain

from builders.sandbox.interface import SandboxFault
from builders.store import StoreError
from verify.batch.interface import (
    Ask,
    Failed,
    Finished,
    Found,
    FoundWheel,
    LockRemark,
    Outcome,
    Trouble,
)
from verify.check import check
from verify.errors import TruewheelError
from verify.evidence import EvidenceFault
from verify.index.cache import CacheFault
from verify.index.interface import (
    ConflictingFilesError,
    FileMissingError,
    IndexFault,
    ProjectNotFoundError,
)
from verify.ledger.interface import LedgerFault
from verify.lock.inputs.interface import Lock
from verify.lock.rejudge import Tools, rejudge
from verify.lock.sources import source_rules
from verify.results import CheckResult
from verify.subject import Choice, Subject, find_subjects, parse_requirement
from verify.verdict import Reason, Verdict
from verify.workbench import Workbench

FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS})
"""Errors of the system that no other wheel would be spared."""


def work(task: Ask | Subject, bench: Workbench) -> Outcome:
    """What comes of a task; nothing rises but what ends the process."""
    try:
        return _found(task, bench) if isinstance(task, Ask) else _judged(task, bench)
    except (TruewheelError, OSError, MemoryError) as error:
        return failure_of(error)
    except Exception as error:  # noqa: BLE001 - one wheel that we cannot cope with is one wheel
        frame = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{type(error).__name__} in {frame.name}, line {frame.lineno}"
        return Failed(trouble=Trouble.BUG, message=f"this is a fault of truewheel itself: {place}")


def failure_of(error: TruewheelError | OSError | MemoryError) -> Failed:
    """An error as a value that says whether it was about this one wheel."""
    match error:
        case OSError():
            trouble = Trouble.FATAL if error.errno in FULL else Trouble.SURROUNDINGS
            return Failed(trouble=trouble, message=f"the system refused: {error}")
        case MemoryError():
            return Failed(trouble=Trouble.BUG, message="there is not enough memory")
        case LedgerFault() | EvidenceFault():
            trouble = Trouble.FATAL
        case CacheFault() | StoreError():
            trouble = Trouble.FATAL if _is_full(error) else Trouble.SURROUNDINGS
        case SandboxFault():
            trouble = Trouble.SURROUNDINGS
        case FileMissingError():
            trouble = Trouble.MISSING
        case IndexFault():
            trouble = Trouble.INDEX
        case _:
            trouble = Trouble.BUG
    return Failed(trouble=trouble, message=error.message, hint=error.hint)


def _is_full(error: TruewheelError) -> bool:
    cause = error.__cause__
    return isinstance(cause, OSError) and cause.errno in FULL


def _judged(subject: Subject, bench: Workbench) -> Finished:
    return _checked(_with_listing(subject, bench), bench)


def _checked(subject: Subject, bench: Workbench) -> Finished:
    result, memory, wheel = check(subject, bench), bench.memory, subject.wheel
    return Finished(
        result=result,
        entry=memory.latest if memory else None,
        kept=memory.kept if memory else None,
        index=bench.index.origin(wheel) if wheel else None,
    )


def _with_listing(subject: Subject, bench: Workbench) -> Subject:
    if subject.wheel is None:
        return subject
    try:
        return replace(subject, listing=bench.index.project(subject.wheel.project))
    except ProjectNotFoundError:
        return subject  # a lock named its URL


def _found(ask: Ask, bench: Workbench) -> Found:
    if ask.requirement is not None:
        return Found(wheels=_each_once(_of_requirement(ask, ask.requirement, bench), bench))
    reading = _LockReading(ask=ask, bench=bench)
    remarks = tuple(reading.remarks())
    return Found(
        wheels=_named(reading.subjects) if ask.judged else _each_once(reading.subjects, bench),
        remarks=remarks,
        open=tuple(reading.open.values()),
    )


def _each_once(subjects: Iterable[Subject], bench: Workbench) -> tuple[FoundWheel, ...]:
    found: dict[tuple[str, str], FoundWheel] = {}
    for subject in subjects:
        identity = identity_of(subject)
        if identity not in found:
            found[identity] = _looked_up(subject, bench)
    return tuple(found.values())


def _named(subjects: Iterable[Subject]) -> tuple[FoundWheel, ...]:
    """Of what was looked up before, only which wheels these are."""
    return tuple(FoundWheel(subject=replace(subject, listing=None)) for subject in subjects)


def identity_of(subject: Subject) -> tuple[str, str]:
    """By what two subjects are the same wheel: name and hash, or that there is none."""
    wheel = subject.wheel
    if wheel is None:
        return subject.requirement, subject.detail or ""
    return wheel.filename, wheel.sha256 or wheel.url


def _of_requirement(ask: Ask, text: str, bench: Workbench) -> list[Subject]:
    requirement = parse_requirement(text)
    choices = (
        Choice(target=target, glob=ask.glob, all_wheels=ask.all_wheels) for target in ask.targets
    )
    try:
        return list(chain(*(find_subjects(requirement, each, bench.index) for each in choices)))
    except ConflictingFilesError as error:
        return [
            Subject(
                requirement=text,
                wheel=None,
                source=None,
                reason=Reason.CONFLICTING_FILES,
                detail=error.message,
            )
        ]


@dataclass(kw_only=True)
class _LockReading:
    """What entries of a lock mean, by the judge of locks; what it has judged is noted instead.

    Attributes:
        subjects: the wheels.
        open: the wheel that each archive needs judged next, by the archive's hash.
    """

    ask: Ask
    bench: Workbench
    subjects: list[Subject] = field(default_factory=list)
    open: dict[str | None, Subject] = field(default_factory=dict)

    def remarks(self) -> Iterator[LockRemark]:
        """What is no wheel, but for archives that are open."""
        ask, bench = self.ask, self.bench
        lock = Lock(path=ask.lock or "", format=ask.lock_format, packages=ask.packages)
        tools = Tools(
            index=bench.index,
            urls=bench.config.urls,
            judge=self._judge,
            sources=source_rules(bench),
        )
        for outcome in rejudge(lock, tools, targets=ask.targets):
            is_noted = outcome.check is not None and outcome.check.wheel is None
            if not is_noted and outcome.sha256 not in self.open:
                yield LockRemark(
                    package=str(outcome.package),
                    filename=outcome.filename,
                    where=outcome.where,
                    standing=outcome.standing,
                    findings=outcome.findings,
                )

    def _judge(self, subject: Subject) -> CheckResult:
        if not _is_of_archive(subject):
            self.subjects.append(subject)
            return _unjudged(subject)
        bare = replace(subject, listing=None)
        for judged in self.ask.judged:
            if _wheel_and_source(judged.subject) == _wheel_and_source(bare):
                return judged.result
        if _is_remembered(subject, self.bench):
            return check(subject, self.bench)
        self.open.setdefault(subject.source.sha256 if subject.source else None, bare)
        return _unjudged(subject)


def _is_of_archive(subject: Subject) -> bool:
    """Whether it is judged for the sake of a source that the index does not list."""
    source, listing = subject.source, subject.listing
    return source is not None and listing is not None and source not in listing.files


def _wheel_and_source(subject: Subject) -> tuple[object, ...]:
    """By what two judgements are of the same; a URL may be another one each time."""
    return *identity_of(subject), subject.source.sha256 if subject.source else None


def _unjudged(subject: Subject) -> CheckResult:
    """Stands for the result that is found out later, and is thrown away."""
    return CheckResult(
        requirement=subject.requirement,
        wheel=None,
        source=None,
        verdict=Verdict.UNDETERMINED,
        reason=Reason.NO_WHEEL,
        detail=None,
        trusted=False,
        reasons=(),
    )


def _looked_up(subject: Subject, bench: Workbench) -> FoundWheel:
    """A wheel with its result, if that is to be had without building anything."""
    found = FoundWheel(subject=replace(subject, listing=None))
    wheel, source = subject.wheel, subject.source
    if wheel is None or source is None or _is_remembered(subject, bench):
        return replace(found, finished=_checked(subject, bench))
    if wheel.sha256 is None or bench.memory is None:
        return found
    return replace(found, seconds=bench.memory.seconds(wheel.sha256))


def _is_remembered(subject: Subject, bench: Workbench) -> bool:
    wheel, source, memory = subject.wheel, subject.source, bench.memory
    if wheel is None or source is None or memory is None:
        return False
    if wheel.sha256 is None or source.sha256 is None:
        return False  # it would have to be fetched first
    served = bench.served_metadata(wheel)
    return (
        memory.recall(memory.key(wheel, source, (wheel.sha256, source.sha256), served)) is not None
    )
