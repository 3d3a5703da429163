"""The timeline of a project: each file of each release with its signals, as a value to render."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from packaging.utils import NormalizedName
from packaging.version import Version

from verify.finding import Finding, RuleName
from verify.index.interface import FileKind, IndexFile, Project
from verify.signals import SIGNALS, Thresholds
from verify.timeline.attestation import Attested
from verify.timeline.history import History, Release, history_of, in_upload_order
from verify.timeline.identity import provenances_for
from verify.timeline.signals import ProvenanceIndex, file_signals, read_attested

MAX_PROVENANCES = 64
"""That are read for one timeline; each takes a request."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TimelineFile:
    """One file.

    Attributes:
        after_source: negative for a file that came before the source; None if unknown.
        attested: None if the index lists no provenance, or it was not read.
    """

    file: IndexFile
    after_source: timedelta | None
    signals: tuple[Finding, ...]
    attested: Attested | None


@dataclass(frozen=True, kw_only=True, slots=True)
class TimelineRelease:
    """One release; its files are in upload order."""

    version: Version
    source: IndexFile | None
    first: datetime | None
    files: tuple[TimelineFile, ...]

    @property
    def last(self) -> datetime | None:
        """When its last file was uploaded, None if the index does not say."""
        times = [line.file.upload_time for line in self.files if line.file.upload_time]
        return max(times, default=None)

    @property
    def wheels(self) -> tuple[TimelineFile, ...]:
        """Its wheels."""
        return tuple(line for line in self.files if line.file.kind is FileKind.WHEEL)

    @property
    def rules(self) -> Mapping[RuleName, int]:
        """How many files each signal is about, by rule in the order of `SIGNALS`."""
        counts = Counter(finding.rule for line in self.files for finding in line.signals)
        return {rule: counts[rule] for rule in SIGNALS if rule in counts}


@dataclass(frozen=True, kw_only=True, slots=True)
class Timeline:
    """A project's releases, lowest version first.

    Attributes:
        asked: the release that was asked for, None for the whole project.
        detailed: the releases that are to be shown file by file.
        others: files of no version, in upload order.
        unread: how many provenances of detailed releases were not read, there being too many.
    """

    project: NormalizedName
    thresholds: Thresholds
    releases: tuple[TimelineRelease, ...]
    asked: Version | None
    detailed: tuple[Version, ...]
    others: tuple[IndexFile, ...]
    unread: int

    @property
    def untimed(self) -> int:
        """How many files of releases have no upload time."""
        return sum(
            line.file.upload_time is None for release in self.releases for line in release.files
        )


def timeline_of(
    listing: Project,
    index: ProvenanceIndex,
    thresholds: Thresholds,
    *,
    version: Version | None = None,
    last: int = 1,
) -> Timeline | None:
    """The timeline of a project, one release in detail or the last ones; None without that release.

    Provenances are read for releases in detail alone.

    Raises:
        IndexFault: a listed provenance cannot be had.
    """
    history = history_of(listing)
    if version is not None and version not in history.releases:
        return None
    detailed = (version,) if version is not None else _last(history, last)
    wanted = _wanted(history, detailed)
    attested = read_attested(wanted[:MAX_PROVENANCES], index)
    return Timeline(
        project=history.project,
        thresholds=thresholds,
        releases=tuple(
            _release(release, history, thresholds, attested)
            for release in history.releases.values()
        ),
        asked=version,
        detailed=detailed,
        others=tuple(in_upload_order(history.others)),
        unread=max(0, len(wanted) - MAX_PROVENANCES),
    )


def _last(history: History, count: int) -> tuple[Version, ...]:
    """The highest versions, lowest first."""
    return tuple(history.releases)[-count:] if count else ()


def _wanted(history: History, versions: tuple[Version, ...]) -> list[IndexFile]:
    """The provenances to read, each once."""
    files = [
        wanted
        for version in reversed(versions)
        for file in history.releases[version].files
        for wanted in provenances_for(file, history)
    ]
    return list({file.filename: file for file in files}.values())


def _release(
    release: Release, history: History, thresholds: Thresholds, attested: Mapping[str, Attested]
) -> TimelineRelease:
    return TimelineRelease(
        version=release.version,
        source=release.source,
        first=release.first,
        files=tuple(
            TimelineFile(
                file=file,
                after_source=release.after_source(file),
                signals=file_signals(file, history, thresholds, attested),
                attested=attested.get(file.filename),
            )
            for file in release.files
        ),
    )
