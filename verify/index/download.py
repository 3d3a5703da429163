"""Downloading one release file: bounded, resumed, retried, and checked before anybody sees it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from verify.events import Listener, Note, Transfer
from verify.index.cache import FileCache, Partial
from verify.index.http import Transport
from verify.index.interface import (
    FileMissingError,
    HashMismatchError,
    IndexFile,
    IndexUnreachableError,
)
from verify.index.retry import Clock, Deadline, TransientError, retrying

if TYPE_CHECKING:
    import requests

_CONTENT_RANGE = re.compile(r"bytes (\d{1,19})-(\d{1,19})/(\d{1,19}|\*)")


@dataclass(frozen=True, kw_only=True, slots=True)
class DownloadLimits:
    """Bounds of one download.

    Attributes:
        max_bytes: for files whose size the index does not give; the given size bounds the others.
        total_seconds: over all attempts.
    """

    max_bytes: int = 2 * 1024**3
    total_seconds: float = 1800.0


@dataclass(slots=True)
class _Progress:
    """What one download has so far: the bytes, and the validator of the version they are of."""

    partial: Partial
    etag: str | None = None

    def restart(self) -> None:
        self.partial.restart()
        self.etag = None


class Downloader:
    """Downloads into a cache; a file is visible there only once it is whole and checked."""

    def __init__(
        self,
        transport: Transport,
        cache: FileCache,
        *,
        clock: Clock,
        listener: Listener,
        limits: DownloadLimits,
    ) -> None:
        self._transport = transport
        self._cache = cache
        self._clock = clock
        self._listener = listener
        self._limits = limits

    @property
    def max_bytes(self) -> int:
        """The bound on files whose size the index does not give."""
        return self._limits.max_bytes

    def download(self, file: IndexFile) -> Path:
        """The path of the downloaded and checked file.

        Raises:
            HashMismatchError: twice, the bytes were not the promised ones.
            IndexUnreachableError: it could not be downloaded.
            CacheFault: it could not be written.
        """
        try:
            return self._checked(file)
        except HashMismatchError as error:
            # Once is a broken proxy or a mirror caught in the middle of an update; twice is a fact.
            self._listener(Note(message=f"{error.message}; downloading it once more"))
        return self._checked(file)

    def _checked(self, file: IndexFile) -> Path:
        deadline = Deadline(self._clock, self._limits.total_seconds)
        with self._cache.partial() as partial:
            progress = _Progress(partial=partial)
            retrying(
                lambda: self._receive(file, progress, deadline),
                clock=self._clock,
                deadline=deadline,
                tell=lambda message: self._listener(Note(message=message)),
            )
            _require_promised(file, partial)
            pointer = file.url if file.sha256 is None else None
            return self._cache.publish(partial, file.filename, url=pointer)

    def _receive(self, file: IndexFile, progress: _Progress, deadline: Deadline) -> None:
        """One attempt: from where the last one broke off, or from the start."""
        if not _may_resume(file, progress):
            progress.restart()
        with self._transport.get(file.url, _request_headers(progress)) as response:
            _require_content(file, progress, response)
            total = file.size if file.size is not None else _announced_total(response)
            # Undecoded: the hash is that of the file, and some servers declare a .tar.gz to be
            # gzip-encoded text.
            for block in self._transport.body(response, decode=False):
                deadline.check(file.url)
                self._require_room(file, progress.partial.size + len(block))
                progress.partial.write(block)
                done = progress.partial.size
                self._listener(Transfer(filename=file.filename, done=done, total=total))

    def _require_room(self, file: IndexFile, size: int) -> None:
        if file.size is not None and size > file.size:
            raise HashMismatchError(
                f"{file.filename} is longer than the {file.size} bytes that the index promised"
            )
        if size > self._limits.max_bytes and file.size is None:
            raise IndexUnreachableError(
                f"{file.url} is longer than {self._limits.max_bytes} bytes",
                hint="the index gives no size for this file, and larger ones are refused",
            )


def _may_resume(file: IndexFile, progress: _Progress) -> bool:
    # Two halves of two versions of a file: the hash would tell, and where the index gives none a
    # strong validator must.
    return progress.partial.size > 0 and (file.sha256 is not None or progress.etag is not None)


def _request_headers(progress: _Progress) -> Mapping[str, str]:
    headers = {"Accept-Encoding": "identity"}
    if progress.partial.size:
        headers["Range"] = f"bytes={progress.partial.size}-"
        if progress.etag:
            headers["If-Range"] = progress.etag
    return headers


def _require_content(file: IndexFile, progress: _Progress, response: "requests.Response") -> None:
    """Accept a whole body, or exactly the missing part of one (RFC 9110, 15.3.7)."""
    status = response.status_code
    if status == 200:
        progress.restart()
        progress.etag = _strong_etag(response)
        return
    if status in {206, 416}:
        if status == 206 and _continues(response, progress.partial.size):
            return
        progress.restart()
        raise TransientError(f"{file.url} answered with another range than the one asked for")
    raise FileMissingError(
        f"{file.url} answered with status {status}",
        hint="the index lists a file that is not there; the listing may be out of date",
    )


def _continues(response: "requests.Response", received: int) -> bool:
    found = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
    return found is not None and received > 0 and int(found[1]) == received


def _announced_total(response: "requests.Response") -> int | None:
    found = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
    text = found[3] if found else response.headers.get("Content-Length", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else None


def _strong_etag(response: "requests.Response") -> str | None:
    etag = response.headers.get("ETag")
    return etag if etag and not etag.startswith("W/") else None


def _require_promised(file: IndexFile, partial: Partial) -> None:
    if file.size is not None and partial.size != file.size:
        raise HashMismatchError(
            f"{file.filename} has {partial.size} bytes, the index promised {file.size}"
        )
    if file.sha256 is not None and partial.sha256 != file.sha256:
        raise HashMismatchError(
            f"{file.filename} has sha256 {partial.sha256}, the index promised {file.sha256}",
            hint="the index, a mirror or a proxy serves other bytes than it lists",
        )
