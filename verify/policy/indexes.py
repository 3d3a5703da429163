"""When two URLs are of one index."""

from collections.abc import Iterable
from urllib.parse import urlsplit

from verify.index.urls import origin_of

_Key = tuple[str, str, int | None, str, str]


def is_among(url: str | None, allowed: Iterable[str]) -> bool:
    """Whether the index is one of those allowed; None, for a file from disk, is none.

    Case of scheme and host, a port that is the scheme's own, and a slash at the end mean nothing
    (RFC 3986, 6.2.2.1 and 6.2.3).
    """
    return url is not None and _key(url) in {_key(one) for one in allowed}


def _key(url: str) -> _Key:
    parts = urlsplit(url)
    return (*origin_of(url), parts.path.rstrip("/"), parts.query)
