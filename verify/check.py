"""The main job: is a published wheel what its source builds to?

    recall what an earlier check found out  verify.ledger
    fetch the wheel and its source          verify.fetching, verify.index
    try to rebuild it, best first           verify.attempts
        choose what to try                  builders.search
        plan a recipe                       builders.planner
        rebuild the wheel in a sandbox      builders.rebuild
        compare, account for every byte     verify.compare
        and again, led by what differed
    decide                                  verify.decision, verify.policy.decide
    explain to a person, if asked           verify.explaining
    remember                                verify.ledger

What prevents a comparison is an `undetermined` result with its reason; what prevents the tool from
working at all (no index, no sandbox, no disk) rises as an error.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.requirements import Requirement

from builders.recipe import Recipe, SourceFile, recipe_to_json
from verify.compare.decide import why_undetermined
from verify.decision import result_of
from verify.events import Step
from verify.fetching import UndeterminedError, fetched, made_at, pair_of, sha256_of
from verify.finding import Finding
from verify.index.interface import ConflictingFilesError, Sha256
from verify.ledger.interface import Key, Remembered
from verify.results import CheckResult, Diff, ExplanationReport, Judgement, KeptEvidence
from verify.stopwatch import Stopwatch
from verify.subject import (
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
        (wheel, source), memory = pair_of(self.subject), self.bench.memory
        if memory is None:
            return None
        with self._stage("fetch"):
            hashes = sha256_of(wheel, self.bench), sha256_of(source, self.bench)
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
            case=Case(
                wheel=wheel,
                source=self.source,
                as_of=partial(made_at, self.subject.wheel),
                told=tuple(told),
            ),
            bench=self.bench,
            stage=self._stage,
            elapsed=lambda: self.watch.read().total,
        )
        try:
            return self.attempts.run()
        except NoRebuildError as error:
            raise UndeterminedError(Reason(error.fault.code), error.fault.message) from error

    def _fetch(self) -> tuple[Path, SourceFile, tuple[Sha256, ...]]:
        wheel, source = pair_of(self.subject)
        with self._stage("fetch"):
            wheel_path, source_path = fetched(wheel, self.bench), fetched(source, self.bench)
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
        """A judgement, whenever it was made, with all that is told beside it."""
        result = result_of(
            self.subject,
            judgement,
            self.bench,
            listed=self.listed,
            source_sha256=self._source_sha256,
            judged_at=judged_at,
        )
        return replace(
            result,
            seconds=self.watch.read(),
            explanation=self._explain(trusted=result.trusted),
            evidence=self._keep(judgement),
        )

    @property
    def _source_sha256(self) -> str | None:
        """That of the source's bytes, as far as the check came to know it."""
        if self.source is not None:
            return self.source.sha256
        return self.key.source_sha256 if self.key else None

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


def _conflict(requirement: Requirement, error: ConflictingFilesError) -> Subject:
    return Subject(
        requirement=str(requirement),
        wheel=None,
        source=None,
        reason=Reason.CONFLICTING_FILES,
        detail=error.message,
    )
