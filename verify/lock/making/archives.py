"""Archives of sources that inputs name by their URL: fetched, hashed, and told what they are."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import Version

from verify.index.filenames import SDIST_SUFFIXES, describe, why_unsafe
from verify.index.interface import FileKind, FileMissingError, Index, IndexFile, Sha256
from verify.index.urls import UnusableUrlError
from verify.lock.inputs.interface import InputFault, Location, WrittenHash
from verify.lock.inputs.packages import last_part
from verify.lock.making.source_metadata import BadSourceError, SourceMetadata, source_metadata

_CORRECT = "correct the hash, or remove it: truewheel finds it itself"


@dataclass(frozen=True, kw_only=True, slots=True)
class AskedArchive:
    """An archive as an input names it.

    Attributes:
        name: None where only the archive itself tells.
        url: without its fragment.
        subdirectory: where in it the project is.
        hashes: that the input allows; any without.
    """

    name: NormalizedName | None
    extras: tuple[str, ...] = ()
    marker: Marker | None = None
    url: str
    subdirectory: str | None = None
    hashes: tuple[WrittenHash, ...] = ()
    where: Location


@dataclass(frozen=True, kw_only=True, slots=True)
class Archive:
    """An archive that was fetched.

    Attributes:
        file: as if an index listed it, with its hash.
    """

    asked: AskedArchive
    file: IndexFile

    @property
    def name(self) -> NormalizedName:
        """Of the project in it."""
        return self.file.project

    @property
    def subdirectory(self) -> str | None:
        """Where in it the project is."""
        return self.asked.subdirectory

    @property
    def requirement(self) -> Requirement:
        """What the input asks for, with the name of the project in it."""
        extras = f"[{','.join(self.asked.extras)}]" if self.asked.extras else ""
        marker = f"; {self.asked.marker}" if self.asked.marker is not None else ""
        return Requirement(f"{self.name}{extras}{marker}")

    @property
    def url(self) -> str:
        """As a lock names it: where it is, and where in it the project is."""
        part = f"#subdirectory={self.subdirectory}" if self.subdirectory else ""
        return f"{self.file.url}{part}"


def fetched_archives(asked: Sequence[AskedArchive], index: Index) -> Iterator[Archive]:
    """Each archive, in the order of the inputs.

    Raises:
        InputFault: it is not what the input says, or cannot be told what it is.
        IndexFault: it cannot be fetched.
    """
    names: set[NormalizedName] = set()
    for each in asked:
        archive = _fetched(each, index)
        if archive.name in names:
            raise InputFault(each.where, f"{archive.name} is asked for by two URLs")
        names.add(archive.name)
        yield archive


def _fetched(asked: AskedArchive, index: Index) -> Archive:
    filename = last_part(asked.url) or ""
    if not filename.endswith(SDIST_SUFFIXES) or why_unsafe(filename) is not None:
        raise InputFault(asked.where, f"{asked.url} does not end with the name of an archive")
    file = IndexFile(
        project=asked.name or canonicalize_name("archive"),
        version=None,
        filename=filename,
        kind=FileKind.SDIST,
        url=asked.url,
        sha256=None,
        size=None,
        upload_time=None,
        requires_python=None,
        yanked=None,
    )
    try:
        path = index.fetch(file)
    except (FileMissingError, UnusableUrlError) as error:
        raise InputFault(asked.where, f"{asked.url} leads nowhere: {error.message}") from error
    sha256 = Sha256(path.parent.name)
    _require_hash(asked, sha256)
    try:
        said = source_metadata(path, asked.subdirectory)
    except BadSourceError as error:
        raise InputFault(asked.where, f"{asked.url} cannot be read: {error}") from error
    name, version = _identity(asked, filename, said)
    size = path.stat().st_size
    return Archive(
        asked=asked, file=replace(file, project=name, version=version, sha256=sha256, size=size)
    )


def _require_hash(asked: AskedArchive, sha256: Sha256) -> None:
    if not asked.hashes:
        return
    named = [each for each in asked.hashes if each.value.algorithm == "sha256"]
    if not named:
        raise InputFault(
            asked.hashes[0].where,
            f"no hash that is named for {asked.url} is a sha256",
            hint=_CORRECT,
        )
    if sha256 not in {each.value.digest for each in named}:
        raise InputFault(
            named[0].where,
            f"{asked.url} has sha256 {sha256}, which is not the one that is named for it",
            hint=_CORRECT,
        )


def _identity(
    asked: AskedArchive, filename: str, said: SourceMetadata
) -> tuple[NormalizedName, Version]:
    name = said.name or asked.name or _named(filename)
    if name is None:
        raise InputFault(
            asked.where, f"{asked.url} does not say which project it is", hint="write NAME @ URL"
        )
    if asked.name not in {None, name}:
        raise InputFault(asked.where, f"{asked.url} is an archive of another project: {name}")
    version = said.version or describe(filename, name)[1]
    if version is None:
        raise InputFault(
            asked.where,
            f"{asked.url} does not say which version of {name} it is",
            hint="take an archive that has it in its name, in PKG-INFO, or in pyproject.toml",
        )
    return name, version


def _named(filename: str) -> NormalizedName | None:
    stem, _, version = filename.rpartition("-")
    name = canonicalize_name(stem) if stem else None
    return name if name and describe(filename, name)[1] is not None and version else None
