"""What a member is to `import`: which module it holds, and what it is taken before.

From `importlib`'s FileFinder: in one directory a package comes before extension modules, these
before source, source before bytecode; a directory without `__init__` comes last.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum

from verify.distinfo.targets import LIBRARY, placed
from verify.rules.kinds import BYTECODE_SUFFIXES, SOURCE_SUFFIXES

EXTENSION_SUFFIXES = (".so", ".pyd")

_MAX_RIVALS = 50
"""Files of one stem that are looked at; honest packages have two or three."""


class Precedence(IntEnum):
    """Kinds of modules, in the order in which `import` takes them."""

    PACKAGE = 0
    EXTENSION = 1
    SOURCE = 2
    BYTECODE = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Module:
    """A module by its path in the library directory, e.g. `pkg/core` for `pkg/core.py`."""

    path: str
    precedence: Precedence

    @property
    def top(self) -> str:
        """The name by which it is imported, up to the first dot."""
        return self.path.partition("/")[0]


def library_path(name: str) -> str | None:
    """Where in the library directory a member is installed; None if it is not."""
    for target in placed(name).targets:
        if target.startswith(LIBRARY):
            # As the member spells it: the target is folded, and imports are case-sensitive.
            path = name[-len(target) + len(LIBRARY) :]
            return path if path.casefold() == target.removeprefix(LIBRARY) else name
    return None


def module_of(name: str) -> Module | None:
    """The module that a member holds; None if `import` does not find one in it."""
    path = library_path(name)
    if path is None:
        return None
    directory, _, file = path.rpartition("/")
    stem, dot, _ = file.partition(".")
    kind = _kind(file)
    if not stem or not dot or kind is None:
        return None
    if stem == "__init__":
        return Module(path=directory, precedence=Precedence.PACKAGE) if directory else None
    return Module(path=f"{directory}/{stem}" if directory else stem, precedence=kind)


def rivals(module: Module, names: Sequence[str]) -> Iterator[str]:
    """The files, out of sorted names, that hold a module of the same path of a later kind."""
    prefix = f"{module.path}."
    start = bisect_left(names, prefix)
    for name in names[start : start + _MAX_RIVALS]:
        if not name.startswith(prefix):
            return
        other = module_of(name)
        if other is not None and other.path == module.path and other.precedence > module.precedence:
            yield name


def has_top(top: str, names: Sequence[str]) -> bool:
    """Whether one of the sorted names is a module or package of this name in the root."""
    return any(_has_prefix(names, f"{top}{end}") for end in ("/", "."))


def _has_prefix(names: Sequence[str], prefix: str) -> bool:
    at = bisect_left(names, prefix)
    return at < len(names) and names[at].startswith(prefix)


def _kind(file: str) -> Precedence | None:
    _, dot, suffix = file.partition(".")
    suffix = f"{dot}{suffix}"
    # The tag of an extension module comes before its suffix: `core.cpython-311-darwin.so`.
    if suffix.endswith(EXTENSION_SUFFIXES):
        return Precedence.EXTENSION
    if suffix in SOURCE_SUFFIXES:
        return Precedence.SOURCE
    return Precedence.BYTECODE if suffix in BYTECODE_SUFFIXES else None
