"""Rule `namespace-packages-derived`: namespace_packages.txt says what the packages say themselves.

Explains: both sides list the same packages, each once, in another order or with the other line end;
or only one side has the file, and the `__init__.py` of each package that it lists is in both wheels
with equal bytes, does nothing but declare the namespace, and is all that either wheel has for the
package: no extension module, bytecode or other file that could be imported in its place.

Harmless because: all that the file makes anybody do (`pkg_resources` declares the packages) these
packages do themselves when they are imported.
"""

import re
from collections import Counter

from verify.archive.facts import benign
from verify.archive.folding import folded
from verify.archive.reader import Archive
from verify.distinfo.targets import LIBRARY, placed
from verify.finding import Finding
from verify.rules.interface import Context, Difference, Side
from verify.rules.kinds import is_executable
from verify.rules.lines import plain_lines, with_feeds

_FILE = "namespace_packages.txt"
_PACKAGE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,60}(?:\.[A-Za-z_][A-Za-z0-9_]{0,60}){0,4}")
_INIT = "__init__."
_CACHE = "/__pycache__"
_MAX_LISTED = 64
_MAX_SIZE = 256

_DECLARATIONS = frozenset(
    {
        b"__import__('pkg_resources').declare_namespace(__name__)",
        b'__import__("pkg_resources").declare_namespace(__name__)',
        b"import pkg_resources\npkg_resources.declare_namespace(__name__)",
        (
            b"try:\n    __import__('pkg_resources').declare_namespace(__name__)\n"
            b"except ImportError:\n    from pkgutil import extend_path\n"
            b"    __path__ = extend_path(__path__, __name__)"
        ),
        (
            b"try:\n    import pkg_resources\n    pkg_resources.declare_namespace(__name__)\n"
            b"except ImportError:\n    import pkgutil\n"
            b"    __path__ = pkgutil.extend_path(__path__, __name__)"
        ),
    }
)
"""What setuptools' documentation tells authors to write, in the spellings that are common."""


def namespace_packages_derived(difference: Difference, context: Context) -> Finding | None:
    """Explain a namespace_packages.txt that says nothing of its own."""
    if not context.in_dist_info(difference, _FILE):
        return None
    sides = [side for side in (difference.published, difference.rebuilt) if side]
    listed = [_listed(side) for side in sides]
    names = listed[0]
    if names is None or any(other != names for other in listed):
        return None
    if len(sides) == 1 and not _declare_themselves(names, context):
        return None
    return benign(
        "namespace-packages-derived",
        "namespace_packages.txt says what its packages declare, or the same in another order.",
        member=difference.name,
        names=sorted(names),
    )


def _listed(side: Side) -> frozenset[str] | None:
    data = side.data()
    lines = None if data is None else plain_lines(data)
    if lines is None or is_executable(side) or not len(set(lines)) == len(lines) <= _MAX_LISTED:
        return None
    return frozenset(lines) if all(map(_PACKAGE.fullmatch, lines)) else None


def _declare_themselves(packages: frozenset[str], context: Context) -> bool:
    return all(_declares_itself(name, context) for name in packages) and all(
        inits[_directory(name)] == 1
        for inits in map(_inits, (context.published, context.rebuilt))
        for name in packages
    )


def _inits(archive: Archive) -> Counter[str]:
    """By directory in the library, folded: files that may be its `__init__`, of any suffix."""
    found: Counter[str] = Counter()
    for member in archive.members:
        # Most names end here; folding keeps ASCII letters where they are.
        if _INIT in member.name.casefold() or not member.name.isascii():
            for target in placed(member.name).targets:
                directory, slash, file = target.rpartition("/")
                if slash and file.startswith(_INIT):
                    found[directory.removesuffix(_CACHE)] += 1
    return found


def _directory(package: str) -> str:
    return LIBRARY + folded(package.replace(".", "/"))


def _declares_itself(package: str, context: Context) -> bool:
    name = f"{package.replace('.', '/')}/__init__.py"
    member = context.published.by_name.get(name)
    if member is None or name in context.differences or name not in context.rebuilt.by_name:
        return False
    if member.index not in context.published.contents or member.size > _MAX_SIZE:
        return False
    source = with_feeds(b"".join(context.published.windows(member)))
    return source is not None and source.removesuffix(b"\n") in _DECLARATIONS
