"""What the readers return, and the one way in which they fail."""

from dataclasses import dataclass, replace
from enum import StrEnum

from packaging.requirements import Requirement
from packaging.utils import NormalizedName
from packaging.version import Version

from verify.errors import UsageFault
from verify.index.interface import Sha256

MAX_QUOTED = 120
"""Characters of an input that an error repeats."""


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class Location:
    """A place in a file: lines and columns count from 1; None where it is not known."""

    path: str
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        """`path:line:column`, as editors and compilers write it."""
        known = (part for part in (self.line, self.column) if part is not None)
        return ":".join((self.path, *map(str, known)))


class InputFault(UsageFault):
    """An input cannot be read, or says something that truewheel does not take.

    Attributes:
        where: the file, and the line and column where they are known.
    """

    def __init__(self, where: Location, message: str, *, hint: str | None = None) -> None:
        super().__init__(f"{where}: {message}", hint=hint)
        self.where = where


class SourceKind(StrEnum):
    """Where a requirement's files come from; values are part of the JSON."""

    REGISTRY = "registry"
    URL = "url"
    PATH = "path"
    VCS = "vcs"
    DIRECTORY = "directory"


@dataclass(frozen=True, kw_only=True, slots=True)
class LockedHash:
    """One hash: algorithm and hexadecimal digest, both in lower case."""

    algorithm: str
    digest: str

    def __str__(self) -> str:
        """`sha256:...`, as pip and the locks write it."""
        return f"{self.algorithm}:{self.digest}"


@dataclass(frozen=True, kw_only=True, slots=True)
class WrittenHash:
    """A hash, and where it is written."""

    value: LockedHash
    where: Location


@dataclass(frozen=True, kw_only=True, slots=True)
class LockedFile:
    """What a lock says of one file that may be installed.

    Attributes:
        filename: None where the lock gives a hash alone.
        url: without credentials; None where the lock leaves it to the index.
        hashes: those of this file; none where the lock pins nothing.
    """

    filename: str | None = None
    url: str | None = None
    hashes: tuple[LockedHash, ...] = ()
    where: Location

    @property
    def sha256(self) -> Sha256 | None:
        """The digest that indexes list; None where the lock has none, or another hash alone."""
        found = (Sha256(h.digest) for h in self.hashes if h.algorithm == "sha256")
        return next(found, None)


@dataclass(frozen=True, kw_only=True, slots=True)
class LockedPackage:
    """One entry of a lock.

    Attributes:
        name: empty for a path that has none.
        version: None where the lock names none.
        kind: where its files come from.
        origin: URL of the index, the archive or the repository, or a path; None if it is not said.
        commit: of a VCS checkout, as the lock has it.
        subdirectory: of a checkout or an archive.
        marker: the environment it is for, as it is written.
        is_project: the entry stands for what the lock was made of, not for a requirement.
    """

    name: NormalizedName
    version: Version | None
    files: tuple[LockedFile, ...] = ()
    kind: SourceKind = SourceKind.REGISTRY
    origin: str | None = None
    commit: str | None = None
    subdirectory: str | None = None
    marker: str | None = None
    is_project: bool = False
    where: Location

    def __str__(self) -> str:
        """`name==version` as far as it is known."""
        name = self.name or self.origin or ""
        return name if self.version is None else f"{name}=={self.version}"


class LockFormat(StrEnum):
    """The locks that can be read; values are part of the JSON."""

    REQUIREMENTS = "requirements.txt"
    PYLOCK = "pylock.toml"
    UV = "uv.lock"
    POETRY = "poetry.lock"
    PDM = "pdm.lock"


@dataclass(frozen=True, kw_only=True, slots=True)
class Lock:
    """A lock that was read, packages in the order of the file."""

    path: str
    format: LockFormat
    packages: tuple[LockedPackage, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """One requirement of a person's input, not yet resolved.

    Attributes:
        text: as it was written, before environment variables were filled in: fit to be shown.
        requirement: None for a bare URL or path, whose name only the file tells.
        origin: the URL or path, with everything filled in; None for a requirement on an index.
        editable: a development install (`-e`).
        constraint: it narrows versions and asks for nothing.
        hashes: what `--hash` and the URL's fragment pin.
    """

    text: str
    kind: SourceKind
    requirement: Requirement | None
    origin: str | None = None
    editable: bool = False
    constraint: bool = False
    hashes: tuple[WrittenHash, ...] = ()
    where: Location


def quoted(text: str) -> str:
    """Input in an error: as Python would write it, and not endless."""
    return repr(text if len(text) <= MAX_QUOTED else f"{text[:MAX_QUOTED]}...")


def at_line(where: Location, line: int | None, column: int | None = None) -> Location:
    """Another place of the same file."""
    return replace(where, line=line, column=column)
