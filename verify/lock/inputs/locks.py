"""From a path to a lock: which format it is, by its name and else by what it says."""

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from verify.lock.inputs.interface import InputFault, Location, Lock, LockedPackage, LockFormat
from verify.lock.inputs.pdm_lock import read_pdm_lock
from verify.lock.inputs.pinned_requirements import pinned_packages
from verify.lock.inputs.poetry_lock import read_poetry_lock
from verify.lock.inputs.pylock import read_pylock
from verify.lock.inputs.reading import Read, decoded_utf8
from verify.lock.inputs.requirements_txt import read_requirements
from verify.lock.inputs.toml_text import TomlText, parse_toml
from verify.lock.inputs.uv_lock import read_uv_lock

_NAMES = {
    "uv.lock": LockFormat.UV,
    "poetry.lock": LockFormat.POETRY,
    "pdm.lock": LockFormat.PDM,
}
_PYLOCK = re.compile(r"pylock(?:\.[^.]+)?\.toml")
_READERS: Mapping[LockFormat, Callable[[TomlText], Iterator[LockedPackage]]] = {
    LockFormat.UV: read_uv_lock,
    LockFormat.POETRY: read_poetry_lock,
    LockFormat.PDM: read_pdm_lock,
    LockFormat.PYLOCK: read_pylock,
}
_OTHERS = {
    "pyproject.toml": "name the lock that was made of it, such as uv.lock or pylock.toml",
    "Pipfile.lock": "write it out first: pipenv requirements --hash > requirements.txt",
    "Pipfile": "write its lock out first: pipenv requirements --hash > requirements.txt",
    "conda-lock.yml": "conda packages are no wheels",
}
KNOWN = "requirements.txt with hashes, pylock.toml, uv.lock, poetry.lock or pdm.lock"


def read_lock(path: Path, read: Read, environ: Mapping[str, str]) -> Lock:
    """Read a lock of any known format.

    Raises:
        InputFault: it, or a requirements file that it includes, cannot be read or is none.
    """
    where = Location(path=str(path))
    if path.name in _OTHERS:
        raise InputFault(where, "is not a lock that can be checked", hint=_OTHERS[path.name])
    if _is_toml(path):
        document = parse_toml(decoded_utf8(read(path), where), where)
        kind = _NAMES.get(path.name) or _by_content(document)
        packages = tuple(_READERS[kind](document))
        return Lock(path=str(path), format=kind, packages=packages)
    file = read_requirements(path, read, environ)
    packages = tuple(pinned_packages(file))
    return Lock(path=str(path), format=LockFormat.REQUIREMENTS, packages=packages)


def is_of_another_tool(name: str) -> bool:
    """Whether a file of that name is what another tool writes and reads, whatever is in it."""
    return name in _NAMES or name in _OTHERS


def _is_toml(path: Path) -> bool:
    return path.name in _NAMES or path.suffix in {".toml", ".lock"}


def _by_content(document: TomlText) -> LockFormat:
    table = document.table
    if _PYLOCK.fullmatch(Path(document.where.path).name) or "lock-version" in table:
        return LockFormat.PYLOCK
    metadata: Any = table.get("metadata")
    if isinstance(metadata, Mapping):
        if "lock_version" in metadata:
            return LockFormat.PDM
        if "lock-version" in metadata or "content-hash" in metadata:
            return LockFormat.POETRY
    if "package" in table and "version" in table:
        return LockFormat.UV
    raise InputFault(document.where, "is no lock that truewheel knows", hint=f"it reads {KNOWN}")
