"""When the files of a wheel's release came, as its project's listing tells: for people to see."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from packaging.version import Version

from verify.index.interface import IndexFile, Project
from verify.results import ListedFile, ListedRelease, OtherRelease
from verify.timeline.history import in_upload_order


def listed_release(
    wheel: IndexFile | None, source: IndexFile | None, listing: Project | None
) -> ListedRelease | None:
    """The release of a wheel; None where nothing is listed of it."""
    if wheel is None or wheel.version is None or listing is None:
        return None
    files = in_upload_order(file for file in listing.files if file.version == wheel.version)
    if not files:
        return None
    named = {file.filename for file in (wheel, source) if file is not None}
    kept = _kept(files, named)
    return ListedRelease(
        files=tuple(map(_listed, kept)),
        more_files=len(files) - len(kept),
        others=tuple(_others(wheel.version, files, listing)),
    )


def _kept(files: list[IndexFile], named: set[str]) -> list[IndexFile]:
    """The first ones, and those that are named."""
    room = ListedRelease.MAX_FILES - sum(file.filename in named for file in files)
    kept = []
    for file in files:
        is_named = file.filename in named
        if is_named or room > 0:
            kept.append(file)
            room -= not is_named
    return kept


def _listed(file: IndexFile) -> ListedFile:
    return ListedFile(
        filename=file.filename,
        kind=file.kind.value,
        size=file.size,
        upload_time=file.upload_time,
    )


def _others(
    version: Version, files: Iterable[IndexFile], listing: Project
) -> Iterator[OtherRelease]:
    times = sorted(file.upload_time for file in files if file.upload_time)
    firsts = sorted((first, other) for other, first in _firsts(listing).items() if other != version)
    between = [(at, other) for at, other in firsts if times and times[0] <= at <= times[-1]]
    for first, other in between[: ListedRelease.MAX_OTHERS]:
        yield OtherRelease(version=str(other), first=first)


def _firsts(listing: Project) -> dict[Version, datetime]:
    firsts: dict[Version, datetime] = {}
    for file in listing.files:
        if file.version is not None and file.upload_time is not None:
            firsts[file.version] = min(firsts.get(file.version, file.upload_time), file.upload_time)
    return firsts
