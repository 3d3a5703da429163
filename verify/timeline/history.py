"""A project's life as its index lists it: releases, their files in upload order, and what was when.

Everything here follows from the listing alone. A file without an upload time is placed last, and
nothing is concluded from when it came.
"""

from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from packaging.utils import NormalizedName
from packaging.version import Version

from verify.index.interface import FileKind, IndexFile, Project
from verify.index.select import choose_sdist

SAME_UPLOAD = timedelta(days=1)
"""Files with no more than this between them were uploaded together: wheels of many platforms take
their builders hours."""

_NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, kw_only=True, slots=True)
class Upload:
    """Files of a project that were uploaded together, of whatever release.

    Attributes:
        first, last: the times of its first and last file.
        before: when the last file before it was uploaded, None for the project's first upload.
    """

    first: datetime
    last: datetime
    before: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Newer:
    """The first release with a higher version that came after a release had begun."""

    version: Version
    uploaded: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Release:
    """One release.

    Attributes:
        files: all that are listed for it, in upload order.
        source: the sdist that its wheels are held against, None without one.
        first: when its first file was uploaded, None where the index does not say.
        attested: those of its files that the index lists a provenance for, in upload order.
        models: the first of these of each kind and tags, and of each kind (under no tags).
    """

    version: Version
    files: tuple[IndexFile, ...]
    source: IndexFile | None
    first: datetime | None
    newer: Newer | None
    attested: tuple[IndexFile, ...]
    models: Mapping[tuple[FileKind, str], IndexFile]

    @property
    def wheels(self) -> tuple[IndexFile, ...]:
        """Its wheels, in upload order."""
        return tuple(file for file in self.files if file.kind is FileKind.WHEEL)

    def after_source(self, file: IndexFile) -> timedelta | None:
        """How long after the source a file was uploaded; negative if before, None if unknown."""
        source = self.source.upload_time if self.source else None
        if source is None or file.upload_time is None:
            return None
        return file.upload_time - source


@dataclass(frozen=True, kw_only=True, slots=True)
class History:
    """A project's releases, lowest version first, and its uploads, oldest first.

    Attributes:
        others: files whose names tell no version: installers, eggs, and what is no release file.
        attested: files that the index lists a provenance for, with a time, in upload order.
    """

    project: NormalizedName
    releases: Mapping[Version, Release]
    others: tuple[IndexFile, ...]
    uploads: tuple[Upload, ...]
    attested: tuple[IndexFile, ...]

    def upload_of(self, file: IndexFile) -> Upload | None:
        """The upload that a file of this project came with; None without a time."""
        if file.upload_time is None or not self.uploads:
            return None
        at = bisect_right(self.uploads, file.upload_time, key=lambda upload: upload.first)
        return self.uploads[at - 1] if at else None

    def attested_before(self, moment: datetime) -> Release | None:
        """The release that a file with a provenance was last uploaded for before a moment."""
        at = bisect_left(self.attested, moment, key=time_of)
        version = self.attested[at - 1].version if at else None
        return self.releases[version] if version else None


def history_of(listing: Project) -> History:
    """The history that a listing tells."""
    of_version: defaultdict[Version, list[IndexFile]] = defaultdict(list)
    others = []
    for file in in_upload_order(listing.files):
        if file.version is None:
            others.append(file)
        else:
            of_version[file.version].append(file)
    firsts = {version: _first(files) for version, files in of_version.items()}
    newer = dict(_newer(firsts))
    return History(
        project=listing.name,
        releases={
            version: _release(version, files, firsts[version], newer.get(version))
            for version, files in sorted(of_version.items())
        },
        others=tuple(others),
        uploads=tuple(_uploads(listing.files)),
        attested=tuple(
            file
            for file in in_upload_order(listing.files)
            if file.provenance is not None
            and file.upload_time is not None
            and file.version is not None
        ),
    )


def _release(
    version: Version, files: Sequence[IndexFile], first: datetime | None, newer: Newer | None
) -> Release:
    attested = tuple(file for file in files if file.provenance is not None)
    models: dict[tuple[FileKind, str], IndexFile] = {}
    for file in attested:
        models.setdefault((file.kind, tags_of(file)), file)
        models.setdefault((file.kind, ""), file)
    return Release(
        version=version,
        files=tuple(files),
        source=choose_sdist(Project(name=files[0].project, files=tuple(files)), version),
        first=first,
        newer=newer,
        attested=attested,
        models=models,
    )


def tags_of(file: IndexFile) -> str:
    """What a wheel's name says of platforms; for other files a name that says little."""
    return "-".join(file.filename.split("-")[-3:])


def in_upload_order(files: Iterable[IndexFile]) -> list[IndexFile]:
    """Files by upload time, those without one last; equal times by name."""
    return sorted(files, key=lambda f: (f.upload_time is None, time_of(f), f.filename))


def time_of(file: IndexFile) -> datetime:
    """When a file was uploaded: at the end of all time, where the index does not say."""
    return file.upload_time or _NEVER


def _first(files: Iterable[IndexFile]) -> datetime | None:
    return min((file.upload_time for file in files if file.upload_time), default=None)


def _uploads(files: Iterable[IndexFile]) -> Iterator[Upload]:
    times = sorted(file.upload_time for file in files if file.upload_time)
    start = before = None
    for position, time in enumerate(times):
        start = start or time
        after = times[position + 1] if position + 1 < len(times) else None
        if after is None or after - time > SAME_UPLOAD:
            yield Upload(first=start, last=time, before=before)
            start, before = None, time


def _newer(firsts: Mapping[Version, datetime | None]) -> Iterator[tuple[Version, Newer]]:
    """For each release the next higher one in time; pre-releases supersede only pre-releases."""
    everything: list[tuple[datetime, Version]] = []
    finals: list[tuple[datetime, Version]] = []
    for version in sorted(firsts, reverse=True):
        first = firsts[version]
        if first is None:
            continue
        candidates = everything if version.is_prerelease else finals
        at = bisect_right(candidates, first, key=lambda pair: pair[0])
        if at < len(candidates):
            uploaded, higher = candidates[at]
            yield version, Newer(version=higher, uploaded=uploaded)
        insort(everything, (first, version))
        if not version.is_prerelease:
            insort(finals, (first, version))
