"""What installers take a file of a lock for: its name, and any hash that stands beside another."""

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from verify.finding import Finding
from verify.index.interface import IndexFile
from verify.lock import lock_findings
from verify.lock.inputs.hashes import STRONG
from verify.lock.inputs.interface import LockedFile, LockedPackage
from verify.lock.inputs.packages import last_part


def is_named(file: LockedFile, listed: Sequence[IndexFile]) -> bool:
    """Whether the index lists, with the hash, each wheel that the lock calls it.

    Installers choose by the lock's names: bytes that are listed for another platform, or as an
    sdist, would be installed under them.
    """
    names = {file.filename or "", (last_part(file.url) if file.url else None) or ""}
    wheels = [name for name in names if name.lower().endswith(".whl")]
    return all(any(_is_same_wheel(name, each.filename) for each in listed) for name in wheels)


def more_hashes(
    package: LockedPackage, file: LockedFile, found: IndexFile, fetch: Callable[[IndexFile], Path]
) -> Finding | None:
    """Whether hashes beside the sha256 could let other bytes in: installers ask for any one."""
    more = [each for each in file.hashes if str(each) != f"sha256:{file.sha256}"]
    if not more:
        return None
    if all(each.algorithm in {*STRONG, "sha256"} for each in more):
        path = fetch(found)
        more = [each for each in more if _digest_of(path, each.algorithm) != each.digest]
    return lock_findings.more_hashes(package, file, more) if more else None


def _is_same_wheel(one: str, other: str) -> bool:
    try:
        return one == other or parse_wheel_filename(one) == parse_wheel_filename(other)
    except InvalidWheelFilename:
        return False


def _digest_of(path: Path, algorithm: str) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, algorithm).hexdigest()
