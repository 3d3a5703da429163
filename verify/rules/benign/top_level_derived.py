"""Rule `top-level-derived`: top_level.txt says what the members show.

Explains: both sides list the same names, each once, in another order or with the other line end; or
only one side has the file, and it lists exactly the modules and packages that the members of that
side put into the root of site-packages.

Harmless because: setuptools derives the file from the members and once wrote it in the order of a
set; the names are plain identifiers that are all there to be imported; no installer reads the file,
and who maps modules to distributions by it (`importlib.metadata`) learns the truth.
"""

import re

from verify.archive.facts import benign
from verify.archive.reader import Archive
from verify.finding import Finding
from verify.rules.interface import Context, Difference, Side
from verify.rules.kinds import is_executable
from verify.rules.lines import plain_lines

_FILE = "top_level.txt"
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")
_CODE = (".py", ".so", ".pyd")
_LIBRARIES = ("purelib", "platlib")


def top_level_derived(difference: Difference, context: Context) -> Finding | None:
    """Explain a top_level.txt that follows from the members, or differs in order only."""
    if not context.in_dist_info(difference, _FILE):
        return None
    sides = [side for side in (difference.published, difference.rebuilt) if side]
    listed = [_listed(side) for side in sides]
    names = listed[0]
    if names is None or any(other != names for other in listed):
        return None
    if len(sides) == 1 and names != _top_levels(sides[0].archive):
        return None
    return benign(
        "top-level-derived",
        "top_level.txt lists exactly what the members show, or the same names in another order.",
        member=difference.name,
        names=sorted(names),
    )


def _listed(side: Side) -> frozenset[str] | None:
    """The names of the file, if it holds nothing but names, each once.

    Without any, setuptools writes one empty line.
    """
    data = side.data()
    lines = None if data is None else plain_lines(data)
    if lines is None or is_executable(side) or len(set(lines)) != len(lines):
        return None
    if lines == ("",):
        return frozenset()
    return frozenset(lines) if all(map(_NAME.fullmatch, lines)) else None


def _top_levels(archive: Archive) -> frozenset[str]:
    names = (member.name for member in archive.members if member.name.endswith(_CODE))
    return frozenset(filter(_NAME.fullmatch, map(_imported_as, names)))


def _imported_as(name: str) -> str:
    """The first part of the name under which a file with code may be imported."""
    top, _, below = name.partition("/")
    if top.endswith(".data"):
        scheme, _, path = below.partition("/")
        return _imported_as(path) if scheme in _LIBRARIES else ""
    if below:
        return top
    return top.removesuffix(".py") if top.endswith(".py") else top.partition(".")[0]
