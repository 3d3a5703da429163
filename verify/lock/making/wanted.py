"""What a lock is to hold, gathered from all inputs, and what of them no lock can hold."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, quote

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import (
    InvalidWheelFilename,
    NormalizedName,
    canonicalize_name,
    parse_wheel_filename,
)

from verify.index.filenames import SDIST_SUFFIXES
from verify.lock.inputs.archive_urls import parse_checkout, replacement
from verify.lock.inputs.interface import (
    Asked,
    InputFault,
    LockedPackage,
    LockFormat,
    SourceKind,
    WrittenHash,
    quoted,
)
from verify.lock.inputs.locks import read_lock
from verify.lock.inputs.packages import bare_url, last_part
from verify.lock.inputs.pyproject import read_pyproject
from verify.lock.inputs.reading import Read
from verify.lock.inputs.requirement_options import refuse
from verify.lock.inputs.requirements_txt import RequirementsFile, read_requirements
from verify.lock.making.archives import AskedArchive

_WHEEL = ".whl"
_SUBDIRECTORY = re.compile(r"[A-Za-z0-9._~-]+(?:/[A-Za-z0-9._~-]+)*")
_URL = re.compile(r"[A-Za-z0-9._~:/?#@!&()*+,=%\[\]-]+")
"""RFC 3986, without what shells and variables are written with; a space would begin an option."""

_VARIABLES_ALONE = re.compile(r"[^/]*://(?:\$\{[A-Z0-9_]+\}:?){1,2}@")


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
        archives: of sources, which the inputs name by their URL.
        constraints: they narrow versions and ask for nothing.
        hashes: by project, those that an input allows; no entry where it names none.
        index_url, extra_index_urls: as requirements files name them, perhaps with secrets.
        shown_index_url, shown_extra_index_urls: the same as they were written, with the variables
            that hold secrets and not with what is in them; fit for a lock.
        prereleases: `--pre` was asked for.
    """

    requirements: tuple[Requirement, ...]
    archives: tuple[AskedArchive, ...] = ()
    constraints: tuple[Requirement, ...] = ()
    hashes: Mapping[NormalizedName, tuple[WrittenHash, ...]]
    index_url: str | None = field(default=None, repr=False)
    extra_index_urls: tuple[str, ...] = field(default=(), repr=False)
    shown_index_url: str | None = None
    shown_extra_index_urls: tuple[str, ...] = ()
    prereleases: bool = False


def gather(
    paths: Sequence[Path], selection: Selection, read: Read, environ: Mapping[str, str]
) -> Wanted:
    """Read all inputs.

    Raises:
        InputFault: one cannot be read, or asks for something that no lock can hold.
    """
    asked: list[Asked] = []
    indexes, written = _Indexes(), _Indexes()
    prereleases = False
    for path in paths:
        if path.name == "pyproject.toml":
            project = read_pyproject(path, read, extras=selection.extras, groups=selection.groups)
            asked += project.asked
        elif path.suffix in {".toml", ".lock"}:
            asked += _pins(path, read, environ)
        else:
            file = read_requirements(path, read, environ)
            refuse(file.options)
            asked += file.asked
            indexes.note(file)
            if indexes.default or indexes.extra:
                written.note(read_requirements(path, read, _Unfilled()))
            prereleases = prereleases or any(o.kind.name == "--pre" for o in file.options)
    archives = [one for one in asked if _is_archive(one)]
    lockable = [(one, _lockable(one)) for one in asked if not _is_archive(one)]
    return Wanted(
        requirements=tuple(found for one, found in lockable if not one.constraint),
        archives=tuple(dict.fromkeys(map(_archive, archives))),
        constraints=tuple(found for one, found in lockable if one.constraint),
        hashes=_hashes(lockable),
        index_url=indexes.default,
        extra_index_urls=tuple(dict.fromkeys(indexes.extra)),
        shown_index_url=_shown(written.default) if written.default else None,
        shown_extra_index_urls=tuple(dict.fromkeys(map(_shown, written.extra))),
        prereleases=prereleases,
    )


class _Unfilled(dict[str, str]):
    """An environment in which every variable stands for itself."""

    def __missing__(self, name: str) -> str:
        return f"${{{name}}}"

    def get(self, name: str, _default: object = None) -> str:
        """`${NAME}`."""
        return self[name]


@dataclass(kw_only=True)
class _Indexes:
    default: str | None = None
    extra: list[str] = field(default_factory=list)

    def note(self, file: RequirementsFile) -> None:
        """Of several files the last one decides, as of several lines."""
        self.default = next(iter(file.values("--index-url")[-1:]), self.default)
        self.extra += file.values("--extra-index-url")


