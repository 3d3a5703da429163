"""The cache of project pages: what an index listed, when, and how long that holds (RFC 9111)."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from packaging.utils import NormalizedName
from packaging.version import Version

from verify.index.cache import disk_errors, write_file
from verify.index.interface import FileKind, IndexFile, ServedMetadata, Sha256

_FORMAT = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredPage:
    """One project page of one index.

    Parsed files are stored and not the page itself, whose links may carry credentials.

    Attributes:
        fetched: POSIX seconds when the index last vouched for it.
        max_age: seconds for which it may be used without asking.
        etag: validator for If-None-Match, None without one.
        last_modified: validator for If-Modified-Since, None without one.
        files: None if the index does not know the project.
    """

    fetched: float
    max_age: int
    etag: str | None
    last_modified: str | None
    files: tuple[IndexFile, ...] | None

    def is_fresh(self, now: float) -> bool:
        """Whether it may be used without asking; never with a clock that was set back."""
        return 0 <= now - self.fetched < self.max_age


class PageCache:
    """Pages on disk below `root`, by index and project."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def read(self, index: str, project: NormalizedName) -> StoredPage | None:
        """The stored page; None if there is none, or an unreadable one.

        Raises:
            CacheFault: the cache directory cannot be read.
        """
        path = self._path(index, project)
        with disk_errors(self._root):
            if not path.is_file():
                return None
            content = path.read_bytes()
        try:
            return _decoded(json.loads(content))
        except (ValueError, KeyError, TypeError, RecursionError):
            return None

    def write(self, index: str, project: NormalizedName, page: StoredPage) -> None:
        """Store a page.

        Raises:
            CacheFault: the cache directory cannot be written.
        """
        content = json.dumps(_encoded(page)).encode()
        write_file(self._path(index, project), content, self._root)

    def _path(self, index: str, project: NormalizedName) -> Path:
        digest = hashlib.sha256(f"{index}\n{project}".encode()).hexdigest()
        return self._root / "pages" / digest[:2] / f"{digest}.json"


def _encoded(page: StoredPage) -> Mapping[str, object]:
    files = None if page.files is None else [_encoded_file(file) for file in page.files]
    return {
        "format": _FORMAT,
        "fetched": page.fetched,
        "max_age": page.max_age,
        "etag": page.etag,
        "last_modified": page.last_modified,
        "files": files,
    }


def _encoded_file(file: IndexFile) -> Mapping[str, object]:
    return {
        "project": file.project,
        "version": None if file.version is None else str(file.version),
        "filename": file.filename,
        "kind": file.kind.value,
        "url": file.url,
        "sha256": file.sha256,
        "size": file.size,
        "upload_time": file.upload_time and file.upload_time.isoformat(),
        "requires_python": file.requires_python,
        "yanked": file.yanked,
        "core_metadata": [[served.url, served.sha256] for served in file.core_metadata],
        "provenance": file.provenance,
    }


def _decoded(page: Mapping[str, object]) -> StoredPage:
    if page["format"] != _FORMAT:
        raise ValueError("written by another version")
    files = page["files"]
    if not isinstance(files, list | None):
        raise TypeError("files")
    return StoredPage(
        fetched=float(str(page["fetched"])),
        max_age=int(str(page["max_age"])),
        etag=_text(page["etag"]),
        last_modified=_text(page["last_modified"]),
        files=None if files is None else tuple(_decoded_file(file) for file in files),
    )


def _decoded_file(file: Mapping[str, object]) -> IndexFile:
    version, sha256 = _text(file["version"]), _text(file["sha256"])
    size, upload_time = _text(file["size"]), _text(file["upload_time"])
    return IndexFile(
        project=NormalizedName(str(file["project"])),
        version=None if version is None else _version(version),
        filename=str(file["filename"]),
        kind=FileKind(str(file["kind"])),
        url=str(file["url"]),
        sha256=None if sha256 is None else Sha256(sha256),
        size=None if size is None else int(size),
        upload_time=None if upload_time is None else datetime.fromisoformat(upload_time),
        requires_python=_text(file["requires_python"]),
        yanked=_text(file["yanked"]),
        core_metadata=tuple(_decoded_metadata(file["core_metadata"])),
        provenance=_text(file["provenance"]),
    )


@lru_cache(maxsize=4096)
def _version(text: str) -> Version:
    """Parsed once: the files of a release share it, and a page may have thousands."""
    return Version(text)


def _decoded_metadata(entries: object) -> Iterator[ServedMetadata]:
    if not isinstance(entries, list):
        raise TypeError("core_metadata")
    for url, sha256 in entries:
        digest = _text(sha256)
        yield ServedMetadata(url=str(url), sha256=None if digest is None else Sha256(digest))


def _text(value: object) -> str | None:
    return None if value is None else str(value)
