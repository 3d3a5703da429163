"""The batch axis: what is asked for, what a worker is given, and what comes back of it.

Everything that a worker is given or gives back can be pickled, and is small: a listing of an index
stays with the worker that read it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from verify.errors import TruewheelError
from verify.finding import Finding
from verify.index.select import Target
from verify.ledger.interface import Remembered, RunEntry
from verify.lock.inputs.interface import Location, LockedPackage, LockFormat
from verify.lock.results import Standing
from verify.results import CheckResult
from verify.subject import Subject


class BatchFault(TruewheelError):  # noqa: N818 - the axis' root, not one concrete error
    """The batch cannot go on; what it found out so far stays valid, and the next one goes on."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Judged:
    """What came of a wheel; `subject` is without its listing."""

    subject: Subject
    result: CheckResult


@dataclass(frozen=True, kw_only=True, slots=True)
class Ask:
    """What one place of an input asks for: the wheels of a requirement, or those of locked hashes.

    Attributes:
        source: position of the input among all that were read.
        requirement: as pip writes it; None where `packages` says what is asked for.
        glob: which wheels of the release, by file name; None for the targets'.
        all_wheels: every wheel of the release.
        targets: what wheels are chosen for. Of a lock all wheels are meant if there are none.
        packages: entries of one project in a lock.
        lock: the path of that lock.
        lock_format: what it is; the judge of locks takes the index that one names by that.
        judged: what came of wheels that archives among the packages may build to.
    """

    source: int
    where: Location
    requirement: str | None = None
    glob: str | None = None
    all_wheels: bool = False
    targets: tuple[Target, ...] = ()
    packages: tuple[LockedPackage, ...] = ()
    lock: str | None = None
    lock_format: LockFormat = LockFormat.REQUIREMENTS
    judged: tuple[Judged, ...] = ()

    def __str__(self) -> str:
        """For people: what it is about."""
        return self.requirement or str(self.packages[0])


@dataclass(frozen=True, kw_only=True, slots=True)
class LockRemark:
    """What a lock says that there is nothing to rebuild for.

    Attributes:
        package: as people write it.
        filename: of the file, where it is known.
    """

    package: str
    filename: str | None
    where: Location
    standing: Standing
    findings: tuple[Finding, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Finished:
    """A wheel's result, and what the ledger notes of it, None where nothing is remembered.

    Attributes:
        kept: what the ledger is to keep of it, where the worker that judged has none.
        index: URL of the index that lists the wheel, where others are to decide about it.
    """

    result: CheckResult
    entry: RunEntry | None = None
    kept: Remembered | None = None
    index: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class FoundWheel:
    """A wheel that is asked for; `subject` is without its listing.

    Attributes:
        finished: its result, where that takes no judging: it is remembered, or there is nothing
            to compare.
        seconds: what judging it took earlier, None where nobody knows.
    """

    subject: Subject
    finished: Finished | None = None
    seconds: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """What an `Ask` means, in the order of the input.

    Attributes:
        open: wheels to judge before it can be said what an archive is: see `verify.batch.archives`.
    """

    wheels: tuple[FoundWheel, ...]
    remarks: tuple[LockRemark, ...] = ()
    open: tuple[Subject, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """One thing for a worker to do: find what is asked for, or judge a wheel.

    Attributes:
        number: by which its owner knows it again.
    """

    number: int
    task: Ask | Subject

    @property
    def name(self) -> str:
        """For people."""
        if isinstance(self.task, Ask):
            return str(self.task)
        return self.task.wheel.filename if self.task.wheel else self.task.requirement


class Trouble(StrEnum):
    """Why a job came to nothing.

    MISSING: the index lists what it does not have. INDEX: it failed. SURROUNDINGS: sandbox or
    cache failed. FATAL: no further job would end otherwise, such as without a ledger. BUG: an
    error that nobody foresaw. LOST: the worker's process ended. OVERDUE: it did not end in time.
    UNPLACED: no worker there is has what it takes.
    """

    MISSING = "missing"
    INDEX = "index"
    SURROUNDINGS = "surroundings"
    FATAL = "fatal"
    BUG = "bug"
    LOST = "lost"
    OVERDUE = "overdue"
    UNPLACED = "unplaced"


@dataclass(frozen=True, kw_only=True, slots=True)
class Failed:
    """A job that came to nothing."""

    trouble: Trouble
    message: str
    hint: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Stage:
    """A stage of a job began; see `verify.events.Step`."""

    name: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Notified:
    """Something that a person is to know meanwhile."""

    message: str


Outcome = Found | Finished | Failed
News = Outcome | Stage | Notified
Tidings = tuple[Job, News]
"""What came of a job so far; an `Outcome` ends it."""


class Crew(Protocol):
    """Workers, wherever they are.

    A worker that is lost is replaced; its job comes back as `Failed`, and is not tried again here.
    """

    @property
    def size(self) -> int:
        """How many jobs can be under way at once."""

    @property
    def idle(self) -> int:
        """How many more can be begun now."""

    def begin(self, job: Job) -> None:
        """Give a job to a worker, one of which is idle.

        Raises:
            BatchFault: no worker can be started.
        """

    def wait(self, seconds: float) -> Sequence[Tidings]:
        """What is new, after that time at most."""

    def close(self) -> None:
        """End all workers, and what they were at."""


class Progress(Protocol):
    """Who shows a batch under way; the library shows nothing itself."""

    def begin(self, total: int) -> None:
        """A phase begins: finding, then judging."""

    def started(self, job: Job) -> None:
        """A job began."""

    def stage(self, job: Job, name: str) -> None:
        """A job reached a stage."""

    def ended(self, job: Job) -> None:
        """A job is not under way any more."""

    def finished(self, result: CheckResult, left: float | None) -> None:
        """A result is there; `left` is a guess at the seconds until all are."""

    def notice(self, message: str) -> None:
        """A person is to know."""


class Unshown:
    """Nobody looks."""

    def begin(self, total: int) -> None:
        """See `Progress`."""

    def started(self, job: Job) -> None:
        """See `Progress`."""

    def stage(self, job: Job, name: str) -> None:
        """See `Progress`."""

    def ended(self, job: Job) -> None:
        """See `Progress`."""

    def finished(self, result: CheckResult, left: float | None) -> None:
        """See `Progress`."""

    def notice(self, message: str) -> None:
        """See `Progress`."""
