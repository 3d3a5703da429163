"""What a check is about: a published wheel and its source, found at the index or given as files."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    NormalizedName,
    parse_sdist_filename,
    parse_wheel_filename,
)
from packaging.version import Version

from verify.errors import UsageFault
from verify.index.cache import FileCache
from verify.index.interface import (
    FileKind,
    Index,
    IndexFile,
    Project,
    ProjectNotFoundError,
    Sha256,
)
from verify.index.select import Target, choose_sdist, choose_version, choose_wheels
from verify.verdict import Reason

NO_URL = ""
"""The URL of a file that came from disk: it is in the cache and nowhere else."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Subject:
    """One wheel to check, with its source.

    Attributes:
        requirement: what was asked, as it was written.
        wheel, source: None where there is none; `reason` and `detail` then say why.
        listing: the wheel's project as the index lists it, None where no index was asked.
    """

    requirement: str
    wheel: IndexFile | None
    source: IndexFile | None
    reason: Reason | None = None
    detail: str | None = None
    listing: Project | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """Which wheels of a release are meant: the target's, those of a glob, or all."""

    target: Target
    glob: str | None = None
    all_wheels: bool = False


def parse_requirement(text: str) -> Requirement:
    """A PEP 508 requirement that an index can answer.

    Raises:
        UsageFault: it is none, or it names a file or a URL.
    """
    try:
        requirement = Requirement(text)
    except InvalidRequirement as error:
        raise UsageFault(
            f"{text!r} is no requirement: {str(error).splitlines()[0]}",
            hint="write NAME or NAME==VERSION; local wheels go with --file",
        ) from error
    if requirement.url is not None:
        raise UsageFault(f"{text!r} names a URL", hint="download it and pass the file with --file")
    if requirement.name.lower().endswith(".whl") and not requirement.specifier:
        # A valid name of a project, which is not what anybody means by it.
        raise UsageFault(
            f"{text!r} is the name of a wheel's file",
            hint="write NAME or NAME==VERSION; local wheels go with --file",
        )
    return requirement


def find_subjects(requirement: Requirement, choice: Choice, index: Index) -> tuple[Subject, ...]:
    """The wheels that a requirement means, each with its sdist; at least one subject.

    Raises:
        IndexFault: the index failed.
    """
    text = str(requirement)

    def nothing(reason: Reason, detail: str) -> tuple[Subject, ...]:
        return (Subject(requirement=text, wheel=None, source=None, reason=reason, detail=detail),)

    try:
        project = index.project(requirement.name)
    except ProjectNotFoundError as error:
        return nothing(Reason.UNKNOWN_PROJECT, error.message)
    version = choose_version(project, requirement.specifier, choice.target)
    if version is None:
        return nothing(
            Reason.UNKNOWN_VERSION,
            f"{project.name} has no release that satisfies {requirement.specifier or 'this'}",
        )
    wheels = choose_wheels(
        project, version, target=choice.target, glob=choice.glob, all_wheels=choice.all_wheels
    )
    if not wheels:
        return nothing(Reason.NO_WHEEL, _no_wheel(project, version, choice))
    source = choose_sdist(project, version)
    return tuple(_subject(text, wheel, source, project) for wheel in wheels)


def _subject(text: str, wheel: IndexFile, source: IndexFile | None, listing: Project) -> Subject:
    if source is None:
        return Subject(
            requirement=text,
            wheel=wheel,
            source=None,
            reason=Reason.NO_SOURCE,
            detail=f"{wheel.project} {wheel.version} has no sdist at the index",
            listing=listing,
        )
    return Subject(requirement=text, wheel=wheel, source=source, listing=listing)


def _no_wheel(project: Project, version: Version, choice: Choice) -> str:
    wheels = [f for f in project.files if f.version == version and f.kind is FileKind.WHEEL]
    if not wheels:
        return f"{project.name} {version} has no wheel at all"
    what = f"matches {choice.glob!r}" if choice.glob else "fits the target"
    return (
        f"none of the {len(wheels)} wheels of {project.name} {version} {what}; "
        "choose with --python-version, --platform or --wheel"
    )


def local_wheel(path: Path, cache: FileCache) -> IndexFile:
    """A wheel on disk, copied to the cache; in the terms of an index that knows no upload time.

    Raises:
        UsageFault: it cannot be read, or its name is no wheel's.
    """
    try:
        name, version, _build, _tags = parse_wheel_filename(path.name)
    except InvalidWheelFilename as error:
        raise UsageFault(
            f"{path.name} is no wheel's file name: {error}",
            hint="keep the name it was published with",
        ) from error
    return _local_file(path, name, version, FileKind.WHEEL, cache)


def local_sdist(path: Path, wheel: IndexFile, cache: FileCache) -> IndexFile:
    """An sdist on disk, copied to the cache; of the same release as a wheel.

    Raises:
        UsageFault: it cannot be read, or it is of another release.
    """
    try:
        name, version = parse_sdist_filename(path.name)
    except InvalidSdistFilename:
        # Sdists older than PEP 625 are named in many ways; the person says which release it is.
        return _local_file(path, wheel.project, wheel.version, FileKind.SDIST, cache)
    if (name, version) != (wheel.project, wheel.version):
        raise UsageFault(
            f"{path.name} is the source of another release than {wheel.filename}",
            hint="pass the sdist of the same project and version",
        )
    return _local_file(path, name, version, FileKind.SDIST, cache)


def _local_file(
    path: Path, name: NormalizedName, version: Version | None, kind: FileKind, cache: FileCache
) -> IndexFile:
    try:
        if not path.is_file():
            raise UsageFault(
                f"{path} is not a regular file", hint="a pipe or a device may never end: copy it"
            )
        with path.open("rb") as stream:
            cached = cache.add(stream, path.name)
    except OSError as error:
        raise UsageFault(f"cannot read {path}: {error.strerror}") from error
    return IndexFile(
        project=name,
        version=version,
        filename=path.name,
        kind=kind,
        url=NO_URL,
        sha256=Sha256(cached.parent.name),
        size=cached.stat().st_size,
        upload_time=None,
        requires_python=None,
        yanked=None,
    )


def find_listing(wheel: IndexFile, index: Index) -> Project | None:
    """The listing of a local wheel's project, None where the index does not know it.

    Raises:
        IndexFault: the index failed.
    """
    try:
        return index.project(wheel.project)
    except ProjectNotFoundError:
        return None


def source_of(wheel: IndexFile, listing: Project | None) -> IndexFile | None:
    """The sdist of a local wheel's release, None where there is none."""
    if listing is None or wheel.version is None:
        return None
    return choose_sdist(listing, wheel.version)


def parse_requirements(texts: Sequence[str]) -> tuple[Requirement, ...]:
    """All requirements of a command line, checked before any work starts."""
    return tuple(parse_requirement(text) for text in texts)
