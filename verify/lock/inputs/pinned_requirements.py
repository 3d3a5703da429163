"""A requirements file seen as a lock: each pinned requirement with its hashes."""

from collections.abc import Iterator

from packaging.requirements import Requirement
from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    NormalizedName,
    canonicalize_name,
    parse_sdist_filename,
    parse_wheel_filename,
)
from packaging.version import InvalidVersion, Version

from verify.lock.inputs.archive_urls import Checkout, parse_checkout
from verify.lock.inputs.interface import Asked, LockedFile, LockedPackage, SourceKind
from verify.lock.inputs.packages import bare_url, last_part, version_in
from verify.lock.inputs.requirements_txt import RequirementsFile

_NAMELESS = NormalizedName("")


def pinned_packages(file: RequirementsFile) -> Iterator[LockedPackage]:
    """The packages that a requirements file locks.

    A constraint asks for nothing; one with hashes still says what may be installed.
    """
    index = _only_index(file)
    for asked in file.asked:
        if not asked.constraint or asked.hashes:
            yield _package(asked, index)


def _only_index(file: RequirementsFile) -> str | None:
    """The one index that the file names; None where it names none, or several."""
    if file.values("--extra-index-url"):
        return None
    *_, last = (None, *file.values("--index-url"))
    return bare_url(last)


def _package(asked: Asked, index: str | None) -> LockedPackage:
    checkout = parse_checkout(asked.origin or "") if asked.kind is SourceKind.VCS else None
    filename = last_part(asked.origin.partition("#")[0]) if asked.origin else None
    origin = asked.origin.partition("#")[0] if asked.origin else None
    marker = asked.requirement.marker if asked.requirement else None
    return LockedPackage(
        name=_name(asked, filename, checkout),
        version=_version(asked, filename),
        files=tuple(_files(asked, filename, origin)),
        kind=asked.kind,
        origin=index if asked.kind is SourceKind.REGISTRY else bare_url(origin),
        commit=checkout.commit if checkout else None,
        subdirectory=checkout.subdirectory if checkout else None,
        marker=str(marker) if marker else None,
        is_project=asked.kind is SourceKind.DIRECTORY and origin in {".", "./"},
        where=asked.where,
    )


def _files(asked: Asked, filename: str | None, origin: str | None) -> Iterator[LockedFile]:
    """One file for each hash: pip takes whatever has any of them."""
    if asked.kind in {SourceKind.VCS, SourceKind.DIRECTORY}:
        return
    for each in asked.hashes:
        yield LockedFile(
            filename=filename, url=bare_url(origin), hashes=(each.value,), where=each.where
        )


def _name(asked: Asked, filename: str | None, checkout: Checkout | None) -> NormalizedName:
    """The requirement's name, else the file's, else the repository's, else none."""
    if asked.requirement is not None:
        return canonicalize_name(asked.requirement.name)
    if checkout is not None:
        return canonicalize_name((checkout.path or "").rpartition("/")[2])
    if asked.kind is SourceKind.DIRECTORY:
        return _NAMELESS
    try:
        if filename and filename.endswith(".whl"):
            return parse_wheel_filename(filename)[0]
        return parse_sdist_filename(filename)[0] if filename else _NAMELESS
    except (InvalidWheelFilename, InvalidSdistFilename):
        return canonicalize_name(filename or "")


def _version(asked: Asked, filename: str | None) -> Version | None:
    if asked.kind is SourceKind.REGISTRY and asked.requirement is not None:
        return pinned_version(asked.requirement)
    return version_in(filename) if filename else None


def pinned_version(requirement: Requirement) -> Version | None:
    """The one version that a requirement admits (`==1.0`, `===1.0`); None if there are more."""
    for clause in requirement.specifier:
        if clause.operator in {"==", "==="} and not clause.version.endswith(".*"):
            try:
                return Version(clause.version)
            except InvalidVersion:
                return None
    return None
