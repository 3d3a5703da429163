"""The index client: all configured indexes as one, with caches, retries and checks behind it."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from packaging.utils import InvalidName, NormalizedName, canonicalize_name

from verify.events import Listener, Note
from verify.index.cache import FileCache
from verify.index.config import IndexConfig
from verify.index.download import Downloader, DownloadLimits
from verify.index.filenames import why_unsafe
from verify.index.http import Transport
from verify.index.interface import (
    FileKind,
    FileMissingError,
    HashMismatchError,
    IndexFile,
    IndexUnreachableError,
    Project,
    ProjectNotFoundError,
    ServedMetadata,
    Sha256,
)
from verify.index.listing import MAX_PAGE_BYTES, PageReader
from verify.index.local import local_listing, local_path, open_local
from verify.index.merge import merged
from verify.index.pages import PageCache
from verify.index.retry import Clock
from verify.index.urls import UnusableUrlError, scheme_of, without_credentials

MAX_METADATA_BYTES = 4 * 1024**2
"""Of one METADATA that is served beside a wheel; one inside a wheel may not be larger either.

Also of one provenance, of which a hundredth is usual.
"""


class SimpleIndex:
    """The configured simple indexes (PEP 503, PEP 691, PEP 700) as one `Index`."""

    def __init__(
        self,
        urls: Iterable[str],
        *,
        pages: PageReader,
        files: FileCache,
        downloader: Downloader,
        metadata_downloader: Downloader,
    ) -> None:
        self._urls = tuple(urls)
        self._pages = pages
        self._files = files
        self._downloader = downloader
        self._metadata_downloader = metadata_downloader
        self._downloaded: set[str] = set()
        self._origins: dict[tuple[NormalizedName, str, str], str] = {}

    def project(self, name: str) -> Project:
        """See `Index.project`; an invalid name is that of no project."""
        project = _valid(name)
        found = []
        for url in self._urls:
            listing = self._listing(url, project)
            if listing is not None:
                found.append(listing)
                for file in listing:
                    self._origins.setdefault((project, file.filename, file.url), url)
        if not found:
            raise ProjectNotFoundError(
                f"no configured index has a project named {project}",
                hint=f"asked: {', '.join(self._urls)}",
            )
        return Project(name=project, files=merged(found))

    def origin(self, file: IndexFile) -> str | None:
        """The URL of the first index that listed the file; None for one that none listed so far.

        A file of that name elsewhere is another one: a lock may name any URL.
        """
        return self._origins.get((file.project, file.filename, file.url))

    def fetch(self, file: IndexFile) -> Path:
        """See `Index.fetch`."""
        return self._fetched(file, self._downloader)

    def served_metadata(self, file: IndexFile) -> tuple[Sha256, ...]:
        """See `Index.served_metadata`."""
        return tuple(self._served(file))

    def provenance(self, file: IndexFile) -> Path | None:
        """See `Index.provenance`."""
        if file.provenance is None:
            return None
        try:
            return self._fetched(_provenance_of(file, file.provenance), self._metadata_downloader)
        except FileMissingError as error:
            self._pages.tell(error.message)
            return None

    def _served(self, file: IndexFile) -> Iterator[Sha256]:
        for served in file.core_metadata:
            if served.sha256 is not None:
                yield served.sha256
                continue
            try:
                path = self._fetched(_beside(file, served), self._metadata_downloader)
            except FileMissingError as error:
                self._pages.tell(error.message)
            else:
                yield Sha256(path.parent.name)  # the cache is addressed by content

    def _fetched(self, file: IndexFile, downloader: Downloader) -> Path:
        reason = why_unsafe(file.filename)
        if reason is not None:
            raise IndexUnreachableError(f"the file name {file.filename!r} is refused: {reason}")
        if scheme_of(file.url) == "file":
            return self._copied(file, downloader.max_bytes)
        path = self._cached(file)
        if path is None:
            path = self._download(file, downloader)
        _require_size(file, path)
        return path

    def _listing(self, url: str, project: NormalizedName) -> tuple[IndexFile, ...] | None:
        if scheme_of(url) == "file":
            return local_listing(
                url,
                project,
                pages=self._pages.pages,
                max_bytes=self._pages.max_bytes,
                skip=self._pages.tell,
            )
        return self._pages.read(url, project)

    def _copied(self, file: IndexFile, max_bytes: int) -> Path:
        # A recipe or a report may name any URL; only a configured local index makes local files
        # something that may be read.
        if not any(scheme_of(url) == "file" for url in self._urls):
            raise IndexUnreachableError(f"{file.url} is a local file, but no index is local")
        cached = file.sha256 and self._files.find(file.sha256, file.filename)
        if cached:
            return cached
        with open_local(local_path(file.url)) as stream:
            if file.size is None and os.fstat(stream.fileno()).st_size > max_bytes:
                raise IndexUnreachableError(f"{file.url} is longer than {max_bytes} bytes")
            path = self._files.add(stream, file.filename, sha256=file.sha256)
        _require_size(file, path)
        return path

    def _cached(self, file: IndexFile) -> Path | None:
        if file.sha256 is not None:
            return self._files.find(file.sha256, file.filename)
        # Without a hash, other bytes may be behind the URL by now; ask once per run if we can.
        if self._pages.offline or file.url in self._downloaded:
            return self._files.find_by_url(file.url, file.filename)
        return None

    def _download(self, file: IndexFile, downloader: Downloader) -> Path:
        if self._pages.offline:
            raise IndexUnreachableError(
                f"offline, and {file.filename} was never fetched", hint="run once without --offline"
            )
        path = downloader.download(file)
        self._downloaded.add(file.url)
        return path


@dataclass(frozen=True, kw_only=True, slots=True)
class Tuning:
    """What nobody but a test needs to change."""

    clock: Clock = field(default_factory=Clock)
    limits: DownloadLimits = field(default_factory=DownloadLimits)
    max_page_bytes: int = MAX_PAGE_BYTES


def open_index(
    config: IndexConfig,
    *,
    cache_root: Path,
    offline: bool,
    listener: Listener,
    tuning: Tuning | None = None,
) -> SimpleIndex:
    """A client for the configured indexes whose caches live below `cache_root`.

    Raises:
        UnusableUrlError: an index URL is neither http(s) nor file.
    """
    tuning = tuning or Tuning()
    for url in config.urls:
        if without_credentials(url) != url:
            raise UnusableUrlError("an index URL holds credentials; pass them beside it")
    transport = Transport(config, tuning.clock)
    files = FileCache(cache_root)

    def downloader(limits: DownloadLimits) -> Downloader:
        return Downloader(transport, files, clock=tuning.clock, listener=listener, limits=limits)

    small = min(tuning.limits.max_bytes, MAX_METADATA_BYTES)
    return SimpleIndex(
        (url.rstrip("/") for url in config.urls),
        pages=PageReader(
            transport=transport,
            pages=PageCache(cache_root),
            clock=tuning.clock,
            offline=offline,
            tell=lambda message: listener(Note(message=message)),
            max_bytes=tuning.max_page_bytes,
        ),
        files=files,
        downloader=downloader(tuning.limits),
        metadata_downloader=downloader(replace(tuning.limits, max_bytes=small)),
    )


def _valid(name: str) -> NormalizedName:
    # Before the name is part of any URL or path: PEP 508 names hold no slash, dot-dot or `%`.
    try:
        return canonicalize_name(name, validate=True)
    except InvalidName as error:
        raise ProjectNotFoundError(
            f"{name!r} is not a valid project name",
            hint="names are letters, digits, `.`, `-` and `_`",
        ) from error


def _beside(wheel: IndexFile, served: ServedMetadata) -> IndexFile:
    """The METADATA beside a wheel as a file of its own, of which nothing is promised."""
    return _unpromised(wheel, f"{wheel.filename}.metadata", served.url)


def _provenance_of(file: IndexFile, url: str) -> IndexFile:
    # Not with the file's own name, which may be as long as a name can be.
    return _unpromised(file, "provenance.json", url)


def _unpromised(file: IndexFile, filename: str, url: str) -> IndexFile:
    return replace(
        file,
        filename=filename,
        kind=FileKind.OTHER,
        url=url,
        sha256=None,
        size=None,
        core_metadata=(),
        provenance=None,
    )


def _require_size(file: IndexFile, path: Path) -> None:
    size = path.stat().st_size
    if file.size is not None and size != file.size:
        raise HashMismatchError(f"{file.filename} has {size} bytes, the index promised {file.size}")
