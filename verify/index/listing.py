"""One project's page of one index on the network: from the cache, revalidated, or downloaded."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import requests
from packaging.utils import NormalizedName

from verify.index.interface import IndexFile, IndexUnreachableError
from verify.index.pages import PageCache, StoredPage
from verify.index.retry import Clock, Deadline, TransientError, retrying
from verify.index.transport import Transport, body_of, shown

MAX_PAGE_BYTES = 200 * 1024**2
"""Decoded size of a project page; the largest known are near 30 MB."""

_PAGE_SECONDS = 300.0
_MAX_AGE = re.compile(r"(?:^|[\s,])max-age=\"?(\d{1,9})", re.IGNORECASE)
_LONGEST_MAX_AGE = 24 * 3600
_NOT_CACHED = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class PageReader:
    """Reads project pages. `tell` hears of retries and of files that are left out."""

    transport: Transport
    pages: PageCache
    clock: Clock
    offline: bool
    tell: Callable[[str], None]
    max_bytes: int = MAX_PAGE_BYTES

    def read(self, index: str, project: NormalizedName) -> tuple[IndexFile, ...] | None:
        """The files that an index lists for a project; None if it does not know the project.

        Raises:
            IndexUnreachableError: it failed after retries, answered nonsense, or we are offline and
                the page was never seen.
        """
        stored = self.pages.read(index, project)
        if self.offline:
            return _require_stored(stored, index, project).files
        if stored is not None and stored.is_fresh(self.clock.now()):
            return stored.files
        return self._ask(index, project, stored).files

    def _ask(self, index: str, project: NormalizedName, stored: StoredPage | None) -> StoredPage:
        deadline = Deadline(self.clock, _PAGE_SECONDS)
        page, storable = retrying(
            lambda: self._request(index, project, stored, deadline),
            clock=self.clock,
            deadline=deadline,
            tell=self.tell,
        )
        if storable:
            self.pages.write(index, project, page)
        return page

    def _request(
        self, index: str, project: NormalizedName, stored: StoredPage | None, deadline: Deadline
    ) -> tuple[StoredPage, bool]:
        # Imported here: pypi_simple brings pydantic and an HTML parser, which a cached page needs
        # not, and which would double the time of a check that fetches nothing.
        from pypi_simple import ACCEPT_JSON_PREFERRED  # noqa: PLC0415 - see above

        from verify.index.parse import parse_page  # noqa: PLC0415 - see above

        url = f"{index}/{project}/"
        headers = {"Accept": ACCEPT_JSON_PREFERRED, **_validators(stored)}
        with self.transport.get(url, headers) as response:
            storable = "no-store" not in response.headers.get("Cache-Control", "").lower()
            status = response.status_code
            if status == 304 and stored is not None:
                max_age = _max_age(response)
                return replace(stored, fetched=self.clock.now(), max_age=max_age), storable
            if status in {404, 410}:
                return self._page(response, None), storable
            if status != 200:
                raise TransientError(f"{url} answered with status {status} unasked")
            body = self._body(url, response, deadline)
            content_type = response.headers.get("Content-Type", "text/html")
            # Relative links are relative to where a redirect led.
            final = shown(response.url)
            files = parse_page(
                body, content_type=content_type, url=final, project=project, skip=self.tell
            )
            return self._page(response, files), storable

    def _body(self, url: str, response: requests.Response, deadline: Deadline) -> bytes:
        body = bytearray()
        for block in body_of(response, decode=True):
            deadline.check(url)
            body += block
            if len(body) > self.max_bytes:
                raise IndexUnreachableError(
                    f"{url} is longer than {self.max_bytes} bytes",
                    hint="check that the URL is that of a simple index",
                )
        return bytes(body)

    def _page(self, response: requests.Response, files: tuple[IndexFile, ...] | None) -> StoredPage:
        # That a project does not exist is what changes soonest, so it holds for no time.
        return StoredPage(
            fetched=self.clock.now(),
            max_age=_NOT_CACHED if files is None else _max_age(response),
            etag=None if files is None else response.headers.get("ETag"),
            last_modified=None if files is None else response.headers.get("Last-Modified"),
            files=files,
        )


def _require_stored(stored: StoredPage | None, index: str, project: NormalizedName) -> StoredPage:
    if stored is None:
        raise IndexUnreachableError(
            f"offline, and the page of {project} at {index} was never fetched",
            hint="run once without --offline",
        )
    return stored


def _validators(stored: StoredPage | None) -> Mapping[str, str]:
    headers = {}
    if stored is not None and stored.etag:
        headers["If-None-Match"] = stored.etag
    if stored is not None and stored.last_modified:
        headers["If-Modified-Since"] = stored.last_modified
    return headers


def _max_age(response: requests.Response) -> int:
    """Seconds for which the answer may be used unasked (RFC 9111, 4.2), at most a day."""
    control = response.headers.get("Cache-Control", "")
    found = _MAX_AGE.search(control)
    if found is None or "no-cache" in control.lower():
        return 0
    age = response.headers.get("Age", "0")
    spent = int(age[:9]) if age.isascii() and age.isdigit() else 0
    return max(0, min(int(found[1]), _LONGEST_MAX_AGE) - spent)
