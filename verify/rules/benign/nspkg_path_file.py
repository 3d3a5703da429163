"""Rule `nspkg-path-file`: a namespace package's `.pth` names another Python version.

Explains: `NAME-VERSION-pyX.Y-nspkg.pth` in the root of both wheels, with equal bytes, where the
names differ in X.Y only, start with the name and version of the dist-info directory, and are the
only path files that either wheel puts where `site` reads them. Only one of them is executable if
all files of the published wheel are. Each line is one that a release of setuptools writes, for a
package whose name is made of plain identifiers.

Harmless because: the bytes are the rebuilt ones, and `site` reads every `.pth` whatever its name;
setuptools puts the version of the Python that runs it into the name. Nothing runs it as a program,
and on some file systems every file has that mode. `site` goes through path files
in the order of their names, which changes for no other file of the wheel.
"""

import re

from packaging.utils import canonicalize_name

from verify.archive.facts import benign
from verify.archive.reader import Archive
from verify.distinfo.targets import LIBRARY, placed
from verify.finding import Finding
from verify.rules.interface import Context, Difference, Side
from verify.rules.moved import moved

_NAME = re.compile(
    r"([A-Za-z0-9][A-Za-z0-9._]*-[0-9][A-Za-z0-9._+!]*)-py(?:2\.[67]|3\.[0-9]{1,2})-nspkg\.pth"
)
_SUFFIXES = (".pth", ".start")
"""What `site` reads; the second since Python 3.15."""

_PACKAGE = r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*"
_MAX_SIZE = 16 * 1024
_EXECUTABLE = 0o111

_ROOT = "p = os.path.join(sys._getframe(1).f_locals['sitedir'], *%(path)r)"
_NO_INIT = "ie = os.path.exists(os.path.join(p,'__init__.py'))"
_PATH = (
    "mp = (m or []) and m.__dict__.setdefault('__path__',[])",
    "(p not in mp) and mp.append(p)",
)
_MODULE = "sys.modules.setdefault(%(package)r, types.ModuleType(%(package)r))"
_FOUND = (
    "sys.modules.setdefault(%(package)r, importlib.util.module_from_spec("
    "importlib.machinery.PathFinder.find_spec(%(package)r, [os.path.dirname(p)])))"
)
_CHILD = "m and setattr(sys.modules[%(parent)r], %(child)r, m)"

_HAS_SPECS = (
    "import sys, types, os",
    "has_mfs = sys.version_info > (3, 5)",
    _ROOT,
    "importlib = has_mfs and __import__('importlib.util')",
    "has_mfs and __import__('importlib.machinery')",
    f"m = has_mfs and {_FOUND}",
)

_TEMPLATES: tuple[tuple[str, tuple[str, ...]], ...] = (
    # setuptools 0.6.2 to 5.1
    (
        "; ",
        (
            "import sys,types,os",
            _ROOT,
            _NO_INIT,
            "m = not ie and sys.modules.setdefault(%(package)r,types.ModuleType(%(package)r))",
            *_PATH,
        ),
    ),
    # 5.2 to 28.1
    (";", ("import sys, types, os", _ROOT, _NO_INIT, f"m = not ie and {_MODULE}", *_PATH)),
    # 28.3 to 30.4
    (
        ";",
        (
            "import sys, types, os",
            "pep420 = sys.version_info > (3, 3)",
            _ROOT,
            _NO_INIT,
            f"m = not ie and not pep420 and {_MODULE}",
            *_PATH,
        ),
    ),
    # 31.0 to 34.2
    (";", (*_HAS_SPECS, f"m = m or not has_mfs and {_MODULE}", *_PATH)),
    # 34.3 to 69.0
    (";", (*_HAS_SPECS, f"m = m or {_MODULE}", *_PATH)),
    # since 69.1
    (
        ";",
        (
            "import sys, types, os",
            _ROOT,
            "importlib = __import__('importlib.util')",
            "__import__('importlib.machinery')",
            f"m = {_FOUND}",
            f"m = m or {_MODULE}",
            *_PATH,
        ),
    ),
)
"""Separator and statements, from the history of `setuptools/command/install_egg_info.py` and
`setuptools/namespaces.py`; a package with a parent gets `_CHILD` as one more."""

_FIRST_PACKAGE = re.compile(rf"sys\.modules\.setdefault\('({_PACKAGE})',")


def nspkg_path_file(difference: Difference, context: Context) -> Finding | None:
    """Explain either end of a renamed namespace package file."""
    side = difference.published or difference.rebuilt
    if side is None or not _is_named_after(difference.name, context.dist_info):
        return None
    found = moved(
        difference, context, key=_key, may_have_any_mode=_is_of_one_mode(context.published)
    )
    if found is None or not _is_template(side):
        return None
    if not (_is_only_one(context.published) and _is_only_one(context.rebuilt)):
        return None
    return benign(
        "nspkg-path-file",
        "The .pth file of a namespace package names another Python version, with equal bytes.",
        member=difference.name,
        published=found[0],
        rebuilt=found[1],
    )


def _key(name: str) -> str | None:
    match = _NAME.fullmatch(name)
    return match and match[1]


def _is_named_after(name: str, dist_info: str | None) -> bool:
    ours, theirs = _key(name), (dist_info or "").removesuffix(".dist-info")
    # Both are escaped, each by its own rule: runs of "-", "_" and "." mean the same.
    return ours is not None and canonicalize_name(ours) == canonicalize_name(theirs)


def _is_only_one(archive: Archive) -> bool:
    return sum(_is_read_by_site(member.name) for member in archive.members) == 1


def _is_of_one_mode(archive: Archive) -> bool:
    """Whether every file is executable, as on file systems that keep no modes."""
    return all(member.mode & _EXECUTABLE for member in archive.members if not member.is_dir)


def _is_read_by_site(name: str) -> bool:
    if not name.casefold().endswith(_SUFFIXES):
        return False
    targets = placed(name).targets
    return any(target.startswith(LIBRARY) and "/" not in target for target in targets)


def _is_template(side: Side) -> bool:
    """Whether the file is what one release of setuptools writes."""
    if side.content.size > _MAX_SIZE:
        return False
    text = (side.data() or b"").decode("utf-8", "replace")
    packages = [_FIRST_PACKAGE.search(line) for line in text.split("\n")[:-1]]
    names = [match[1] for match in packages if match]
    return bool(names) and any(
        text == "".join(_line(separator, statements, name) for name in names)
        for separator, statements in _TEMPLATES
    )


def _line(separator: str, statements: tuple[str, ...], package: str) -> str:
    parent, _, child = package.rpartition(".")
    whole = (*statements, _CHILD) if parent else statements
    values = {
        "package": package,
        "path": tuple(package.split(".")),
        "parent": parent,
        "child": child,
    }
    return separator.join(whole) % values + "\n"
