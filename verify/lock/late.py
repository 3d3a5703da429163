"""Files that a pinned release got after a lock was written."""

from collections.abc import Iterable
from datetime import datetime

from verify.index.interface import FileKind, IndexFile
from verify.lock.inputs.interface import Lock, LockedPackage


def late_files(
    lock: Lock, package: LockedPackage, release: Iterable[IndexFile], written: datetime
) -> list[IndexFile]:
    """Wheels and sdists of a release that came later, and that no entry of it has."""
    locked = {
        file.sha256
        for each in lock.packages
        if (each.name, each.version) == (package.name, package.version)
        for file in each.files
    }
    return [
        file
        for file in release
        if file.kind is not FileKind.OTHER
        and file.upload_time is not None
        and file.upload_time > written
        and file.sha256 not in locked
    ]
