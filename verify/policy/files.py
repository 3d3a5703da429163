"""Which file configures truewheel: the nearest `truewheel.toml`, else `[tool.truewheel]`."""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from verify.policy.errors import PolicyFault
from verify.policy.located import Located

OWN = "truewheel.toml"
SHARED = "pyproject.toml"
_TABLE = "truewheel"
_ROOT = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class ConfigFile:
    """A file that was found or named.

    Attributes:
        source: its name relative to where truewheel was started.
        top: the table that is truewheel's.
        is_named: a person named it, so that it may choose what runs where.
    """

    source: str
    top: Located
    is_named: bool


def find_config(cwd: Path, user: int | None = None) -> ConfigFile | None:
    """The nearest file from a directory upwards that configures truewheel, None without one.

    Args:
        cwd: where to begin.
        user: whose files count, None for who runs this.

    Raises:
        PolicyFault: one that would count cannot be read, or is somebody else's.
    """
    for folder in (cwd, *cwd.parents):
        for name in (OWN, SHARED):
            path = folder / name
            if not _is_there(path, cwd):
                continue
            top = _top(path, _shown(path, cwd))
            if top is not None:
                _require_own(path, cwd, os.geteuid() if user is None else user)
                return ConfigFile(source=top.file, top=top, is_named=False)
    return None


def named_config(path: Path, cwd: Path) -> ConfigFile:
    """The file that a person named.

    Raises:
        PolicyFault: it cannot be read, or is a pyproject.toml that says nothing to truewheel.
    """
    shown = _shown(path, cwd)
    top = _top(path, shown)
    if top is None:
        raise PolicyFault(f"{shown} has no table [tool.{_TABLE}]")
    return ConfigFile(source=shown, top=top, is_named=True)


def _top(path: Path, shown: str) -> Located | None:
    content = _read(path, shown)
    if path.name != SHARED:
        return Located(file=shown, path="", value=content)
    tool = content.get("tool")
    if not isinstance(tool, Mapping) or _TABLE not in tool:
        return None
    return Located(file=shown, path=f"tool.{_TABLE}", value=tool[_TABLE])


def _is_there(path: Path, cwd: Path) -> bool:
    try:
        return path.is_file()
    except OSError as error:
        raise _unreadable(_shown(path, cwd), error) from error


def _read(path: Path, shown: str) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise _unreadable(shown, error) from error


def _unreadable(shown: str, error: Exception) -> PolicyFault:
    # An error of the system names the file as well, by its whole path.
    told = error.strerror if isinstance(error, OSError) else error
    hint = "correct it, or name another file with --config"
    return PolicyFault(f"{shown} cannot be read: {told}", hint=hint)


def _shown(path: Path, cwd: Path) -> str:
    return os.path.relpath(path.absolute(), cwd)


def _require_own(path: Path, cwd: Path, user: int) -> None:
    """Whoever may write above a directory, as all may to /tmp, does not decide for its owner."""
    owners = {path.stat().st_uid, path.lstat().st_uid}
    if owners <= {user, _ROOT, cwd.stat().st_uid}:
        return
    raise PolicyFault(
        f"{_shown(path, cwd)} belongs to another user, who does not own this directory either",
        hint="name it with --config if it is to count",
    )
