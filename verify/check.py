"""The main job: is a published wheel what its source builds to?

    fetch the wheel and its source          verify.index
    try to rebuild it, best first           verify.attempts
        choose what to try                  builders.search
        plan a recipe                       builders.planner
        rebuild the wheel in a sandbox      builders.rebuild
        compare, account for every byte     verify.compare
        and again, led by what differed
    decide                                  verify.policy
    explain to a person, if asked           verify.explaining

What prevents a comparison is an `undetermined` result with its reason; what prevents the tool from
working at all (no index, no sandbox, no disk) rises as an error.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from packaging.requirements import Requirement

from builders.recipe import Recipe, SourceFile, recipe_to_json
from verify.attempts import Attempts, Case, Judged, NoRebuildError
from verify.distinfo.served import served_metadata_facts
from verify.errors import TruewheelError
from verify.events import Step
from verify.index.interface import (
    ConflictingFilesError,
    HashMismatchError,
    IndexFile,
    Sha256,
)
from verify.policy import decide
from verify.results import (
    CheckedSource,
    CheckedWheel,
    CheckResult,
    Diff,
    ExplanationReport,
)
from verify.signals import release_signals
from verify.stopwatch import Stopwatch
from verify.subject import Choice, Subject, find_subjects, local_sdist, local_wheel, source_of
from verify.verdict import Reason, Verdict
from verify.workbench import Workbench

FIXED_ZIP_TIMES = frozenset(
    {
        datetime(1980, 1, 1, tzinfo=UTC),  # the format's first (APPNOTE 4.4.6)
        datetime(2016, 1, 1, tzinfo=UTC),  # flit_core without SOURCE_DATE_EPOCH
        datetime(2020, 2, 2, tzinfo=UTC),  # hatchling without SOURCE_DATE_EPOCH
    }
)
"""Times that tools write when they know none; they say nothing about when a wheel was made."""


class UndeterminedError(TruewheelError):
    """No comparison can be made of this one wheel; never leaves this module."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


def check_all(
    requirements: Sequence[Requirement], choice: Choice, bench: Workbench
) -> Iterator[CheckResult]:
    """Check every wheel that the requirements mean, in their order.

    Raises:
        TruewheelError: the tool itself failed; results yielded before stay valid.
    """
    for requirement in requirements:
        try:
            subjects = find_subjects(requirement, choice, bench.index)
        except ConflictingFilesError as error:
            subjects = (_conflict(requirement, error),)
        for subject in subjects:
            yield check(subject, bench)


def check_file(wheel: Path, sdist: Path | None, bench: Workbench) -> CheckResult:
    """Check a wheel on disk, against an sdist on disk or the one at the index.

    Raises:
        UsageFault: a file cannot be read, or the two are of different releases.
        TruewheelError: the tool itself failed.
    """
    published = local_wheel(wheel, bench.cache)
    source = (
        local_sdist(sdist, published, bench.cache) if sdist else source_of(published, bench.index)
    )
    return check(
        Subject(
            requirement=wheel.name,
            wheel=published,
            source=source,
            reason=None if source else Reason.NO_SOURCE,
            detail=None if source else f"the index has no sdist for {wheel.name}",
        ),
        bench,
    )


def check(subject: Subject, bench: Workbench) -> CheckResult:
    """Check one wheel.

    Raises:
        TruewheelError: the tool itself failed.
    """
    work = _Work(subject=subject, bench=bench)
    try:
        return work.judged(work.run())
    except NoRebuildError as error:
        return work.undetermined(Reason(error.fault.code), error.fault.message)
    except UndeterminedError as error:
        return work.undetermined(error.reason, error.message)


