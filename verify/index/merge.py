"""Several indexes seen as one: equal files are one entry, unequal ones of one name an error."""

from collections.abc import Iterable
from dataclasses import replace

from verify.index.interface import ConflictingFilesError, IndexFile, ServedMetadata


def merged(listings: Iterable[Iterable[IndexFile]]) -> tuple[IndexFile, ...]:
    """All files, those of the first index first.

    What the first index that lists a file leaves open (hash, size, upload time, provenance), a
    later one may fill in. A filled-in hash is checked against the bytes of the first one when they
    are fetched.

    Raises:
        ConflictingFilesError: one name, but different hashes or sizes.
    """
    files: dict[str, IndexFile] = {}
    for file in (file for listing in listings for file in listing):
        first = files.get(file.filename)
        files[file.filename] = file if first is None else _combined(first, file)
    return tuple(files.values())


def _combined(first: IndexFile, other: IndexFile) -> IndexFile:
    if _differ(first.sha256, other.sha256) or _differ(first.size, other.size):
        raise ConflictingFilesError(
            f"{first.filename} is listed twice with different contents: {first.url}"
            f" (sha256 {first.sha256}, {first.size} bytes), {other.url}"
            f" (sha256 {other.sha256}, {other.size} bytes)",
            hint="installers would take either; use only the index that you trust for this project",
        )
    return replace(
        first,
        sha256=first.sha256 or other.sha256,
        size=other.size if first.size is None else first.size,
        upload_time=first.upload_time or other.upload_time,
        core_metadata=distinct((*first.core_metadata, *other.core_metadata)),
        provenance=first.provenance or other.provenance,
    )


def distinct(served: Iterable[ServedMetadata]) -> tuple[ServedMetadata, ...]:
    """The first of each hash, and of each URL without one."""
    found: dict[str, ServedMetadata] = {}
    for item in served:
        found.setdefault(item.sha256 or item.url, item)
    return tuple(found.values())


def _differ(one: object, other: object) -> bool:
    return one is not None and other is not None and one != other
