"""The main job: is a published wheel what its source builds to?

    recall what an earlier check found out  verify.ledger
    fetch the wheel and its source          verify.index
    try to rebuild it, best first           verify.attempts
        choose what to try                  builders.search
        plan a recipe                       builders.planner
        rebuild the wheel in a sandbox      builders.rebuild
        compare, account for every byte     verify.compare
        and again, led by what differed
    decide                                  verify.policy.decide
    explain to a person, if asked           verify.explaining
    remember                                verify.ledger

What prevents a comparison is an `undetermined` result with its reason; what prevents the tool from
working at all (no index, no sandbox, no disk) rises as an error.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.requirements import Requirement

from builders.recipe import Recipe, SourceFile, recipe_to_json
from verify.compare.decide import why_undetermined
from verify.errors import TruewheelError
from verify.events import Step
from verify.finding import Finding
from verify.index.interface import (
    ConflictingFilesError,
    HashMismatchError,
    IndexFile,
    Sha256,
)
from verify.ledger.interface import Key, Remembered
from verify.listed_release import listed_release
from verify.policy.decide import Case as PolicyCase
from verify.policy.decide import Decision, decide
from verify.policy.model import waiver_to_json
from verify.results import (
    CheckedSource,
    CheckedWheel,
    CheckResult,
    Diff,
    ExplanationReport,
    Judgement,
    KeptEvidence,
)
from verify.stopwatch import Stopwatch
from verify.subject import (
    NO_URL,
    Choice,
    Subject,
    find_listing,
    find_subjects,
    local_sdist,
    local_wheel,
    source_of,
)
from verify.timeline.signals import signals_of
from verify.verdict import Reason, Verdict
from verify.workbench import Workbench

if TYPE_CHECKING:
    from verify.attempts import Attempts, Judged

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
    bench.begin_run([str(requirement) for requirement in requirements])
    for requirement in requirements:
        try:
            subjects = find_subjects(requirement, choice, bench.index)
        except ConflictingFilesError as error:
            subjects = (_conflict(requirement, error),)
        for subject in subjects:
            yield check(subject, bench)
    bench.end_run()


def check_file(wheel: Path, sdist: Path | None, bench: Workbench) -> CheckResult:
    """Check a wheel on disk, against an sdist on disk or the one at the index.

    Raises:
        UsageFault: a file cannot be read, or the two are of different releases.
        TruewheelError: the tool itself failed.
    """
    bench.begin_run([wheel.name])
    published = local_wheel(wheel, bench.cache)
    # With both files at hand, nothing is asked of an index that may not even be there.
    listing = None if sdist else find_listing(published, bench.index)
    source = local_sdist(sdist, published, bench.cache) if sdist else source_of(published, listing)
    result = check(
        Subject(
            requirement=wheel.name,
            wheel=published,
            source=source,
            reason=None if source else Reason.NO_SOURCE,
            detail=None if source else f"the index has no sdist for {wheel.name}",
            listing=listing,
        ),
        bench,
    )
    bench.end_run()
    return result


def check(subject: Subject, bench: Workbench) -> CheckResult:
    """Check one wheel.

    Raises:
        TruewheelError: the tool itself failed.
    """
    work = _Work(subject=subject, bench=bench)
    remembered: Remembered | None = None
    try:
        remembered = work.recall()
        judgement = remembered.judgement if remembered else work.judged(work.run())
    except UndeterminedError as error:
        judgement = work.undetermined(error.reason, error.message)
    result = work.result(judgement, remembered.judged_at if remembered else None)
    if bench.memory is not None:
        bench.memory.note(result, judgement, work.key)
    return result


@dataclass(kw_only=True)
class _Work:
    """One check under way: what is known so far, so that any end can report it."""

    subject: Subject
    bench: Workbench
    watch: Stopwatch = field(default_factory=Stopwatch)
    source: SourceFile | None = None
    listed: tuple[Finding, ...] = ()
    prebuilt: tuple[Finding, ...] = ()
    key: Key | None = None
    attempts: "Attempts | None" = None

    def recall(self) -> Remembered | None:
        """What an earlier check found out, if it answers this one; looks at today's listing first.

        Nothing is fetched whose hash the index tells.

        Raises:
            UndeterminedError: there is nothing to compare.
            LedgerFault: what is remembered cannot be read.
        """
        with self._stage("fetch"):
            self.listed = self._listing_signals()
        (wheel, source), memory = self._pair(), self.bench.memory
        if memory is None:
            return None
        with self._stage("fetch"):
            hashes = self._sha256(wheel), self._sha256(source)
            self.key = memory.key(wheel, source, hashes, self.bench.served_metadata(wheel))
        return memory.recall(self.key)

    def run(self) -> "Judged":
        """The steps of the module's description, up to the best attempt's comparison.

        Raises:
            UndeterminedError: there is nothing to compare, or no attempt ended in a comparison.
        """
        # What is remembered needs none of it, and it takes most of the start-up.
        from verify.attempts import Attempts, Case, NoRebuildError  # noqa: PLC0415
        from verify.distinfo.served import served_metadata_facts  # noqa: PLC0415

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
        try:
            return self.attempts.run()
        except NoRebuildError as error:
            raise UndeterminedError(Reason(error.fault.code), error.fault.message) from error

    def _pair(self) -> tuple[IndexFile, IndexFile]:
        wheel, source = self.subject.wheel, self.subject.source
        if wheel is None or source is None:
            reason = self.subject.reason or Reason.NO_SOURCE
            raise UndeterminedError(reason, self.subject.detail or str(reason))
        return wheel, source

    def _sha256(self, file: IndexFile) -> Sha256:
        return file.sha256 or Sha256(self._fetched(file).parent.name)

    def _fetch(self) -> tuple[Path, SourceFile, tuple[Sha256, ...]]:
        wheel, source = self._pair()
        with self._stage("fetch"):
            wheel_path, source_path = self._fetched(wheel), self._fetched(source)
            served = self.bench.served_metadata(wheel)
        from verify.prebuilt import prebuilt_binaries  # noqa: PLC0415 - as above

        with self._stage("compare"):
            self.prebuilt = prebuilt_binaries(source_path, wheel_path)
        source_file = SourceFile(
            name=source.project,
            version=str(source.version),
            filename=source.filename,
            sha256=source_path.parent.name,  # the cache is addressed by content
        )
        return wheel_path, source_file, served

    def _listing_signals(self) -> tuple[Finding, ...]:
        wheel, listing = self.subject.wheel, self.subject.listing
        if wheel is None or listing is None:
            return ()
        rules = self.bench.settings.policy.rules_for(wheel.project, wheel.version).rules
        return signals_of(wheel, listing, self.bench.index, rules.thresholds)

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

    def undetermined(self, reason: Reason, detail: str) -> Judgement:
        """What a check came to that no comparison came out of."""
        recipe = self.attempts.recipe if self.attempts else None
        return self._judgement(Verdict.UNDETERMINED, reason, detail=detail, recipe=recipe)

    def judged(self, best: "Judged") -> Judgement:
        """What a check came to of which one attempt at least ended in a comparison."""
        detail = why_undetermined(best.diff) or (self.attempts.detail if self.attempts else None)
        diff, recipe = best.diff, best.recipe
        return self._judgement(diff.verdict, diff.reason, diff=diff, detail=detail, recipe=recipe)

    def _judgement(
        self,
        verdict: Verdict,
        reason: Reason | None,
        *,
        detail: str | None,
        recipe: Recipe | None,
        diff: Diff | None = None,
    ) -> Judgement:
        return Judgement(
            verdict=verdict,
            reason=reason,
            detail=detail,
            diff=diff,
            recipe=recipe_to_json(recipe) if recipe else None,
            attempts=tuple(self.attempts.noted) if self.attempts else (),
            signals=self.prebuilt,
            seconds=self.watch.read(),
            broken_off=self.attempts.broken_off if self.attempts else False,
        )

    def result(self, judgement: Judgement, judged_at: datetime | None) -> CheckResult:
        """A judgement, whenever it was made, with the signals and the policy of today."""
        recipe = judgement.recipe
        signals = (*self.listed, *judgement.signals)
        wheel = self.subject.wheel
        index = self.bench.index.origin(wheel) if wheel and wheel.url != NO_URL else None
        decision = decision_on(wheel, judgement, signals, self.bench, index=index)
        return CheckResult(
            requirement=self.subject.requirement,
            wheel=_checked_wheel(self.subject.wheel, judgement.diff),
            source=_checked_source(self),
            verdict=judgement.verdict,
            reason=judgement.reason,
            detail=judgement.detail,
            trusted=decision.trusted,
            reasons=decision.reasons,
            basis=decision.basis,
            warnings=decision.warnings,
            waiver=waiver_to_json(decision.waiver) if decision.waiver else None,
            policy=self.bench.policy_id,
            release=listed_release(self.subject.wheel, self.subject.source, self.subject.listing),
            signals=signals,
            diff=judgement.diff,
            recipe=recipe,
            attempts=judgement.attempts,
            seconds=self.watch.read(),
            explanation=self._explain(trusted=decision.trusted),
            evidence=self._keep(judgement),
            judged_at=judged_at,
        )

    def _keep(self, judgement: Judgement) -> KeptEvidence | None:
        """What a person may look at later; before the ledger knows of it, so that nothing lacks.

        Raises:
            EvidenceFault: it cannot be kept.
        """
        store = self.bench.evidence
        if store is None:
            return None
        best = self.attempts.best if self.attempts else None
        rebuilt, log = (best.rebuilt, best.log) if best else (None, None)
        return KeptEvidence(where=store.shown, files=tuple(store.keep(judgement, rebuilt, log)))

    def _explain(self, *, trusted: bool) -> ExplanationReport | None:
        """What is attached beside the result, all of which is known by then."""
        reports, attempts = self.bench.reports, self.attempts
        if reports is None:
            return None
        wheel = attempts.case.wheel if attempts else None
        best = attempts.best if attempts else None
        return reports.explain(wheel, best.rebuilt if best else None, trusted=trusted)


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
    case = PolicyCase(
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


def _checked_source(work: _Work) -> CheckedSource | None:
    file = work.subject.source
    if file is None:
        return None
    fetched = work.source.sha256 if work.source else None
    return CheckedSource(
        kind="sdist",
        filename=file.filename,
        sha256=fetched or (work.key.source_sha256 if work.key else file.sha256),
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
