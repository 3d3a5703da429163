"""Which indexes to ask, and how: gathered from the places where pip's and uv's users say so."""

import contextlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

from verify.index.interface import IndexFault
from verify.index.pip_config import pip_environment_source, pip_file_source
from verify.index.sources import (
    IndexArgumentError,
    IndexConfigError,
    RawIndex,
    Source,
    argument_source,
    tls_environment_source,
)
from verify.index.urls import Credentials, split_credentials
from verify.index.uv_config import uv_environment_source, uv_file_sources


@dataclass(frozen=True, kw_only=True, slots=True)
class IndexConfig:
    """The configured indexes and how to reach them.

    Attributes:
        urls: the default index first, then the extra ones; no credentials, no trailing slash.
        credentials: of the indexes that have some, by URL.
        trusted_hosts: `host` or `host:port` whose TLS certificate is not checked.
        ca_bundle: PEM file of certificate authorities; None for the built-in ones.
        client_cert: PEM file with a client certificate and its key.
    """

    urls: tuple[str, ...]
    credentials: Mapping[str, Credentials] = field(default_factory=dict)
    trusted_hosts: tuple[str, ...] = ()
    ca_bundle: Path | None = None
    client_cert: Path | None = None


def load_config(
    *,
    index_url: str | None,
    extra_index_urls: Sequence[str],
    environ: Mapping[str, str],
    cwd: Path,
) -> IndexConfig:
    """Gather the configuration, the most important source first.

    Arguments, uv's environment, pip's environment, uv's files, pip's files. The first source that
    names a default index decides it; extra indexes of all sources count, as they do for pip and uv.
    Only an index that the command line names stands alone: somebody who asks about the files of one
    index gets no answer about those of another.

    Raises:
        IndexConfigError: a source cannot be read, or names something that is no index; it is a
            usage error where an argument does.
    """
    sources = (
        argument_source(index_url, extra_index_urls, cwd),
        uv_environment_source(environ, cwd),
        pip_environment_source(environ, cwd),
        *uv_file_sources(environ, cwd),
        pip_file_source(environ, cwd),
        tls_environment_source(environ),
    )
    located: dict[str, Credentials | None] = {}
    for index in _indexes(sources[:1] if index_url else sources, cwd):
        url, found = _located(index, environ)
        located[url] = located.get(url) or found
    return IndexConfig(
        urls=tuple(located),
        credentials={url: found for url, found in located.items() if found},
        trusted_hosts=tuple(dict.fromkeys(h for s in sources for h in s.trusted_hosts)),
        ca_bundle=_first_path((s.ca_bundle for s in sources), cwd),
        client_cert=_first_path((s.client_cert for s in sources), cwd),
    )


def uv_arguments(config: IndexConfig) -> list[str]:
    """Options that make uv use exactly these indexes; never with credentials.

    `unsafe-best-match` makes uv look for versions on all indexes together, as pip does. By default
    uv takes a project from the first index that has it, so that resolver and client would disagree
    on what exists; here files of one name must be the same bytes anyway (ConflictingFilesError).
    `--no-config` keeps uv from adding what it finds itself: everything is in `config` already.
    """
    default, *extras = (f"{_uv_name(n)}={url}" for n, url in enumerate(config.urls))
    options = ["--no-config", "--default-index", default]
    for extra in extras:
        options += ["--index", extra]
    options += ["--index-strategy", "unsafe-best-match"]
    for host in config.trusted_hosts:
        options += ["--allow-insecure-host", host]
    return options


def uv_environment(config: IndexConfig) -> dict[str, str]:
    """Variables that go with `uv_arguments`: credentials, certificates, nothing inherited.

    The empty ones matter where uv inherits an environment: uv adds UV_EXTRA_INDEX_URL to what its
    command line names.
    """
    environment = {"UV_INDEX": "", "UV_EXTRA_INDEX_URL": "", "UV_FIND_LINKS": ""}
    for number, url in enumerate(config.urls):
        found = config.credentials.get(url)
        if found:
            prefix = _credentials_prefix(_uv_name(number))
            environment[f"{prefix}_USERNAME"] = found.username
            environment[f"{prefix}_PASSWORD"] = found.password
    if config.ca_bundle:
        environment["SSL_CERT_FILE"] = str(config.ca_bundle)
    if config.client_cert:
        environment["SSL_CLIENT_CERT"] = str(config.client_cert)
    return environment


def _indexes(sources: Iterable[Source], cwd: Path) -> list[RawIndex]:
    sources = list(sources)
    defaults = [source.default for source in sources if source.default]
    extras = [extra for source in sources for extra in source.extras]
    return [defaults[0] if defaults else _shipped_default(cwd), *extras]


def _shipped_default(cwd: Path) -> RawIndex:
    return RawIndex(value=_shipped_endpoint(), base=cwd, origin="the built-in default")


def _shipped_endpoint() -> str:
    """pypi-simple's PYPI_SIMPLE_ENDPOINT, read from its source where that is to be had.

    Importing it brings pydantic and an HTML parser: a quarter of a second, on every start.
    """
    spec = find_spec("pypi_simple")
    if spec is not None and spec.origin is not None:
        with contextlib.suppress(OSError, UnicodeDecodeError):
            text = Path(spec.origin).read_text(encoding="utf-8")
            found = re.search(r'^PYPI_SIMPLE_ENDPOINT\b[^=\n]*= "([^"\n]+)"$', text, re.MULTILINE)
            if found is not None:
                return found[1]
    from pypi_simple import PYPI_SIMPLE_ENDPOINT  # noqa: PLC0415 - see above

    return PYPI_SIMPLE_ENDPOINT


def _located(index: RawIndex, environ: Mapping[str, str]) -> tuple[str, Credentials | None]:
    try:
        url, embedded = split_credentials(_as_url(index))
    except IndexFault as error:
        kind = IndexArgumentError if index.origin.startswith("--") else IndexConfigError
        raise kind(f"{index.origin}: {error.message}", hint=error.hint) from error
    return url.rstrip("/"), _credentials(index, environ) or embedded


def _as_url(index: RawIndex) -> str:
    if "://" in index.value or index.value.startswith("file:"):
        return index.value
    directory = index.base / index.value
    if directory.is_dir():
        return directory.resolve().as_uri()
    raise IndexConfigError(
        "an index is neither a URL nor a directory",
        hint="an index is written as https://..., http://... or file:///...",
    )


def _credentials(index: RawIndex, environ: Mapping[str, str]) -> Credentials | None:
    if index.name is None:
        return None
    prefix = _credentials_prefix(index.name)
    username, password = environ.get(f"{prefix}_USERNAME"), environ.get(f"{prefix}_PASSWORD")
    if username is None and password is None:
        return None
    return Credentials(username=username or "", password=password or "")


def _credentials_prefix(name: str) -> str:
    return "UV_INDEX_" + re.sub(r"[^A-Z0-9]", "_", name.upper())


def _uv_name(number: int) -> str:
    return f"truewheel-{number}"


def _first_path(values: Iterable[str | None], cwd: Path) -> Path | None:
    return next((cwd / value for value in values if value), None)