@dataclass(kw_only=True)
class _Work:
    """One check under way: what is known so far, so that any end can report it."""

    subject: Subject
    bench: Workbench
    watch: Stopwatch = field(default_factory=Stopwatch)
    source: SourceFile | None = None
    attempts: Attempts | None = None

    def run(self) -> Judged:
        """The steps of the module's description, up to the best attempt's comparison.

        Raises:
            UndeterminedError: there is nothing to compare.
            NoRebuildError: no attempt ended in a comparison.
        """
        wheel, self.source, served = self._fetch()
        self.bench.open_sandbox()  # which may build an image: no part of any wheel's stages
        with self._stage("compare"):
            told = served_metadata_facts(wheel, served)
        self.attempts = Attempts(
            case=Case(wheel=wheel, source=self.source, as_of=self._as_of, told=tuple(told)),
            bench=self.bench,
            stage=self._stage,
            elapsed=lambda: self.watch.read().total,
        )
        return self.attempts.run()

    def _fetch(self) -> tuple[Path, SourceFile, tuple[Sha256, ...]]:
        wheel, source = self.subject.wheel, self.subject.source
        if wheel is None or source is None:
            reason = self.subject.reason or Reason.NO_SOURCE
            raise UndeterminedError(reason, self.subject.detail or str(reason))
        with self._stage("fetch"):
            wheel_path, source_path = self._fetched(wheel), self._fetched(source)
            served = self.bench.served_metadata(wheel)
        source_file = SourceFile(
            name=source.project,
            version=str(source.version),
            filename=source.filename,
            sha256=source_path.parent.name,  # the cache is addressed by content
        )
        return wheel_path, source_file, served

    def _fetched(self, file: IndexFile) -> Path:
        try:
            return self.bench.obtain(file)
        except HashMismatchError as error:
            raise UndeterminedError(Reason.HASH_MISMATCH, error.message) from error

    def _as_of(self, newest: datetime | None) -> datetime:
        """When the wheel was made: its upload, else its newest plausible ZIP time, else now."""
        uploaded = self.subject.wheel.upload_time if self.subject.wheel else None
        if uploaded is not None:
            return uploaded
        if newest is not None and newest not in FIXED_ZIP_TIMES:
            return newest
        return datetime.now(UTC)

    @contextmanager
    def _stage(self, name: str) -> Iterator[None]:
        subject = self.subject.wheel.filename if self.subject.wheel else self.subject.requirement
        self.bench.listener(Step(stage=name, subject=subject))
        with self.watch.stage(name):
            yield

    def undetermined(self, reason: Reason, detail: str) -> CheckResult:
        """The result of a check that no comparison came out of."""
        recipe = self.attempts.recipe if self.attempts else None
        return self._result(Verdict.UNDETERMINED, reason, detail=detail, recipe=recipe)

    def judged(self, best: Judged) -> CheckResult:
        """The result of a check of which one attempt at least ended in a comparison."""
        detail = self.attempts.detail if self.attempts else None
        diff = best.diff
        return self._result(diff.verdict, diff.reason, diff=diff, detail=detail, recipe=best.recipe)

    def _result(
        self,
        verdict: Verdict,
        reason: Reason | None,
        *,
        detail: str | None,
        recipe: Recipe | None,
        diff: Diff | None = None,
    ) -> CheckResult:
        wheel, source = _checked_wheel(self.subject.wheel, diff), _checked_source(self)
        signals = release_signals(wheel, source) if wheel and source else ()
        decision = decide(verdict, signals, recipe.sandbox if recipe else None)
        return CheckResult(
            requirement=self.subject.requirement,
            wheel=wheel,
            source=source,
            verdict=verdict,
            reason=reason,
            detail=detail,
            trusted=decision.trusted,
            reasons=decision.reasons,
            signals=signals,
            diff=diff,
            recipe=recipe_to_json(recipe) if recipe else None,
            attempts=tuple(self.attempts.noted) if self.attempts else (),
            seconds=self.watch.read(),
            explanation=self._explain(trusted=decision.trusted),
        )

    def _explain(self, *, trusted: bool) -> ExplanationReport | None:
        """What is attached beside the result, all of which is known by then."""
        reports, attempts = self.bench.reports, self.attempts
        if reports is None:
            return None
        wheel = attempts.case.wheel if attempts else None
        best = attempts.best if attempts else None
        return reports.explain(wheel, best.rebuilt if best else None, trusted=trusted)


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


def _checked_source(work: _Work) -> CheckedSource | None:
    file = work.subject.source
    if file is None:
        return None
    return CheckedSource(
        kind="sdist",
        filename=file.filename,
        sha256=work.source.sha256 if work.source else file.sha256,
        upload_time=file.upload_time,
    )


def _conflict(requirement: Requirement, error: ConflictingFilesError) -> Subject:
    return Subject(
        requirement=str(requirement),
        wheel=None,
        source=None,
        reason=Reason.CONFLICTING_FILES,
        detail=error.message,
    )
