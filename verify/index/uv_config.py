"""Index configuration in uv's words: UV_* variables, uv.toml, `[tool.uv]` of pyproject.toml.

Order and discovery follow uv's documentation ("Configuration files", "Package indexes"): the
nearest project file, then the user's, then the system's; uv.toml hides a pyproject.toml beside it.
Indexes that are `explicit` (used only for packages pinned to them) or flat lists are no simple
indexes for all packages, and left out.
"""

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

from verify.index.sources import (
    IndexConfigError,
    RawIndex,
    Source,
    config_dirs_of,
    config_home_of,
)

_Table = Mapping[str, object]


def uv_environment_source(environ: Mapping[str, str], cwd: Path) -> Source:
    """UV_DEFAULT_INDEX (or the older UV_INDEX_URL), UV_INDEX and UV_EXTRA_INDEX_URL."""
    defaults = [
        *_from_variable(environ, "UV_DEFAULT_INDEX", cwd),
        *_from_variable(environ, "UV_INDEX_URL", cwd),
    ]
    extras = [
        *_from_variable(environ, "UV_INDEX", cwd),
        *_from_variable(environ, "UV_EXTRA_INDEX_URL", cwd),
    ]
    return Source(
        default=defaults[0] if defaults else None,
        extras=tuple(extras),
        trusted_hosts=tuple(environ.get("UV_INSECURE_HOST", "").split()),
        client_cert=environ.get("SSL_CLIENT_CERT") or None,
    )


def uv_file_sources(environ: Mapping[str, str], cwd: Path) -> tuple[Source, ...]:
    """One source per uv configuration file, most important first.

    Raises:
        IndexConfigError: a file is there and cannot be read, or a value has the wrong type.
    """
    return tuple(_source(table, path) for path, table in _tables(environ, cwd))


def _from_variable(environ: Mapping[str, str], name: str, cwd: Path) -> Iterator[RawIndex]:
    for written in environ.get(name, "").split():
        yield _named(written, cwd, name)


def _named(written: str, base: Path, origin: str) -> RawIndex:
    # uv's grammar: `name=url`; a URL's own query may hold an equals sign, but never before a colon
    # or a slash.
    name, equals, rest = written.partition("=")
    if not equals or not name or ":" in name or "/" in name:
        return RawIndex(value=written, base=base, origin=origin)
    return RawIndex(value=rest, name=name, base=base, origin=origin)


def _tables(environ: Mapping[str, str], cwd: Path) -> Iterator[tuple[Path, _Table]]:
    if environ.get("UV_NO_CONFIG", "").lower() in {"1", "true", "yes", "on", "y", "t"}:
        return
    explicit = environ.get("UV_CONFIG_FILE")
    if explicit:
        yield Path(explicit), _read(cwd / explicit)
        return
    yield from _project_table(cwd)
    config_home = config_home_of(environ)
    if config_home:
        yield from _first([config_home])
    yield from _first([*config_dirs_of(environ), Path("/etc")])


def _project_table(cwd: Path) -> Iterator[tuple[Path, _Table]]:
    for directory in (cwd, *cwd.parents):
        own, shared = directory / "uv.toml", directory / "pyproject.toml"
        if own.is_file():
            yield own, _read(own)
            return
        if shared.is_file():
            tool = _read(shared).get("tool")
            table = tool.get("uv") if isinstance(tool, Mapping) else None
            if isinstance(table, Mapping):
                yield shared, table
                return


def _first(directories: list[Path]) -> Iterator[tuple[Path, _Table]]:
    for path in (directory / "uv" / "uv.toml" for directory in directories):
        if path.is_file():
            yield path, _read(path)
            return


def _read(path: Path) -> _Table:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise IndexConfigError(
            f"uv's configuration file {path} cannot be read: {error}",
            hint="correct the file, or set UV_NO_CONFIG=1 to ignore uv's configuration",
        ) from error


def _source(table: _Table, path: Path) -> Source:
    entries = [entry for entry in _entries(table, path) if _is_for_all_packages(entry)]
    defaults = [_index(entry, path) for entry in entries if entry.get("default") is True]
    extras = [_index(entry, path) for entry in entries if entry.get("default") is not True]
    legacy = _strings(table, "index-url", path)
    defaults += [_named(value, path.parent, str(path)) for value in legacy]
    older = _strings(table, "extra-index-url", path)
    extras += [_named(value, path.parent, str(path)) for value in older]
    return Source(
        default=defaults[0] if defaults else None,
        extras=tuple(extras),
        trusted_hosts=tuple(_strings(table, "allow-insecure-host", path)),
    )


def _entries(table: _Table, path: Path) -> list[_Table]:
    entries = table.get("index", [])
    if not isinstance(entries, list) or not all(isinstance(e, Mapping) for e in entries):
        raise IndexConfigError(f"{path}: `index` is not an array of tables")
    return entries


def _is_for_all_packages(entry: _Table) -> bool:
    return entry.get("explicit") is not True and entry.get("format") != "flat"


def _index(entry: _Table, path: Path) -> RawIndex:
    url, name = entry.get("url"), entry.get("name")
    if not isinstance(url, str) or not isinstance(name, str | None):
        raise IndexConfigError(f"{path}: an entry of `index` has no `url`, or an invalid `name`")
    return RawIndex(value=url, name=name, base=path.parent, origin=str(path))


def _strings(table: _Table, key: str, path: Path) -> list[str]:
    value = table.get(key, [])
    values = [value] if isinstance(value, str) else value
    if not isinstance(values, list) or not all(isinstance(v, str) for v in values):
        raise IndexConfigError(f"{path}: `{key}` is neither a string nor an array of strings")
    return values
