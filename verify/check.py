"""The main job: is a published wheel what its source builds to?

    fetch the wheel and its source          verify.index
    choose what to try                      builders.search
    plan a recipe from the wheel's hints    builders.planner
    rebuild the wheel in a sandbox          builders.rebuild
    compare, account for every byte         verify.compare
    try again, led by what differed         builders.search
    decide                                  verify.policy
    explain to a person, if asked           verify.explaining

What prevents a comparison is an `undetermined` result with its reason; what prevents the tool from
working at all (no index, no sandbox, no disk) rises as an error.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement

from builders.errors import BuildFault
from builders.hints import Hints, read_hints
from builders.recipe import Recipe, SourceFile, recipe_to_json
from builders.search.choices import Choices
from builders.search.profile import read_profile
from builders.search.search import Search
from verify.compare.engine import compare
from verify.distinfo.served import served_metadata_facts
from verify.errors import TruewheelError
from verify.events import Step
from verify.index.interface import (
    ConflictingFilesError,
    HashMismatchError,
    IndexFault,
    IndexFile,
    Sha256,
)
from verify.policy import decide
from verify.results import (
    Attempt,
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

LOG_TAIL = 4000
"""Characters of a failed build's log that an attempt shows."""

FIXED_ZIP_TIMES = frozenset(
    {
        datetime(1980, 1, 1, tzinfo=UTC),  # the format's first (APPNOTE 4.4.6)
        datetime(2016, 1, 1, tzinfo=UTC),  # flit_core without SOURCE_DATE_EPOCH
        datetime(2020, 2, 2, tzinfo=UTC),  # hatchling without SOURCE_DATE_EPOCH
    }
)
"""Times that tools write when they know none; they say nothing about when a wheel was made."""


RANKED = tuple(Verdict)
"""Best to worst, as they are declared."""


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
    except UndeterminedError as error:
        return work.undetermined(error)


@dataclass(frozen=True, kw_only=True)
class _Case:
    """What an attempt starts from: the published wheel and its source, and what they teach."""

    wheel: Path
    source: SourceFile
    hints: Hints
    as_of: datetime
    search: Search


@dataclass(frozen=True, kw_only=True)
class _Judged:
    """An attempt that ended in a comparison."""

    recipe: Recipe
    rebuilt: Path
    diff: Diff
    distance: int

    @property
    def rank(self) -> tuple[int, int]:
        """Less is better."""
        return RANKED.index(self.diff.verdict), self.distance