def _shown(url: str) -> str:
    """A URL as it was written; user info stays where it is nothing but variables."""
    return url if _VARIABLES_ALONE.match(url) else bare_url(url) or url


def _pins(path: Path, read: Read, environ: Mapping[str, str]) -> Iterator[Asked]:
    """The packages of a lock, each pinned to the version and the hashes that it has there."""
    lock = read_lock(path, read, environ)
    for package in lock.packages:
        if package.is_project:
            continue
        if package.kind is not SourceKind.REGISTRY or package.version is None:
            kind, requirement = package.kind, None
            if lock.format is LockFormat.PYLOCK and package.kind is SourceKind.URL:
                requirement = _written(package, f"@ {package.origin} ")
        else:
            kind = SourceKind.REGISTRY
            requirement = _written(package, f"=={package.version}")
        yield Asked(
            text=str(package),
            kind=kind,
            requirement=requirement,
            origin=_with_part(package),
            hashes=tuple(
                WrittenHash(value=value, where=file.where)
                for file in package.files
                for value in file.hashes
            ),
            where=package.where,
        )


def _with_part(package: LockedPackage) -> str | None:
    if package.subdirectory is None or package.kind is not SourceKind.URL:
        return package.origin
    return f"{package.origin}#subdirectory={quote(package.subdirectory)}"


def _written(package: LockedPackage, which: str) -> Requirement:
    marker = f"; {package.marker}" if package.marker else ""
    try:
        return Requirement(f"{package.name} {which}{marker}")
    except InvalidRequirement as error:
        raise InputFault(
            package.where, f"{package} cannot be asked for, with the marker {quoted(marker)}"
        ) from error


def _is_archive(asked: Asked) -> bool:
    """Whether it is an archive of sources at a URL."""
    path = (asked.origin or "").partition("#")[0]
    return asked.kind is SourceKind.URL and not asked.editable and path.endswith(SDIST_SUFFIXES)


def _archive(asked: Asked) -> AskedArchive:
    url, _, fragment = (asked.origin or "").partition("#")
    _require_plain(url, asked)
    if asked.constraint:
        raise InputFault(
            asked.where,
            f"{asked.text} is a constraint",
            hint="name the archive where it is asked for",
        )
    requirement = asked.requirement
    return AskedArchive(
        name=canonicalize_name(requirement.name) if requirement else None,
        extras=tuple(sorted(requirement.extras)) if requirement else (),
        marker=requirement.marker if requirement else None,
        url=url,
        subdirectory=_subdirectory(fragment, asked),
        hashes=asked.hashes,
        where=asked.where,
    )


def _subdirectory(fragment: str, asked: Asked) -> str | None:
    written = next(iter(parse_qs(fragment).get("subdirectory", ())), None)
    if written is None:
        return None
    if not _SUBDIRECTORY.fullmatch(written) or {".", ".."} & set(written.split("/")):
        raise InputFault(asked.where, f"{quoted(written)} is no directory of an archive")
    return written


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
        return _by_url(asked)
    raise InputFault(
        asked.where,
        f"{asked.text} is no file of an index or of a web server",
        hint="name a release, NAME==VERSION, or the URL of a wheel or of an archive of sources",
    )


def _by_url(asked: Asked) -> Requirement:
    url = (asked.origin or "").partition("#")[0]
    _require_plain(url, asked)
    try:
        name = parse_wheel_filename(last_part(url) or "")[0]
    except InvalidWheelFilename as error:
        raise InputFault(
            asked.where, f"{asked.text} does not end with a wheel's file name"
        ) from error
    if asked.requirement is None:
        return Requirement(f"{name} @ {url}")
    if canonicalize_name(asked.requirement.name) != name:
        raise InputFault(asked.where, f"{asked.text} is a wheel of another project: {name}")
    return asked.requirement


def _require_plain(url: str, asked: Asked) -> None:
    if bare_url(url) != url or "${" in asked.text:
        raise InputFault(
            asked.where,
            "a URL with credentials or variables cannot be locked: the lock would tell them",
            hint="put the credentials into .netrc, which pip, uv and truewheel read",
        )
    _require_one_word(url, asked)


def _require_one_word(url: str, asked: Asked) -> None:
    if _URL.fullmatch(url) is None:
        raise InputFault(
            asked.where,
            f"{quoted(url)} has characters that no URL has",
            hint="write them as in %20",
        )


def _hashes(
    lockable: Sequence[tuple[Asked, Requirement]],
) -> Mapping[NormalizedName, tuple[WrittenHash, ...]]:
    found: dict[NormalizedName, list[WrittenHash]] = {}
    for asked, requirement in lockable:
        if asked.hashes:
            found.setdefault(canonicalize_name(requirement.name), []).extend(asked.hashes)
    return {name: tuple(hashes) for name, hashes in found.items()}
