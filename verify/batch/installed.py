"""What is installed in an environment, by what lies there: none of its code runs.

A `.pth` file in an environment runs whatever it likes when its interpreter starts, so that of a
virtual environment is not started at all, and any other one without `site`.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import Distribution, MetadataPathFinder
from pathlib import Path

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from verify.lock.inputs.interface import InputFault, Location

MAX_SECONDS = 30.0
"""Of an interpreter that tells where it keeps packages."""

_ASK = (
    "import json, site, sys; "
    "print(json.dumps([list(sys.version_info[:2]), site.getsitepackages()]))"
)
_LIBRARIES = re.compile(r"python(\d+)\.(\d+)t?")


@dataclass(frozen=True, kw_only=True, slots=True)
class Installed:
    """A distribution that came from an index, as far as its metadata tells."""

    requirement: str
    where: Location


@dataclass(frozen=True, kw_only=True)
class Environment:
    """What an environment holds.

    Attributes:
        python: (major, minor) of its interpreter.
        faults: what is installed there that no index tells the wheel of.
    """

    python: tuple[int, int]
    distributions: tuple[Installed, ...]
    faults: tuple[InputFault, ...]


def default_environment(environ: Mapping[str, str]) -> Path:
    """The active virtual environment, else the interpreter that is running."""
    active = environ.get("VIRTUAL_ENV")
    return Path(active) if active else Path(sys.executable)


def read_environment(place: Path) -> Environment:
    """The distributions of a virtual environment, or of an interpreter.

    Raises:
        InputFault: it is neither.
    """
    where = Location(path=str(place))
    root = _virtual(place)
    python, folders = _of_virtual(root, where) if root else _told(place, where)
    found: dict[str, Installed] = {}
    faults: list[InputFault] = []
    for folder in folders:
        for distribution in _distributions(folder):
            try:
                each = _installed(distribution, Location(path=str(folder)))
            except InputFault as fault:
                faults.append(fault)
                continue
            # The first folder on the path is what an import finds.
            found.setdefault(each.requirement.partition("==")[0], each)
    ordered = sorted(found.values(), key=lambda each: each.requirement)
    return Environment(
        python=python,
        distributions=tuple(ordered),
        faults=tuple(sorted(faults, key=str)),
    )


def _virtual(place: Path) -> Path | None:
    """The root of a virtual environment that a path is, or is the interpreter of."""
    for root in (place, place.parent.parent):
        if (root / "pyvenv.cfg").is_file():
            return root
    return None


def _of_virtual(root: Path, where: Location) -> tuple[tuple[int, int], list[Path]]:
    """PEP 405's layout: `lib/pythonX.Y/site-packages`; and the base's, where it is let in."""
    found = []
    for folder in sorted((root / "lib").glob("python*/site-packages")):
        version = _LIBRARIES.fullmatch(folder.parent.name)
        if version is not None:
            found.append(((int(version[1]), int(version[2])), folder))
    if len(found) != 1:
        raise InputFault(
            where,
            "is no virtual environment with one Python",
            hint="name its folder, the one that has pyvenv.cfg",
        )
    python, folder = found[0]
    return python, [folder]


def _told(place: Path, where: Location) -> tuple[tuple[int, int], list[Path]]:
    if not (place.is_file() and os.access(place, os.X_OK)):
        raise InputFault(
            where,
            "is neither a virtual environment nor an interpreter",
            hint="--installed PATH, where PATH is a folder with pyvenv.cfg or a python",
        )
    try:
        done = subprocess.run(
            [str(place), "-I", "-S", "-c", _ASK],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=MAX_SECONDS,
            check=True,
            cwd="/",
        )
        (major, minor), folders = json.loads(done.stdout)
        return (int(major), int(minor)), [Path(str(folder)) for folder in folders]
    except (OSError, subprocess.SubprocessError, ValueError, TypeError) as error:
        raise InputFault(where, "is no Python interpreter that says where packages are") from error


def _distributions(folder: Path) -> Iterator[Distribution]:
    yield from MetadataPathFinder.find_distributions(_context(folder))


def _context(folder: Path) -> "MetadataPathFinder.Context":
    return MetadataPathFinder.Context(path=[str(folder)])


def _installed(distribution: Distribution, where: Location) -> Installed:
    try:
        name, version = distribution.metadata["Name"], distribution.metadata["Version"]
        direct = distribution.read_text("direct_url.json")
        project = canonicalize_name(name, validate=True)
        requirement = f"{project}=={Version(version)}"
    except (InvalidVersion, ValueError, TypeError, AttributeError, KeyError, OSError) as error:
        raise InputFault(
            where,
            f"a distribution has no valid name and version: {_place(distribution)}",
            hint="install it again, or remove what is left of it",
        ) from error
    if direct is not None:
        # PEP 610: the index's wheel of that version is not what is installed.
        raise InputFault(
            where,
            f"{requirement} was not installed from an index",
            hint="check the file itself: truewheel check --file",
        )
    return Installed(requirement=requirement, where=where)


def _place(distribution: Distribution) -> str:
    path = getattr(distribution, "_path", None)
    return path.name if isinstance(path, Path) else "unknown"
