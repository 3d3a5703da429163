"""What one source of index configuration (arguments, environment, a file) says."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from verify.errors import UsageFault
from verify.index.interface import IndexFault


class IndexConfigError(IndexFault):
    """The index configuration cannot be read or makes no sense; the message names its source."""


class IndexArgumentError(IndexConfigError, UsageFault):
    """The same of what somebody just asked for: nothing failed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RawIndex:
    """One index as it is written down, not yet validated.

    Attributes:
        value: a URL, possibly with credentials, or a local directory relative to `base`.
        name: uv's name of the index, under which the environment may hold its credentials.
        origin: where it was written, for messages.
    """

    value: str
    name: str | None = None
    base: Path
    origin: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """One source; None and empty where it says nothing."""

    default: RawIndex | None = None
    extras: tuple[RawIndex, ...] = ()
    trusted_hosts: tuple[str, ...] = ()
    ca_bundle: str | None = None
    client_cert: str | None = None


def argument_source(index_url: str | None, extra_index_urls: Iterable[str], cwd: Path) -> Source:
    """The command line's `--index-url` and `--extra-index-url`."""
    default = index_url and RawIndex(value=index_url, base=cwd, origin="--index-url")
    extras = (RawIndex(value=u, base=cwd, origin="--extra-index-url") for u in extra_index_urls)
    return Source(default=default or None, extras=tuple(extras))


def tls_environment_source(environ: Mapping[str, str]) -> Source:
    """The CA bundle that requests, curl or OpenSSL would take from the environment.

    requests knows only the first two, uv only the last; one of them set for all is what people
    behind an inspecting proxy have.
    """
    names = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")
    return Source(ca_bundle=next((environ[n] for n in names if environ.get(n)), None))


def home_of(environ: Mapping[str, str]) -> Path | None:
    """The user's home directory as the given environment has it."""
    home = environ.get("HOME")
    return Path(home) if home else None


def config_home_of(environ: Mapping[str, str]) -> Path | None:
    """`$XDG_CONFIG_HOME`, else `~/.config` (XDG Base Directory Specification)."""
    explicit = environ.get("XDG_CONFIG_HOME")
    if explicit:
        return Path(explicit)
    home = home_of(environ)
    return home / ".config" if home else None


def config_dirs_of(environ: Mapping[str, str]) -> tuple[Path, ...]:
    """`$XDG_CONFIG_DIRS`, most important first."""
    value = environ.get("XDG_CONFIG_DIRS") or "/etc/xdg"
    return tuple(Path(part) for part in value.split(":") if part)
