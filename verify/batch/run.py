"""A batch, step by step.

    what earlier runs of it finished        verify.batch.journal
    find the wheels that are asked for      workers, verify.batch.work
    each once, the slow ones first          verify.batch.tasks
    judge them, and note each in the ledger workers, verify.batch.work
    archives, by wheels they build to       verify.batch.archives

One wheel's failure never stops the rest. What keeps all of them from being judged stops the batch,
which then is open in the ledger, and the next one goes on with what is left.
"""

import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from verify.batch.archives import Archives, Wanted
from verify.batch.dispatch import Dispatch
from verify.batch.inputs import Input
from verify.batch.interface import (
    Crew,
    Failed,
    Finished,
    Found,
    FoundWheel,
    Job,
    Outcome,
    Progress,
    Trouble,
    Unshown,
)
from verify.batch.journal import Earlier, Identity, Journal, identity
from verify.batch.results import (
    BatchRemark,
    BatchReport,
    BatchResult,
    Left,
    LeftOver,
    Place,
)
from verify.batch.tasks import DistinctAsk, Wheel, Wheels, distinct, gathered, slow_first
from verify.check import check
from verify.errors import TruewheelError
from verify.ledger.interface import RunEntry
from verify.results import Failure
from verify.subject import Subject
from verify.verdict import Reason, Verdict
from verify.workbench import Workbench

REASONS = {
    Trouble.MISSING: Reason.INDEX_FAILED,
    Trouble.INDEX: Reason.INDEX_FAILED,
    Trouble.SURROUNDINGS: Reason.TOOL_FAILED,
    Trouble.BUG: Reason.TOOL_FAILED,
    Trouble.LOST: Reason.WORKER_LOST,
    Trouble.OVERDUE: Reason.TIMEOUT,
    Trouble.UNPLACED: Reason.UNSUPPORTED,
}
"""What a wheel is undetermined for that workers failed at."""


@dataclass(frozen=True, kw_only=True)
class Order:
    """What a person wants of a batch.

    Attributes:
        inputs: as they were read.
        limit: wheels that are judged at most; those that the ledger remembers do not count.
        budget: seconds after which no further wheel is begun.
        only_undetermined: leave out wheels that earlier runs of the batch judged.
        changed: leave out wheels that earlier runs of the batch had.
    """

    inputs: tuple[Input, ...]
    limit: int | None = None
    budget: float | None = None
    only_undetermined: bool = False
    changed: bool = False


@dataclass(frozen=True, kw_only=True)
class Tools:
    """What a batch takes.

    Attributes:
        bench: of this process; wheels are judged by the crew.
        journal: None where nothing is remembered.
        crew: the workers, given what they are to accept as judged.
        builds_here: whether they are this machine's, whose sandbox is opened for them.
        clock: monotonic seconds.
    """

    bench: Workbench
    journal: Journal | None
    crew: Callable[[Collection[str]], Crew]
    progress: Progress = field(default_factory=Unshown)
    builds_here: bool = True
    clock: Callable[[], float] = time.monotonic


def run_batch(order: Order, tools: Tools) -> BatchReport:
    """Find and judge all that the inputs ask for; an interruption or failure is in the report."""
    batch = _Batch(order=order, tools=tools)
    failure, interrupted = None, False
    try:
        batch.run()
    except KeyboardInterrupt:
        interrupted = True
    except TruewheelError as error:
        failure = Failure(message=error.message, hint=error.hint)
    return batch.kept(batch.report(failure, interrupted=interrupted))


