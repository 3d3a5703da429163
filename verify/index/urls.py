"""URLs of indexes and files: which are usable, and what of them may be shown."""

from dataclasses import dataclass, field
from ipaddress import ip_address
from urllib.parse import SplitResult, unquote, urlsplit

from verify.index.interface import IndexFault

_DEFAULT_PORTS = {"http": 80, "https": 443}


class UnusableUrlError(IndexFault):
    """Neither an http(s) nor a local file:// URL, or one that no client reads the same way."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Credentials:
    """A user name and a password for one index; neither is ever part of a shown value."""

    username: str
    password: str = field(default="", repr=False)


def split_credentials(url: str) -> tuple[str, Credentials | None]:
    """The URL without user info and fragment, and the credentials that were in it.

    Raises:
        UnusableUrlError: the URL cannot be used; the message does not repeat its credentials.
    """
    parts = _split(url)
    host = parts.netloc.rpartition("@")[2]
    bare = parts._replace(netloc=host, fragment="").geturl()
    username, password = unquote(parts.username or ""), unquote(parts.password or "")
    if not (username or password):
        return bare, None
    return bare, Credentials(username=username, password=password)


def without_credentials(url: str) -> str:
    """The URL as it may be shown and stored.

    Raises:
        UnusableUrlError: see `split_credentials`.
    """
    return split_credentials(url)[0]


def scheme_of(url: str) -> str:
    """Lower-case scheme of a usable URL: `http`, `https` or `file`."""
    return _split(url).scheme


def origin_of(url: str) -> tuple[str, str, int | None]:
    """Scheme, host and port (RFC 6454): what credentials of an index are bound to."""
    parts = _split(url)
    return parts.scheme, parts.hostname or "", parts.port or _DEFAULT_PORTS.get(parts.scheme)


def last_component(url: str) -> str:
    """The file name that a URL's path ends with, percent-decoded; empty for a directory."""
    return unquote(_split(url).path.rpartition("/")[2])


def _split(url: str) -> SplitResult:
    # urlsplit drops tabs and newlines and clients differ on other control characters, so that two
    # programs would see two different URLs; lone surrogates cannot be sent at all.
    if not url.isprintable():
        raise UnusableUrlError("a URL of an index contains control characters")
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise UnusableUrlError("a URL of an index is malformed") from error
    _require_usable(parts)
    return parts


def _require_usable(parts: SplitResult) -> None:
    if parts.scheme in _DEFAULT_PORTS and parts.hostname:
        return
    if parts.scheme == "file" and parts.netloc in {"", "localhost"}:
        return
    raise UnusableUrlError(
        f"a URL with scheme {parts.scheme!r} is not an index or a file of one",
        hint="use http://, https:// or a local file:// URL",
    )


def shown(url: str) -> str:
    """A URL that a server sent us to, as it may be shown."""
    try:
        return without_credentials(url)
    except UnusableUrlError:
        return "a malformed URL"


def is_loopback(url: str) -> bool:
    """Whether a URL names this machine (RFC 6761, 6.3; RFC 1122, 3.2.1.3)."""
    try:
        host = urlsplit(url).hostname or ""
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
