"""The index axis: what a package index is to truewheel, and how it fails."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import NewType, Protocol

from packaging.utils import NormalizedName
from packaging.version import Version

from verify.errors import TruewheelError

Sha256 = NewType("Sha256", str)
"""Lower-case hexadecimal sha256, 64 characters."""


class IndexFault(TruewheelError):  # noqa: N818 - the axis' root, not one concrete error
    """Root of what can go wrong at an index."""


class ProjectNotFoundError(IndexFault):
    """No configured index knows the project."""


class IndexUnreachableError(IndexFault):
    """An index did not answer (after retries), refused, or answered nonsense; or we are offline."""


class FileMissingError(IndexUnreachableError):
    """An index lists a file that it does not have."""


class HashMismatchError(IndexFault):
    """A downloaded file does not have the hash (or size) that the index promised."""


class ConflictingFilesError(IndexFault):
    """Two configured indexes serve different bytes under one file name."""


class FileKind(StrEnum):
    """What a release file is, by its name (PEP 427, PEP 625 and the older sdist formats)."""

    WHEEL = "wheel"
    SDIST = "sdist"
    OTHER = "other"


@dataclass(frozen=True, kw_only=True, slots=True)
class ServedMetadata:
    """A wheel's METADATA that an index serves beside it, for resolvers (PEP 658, PEP 714).

    Attributes:
        url: absolute, without credentials.
        sha256: None where the index does not say it.
    """

    url: str
    sha256: Sha256 | None


@dataclass(frozen=True, kw_only=True, slots=True)
class IndexFile:
    """One file as an index lists it (PEP 691, PEP 700); None where the index does not say.

    Attributes:
        project: normalized project name.
        version: None where the file name has no valid version.
        url: absolute, without credentials and without fragment.
        size: bytes.
        upload_time: timezone-aware, UTC.
        yanked: None if not yanked, else the (possibly empty) reason (PEP 592).
        core_metadata: each METADATA that is served for a wheel; several where indexes, or the two
            names of the attribute, contradict each other.
        provenance: URL of the file's attestations (PEP 740), like `url`.
    """

    project: NormalizedName
    version: Version | None
    filename: str
    kind: FileKind
    url: str
    sha256: Sha256 | None
    size: int | None
    upload_time: datetime | None
    requires_python: str | None
    yanked: str | None
    core_metadata: tuple[ServedMetadata, ...] = ()
    provenance: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Project:
    """All files of a project over all configured indexes, in the order the indexes list them."""

    name: NormalizedName
    files: tuple[IndexFile, ...]


class Index(Protocol):
    """A set of configured indexes seen as one, the way pip sees them."""

    def project(self, name: str) -> Project:
        """All files of a project.

        Raises:
            ProjectNotFoundError: no index has it.
            IndexUnreachableError: an index failed after retries, or offline and not cached.
            ConflictingFilesError: see there.
        """

    def fetch(self, file: IndexFile) -> Path:
        """The file's bytes, in the cache, read-only by convention, hash-checked.

        The returned path's last component is `file.filename`.

        Raises:
            HashMismatchError: the bytes are not the promised ones.
            IndexUnreachableError: as above.
        """

    def provenance(self, file: IndexFile) -> Path | None:
        """The file's attestations as the index serves them (PEP 740, JSON), in the cache.

        None where the index lists none, or does not have what it lists. Nothing is verified.

        Raises:
            IndexUnreachableError: as above.
        """

    def served_metadata(self, file: IndexFile) -> tuple[Sha256, ...]:
        """The sha256 of each METADATA that is served beside a wheel, none where none is.

        What the index gives no hash for is fetched. What it lists but does not have is not served.

        Raises:
            IndexUnreachableError: as above.
        """
