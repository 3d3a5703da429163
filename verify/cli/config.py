"""`--config FILE`: defaults for options, from a TOML file."""

import tomllib
from pathlib import Path
from typing import Any

import click

from verify.errors import UsageFault

KEYS = {
    "cache-dir": "cache_dir",
    "extra-index-url": "extra_index_urls",
    "index-url": "index_url",
    "memory": "memory",
    "offline": "offline",
    "sandbox": "sandbox",
    "timeout": "timeout",
}
"""What the file may hold, and the parameter that each key is a default for."""


def load_defaults(context: click.Context, _parameter: click.Parameter, path: Path | None) -> None:
    """Take a file's values as the defaults of a command; those it has no option for do not count.

    Raises:
        UsageFault: the file cannot be read, or holds a key that is none of KEYS.
    """
    if path is not None:
        context.default_map = {KEYS[key]: value for key, value in _read(path).items()}


def _read(path: Path) -> dict[str, Any]:
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise UsageFault(f"{path} cannot be read: {error}") from error
    unknown = sorted(set(table) - set(KEYS))
    if unknown:
        raise UsageFault(
            f"{path} holds an unknown key {unknown[0]!r}",
            hint=f"known are: {', '.join(sorted(KEYS))}",
        )
    return table
