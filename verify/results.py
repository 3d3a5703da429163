"""What the library returns: values only, in the words of the JSON contract.

Renderers in `reports/` turn these into text; nothing here knows of a terminal, a file or an exit
code.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from verify.finding import Finding, JSONValue
from verify.verdict import Reason, Verdict


@dataclass(frozen=True, kw_only=True, slots=True)
class FileIdentity:
    """A file as its bytes: name, lower-case hex sha256, size in bytes."""

    filename: str
    sha256: str
    size: int


@dataclass(frozen=True, kw_only=True, slots=True)
class ByteShare:
    """Where the bytes of one part of the published file went; all four are numbers of bytes.

    Attributes:
        part: a kind of region (`local-header`, `data`, ...) or the name of a member, whose headers
            count to it.
    """

    part: str
    published: int
    reproduced: int
    explained: int
    unexplained: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Accounting:
    """Where each byte of the published file went; the three shares add up to its size.

    Attributes:
        published_bytes: size of the published file.
        reproduced_bytes: bytes that follow from the rebuilt wheel alone.
        explained_bytes: bytes that a benign rule or a recorded header field explains.
        unexplained_bytes: the rest.
        regions: the same by kind of region; a partition.
        members: the members that are not reproduced whole, the least explained first, at most
            `MAX_LISTED`.
        more_members: how many of these are not listed.
    """

    MAX_LISTED: ClassVar[int] = 100

    published_bytes: int
    reproduced_bytes: int
    explained_bytes: int
    unexplained_bytes: int
    regions: tuple[ByteShare, ...] = ()
    members: tuple[ByteShare, ...] = ()
    more_members: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Diff:
    """The comparison of a published wheel with a rebuilt one (`truewheel.diff/1`)."""

    published: FileIdentity
    rebuilt: FileIdentity
    verdict: Verdict
    findings: tuple[Finding, ...]
    accounting: Accounting
    reason: Reason | None = None


class ExplanationStatus(StrEnum):
    """What became of the report that `--explain` asks for; values are part of the JSON."""

    WRITTEN = "written"
    NOT_NEEDED = "not-needed"
    NO_REBUILD = "no-rebuild"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True, slots=True)
class ExplanationReport:
    """diffoscope's report on one difference, for a person to read; no verdict depends on it.

    Attributes:
        path: the HTML file, only where it was written.
        detail: why it was not, or what it lacks.
    """

    status: ExplanationStatus
    path: str | None = None
    detail: str | None = None
    hint: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckedWheel:
    """The published wheel of a check; `url` and `upload_time` are None for a local file."""

    filename: str
    sha256: str | None
    size: int | None
    url: str | None = None
    upload_time: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckedSource:
    """The source it was rebuilt from; `kind` is `sdist` (later also `repository`)."""

    kind: str
    filename: str
    sha256: str | None
    upload_time: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ListedFile:
    """A file of a release as the index listed it; `kind` is `wheel`, `sdist` or `other`."""

    filename: str
    kind: str
    size: int | None
    upload_time: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class OtherRelease:
    """Another release of a project; `first` is when its first file was uploaded."""

    version: str
    first: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class ListedRelease:
    """The release of a wheel as the index listed it when the wheel was checked.

    Attributes:
        files: in upload order, at most `MAX_FILES`; wheel and source are always among them.
        more_files: how many are not listed.
        others: releases that began between the first and the last of all files, in that order, at
            most `MAX_OTHERS`.
    """

    MAX_FILES: ClassVar[int] = 100
    MAX_OTHERS: ClassVar[int] = 50

    files: tuple[ListedFile, ...]
    more_files: int
    others: tuple[OtherRelease, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Attempt:
    """One rebuild that was tried.

    Attributes:
        recipe: its recipe's digest, None where no recipe could be made.
        verdict, reason, detail: how it ended.
        seconds: wall time of the build, 0 for one that was remembered.
        chosen: what the search changed, in words; nothing for the first attempt.
        distance: members, and lines of METADATA and WHEEL, that differ; None without a rebuild.
    """

    recipe: str | None
    verdict: Verdict
    reason: str | None
    seconds: float = 0.0
    chosen: tuple[str, ...] = ()
    distance: int | None = None
    detail: str | None = None
    log_tail: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Seconds:
    """Wall-clock seconds by stage."""

    fetch: float = 0.0
    resolve: float = 0.0
    build: float = 0.0
    compare: float = 0.0
    total: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Judgement:
    """What a check found out about two files: what no policy and no listing of today changes.

    Attributes:
        recipe: that of the best attempt, or of the failure that `reason` is about.
        signals: those that the files themselves tell.
        seconds: what it took to find out.
        broken_off: the index failed before the search was done.
    """

    verdict: Verdict
    reason: Reason | None
    detail: str | None
    diff: Diff | None = None
    recipe: Mapping[str, JSONValue] | None = None
    attempts: tuple[Attempt, ...] = ()
    signals: tuple[Finding, ...] = ()
    seconds: Seconds = field(default_factory=Seconds)
    broken_off: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class PolicyId:
    """The policy that decided.

    Attributes:
        digest: sha256 of the effective policy.
        source: the file that it came from, relative to where truewheel was started; None for none.
    """

    digest: str
    source: str | None


class EvidenceKind(StrEnum):
    """What is kept of a wheel for a person to look at later; values are part of the JSON."""

    JUDGEMENT = "judgement"
    REBUILD = "rebuild"
    LOG = "log"


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """One file of evidence; `path` is relative to the place where evidence is kept."""

    kind: EvidenceKind
    path: str
    sha256: str
    size: int


@dataclass(frozen=True, kw_only=True, slots=True)
class KeptEvidence:
    """What is kept of one wheel, and where: a folder or a URL, without any secrets."""

    where: str
    files: tuple[Evidence, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckResult:
    """One wheel's result (`truewheel.check/1`, one of `results`).

    Attributes:
        basis: what the wheel is trusted for, None if it is not.
        warnings: what refuses nothing, and yet should be looked at.
        waiver: the one that was needed.
        release: None where no index was asked.
        evidence: None where none was asked for.
        seconds: of this check, however long an earlier one took to judge.
        judged_at: when an earlier check judged the wheel, None where this one did.
    """

    requirement: str
    wheel: CheckedWheel | None
    source: CheckedSource | None
    verdict: Verdict
    reason: Reason | None
    detail: str | None
    trusted: bool
    reasons: tuple[str, ...]
    signals: tuple[Finding, ...] = ()
    diff: Diff | None = None
    recipe: Mapping[str, JSONValue] | None = None
    attempts: tuple[Attempt, ...] = ()
    seconds: Seconds = field(default_factory=Seconds)
    explanation: ExplanationReport | None = None
    basis: str | None = None
    warnings: tuple[str, ...] = ()
    waiver: Mapping[str, JSONValue] | None = None
    policy: PolicyId | None = None
    release: ListedRelease | None = None
    evidence: KeptEvidence | None = None
    judged_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """The tool itself failed (exit code 4): its one error, for the JSON document."""

    message: str
    hint: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckReport:
    """All results of one `check`, in the order asked; `failure` is set when it broke off early."""

    results: tuple[CheckResult, ...]
    failure: Failure | None = None
    policy: PolicyId | None = None
