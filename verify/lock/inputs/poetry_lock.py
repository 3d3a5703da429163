"""poetry.lock of lock-version 1.x and 2.x, and of those before that had hashes alone.

Since 2.0 an entry has its `files`; up to 1.1 they are in `[metadata.files]`, by name, for all
versions of a name together; before 1.0 `[metadata.hashes]` has bare sha256 digests.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import Version

from verify.lock.inputs.hashes import made_hash
from verify.lock.inputs.interface import LockedFile, LockedPackage, SourceKind
from verify.lock.inputs.packages import (
    bare_url,
    hash_in,
    locked_file,
    name_of,
    version_in,
    version_of,
)
from verify.lock.inputs.toml_text import Entry, TomlText, entries, top

_KINDS = {
    "legacy": SourceKind.REGISTRY,
    "pypi": SourceKind.REGISTRY,
    "git": SourceKind.VCS,
    "hg": SourceKind.VCS,
    "url": SourceKind.URL,
    "file": SourceKind.PATH,
    "directory": SourceKind.DIRECTORY,
}


def read_poetry_lock(document: TomlText) -> Iterator[LockedPackage]:
    """The packages of a poetry.lock.

    Raises:
        InputFault: an entry has another shape.
    """
    shared = _Shared(document)
    for entry in entries(document, "package"):
        yield _package(entry, shared)


class _Shared:
    """The files of layouts that keep them apart from the entries, by normalized name."""

    def __init__(self, document: TomlText) -> None:
        metadata = top(document).inner("metadata")
        files = metadata.inner("files") if metadata else None
        hashes = metadata.inner("hashes") if metadata else None
        self._files = _normalized(files)
        self._hashes = _normalized(hashes)

    def files(
        self, entry: Entry, name: NormalizedName, version: Version | None
    ) -> list[LockedFile]:
        """What is listed for a name, without that of other versions as far as names tell."""
        found = [_file(file) for file in entry.listed(self._files.get(name, []), "files")]
        found += [_bare(entry, digest) for digest in _digests(entry, self._hashes.get(name, []))]
        return [file for file in found if _fits(file, version)]


def _normalized(entry: Entry | None) -> Mapping[NormalizedName, Any]:
    found = {canonicalize_name(key): value for key, value in entry.table.items()} if entry else {}
    if entry is not None and len(found) != len(entry.table):
        raise entry.fault("one project has its files twice, under two spellings")
    return found


def _digests(entry: Entry, hashes: object) -> tuple[str, ...]:
    table = {"hashes": hashes}
    return Entry(document=entry.document, table=table, where=entry.where).texts("hashes")


def _fits(file: LockedFile, version: Version | None) -> bool:
    named = version_in(file.filename) if file.filename else None
    return named is None or version is None or named == version


def _package(entry: Entry, shared: _Shared) -> LockedPackage:
    name, version = name_of(entry), version_of(entry)
    source = entry.inner("source")
    kind = _kind(source)
    own = [_file(file) for file in entry.inners("files")]
    origin = source.text("url") if source else None
    # As Poetry has it: an entry's own list counts where there is one, be it empty.
    files = own if "files" in entry.table else shared.files(entry, name, version)
    return LockedPackage(
        name=name,
        version=version,
        files=() if kind in {SourceKind.VCS, SourceKind.DIRECTORY} else tuple(files),
        kind=kind,
        origin=bare_url(origin),
        commit=source.text("resolved_reference") if source and kind is SourceKind.VCS else None,
        subdirectory=source.text("subdirectory") if source else None,
        marker=_marker(entry),
        where=entry.where,
    )


def _kind(source: Entry | None) -> SourceKind:
    if source is None:
        return SourceKind.REGISTRY
    written = source.text("type") or "legacy"
    if written not in _KINDS:
        raise source.fault(f"the source type {written!r} is not known")
    return _KINDS[written]


def _marker(entry: Entry) -> str | None:
    """One marker for all groups, or one for each (2.1), or (1.x) none at all."""
    written = entry.table.get("markers")
    if isinstance(written, Mapping):
        return " or ".join(sorted({f"({value})" for value in written.values()})) or None
    return entry.text("markers") or entry.text("marker")


def _file(file: Entry) -> LockedFile:
    name = file.required("file")
    return locked_file(file, filename=name, url=file.text("url"), hashes=hash_in(file))


def _bare(entry: Entry, digest: str) -> LockedFile:
    hashes = (made_hash("sha256", digest, entry.where),)
    return locked_file(entry, filename=None, url=None, hashes=hashes)
