"""One project's page of one index on the network: from the cache, revalidated, or downloaded."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from packaging.utils import NormalizedName

from verify.index.http import Transport
from verify.index.interface import IndexFile, IndexUnreachableError
from verify.index.pages import PageCache, StoredPage
from verify.index.retry import Clock, Deadline, TransientError, retrying
from verify.index.urls import is_loopback, shown

if TYPE_CHECKING:
    import requests

MAX_PAGE_BYTES = 200 * 1024**2
"""Decoded size of a project page; the largest known are near 30 MB."""

ACCEPT = (
    "application/vnd.pypi.simple.v1+json,"
    " application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.01"
)
"""JSON where the index has it, HTML else (PEP 691, "Version + format selection")."""

_PAGE_SECONDS = 300.0
_MAX_AGE = re.compile(r"(?:^|[\s,])max-age=\"?(\d{1,9})", re.IGNORECASE)
_UNSAID_MAX_AGE = 600
"""What the large indexes say, for those that say nothing (RFC 9111, 4.2.2, lets a cache choose).

An index on this machine is asked each time: that costs nothing, and its owner may be editing it.
"""

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
        url = f"{index}/{project}/"
        headers = {"Accept": ACCEPT, **_validators(stored)}
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
            # Imported here: it brings pydantic and an HTML parser, which would double the time of a
            # check that finds its pages unchanged.
            from verify.index.parse import parse_page  # noqa: PLC0415 - see above

            body = self._body(url, response, deadline)
            content_type = response.headers.get("Content-Type", "text/html")
            # Relative links are relative to where a redirect led.
            final = shown(response.url)
            files = parse_page(
                body, content_type=content_type, url=final, project=project, skip=self.tell
            )
            return self._page(response, files), storable

    def _body(self, url: str, response: "requests.Response", deadline: Deadline) -> bytes:
        body = bytearray()
        for block in self.transport.body(response, decode=True):
            deadline.check(url)
            body += block
            if len(body) > self.max_bytes:
                raise IndexUnreachableError(
                    f"{url} is longer than {self.max_bytes} bytes",
                    hint="check that the URL is that of a simple index",
                )
        return bytes(body)

    def _page(
        self, response: "requests.Response", files: tuple[IndexFile, ...] | None
    ) -> StoredPage:
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


def _max_age(response: "requests.Response") -> int:
    """Seconds for which the answer may be used unasked, at most a day.

    Age is not taken off, unlike RFC 9111, 4.2.3 says: content networks count it from when they last
    asked the index, which purges them when a page changes, so that a popular page is always old.
    """
    control = response.headers.get("Cache-Control")
    if control is None:
        return 0 if is_loopback(response.url) else _UNSAID_MAX_AGE
    found = _MAX_AGE.search(control)
    if found is None or "no-cache" in control.lower():
        return 0
    return min(int(found[1]), _LONGEST_MAX_AGE)
