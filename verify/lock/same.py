"""What makes an entry of a lock the same as one in an older lock, for `--since`."""

from collections.abc import Iterator

from verify.lock.inputs.interface import Lock, LockedFile, LockedPackage
from verify.lock.inputs.packages import last_part

Key = tuple[str, ...]


def keys_of(lock: Lock | None) -> frozenset[Key]:
    """Of all entries and files of a lock, none without one."""
    packages = lock.packages if lock else ()
    return frozenset(key for package in packages for key in _all_keys(package))


def file_key(package: LockedPackage, file: LockedFile) -> Key:
    """Of one file: its hashes and its name, else all that is said of it."""
    if file.hashes:
        name = file.filename or (last_part(file.url) if file.url else None) or ""
        return (package.name, *sorted(map(str, file.hashes)), name)
    return (*entry_key(package), file.filename or "", file.url or "")


def entry_key(package: LockedPackage) -> Key:
    """Of an entry, whatever its files."""
    origin = (package.kind, package.origin or "", package.commit or "", package.subdirectory or "")
    return (package.name, str(package.version), *origin)


def _all_keys(package: LockedPackage) -> Iterator[Key]:
    yield from (file_key(package, file) for file in package.files)
    yield entry_key(package)
