"""A document of results as values, for the renderers that need more than its text."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from verify.finding import Finding, FindingClass, JSONValue
from verify.verdict import Verdict

BY_WORST = (
    *(Verdict.SUSPICIOUS, Verdict.DIFFERENT, Verdict.UNDETERMINED),
    *(Verdict.EQUIVALENT, Verdict.REGENERATED, Verdict.IDENTICAL),
)
"""Verdicts in the order in which a person should look at them."""

CLASSES_BY_WORST = sorted(FindingClass, key=lambda kind: -kind.weight)


@dataclass(frozen=True, kw_only=True, slots=True)
class ReportedFile:
    """A wheel or a source; None for what is not known."""

    filename: str
    sha256: str | None
    size: int | None
    upload_time: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Share:
    """Where the bytes of a part went; `part` is a kind of region, a member, or the file."""

    part: str
    published: int
    reproduced: int
    explained: int
    unexplained: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Bytes:
    """The accounting of a file."""

    whole: Share
    regions: tuple[Share, ...]
    members: tuple[Share, ...]
    more_members: int


@dataclass(frozen=True, kw_only=True, slots=True)
class ReportedAttempt:
    """One rebuild that was tried."""

    recipe: str | None
    verdict: Verdict
    reason: str | None
    detail: str | None
    chosen: tuple[str, ...]
    seconds: float
    log_tail: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Waived:
    """The waiver for which a wheel is trusted."""

    owner: str
    reason: str
    expires: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where somebody asks for a wheel; line and column from 1, None where they are not known."""

    path: str
    line: int | None
    column: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Left:
    """A wheel of a batch that was not looked at, and why."""

    label: str
    why: str


@dataclass(frozen=True, kw_only=True, slots=True)
class OtherRelease:
    """Another release of the same project; `first` is when its first file was uploaded."""

    version: str
    first: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Release:
    """A wheel's release as the index listed it.

    Attributes:
        files: in upload order.
        more_files: how many are not among them.
        others: releases that began between the first and the last of the files.
    """

    files: tuple[ReportedFile, ...]
    more_files: int
    others: tuple[OtherRelease, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Reported:
    """One wheel's result.

    Attributes:
        asked: where it is asked for; none for a check.
        release: None where no index listed it.
        findings: those of the comparison, the worst first; none where nothing was compared.
        bytes: None where nothing was compared.
        explanation: diffoscope's page, relative to where truewheel was started.
        seconds: in total.
    """

    requirement: str
    asked: tuple[Place, ...]
    wheel: ReportedFile | None
    source: ReportedFile | None
    release: Release | None
    verdict: Verdict
    reason: str | None
    detail: str | None
    trusted: bool
    reasons: tuple[str, ...]
    basis: str | None
    warnings: tuple[str, ...]
    waiver: Waived | None
    policy: str | None
    signals: tuple[Finding, ...]
    findings: tuple[Finding, ...]
    bytes: Bytes | None
    rebuilt_sha256: str | None
    recipe: Mapping[str, JSONValue] | None
    attempts: tuple[ReportedAttempt, ...]
    explanation: str | None
    seconds: float
    judged_at: str | None

    @property
    def label(self) -> str:
        """What the result is about, as a person calls it."""
        return self.wheel.filename if self.wheel else self.requirement

    @property
    def sha256(self) -> str | None:
        """That of the published wheel."""
        return self.wheel.sha256 if self.wheel else None

    @property
    def unexplained_bytes(self) -> int:
        """Of the published file; 0 where nothing was compared."""
        return self.bytes.whole.unexplained if self.bytes else 0

    def count(self, kind: FindingClass) -> int:
        """How many findings of a class there are."""
        return sum(finding.kind is kind for finding in self.findings)

    def of(self, *kinds: FindingClass) -> list[Finding]:
        """The findings of some classes."""
        return [finding for finding in self.findings if finding.kind in kinds]


class What(StrEnum):
    """What became of a wheel since the previous run; values are part of the JSON.

    REPLACED: the file of that name has another hash.
    """

    NEWLY_DISTRUSTED = "newly-distrusted"
    WORSE = "worse"
    REPLACED = "replaced"
    NEW = "new"
    GONE = "gone"
    BETTER = "better"
    NEWLY_TRUSTED = "newly-trusted"


@dataclass(frozen=True, kw_only=True, slots=True)
class Stand:
    """How a wheel stands in one run."""

    verdict: Verdict
    trusted: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """A wheel that stands otherwise than in the previous run; None where a run has it not."""

    label: str
    sha256: str | None
    what: tuple[What, ...]
    before: Stand | None
    after: Stand | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Trend:
    """What changed since the previous run.

    Attributes:
        run: the previous run's number, None where it has none.
        total, trusted, by_verdict: of the previous run, as `Results` has them of this one.
        changes: those that a person should look at come first.
    """

    run: int | None
    total: int
    trusted: int
    by_verdict: Mapping[Verdict, int]
    changes: tuple[Change, ...]

    @property
    def counts(self) -> dict[What, int]:
        """How many wheels each change is about, in the order of `What`; none with 0."""
        seen = Counter(what for change in self.changes for what in change.what)
        return {what: seen[what] for what in What if seen[what]}


@dataclass(frozen=True, kw_only=True, slots=True)
class Results:
    """All results of one run, in the order of the document.

    Attributes:
        run: what the document says of the run; None for a check.
        inputs: what was read, as the document says it.
        faults: how many inputs, or lines of them, could not be read.
        left: what was not looked at.
        skipped: how many wheels were left out as the person wished.
        failure: why the run broke off.
        trend: None where there is no previous run to compare with.
    """

    run: JSONValue
    inputs: JSONValue
    faults: int
    results: tuple[Reported, ...]
    left: tuple[Left, ...]
    skipped: int
    failure: str | None
    trend: Trend | None

    @property
    def worst_first(self) -> list[Reported]:
        """What is not trusted before what is, by verdict, and by how much is left open."""
        return sorted(self.results, key=_rank)

    @property
    def trusted(self) -> int:
        """How many wheels are trusted."""
        return sum(result.trusted for result in self.results)

    @property
    def by_verdict(self) -> dict[Verdict, int]:
        """How many results each verdict has, the worst first; none with 0."""
        return by_worst(result.verdict for result in self.results)

    @property
    def by_signal(self) -> dict[str, int]:
        """About how many wheels each signal is, by name."""
        names = Counter(rule for result in self.results for rule in rules(result.signals))
        return dict(sorted(names.items()))


def by_worst(verdicts: Iterable[Verdict]) -> dict[Verdict, int]:
    """How often each verdict is there, the worst first; none with 0."""
    counts = Counter(verdicts)
    return {verdict: counts[verdict] for verdict in BY_WORST if counts[verdict]}


def rules(findings: Iterable[Finding]) -> list[str]:
    """The rules of some findings, each once."""
    return sorted({finding.rule for finding in findings})


def _rank(result: Reported) -> tuple[bool, int, int, int, str, str]:
    return (
        result.trusted,
        BY_WORST.index(result.verdict),
        -result.count(FindingClass.DANGEROUS),
        -result.unexplained_bytes,
        result.label,
        result.sha256 or "",
    )