@dataclass(kw_only=True)
class _Work:
    """One check under way: what is known so far, so that any end can report it."""

    subject: Subject
    bench: Workbench
    watch: Stopwatch = field(default_factory=Stopwatch)
    wheel: Path | None = None
    source: SourceFile | None = None
    served_metadata: tuple[Sha256, ...] = ()
    attempts: list[Attempt] = field(default_factory=list)
    built: set[str] = field(default_factory=set)
    recipe: Recipe | None = None
    best: _Judged | None = None
    detail: str | None = None

    def run(self) -> _Judged:
        """The steps of the module's description; gives the best attempt.

        Raises:
            UndeterminedError: no attempt ended in a comparison.
        """
        self.wheel, self.source = self._fetch()
        self.bench.open_sandbox()  # which may build an image: no part of any wheel's stages
        with self._stage("resolve"):
            case = self._open(self.wheel, self.source)
        faults: list[tuple[BuildFault, Recipe | None]] = []
        for choices in chain(self._given(), self._candidates(case.search)):
            try:
                self._attempt(case, choices)
            except BuildFault as fault:
                faults.append((fault, self.recipe))
                self._failed(choices, fault)
                if self.recipe is not None:
                    case.search.fail(self.recipe, fault)
        if self.best is None:
            # Why a person's own recipe failed is in the attempts.
            is_given = self.bench.settings.recipe is not None
            first, self.recipe = (faults[is_given:] or faults)[0]
            raise _undetermined(first)
        return self.best

    def _given(self) -> Iterator[Choices]:
        """The recipe to start from, if a person gave one."""
        if self.bench.settings.recipe is not None:
            yield Choices(recipe=self.bench.settings.recipe)

    def _fetch(self) -> tuple[Path, SourceFile]:
        wheel, source = self.subject.wheel, self.subject.source
        if wheel is None or source is None:
            reason = self.subject.reason or Reason.NO_SOURCE
            raise UndeterminedError(reason, self.subject.detail or str(reason))
        with self._stage("fetch"):
            wheel_path, source_path = self._fetched(wheel), self._fetched(source)
            self.served_metadata = self.bench.served_metadata(wheel)
        return wheel_path, SourceFile(
            name=source.project,
            version=str(source.version),
            filename=source.filename,
            sha256=source_path.parent.name,  # the cache is addressed by content
        )

    def _fetched(self, file: IndexFile) -> Path:
        try:
            return self.bench.obtain(file)
        except HashMismatchError as error:
            raise UndeterminedError(Reason.HASH_MISMATCH, error.message) from error

    def _open(self, wheel: Path, source: SourceFile) -> _Case:
        try:
            hints, published = read_hints(wheel), read_profile(wheel)
        except BuildFault as fault:
            raise _undetermined(fault) from fault
        as_of = self._as_of(hints.newest)
        pythons = [python.version for python in self.bench.sandbox.interpreters()]
        search = Search(published, as_of, self.bench.prober, pythons, self._is_over)
        return _Case(wheel=wheel, source=source, hints=hints, as_of=as_of, search=search)

    def _as_of(self, newest: datetime | None) -> datetime:
        """When the wheel was made: its upload, else its newest plausible ZIP time, else now."""
        uploaded = self.subject.wheel.upload_time if self.subject.wheel else None
        if uploaded is not None:
            return uploaded
        if newest is not None and newest not in FIXED_ZIP_TIMES:
            return newest
        return datetime.now(UTC)

    def _candidates(self, search: Search) -> Iterator[Choices]:
        """What to try, within the budget; the first attempt is always made."""
        settings = self.bench.settings
        while len(self.attempts) < settings.attempts:
            if self.attempts and self._is_over():
                self.detail = f"the search ended after {settings.search_seconds:g} s"
                return
            choices = self._proposed(search)
            if choices is None:
                return
            yield choices

    def _is_over(self) -> bool:
        return self.watch.read().total > self.bench.settings.search_seconds

    def _proposed(self, search: Search) -> Choices | None:
        try:
            with self._stage("resolve"):
                return search.propose()
        except (BuildFault, IndexFault) as fault:
            # What was found out so far needs no index any more.
            self.detail = f"the search ended early: {fault.message}"
            return None

    def _attempt(self, case: _Case, choices: Choices) -> None:
        self.recipe = None
        with self._stage("resolve"):
            recipe = self.bench.planner.plan(case.hints, case.source, case.as_of, choices)
        self.recipe = recipe
        if recipe.digest in self.built:
            return  # other words for what was tried
        self.built.add(recipe.digest)
        with self._stage("build"):
            rebuild = self.bench.rebuilder.rebuild(recipe, fresh=self.bench.settings.fresh)
        with self._stage("compare"):
            told = served_metadata_facts(case.wheel, self.served_metadata)
            diff = compare(case.wheel, rebuild.wheel, told=told)
            distance = case.search.learn(choices, recipe, rebuild.wheel)
        judged = _Judged(recipe=recipe, rebuilt=rebuild.wheel, diff=diff, distance=distance)
        self._note(choices, diff.verdict, diff.reason, distance=distance, seconds=rebuild.seconds)
        if self.best is None or judged.rank < self.best.rank:
            self.best = judged

    def _failed(self, choices: Choices, fault: BuildFault) -> None:
        self._note(
            choices,
            Verdict.UNDETERMINED,
            Reason(fault.code),
            detail=fault.message,
            log_tail=fault.log[-LOG_TAIL:] or None,
        )

    def _note(
        self,
        choices: Choices,
        verdict: Verdict,
        reason: Reason | None,
        **more: Any,  # noqa: ANN401 - fields of Attempt
    ) -> None:
        recipe = self.recipe.digest if self.recipe else None
        self.attempts.append(
            Attempt(recipe=recipe, verdict=verdict, reason=reason, chosen=choices.told, **more)
        )

    @contextmanager
    def _stage(self, name: str) -> Iterator[None]:
        subject = self.subject.wheel.filename if self.subject.wheel else self.subject.requirement
        self.bench.listener(Step(stage=name, subject=subject))
        with self.watch.stage(name):
            yield

    def undetermined(self, error: UndeterminedError) -> CheckResult:
        """The result of a check that no comparison came out of."""
        return self._result(Verdict.UNDETERMINED, error.reason, detail=error.message)

    def judged(self, best: _Judged) -> CheckResult:
        """The result of a check of which one attempt at least ended in a comparison."""
        self.recipe, diff = best.recipe, best.diff
        return self._result(diff.verdict, diff.reason, diff=diff, detail=self.detail)

    def _result(
        self,
        verdict: Verdict,
        reason: Reason | None,
        *,
        diff: Diff | None = None,
        detail: str | None = None,
    ) -> CheckResult:
        wheel, source = _checked_wheel(self.subject.wheel, diff), _checked_source(self)
        signals = release_signals(wheel, source) if wheel and source else ()
        decision = decide(verdict, signals, self.recipe.sandbox if self.recipe else None)
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
            recipe=recipe_to_json(self.recipe) if self.recipe else None,
            attempts=tuple(self.attempts),
            seconds=self.watch.read(),
            explanation=self._explain(trusted=decision.trusted),
        )

    def _explain(self, *, trusted: bool) -> ExplanationReport | None:
        """What is attached beside the result, all of which is known by then."""
        reports = self.bench.reports
        if reports is None:
            return None
        return reports.explain(
            self.wheel, self.best.rebuilt if self.best else None, trusted=trusted
        )


def _undetermined(fault: BuildFault) -> UndeterminedError:
    """A wheel that cannot be rebuilt is undetermined; the failure's code is the reason."""
    return UndeterminedError(Reason(fault.code), fault.message)


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
