"""Index configuration in pip's words: PIP_* variables and pip.conf files.

Which files there are, their order and how sections override each other is pip's own documented
behaviour ("Configuration", "Config Precedence"): global, user, site, PIP_CONFIG_FILE, and only then
the environment; a command's section overrides `global`.
"""

import configparser
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from verify.index.sources import (
    IndexConfigError,
    RawIndex,
    Source,
    config_dirs_of,
    config_home_of,
    home_of,
)

# `install` last: truewheel judges the wheel that `pip install` would take.
_SECTIONS = ("global", "download", "install")
_KEYS = ("index-url", "extra-index-url", "trusted-host", "cert", "client-cert")


def pip_environment_source(environ: Mapping[str, str], cwd: Path) -> Source:
    """PIP_INDEX_URL and its siblings. Empty values count as unset, as they do for pip."""
    values = {key: environ.get(_variable(key), "") for key in _KEYS}
    origins = {key: _variable(key) for key in _KEYS}
    return _source(values, origins, cwd)


def pip_file_source(environ: Mapping[str, str], cwd: Path) -> Source:
    """All pip.conf files together, without what the environment overrides.

    Raises:
        IndexConfigError: a file is there and cannot be read.
    """
    values: dict[str, str] = {}
    origins: dict[str, str] = {}
    contents = [(path, _read(path)) for path in pip_config_files(environ) if path.is_file()]
    for section in _SECTIONS:
        for path, parser in contents:
            for key in _KEYS:
                value = parser.get(section, key, fallback="")
                if value and not environ.get(_variable(key)):
                    values[key], origins[key] = value, str(path)
    return _source(values, origins, cwd)


def pip_config_files(environ: Mapping[str, str]) -> tuple[Path, ...]:
    """The files pip would read, least important first; some may not exist."""
    explicit = environ.get("PIP_CONFIG_FILE")
    if explicit == os.devnull:
        return ()
    paths = [*_global_files(environ)]
    if not (explicit and Path(explicit).exists()):
        paths += _user_files(environ)
    paths.append(Path(environ.get("VIRTUAL_ENV") or sys.prefix) / "pip.conf")
    if explicit:
        paths.append(Path(explicit))
    return tuple(paths)


def _global_files(environ: Mapping[str, str]) -> Iterator[Path]:
    for directory in config_dirs_of(environ):
        yield directory / "pip" / "pip.conf"
    yield Path("/etc/pip.conf")


def _user_files(environ: Mapping[str, str]) -> Iterator[Path]:
    home, config_home = home_of(environ), config_home_of(environ)
    if home:
        yield home / ".pip" / "pip.conf"
    if config_home:
        yield config_home / "pip" / "pip.conf"


class _Parser(configparser.RawConfigParser):
    def optionxform(self, optionstr: str) -> str:
        return optionstr.lower().replace("_", "-").removeprefix("--")


def _read(path: Path) -> _Parser:
    parser = _Parser()
    try:
        parser.read_string(path.read_text(encoding="utf-8"), source=str(path))
    except (OSError, UnicodeError, configparser.Error) as error:
        raise IndexConfigError(
            f"pip's configuration file {path} cannot be read: {_fault(error)}",
            hint="correct the file, or set PIP_CONFIG_FILE to the null device to ignore such files",
        ) from error
    return parser


def _fault(error: OSError | UnicodeError | configparser.Error) -> str:
    """What is wrong with a file; never the line itself, which may hold a password."""
    match error:
        case OSError():
            return error.strerror or type(error).__name__
        case UnicodeError():
            return "it is not UTF-8"
        case configparser.MissingSectionHeaderError(lineno=line):
            return f"line {line} is in no section"
        case configparser.ParsingError(errors=[(int(line), _), *_]):
            return f"line {line} is no KEY = VALUE"
        case configparser.DuplicateOptionError() | configparser.DuplicateSectionError():
            return f"line {error.lineno} says again what a line before it says"
    return "it is no configuration file"


def _source(values: Mapping[str, str], origins: Mapping[str, str], cwd: Path) -> Source:
    defaults = _indexes(values, origins, "index-url", cwd)
    return Source(
        default=defaults[0] if defaults else None,
        extras=_indexes(values, origins, "extra-index-url", cwd),
        trusted_hosts=tuple(values.get("trusted-host", "").split()),
        ca_bundle=values.get("cert") or None,
        client_cert=values.get("client-cert") or None,
    )


def _indexes(
    values: Mapping[str, str], origins: Mapping[str, str], key: str, cwd: Path
) -> tuple[RawIndex, ...]:
    written = values.get(key, "").split()
    return tuple(RawIndex(value=value, base=cwd, origin=origins[key]) for value in written)


def _variable(key: str) -> str:
    return "PIP_" + key.upper().replace("-", "_")