@dataclass(kw_only=True)
class _Batch:
    order: Order
    tools: Tools
    earlier: Earlier = field(default_factory=Earlier)
    asks: list[DistinctAsk] = field(default_factory=list)
    found: list[Found | None] = field(default_factory=list)
    archives: Archives = field(default_factory=lambda: Archives(asks=(), found=[]))
    begun: int = 0
    wheels: Wheels = field(default_factory=Wheels)
    asked_for: list[Wheel] = field(default_factory=list)
    resumed: int = 0
    is_whole: bool = False
    begun_at: float = 0.0
    guessed: float = 0.0
    took: float = 0.0
    rest: float = 0.0

    def run(self) -> None:
        self.begun_at = self.tools.clock()
        self.asks = distinct([ask for one in self.order.inputs for ask in one.asks])
        self.found = [None] * len(self.asks)
        self.archives = Archives(asks=self.asks, found=self.found)
        journal, bench = self.tools.journal, self.tools.bench
        if journal is not None:
            self.earlier = journal.earlier()
            journal.begin(self.report(None, interrupted=False))
        if bench.memory is not None:
            bench.memory.serve(())
        crew = self.tools.crew(self.earlier.accepted)
        offline = bench.settings.offline
        dispatch = Dispatch(crew=crew, progress=self.tools.progress, offline=offline)
        try:
            self._find(dispatch)
            self._choose()
            dispatch.require_any()
            self._judge(dispatch)
            self._verify(dispatch)
            dispatch.require_any()
        finally:
            crew.close()
        self.is_whole = not any(wheel.left for wheel in self.asked_for) and not any(
            self.archives.left()
        )

    def kept(self, report: BatchReport) -> BatchReport:
        """The same report, of which the ledger keeps what it does not have yet."""
        try:
            if self.tools.journal is not None:
                self.tools.journal.keep(report)
                if self.is_whole:
                    self.tools.journal.end()
        except TruewheelError as error:
            failure = report.failure or Failure(message=error.message, hint=error.hint)
            return replace(report, failure=failure)
        return report

    def _find(self, dispatch: Dispatch) -> None:
        self.tools.progress.begin(len(self.asks))
        jobs = [Job(number=at, task=each.ask) for at, each in enumerate(self.asks)]
        dispatch.all(jobs, self._ask_ended)

    def _ask_ended(self, job: Job, outcome: Outcome) -> None:
        if isinstance(outcome, Found):
            self.found[job.number] = outcome
        elif isinstance(outcome, Failed):
            subject = Subject(requirement=job.name, wheel=None, source=None)
            wheel = FoundWheel(subject=subject, finished=self._undetermined(subject, outcome))
            self.found[job.number] = Found(wheels=(wheel,))

    @cached_property
    def known(self) -> Mapping[Identity, RunEntry]:
        """What earlier runs said, where this one leaves out some of it."""
        leaves_out = self.order.only_undetermined or self.order.changed
        return self.earlier.known() if leaves_out else {}

    def _choose(self) -> None:
        """Which wheels are asked for, and which of them are finished already."""
        self.wheels = gathered(self.asks, self.found)
        self.asked_for = [wheel for wheel in self.wheels.all if self._is_asked_for(wheel)]
        for wheel in self.asked_for:
            own = self.earlier.own.get(identity(wheel.subject))
            if wheel.finished is None and own is not None:
                reason, told = Reason(own.reason or ""), "found out before the batch broke off"
                wheel.finished = self._without(wheel.subject, reason, told)
            if own is not None or _key(wheel) in self.earlier.accepted:
                self.resumed += 1
        done = [wheel for wheel in self.asked_for if wheel.finished]
        self.tools.progress.begin(len(self.asked_for))
        self._note(done)
        for wheel in done:
            self._show(wheel)

    def _is_asked_for(self, wheel: Wheel) -> bool:
        known = self.known.get(identity(wheel.subject))
        if self.order.changed and known is not None:
            return False
        if self.order.only_undetermined:
            return known is None or known.verdict == Verdict.UNDETERMINED
        return True

    def _judge(self, dispatch: Dispatch) -> None:
        waiting = [wheel for wheel in self.asked_for if wheel.finished is None]
        chosen, beyond = waiting, []
        if self.order.limit is not None:
            chosen, beyond = waiting[: self.order.limit], waiting[self.order.limit :]
        for wheel in beyond:
            wheel.left = Left.LIMIT
        if not chosen:
            return
        self._open_sandbox()
        self.begun = len(chosen)
        by_number = {wheel.number: wheel for wheel in chosen}
        self.rest = sum(wheel.seconds for wheel in chosen)

        def ended(job: Job, outcome: Outcome) -> None:
            wheel = by_number[job.number]
            if isinstance(outcome, Failed):
                outcome = self._undetermined(wheel.subject, outcome)
            if isinstance(outcome, Finished):
                wheel.finished = outcome
                self.guessed += wheel.seconds
                self.took += outcome.result.seconds.total
                self.rest -= wheel.seconds
                self._note([wheel])
                self._show(wheel, dispatch.crew)

        jobs = [Job(number=wheel.number, task=wheel.subject) for wheel in slow_first(chosen)]
        for job in dispatch.all(jobs, ended, is_over=self._is_over):
            by_number[job.number].left = Left.BUDGET

    def _verify(self, dispatch: Dispatch) -> None:
        """Judge the wheels that archives may build to, one after another until one does."""
        while wanted := self.archives.wanted():
            if self.order.limit is not None:
                wanted = wanted[: self.order.limit - self.begun]
            if not wanted:
                self.archives.why = Left.LIMIT
                return
            self._open_sandbox()
            self.begun += len(wanted)

            def ended(job: Job, outcome: Outcome, wanted: Sequence[Wanted] = wanted) -> None:
                at, subject = wanted[job.number]
                if isinstance(outcome, Failed):
                    outcome = self._undetermined(subject, outcome)
                if isinstance(outcome, Finished):
                    self.archives.judged(at, subject, outcome.result)

            jobs = [Job(number=at, task=subject) for at, (_, subject) in enumerate(wanted)]
            if dispatch.all(jobs, ended, is_over=self._is_over):
                self.archives.why = Left.BUDGET
                return
            again = self.archives.again([at for at, _ in wanted])
            dispatch.all(again, self._asked_again)

    def _asked_again(self, job: Job, outcome: Outcome) -> None:
        self.archives.settled(job.number, outcome if isinstance(outcome, Found) else None)

    def _open_sandbox(self) -> None:
        if self.tools.builds_here:  # which may build an image: once, not in every worker
            self.tools.bench.open_sandbox()

    def _is_over(self) -> bool:
        budget = self.order.budget
        return budget is not None and self.tools.clock() - self.begun_at > budget

    def _undetermined(self, subject: Subject, failed: Failed) -> Finished:
        return self._without(subject, REASONS[failed.trouble], failed.message)

    def _without(self, subject: Subject, reason: Reason, detail: str) -> Finished:
        """The result of a wheel that nothing was found out about."""
        bare = Subject(
            requirement=subject.requirement,
            wheel=subject.wheel,
            source=None,
            reason=reason,
            detail=detail,
        )
        result = check(bare, self.tools.bench)
        memory = self.tools.bench.memory
        return Finished(result=result, entry=memory.latest if memory else None)

    def _note(self, wheels: Iterable[Wheel]) -> None:
        if self.tools.journal is not None:
            self.tools.journal.note(
                (wheel.number, wheel.finished.entry, wheel.asked)
                for wheel in wheels
                if wheel.finished is not None and wheel.finished.entry is not None
            )

    def _show(self, wheel: Wheel, crew: Crew | None = None) -> None:
        if wheel.finished is not None:
            self.tools.progress.finished(wheel.finished.result, self._time_left(crew))

    def _time_left(self, crew: Crew | None) -> float | None:
        """A guess by how far off the guesses were until now."""
        if crew is None or not self.guessed:
            return None
        return self.rest * self.took / self.guessed / crew.size

    def report(self, failure: Failure | None, *, interrupted: bool) -> BatchReport:
        journal = self.tools.journal
        if not self.asked_for and any(self.found):
            # It ended while wheels were looked for: what needed no judging is finished.
            self.wheels = gathered(self.asks, self.found)
            self.asked_for = [wheel for wheel in self.wheels.all if self._is_asked_for(wheel)]
        return BatchReport(
            run=journal.run if journal else None,
            inputs=self.order.inputs,
            results=tuple(
                BatchResult(check=wheel.finished.result, asked=tuple(wheel.asked))
                for wheel in self.asked_for
                if wheel.finished is not None
            ),
            remarks=tuple(self._remarks()),
            left=tuple(self._left()),
            resumed=self.resumed,
            skipped=len(self.wheels.all) - len(self.asked_for),
            interrupted=interrupted,
            failure=failure,
            policy=self.tools.bench.policy_id,
        )

    def _remarks(self) -> Iterable[BatchRemark]:
        for each, found in zip(self.asks, self.found, strict=False):
            for remark in found.remarks if found else ():
                yield BatchRemark(source=each.ask.source, remark=remark)

    def _left(self) -> Iterable[LeftOver]:
        for each, found in zip(self.asks, self.found, strict=False):
            if found is None:
                yield _left_over(str(each.ask), None, Left.BROKEN_OFF, each.places)
        for wheel in self.asked_for:
            if wheel.finished is None:
                name = wheel.subject.wheel.filename if wheel.subject.wheel else None
                why = wheel.left or Left.BROKEN_OFF
                yield _left_over(wheel.subject.requirement, name, why, wheel.asked)
        yield from self.archives.left()


def _left_over(requirement: str, wheel: str | None, why: Left, asked: Iterable[Place]) -> LeftOver:
    return LeftOver(requirement=requirement, wheel=wheel, why=why, asked=tuple(asked))


def _key(wheel: Wheel) -> str | None:
    entry = wheel.finished.entry if wheel.finished else None
    return entry.key if entry else None
