"""The METADATA that an index serves beside a wheel, held against the one inside it.

Resolvers decide from the first (PEP 658, PEP 714), installers unpack the second. Where they differ,
the dependencies that were looked at are not the ones that get installed.
"""

import hashlib
from collections.abc import Collection
from pathlib import Path

from verify.archive.errors import UnreadableArchiveError, UnreadableMemberError
from verify.archive.facts import dangerous
from verify.archive.raw import open_raw
from verify.archive.reader import parse_archive
from verify.distinfo.judge import SMALL_LIMIT, dist_info
from verify.finding import Finding
from verify.results import FileIdentity


def served_metadata_facts(wheel: Path, served: Collection[str]) -> tuple[Finding, ...]:
    """A finding for each served METADATA that is another than the wheel's own.

    Where the wheel's own cannot be read, that is a finding of whoever judges the wheel.

    Args:
        wheel: the published file.
        served: sha256 of what indexes serve, lower-case hexadecimal; empty where they serve none.

    Raises:
        UsageFault: there is no such file.
        FileChangedError: it changed meanwhile.
    """
    if not served:
        return ()
    own = _own_metadata(wheel)
    if own is None:
        return ()
    path, sha256 = own
    return tuple(
        dangerous(
            "metadata.index-differs",
            "The index serves another METADATA to resolvers than the wheel installs.",
            member=path,
            served=other,
            own=sha256,
        )
        for other in sorted(set(served) - {sha256})
    )


def _own_metadata(wheel: Path) -> tuple[str, str] | None:
    """Name and sha256 of the wheel's METADATA; None where there is not one that can be read."""
    raw = open_raw(wheel)
    # Nobody sees this identity, and hashing the file once more would take longer than the rest.
    identity = FileIdentity(filename=wheel.name, sha256="", size=raw.size)
    try:
        archive = parse_archive(raw, path=wheel, identity=identity, inflate_members=False)
        directory = dist_info(archive)
        if directory is None:
            return None
        path = f"{directory}/METADATA"
        data = archive.read(path, limit=SMALL_LIMIT)
    except (UnreadableArchiveError, UnreadableMemberError):
        return None
    raw.check_unchanged()
    return path, hashlib.sha256(data).hexdigest()
