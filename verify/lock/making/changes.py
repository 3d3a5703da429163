"""What happened at the index, since a lock was written, to what it pins."""

from collections.abc import Iterator
from datetime import datetime

from verify.finding import Finding
from verify.index.interface import (
    ConflictingFilesError,
    Index,
    IndexFile,
    ProjectNotFoundError,
)
from verify.lock import lock_findings
from verify.lock.inputs.interface import Lock, LockedPackage, SourceKind
from verify.lock.late import late_files


def changes_since(lock: Lock, written: datetime | None, index: Index) -> Iterator[Finding]:
    """New files of pinned releases, yanked ones and vanished ones, in the lock's order.

    Args:
        lock: as it was written.
        written: when; None where that is not known, and then no new files are told.
        index: as it is now.

    Raises:
        IndexFault: the index failed.
    """
    told: set[tuple[str, str]] = set()
    for package in lock.packages:
        if package.kind is not SourceKind.REGISTRY or package.version is None:
            continue
        files = _release(package, index)
        yield from _lost(package, files)
        release = package.name, str(package.version)
        if release not in told and written is not None and package.files:
            told.add(release)
            yield from _new(lock, package, files, written)


def _release(package: LockedPackage, index: Index) -> list[IndexFile]:
    try:
        files = index.project(package.name).files
    except (ProjectNotFoundError, ConflictingFilesError):
        return []
    return [file for file in files if file.version == package.version]


def _lost(package: LockedPackage, files: list[IndexFile]) -> Iterator[Finding]:
    by_hash = {file.sha256: file for file in files if file.sha256 is not None}
    for locked in package.files:
        if locked.sha256 is None:
            continue
        found = by_hash.get(locked.sha256)
        if found is None:
            if len(by_hash) == len(files):  # else the index may not have said its hash
                yield lock_findings.vanished(package, locked, release=not files)
        elif found.yanked is not None:
            yield lock_findings.yanked(found)


def _new(
    lock: Lock, package: LockedPackage, files: list[IndexFile], written: datetime
) -> Iterator[Finding]:
    found = late_files(lock, package, files, written)
    if found:
        yield lock_findings.new_files(package, found, written.isoformat())
