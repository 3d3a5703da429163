"""What a lock is to hold, gathered from all inputs, and what of them no lock can hold."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import (
    InvalidWheelFilename,
    NormalizedName,
    canonicalize_name,
    parse_wheel_filename,
)

from verify.lock.inputs.archive_urls import parse_checkout, replacement
from verify.lock.inputs.interface import Asked, InputFault, LockFormat, SourceKind, WrittenHash
from verify.lock.inputs.locks import read_lock
from verify.lock.inputs.packages import last_part
from verify.lock.inputs.pyproject import read_pyproject
from verify.lock.inputs.reading import Read
from verify.lock.inputs.requirements_txt import read_requirements

_WHEEL = ".whl"


@dataclass(frozen=True, kw_only=True, slots=True)
class Selection:
    """Which parts of a pyproject.toml are meant beside its dependencies."""

    extras: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """Everything that is asked for.

    Attributes:
        requirements: in the order of the inputs; each is on an index, or a wheel's URL.
        constraints: they narrow versions and ask for nothing.
        hashes: by project, those that an input allows; no entry where it names none.
        index_url, extra_index_urls: as requirements files name them.
        prereleases: `--pre` was asked for.
    """

    requirements: tuple[Requirement, ...]
    constraints: tuple[Requirement, ...] = ()
    hashes: Mapping[NormalizedName, tuple[WrittenHash, ...]]
    index_url: str | None = None
    extra_index_urls: tuple[str, ...] = ()
    prereleases: bool = False


def gather(
    paths: Sequence[Path], selection: Selection, read: Read, environ: Mapping[str, str]
) -> Wanted:
    """Read all inputs.

    Raises:
        InputFault: one cannot be read, or asks for something that no lock can hold.
    """
    asked: list[Asked] = []
    index_url: str | None = None
    extra: list[str] = []
    prereleases = False
    for path in paths:
        if path.name == "pyproject.toml":
            project = read_pyproject(path, read, extras=selection.extras, groups=selection.groups)
            asked += project.asked
        elif path.suffix in {".toml", ".lock"}:
            asked += _pins(path, read, environ)
        else:
            file = read_requirements(path, read, environ)
            asked += file.asked
            index_url = next(iter(file.values("--index-url")[-1:]), index_url)
            extra += file.values("--extra-index-url")
            prereleases = prereleases or any(o.kind.name == "--pre" for o in file.options)
    lockable = [(one, _lockable(one)) for one in asked]
    return Wanted(
        requirements=tuple(found for one, found in lockable if not one.constraint),
        constraints=tuple(found for one, found in lockable if one.constraint),
        hashes=_hashes(lockable),
        index_url=index_url,
        extra_index_urls=tuple(dict.fromkeys(extra)),
        prereleases=prereleases,
    )


def _pins(path: Path, read: Read, environ: Mapping[str, str]) -> Iterator[Asked]:
    """The packages of a lock, each pinned to the version and the hashes that it has there."""
    lock = read_lock(path, read, environ)
    for package in lock.packages:
        if package.is_project:
            continue
        marker = f"; {package.marker}" if package.marker else ""
        if package.kind is not SourceKind.REGISTRY or package.version is None:
            kind, requirement = package.kind, None
            if lock.format is LockFormat.PYLOCK and package.kind is SourceKind.URL:
                requirement = Requirement(f"{package.name} @ {package.origin}{marker}")
        else:
            kind = SourceKind.REGISTRY
            requirement = Requirement(f"{package.name}=={package.version}{marker}")
        yield Asked(
            text=str(package),
            kind=kind,
            requirement=requirement,
            origin=package.origin,
            hashes=tuple(
                WrittenHash(value=value, where=file.where)
                for file in package.files
                for value in file.hashes
            ),
            where=package.where,
        )


def _lockable(asked: Asked) -> Requirement:
    """The requirement, which installers can be held to by a hash.

    Raises:
        InputFault: they cannot.
    """
    name = asked.requirement.name if asked.requirement else None
    if asked.kind is SourceKind.VCS:
        raise InputFault(
            asked.where,
            f"{asked.text} is a checkout, which no hash can pin",
            hint=replacement(parse_checkout(asked.origin or ""), name),
        )
    if asked.editable or asked.kind is SourceKind.DIRECTORY:
        raise InputFault(
            asked.where,
            f"{asked.text} is a directory{', editable' if asked.editable else ''},"
            " which no hash can pin",
            hint="leave it out of the lock and install it afterwards with --no-deps",
        )
    if asked.kind is SourceKind.REGISTRY and asked.requirement is not None:
        return asked.requirement
    if asked.kind is SourceKind.URL and (asked.origin or "").partition("#")[0].endswith(_WHEEL):
        return asked.requirement or _named_by_file(asked)
    raise InputFault(
        asked.where,
        f"{asked.text} is no wheel of an index or of a web server",
        hint="only wheels are locked, as installing an archive of sources runs what is in it; name"
        " the release instead: NAME==VERSION",
    )


def _named_by_file(asked: Asked) -> Requirement:
    url = (asked.origin or "").partition("#")[0]
    try:
        name = parse_wheel_filename(last_part(url) or "")[0]
    except InvalidWheelFilename as error:
        raise InputFault(
            asked.where, f"{asked.text} does not end with a wheel's file name"
        ) from error
    return Requirement(f"{name} @ {url}")


def _hashes(
    lockable: Sequence[tuple[Asked, Requirement]],
) -> Mapping[NormalizedName, tuple[WrittenHash, ...]]:
    found: dict[NormalizedName, list[WrittenHash]] = {}
    for asked, requirement in lockable:
        if asked.hashes:
            found.setdefault(canonicalize_name(requirement.name), []).extend(asked.hashes)
    return {name: tuple(hashes) for name, hashes in found.items()}
