"""The build system that an sdist declares. Its code runs in a sandbox only, later."""

import re
import tomllib
from dataclasses import dataclass, replace
from pathlib import Path

from packaging.version import Version

from builders.errors import BuildFault, FailureCode
from builders.recipe_values import MAX_ITEMS, MAX_TEXT
from builders.sdist import CONFIG_FILE, planning_files

MAX_KEY_COST = 8_000_000
"""Sum over lines, of dots squared and dots times those of the table headers. tomllib keeps every
prefix of a dotted key, so its memory grows with that sum; honest files stay far below a million."""

LEGACY_BACKEND = "setuptools.build_meta:__legacy__"
LEGACY_BACKEND_SINCE = Version("40.8")
"""setuptools.build_meta:__legacy__ came with setuptools 40.8.0 (its changelog, 2019-02-05)."""

LEGACY_REQUIRES = ("setuptools", "wheel")

_OPTIONS = re.compile(rb"^[ \t]*\[options\]", re.MULTILINE)


@dataclass(frozen=True, kw_only=True, slots=True)
class BuildSystem:
    """The [build-system] table of PEP 518 and PEP 517, or the default where there is none.

    Attributes:
        declared: whether the source has the table; without it, direct `setup.py` calls were usual.
        has_project: whether it has the table [project] of PEP 621.
        has_options: whether it has a setup.cfg with the section [options] of setuptools.
    """

    requires: tuple[str, ...]
    backend: str
    backend_path: tuple[str, ...]
    declared: bool
    has_project: bool = False
    has_options: bool = False


def read_build_system(sdist: Path) -> BuildSystem:
    """The build system that an sdist declares.

    Raises:
        BuildFault: the archive is broken or beyond bounds, or its pyproject.toml is invalid.
    """
    files = planning_files(sdist)
    if "pyproject.toml" not in files and "setup.py" not in files:
        raise BuildFault(
            f"{sdist.name} has neither pyproject.toml nor setup.py at its root",
            code=FailureCode.BAD_SOURCE,
        )
    table = parse_project(files.get("pyproject.toml", b""), sdist.name)
    system = _build_system(table.get("build-system"), sdist.name)
    has_options = bool(_OPTIONS.search(files.get(CONFIG_FILE, b"").replace(b"\r", b"\n")))
    return replace(system, has_project="project" in table, has_options=has_options)


def parse_project(content: bytes, where: str) -> dict[str, object]:
    """The tables of a pyproject.toml, in bounded memory.

    Raises:
        BuildFault: it is invalid.
    """
    try:
        return tomllib.loads(_bounded(content.decode("utf-8")))
    except (ValueError, RecursionError) as error:
        # ValueError covers syntax, encoding, and numbers of too many digits.
        raise BuildFault(
            f"pyproject.toml of {where} is invalid: {str(error)[:300]}", code=FailureCode.BAD_SOURCE
        ) from error


def _bounded(text: str) -> str:
    lines = [line for line in text.split("\n") if "." in line]
    header = max((line.count(".") for line in lines if line.lstrip().startswith("[")), default=0)
    if sum(line.count(".") * (line.count(".") + header) for line in lines) > MAX_KEY_COST:
        raise ValueError("its keys have too many parts")
    return text


def _build_system(table: object, where: str) -> BuildSystem:
    if table is None:
        return BuildSystem(
            requires=LEGACY_REQUIRES, backend=LEGACY_BACKEND, backend_path=(), declared=False
        )
    if not isinstance(table, dict):
        raise BuildFault(f"[build-system] of {where} is no table", code=FailureCode.BAD_SOURCE)
    backend = table.get("build-backend", LEGACY_BACKEND)
    if not isinstance(backend, str) or not 0 < len(backend) <= MAX_TEXT:
        raise BuildFault(f"build-backend of {where} is no name", code=FailureCode.BAD_SOURCE)
    path = _strings(table.get("backend-path", []), "backend-path", where)
    if any(len(entry) > MAX_TEXT for entry in path):
        raise BuildFault(f"backend-path of {where} is too long", code=FailureCode.BAD_SOURCE)
    return BuildSystem(
        requires=_strings(table.get("requires", list(LEGACY_REQUIRES)), "requires", where),
        backend=backend,
        backend_path=path,
        declared=True,
    )


def _strings(value: object, key: str, where: str) -> tuple[str, ...]:
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        if len(value) <= MAX_ITEMS:
            return tuple(value)
        raise BuildFault(f"{key} of {where} is too long", code=FailureCode.BAD_SOURCE)
    raise BuildFault(f"{key} of {where} is no list of strings", code=FailureCode.BAD_SOURCE)
