"""pdm.lock: files in each entry (lock_version 4.x), or in `[metadata.files]` (2 to 4.2).

A package with extras has several entries of one release, whose files are the same.
"""

import re
from collections.abc import Iterator, Mapping

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from verify.lock.inputs.interface import LockedFile, LockedPackage, SourceKind
from verify.lock.inputs.packages import bare_url, hash_in, locked_file, name_of, version_of
from verify.lock.inputs.toml_text import Entry, TomlText, entries, top

_VCS = ("git", "hg", "svn", "bzr")
_KEY = re.compile(r"(?P<name>[^\s\[]+)(?:\[[^\]]*\])?\s+(?P<version>\S+)")


def read_pdm_lock(document: TomlText) -> Iterator[LockedPackage]:
    """The packages of a pdm.lock.

    Raises:
        InputFault: an entry has another shape.
    """
    shared = _shared(document)
    seen: set[tuple[object, ...]] = set()
    for entry in entries(document, "package"):
        package = _package(entry, shared)
        hashes = frozenset(file.hashes for file in package.files)
        key = (package.name, package.version, package.kind, package.origin, hashes)
        if key not in seen:
            seen.add(key)
            yield package


def _shared(document: TomlText) -> Mapping[tuple[str, str], object]:
    """`[metadata.files]` by normalized name and version."""
    metadata = top(document).inner("metadata")
    files = metadata.inner("files") if metadata else None
    found: dict[tuple[str, str], object] = {}
    for key, value in files.table.items() if files else ():
        parts = _KEY.fullmatch(key)
        if parts is not None:
            release = canonicalize_name(parts["name"]), _canonical(parts["version"])
            if found.setdefault(release, value) != value:
                raise document.fault(f"has the files of {key} twice, and not the same")
    return found


def _canonical(version: str) -> str:
    try:
        return str(Version(version))
    except (InvalidVersion, ValueError):
        return version


def _package(entry: Entry, shared: Mapping[tuple[str, str], object]) -> LockedPackage:
    name, version = name_of(entry), version_of(entry)
    kind, origin = _source(entry)
    files = [
        *entry.inners("files"),
        *entry.listed(shared.get((name, str(version)), []), "files"),
    ]
    is_checkout = kind in {SourceKind.VCS, SourceKind.DIRECTORY}
    return LockedPackage(
        name=name,
        version=version,
        files=() if is_checkout else tuple(_file(file) for file in files),
        kind=kind,
        origin=bare_url(origin),
        commit=entry.text("revision") if kind is SourceKind.VCS else None,
        subdirectory=entry.text("subdirectory"),
        marker=entry.text("marker"),
        is_project=kind is SourceKind.DIRECTORY and origin in {".", "./"},
        where=entry.where,
    )


def _source(entry: Entry) -> tuple[SourceKind, str | None]:
    for key in _VCS:
        if entry.text(key):
            return SourceKind.VCS, entry.text(key)
    if entry.text("url"):
        return SourceKind.URL, entry.text("url")
    path = entry.text("path")
    if path:
        is_file = path.endswith((".whl", ".tar.gz", ".zip", ".tar.bz2", ".tar.xz", ".tgz"))
        return (SourceKind.PATH if is_file else SourceKind.DIRECTORY), path
    return SourceKind.REGISTRY, None


def _file(file: Entry) -> LockedFile:
    return locked_file(file, filename=file.text("file"), url=file.text("url"), hashes=hash_in(file))
