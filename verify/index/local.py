"""Indexes in a local directory: `file://` URLs of a PEP 503 tree, `<project>/index.html` inside."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit
from urllib.request import url2pathname

from packaging.utils import NormalizedName

from verify.index.interface import FileMissingError, IndexFile, IndexUnreachableError
from verify.index.pages import PageCache, StoredPage


def local_path(url: str) -> Path:
    """The path that a file:// URL names.

    Raises:
        IndexUnreachableError: it names none.
    """
    path = url2pathname(urlsplit(url).path)
    if "\0" in path or not Path(path).is_absolute():
        raise IndexUnreachableError(f"{url} names no file", hint="write file:///absolute/path")
    return Path(path)


def local_listing(
    url: str,
    project: NormalizedName,
    *,
    pages: PageCache,
    max_bytes: int,
    skip: Callable[[str], None],
) -> tuple[IndexFile, ...] | None:
    """The files that a local index lists for a project; None if it does not have it.

    A page that was parsed before is parsed again only when its time or size changed.

    Raises:
        IndexUnreachableError: there is no such directory, or the page is no project page.
    """
    root = local_path(url)
    if not root.is_dir():
        raise IndexUnreachableError(f"{url} is not a directory", hint="check the index URL")
    page = root / project / "index.html"
    if not page.is_file():
        return None
    with open_local(page) as stream:
        status = os.fstat(stream.fileno())
        stamp = f"{status.st_mtime_ns}-{status.st_size}-{status.st_ino}"
        stored = pages.read(url, project)
        if stored is not None and stored.etag == stamp:
            return stored.files
        body = stream.read(max_bytes + 1)
    if len(body) > max_bytes:
        raise IndexUnreachableError(f"{page.as_uri()} is longer than {max_bytes} bytes")
    files = _parsed(body, f"{url}/{project}/index.html", project, skip)
    pages.write(
        url,
        project,
        StoredPage(fetched=0, max_age=0, etag=stamp, last_modified=None, files=files),
    )
    return files


def _parsed(
    body: bytes, page_url: str, project: NormalizedName, skip: Callable[[str], None]
) -> tuple[IndexFile, ...]:
    # Imported here: it brings pydantic and an HTML parser, which a page parsed before needs not.
    from verify.index.parse import parse_page  # noqa: PLC0415 - see above

    return parse_page(body, content_type="text/html", url=page_url, project=project, skip=skip)


def open_local(path: Path) -> BinaryIO:
    """A regular file, open for reading; a FIFO or device would never end.

    Raises:
        FileMissingError: it is not there.
        IndexUnreachableError: it cannot be read.
    """
    try:
        if not path.is_file():
            raise FileMissingError(
                f"{path.as_uri()} cannot be read: no such file",
                hint="the index lists a file that is not there",
            )
        return path.open("rb")
    except OSError as error:
        raise IndexUnreachableError(
            f"{path.as_uri()} cannot be read: {error.strerror}",
            hint="the index lists a file that is not there",
        ) from error
