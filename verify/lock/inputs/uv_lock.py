"""uv.lock, version 1 (all revisions), as uv's source (`crates/uv-resolver/src/lock`) writes it."""

from collections.abc import Iterator
from dataclasses import replace

from verify.lock.inputs.interface import LockedFile, LockedPackage, SourceKind
from verify.lock.inputs.packages import (
    bare_url,
    hash_in,
    last_part,
    locked_file,
    name_of,
    version_of,
)
from verify.lock.inputs.toml_text import Entry, TomlText, entries

VERSION = 1

_KINDS = {
    "registry": SourceKind.REGISTRY,
    "git": SourceKind.VCS,
    "url": SourceKind.URL,
    "path": SourceKind.PATH,
    "directory": SourceKind.DIRECTORY,
    "editable": SourceKind.DIRECTORY,
    "virtual": SourceKind.DIRECTORY,
}


def read_uv_lock(document: TomlText) -> Iterator[LockedPackage]:
    """The packages of a uv.lock.

    Raises:
        InputFault: it is of an unknown version, or an entry has another shape.
    """
    version = document.table.get("version")
    if version != VERSION:
        raise document.fault(f"is of version {version!r}; truewheel reads version {VERSION}")
    if "distribution" in document.table:
        # uv reads it as another word for `package` (`alias` in `LockWire`).
        raise document.fault("has packages under `distribution`, as before uv 0.4")
    for entry in entries(document, "package"):
        yield _package(entry)


def _package(entry: Entry) -> LockedPackage:
    kind, origin = _source(entry)
    commit = origin.partition("#")[2] or None if kind is SourceKind.VCS else None
    source = entry.inner("source")
    return LockedPackage(
        name=name_of(entry),
        version=version_of(entry),
        files=tuple(_files(entry, kind, origin)),
        kind=kind,
        origin=bare_url(origin.partition("#")[0].partition("?")[0] if commit else origin),
        commit=commit,
        subdirectory=source.text("subdirectory") if source else None,
        marker=" or ".join(entry.texts("resolution-markers")) or None,
        is_project=kind is SourceKind.DIRECTORY and origin == ".",
        where=entry.where,
    )


def _source(entry: Entry) -> tuple[SourceKind, str]:
    source = entry.inner("source")
    if source is not None:
        for key, kind in _KINDS.items():
            value = source.text(key)
            if value is not None:
                return kind, value
    raise entry.fault("the entry has no `source` that truewheel knows")


def _files(entry: Entry, kind: SourceKind, origin: str) -> Iterator[LockedFile]:
    sdist = entry.inner("sdist")
    if sdist is not None and kind is not SourceKind.VCS:
        yield _file(sdist, origin if kind in {SourceKind.URL, SourceKind.PATH} else None)
    for wheel in entry.inners("wheels"):
        yield _file(wheel, origin if kind is SourceKind.URL else None)
        if "zstd" in wheel.table:
            yield _compressed(wheel)


def _file(file: Entry, origin: str | None) -> LockedFile:
    url = file.text("url") or file.text("path") or origin
    filename = file.text("filename") or (last_part(url) if url else None)
    return locked_file(file, filename=filename, url=url, hashes=hash_in(file))


def _compressed(wheel: Entry) -> LockedFile:
    """What uv takes instead of a wheel where an index offers it, by a hash of its own."""
    file = _file(wheel, None)
    hashes = hash_in(inner) if (inner := wheel.inner("zstd")) else ()
    return replace(file, filename=f"{file.filename}.zst", url=None, hashes=hashes)
