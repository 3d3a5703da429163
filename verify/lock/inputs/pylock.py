"""pylock.toml (PEP 751), validated by packaging's own model and given places."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from verify.lock.inputs.interface import LockedFile, LockedPackage, SourceKind
from verify.lock.inputs.packages import bare_url, hashes_of, locked_file
from verify.lock.inputs.toml_text import Entry, TomlText, entries

if TYPE_CHECKING:
    from packaging.pylock import Package, PackageArchive, PackageSdist, PackageWheel

_ENTRY = re.compile(r"packages\[(\d+)\]")


def read_pylock(document: TomlText) -> Iterator[LockedPackage]:
    """The packages of a pylock.toml.

    Raises:
        InputFault: it does not conform to PEP 751.
    """
    from packaging.pylock import Pylock, PylockValidationError  # noqa: PLC0415 - for this alone

    try:
        lock = Pylock.from_dict(document.table)
    except PylockValidationError as error:
        found = _ENTRY.match(error.context or "")
        where = document.entry("packages", int(found[1])) if found else None
        raise document.fault(f"is no pylock.toml: {error}", where) from error
    except (ValueError, RecursionError, TypeError) as error:
        raise document.fault(f"is no pylock.toml: {error}") from error
    for package, entry in zip(lock.packages, entries(document, "packages"), strict=True):
        yield _package(package, entry)


def _package(package: "Package", entry: Entry) -> LockedPackage:
    kind, origin = _source(package)
    direct = package.vcs or package.archive or package.directory
    return LockedPackage(
        name=package.name,
        version=package.version,
        files=tuple(_files(package, entry)),
        kind=kind,
        origin=bare_url(origin),
        commit=package.vcs.commit_id if package.vcs else None,
        subdirectory=direct.subdirectory if direct else None,
        marker=str(package.marker) if package.marker else None,
        is_project=package.directory is not None and package.directory.path == ".",
        where=entry.where,
    )


def _source(package: "Package") -> tuple[SourceKind, str | None]:
    if package.vcs is not None:
        return SourceKind.VCS, package.vcs.url or package.vcs.path
    if package.directory is not None:
        return SourceKind.DIRECTORY, package.directory.path
    if package.archive is not None and package.archive.url:
        return SourceKind.URL, package.archive.url
    if package.archive is not None:
        return SourceKind.PATH, package.archive.path
    return SourceKind.REGISTRY, package.index


def _files(package: "Package", entry: Entry) -> Iterator[LockedFile]:
    if package.archive is not None:
        yield _file(package.archive, entry, None)
    if package.sdist is not None:
        yield _file(package.sdist, entry, package.sdist.filename)
    for wheel in package.wheels or ():
        yield _file(wheel, entry, wheel.filename)


def _file(
    file: "PackageArchive | PackageSdist | PackageWheel", entry: Entry, filename: str | None
) -> LockedFile:
    return locked_file(
        entry,
        filename=filename,
        url=file.path or file.url,  # as installers have it
        hashes=hashes_of(entry, file.hashes.items()),
    )
