"""What the scripts of a source ask their surroundings, read from their text and never run.

A setup.py may compile only where a variable of the environment says so, or where a tool can be
imported. Which ones these are stands in its text. The source may be anybody's: reading is bounded,
and what cannot be parsed asks nothing.
"""

import ast
import re
import tomllib
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import NormalizedName, canonicalize_name

from builders.errors import BuildFault
from builders.requirements import UNREADABLE
from builders.sdist import MAX_UNPACKED, READ_FILE, SdistFile, all_files
from builders.source import parse_project
from builders.switch_names import is_switch, rank

MAX_FILE = 256 * 1024
"""Bytes of a script; longer ones than any honest setup.py."""

MAX_BYTES = 4 * 1024**2
"""Bytes of all that is kept of a source."""

MAX_SCRIPTS = 30
MAX_DEPTH = 3
MAX_LITERALS = 200
MAX_NAME = 255
"""Characters of a path; longer ones than any script or list of requirements has."""

MAX_COMPARED = 1000
"""Parts of a comparison; those of honest scripts have a handful."""

MAX_READ = 200_000
"""Parts of all comparisons of a script; one inside of another is read once more."""

_ROOTS = ("setup.py", "hatch_build.py", "build.py", "pdm_build.py")
"""Scripts that backends run by these names (setuptools, Hatch, Poetry, PDM)."""

_MUST_PARSE = (SyntaxError, ValueError, RecursionError, MemoryError)

_REQUIREMENTS = re.compile(r"(?:[^/]+/)?[^/]*requirements?[^/]*(?:/[^/]+)?\.(?:txt|in)")

_READING = frozenset({"get", "getenv", "pop"})
_ENVIRONMENTS = frozenset({"environ", "environb", "env"})

_USUAL = "1"
_TRUE = ("1", "true", "yes", "on", "y")

_CERTAIN = 2
"""The rank from which on a name is about extension modules, whoever reads it."""

_HOOKS_ENABLED = "HATCH_BUILD_HOOKS_ENABLE"
"""Has Hatch run hooks that say `enable-by-default = false` (its manual, "Build hooks")."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Switch:
    """A variable of the environment that a build script reads.

    Attributes:
        name: of the variable.
        values: those that turn something on, the likeliest first.
    """

    name: str
    values: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Scripts:
    """What the scripts of a source ask their surroundings.

    Attributes:
        switches: variables, as the scripts read them.
        published_with: variables that the source says its own wheels are built with.
        tools: distributions that make extension modules and that the scripts import, by name.
        pins: exact versions of these that the source's own lists of requirements name, as lines
            that may have markers.
    """

    switches: tuple[Switch, ...] = ()
    published_with: Mapping[str, str] = field(default_factory=dict)
    tools: tuple[NormalizedName, ...] = ()
    pins: tuple[str, ...] = ()

    @property
    def choices(self) -> frozenset[tuple[str, str]]:
        """Every variable with every value that the source asks for."""
        read = {(switch.name, value) for switch in self.switches for value in switch.values}
        return frozenset(read | {*self.published_with.items()})


NOTHING = Scripts()


def read_scripts(sdist: Path) -> Scripts:
    """What the build scripts of an sdist ask; nothing for one that cannot be read."""
    try:
        with closing(all_files(sdist, limit=MAX_UNPACKED)) as members:
            texts = _kept(members)
    except BuildFault:
        return NOTHING
    project = _project(texts.get(READ_FILE, ""))
    trees = [*_parsed(texts, project)]
    known = {tool for tree in trees for tool in _tools(tree)}
    return Scripts(
        switches=(*_hooks(project), *_merged(switch for tree in trees for switch in _read(tree))),
        published_with=_published_with(project),
        tools=tuple(sorted(known)),
        pins=tuple(_pins(texts, known)),
    )


def tool_of(module: str) -> NormalizedName | None:
    """The distribution that has a module which build scripts import; None for an unknown one."""
    top = module.partition(".")[0]
    return _modules("extensions").get(top) or _modules("others").get(top)


def tools() -> frozenset[NormalizedName]:
    """Every distribution that a build may have without the source asking for it."""
    return frozenset({*_modules("extensions").values(), *_modules("others").values()})


@cache
def _modules(kind: str) -> Mapping[str, NormalizedName]:
    text = files("builders.knowledge").joinpath("build_tools.toml").read_text(encoding="utf-8")
    return {module: canonicalize_name(name) for module, name in tomllib.loads(text)[kind].items()}


def _kept(members: Iterable[SdistFile]) -> dict[str, str]:
    """The text of Python files near the root, of pyproject.toml and of lists of requirements.

    The keys are paths below the root, which is the archive's one directory.
    """
    found: dict[str, str] = {}
    left = MAX_BYTES
    for member in members:
        parts = PurePosixPath(member.name).parts
        name = "/".join(parts[1:])
        if len(name) > MAX_NAME:
            continue
        is_list = _REQUIREMENTS.fullmatch(name) is not None
        is_script = name.endswith(".py") and len(parts) <= MAX_DEPTH + 1
        if name in found or not (name == READ_FILE or is_script or is_list):
            continue
        content = b""
        for piece in member.pieces():
            content += piece
            if len(content) > min(MAX_FILE, left):
                break
        else:
            left -= len(content)
            found[name] = content.decode("utf-8", "replace")
    return found


def _project(text: str) -> Mapping[str, Any]:
    try:
        return parse_project(text.encode(), READ_FILE)
    except BuildFault:
        return {}


def _table(value: object, *keys: str) -> Mapping[str, Any]:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def _parsed(texts: Mapping[str, str], project: Mapping[str, Any]) -> Iterator[ast.AST]:
    """The scripts that a build runs, and what of the source they import, parsed."""
    system = _table(project, "build-system")
    paths = system.get("backend-path")
    places = [str(path).strip("./") for path in paths] if isinstance(paths, list) else []
    backend = str(system.get("build-backend", "")).partition(":")[0]
    left = [*_ROOTS, *(name for place in places for name in _files_of(backend, place))]
    seen: set[str] = set()
    for _ in range(MAX_SCRIPTS * 20):
        if not left or len(seen) == MAX_SCRIPTS:
            return
        name = left.pop(0)
        if name in seen or name not in texts:
            continue
        seen.add(name)
        tree = _tree(texts[name])
        if tree is not None:
            yield tree
            beside = str(PurePosixPath(name).parent).strip(".")
            left += [
                path
                for module in _imported(tree)
                for place in ("", beside, *places)
                for path in _files_of(module, place)
            ]


def _files_of(module: str, place: str) -> Iterator[str]:
    path = "/".join(part for part in (place, *module.split(".")) if part)
    yield f"{path}.py"
    yield f"{path}/__init__.py"


def _tree(text: str) -> ast.AST | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ast.parse(text)
        except _MUST_PARSE:
            return None


def _imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _tools(tree: ast.AST) -> Iterator[NormalizedName]:
    for module in _imported(tree):
        tool = _modules("extensions").get(module.partition(".")[0])
        if tool is not None:
            yield tool


def _read(tree: ast.AST) -> Iterator[Switch]:
    """The variables that a script reads, in order."""
    own = [(node, name) for node in ast.walk(tree) if (name := _variable(node)) is not None]
    names = [name for _, name in own if name]
    if len(names) < len(own):  # a helper is told which one
        names += [name for name in _constants(tree) if is_switch(name, _USUAL)]
    compared = _compared(tree)
    words = tuple(_words(tree))
    for name in [*dict.fromkeys(names)][:MAX_LITERALS]:
        nodes = {id(node) for node, read in own if read == name}
        told = [value for value, inner in compared if not nodes.isdisjoint(inner)]
        values = dict.fromkeys([*told, _USUAL, *words])
        fit = tuple(value for value in values if is_switch(name, value))
        if fit:
            yield Switch(name=name, values=fit)


def _variable(node: ast.AST) -> str | None:
    """The variable that an expression reads, empty for one that is no constant; else None."""
    match node:
        case ast.Call(func=ast.Attribute(value=place, attr=method), args=[key, *_]):
            is_read = method in _READING and (_ends(place, _ENVIRONMENTS) or method == "getenv")
        case ast.Call(func=ast.Name(id="getenv"), args=[key, *_]):
            is_read = True
        case ast.Subscript(value=place, slice=key, ctx=ast.Load()):
            is_read = _ends(place, _ENVIRONMENTS)
        case ast.Compare(left=key, ops=[ast.In() | ast.NotIn()], comparators=[place]):
            is_read = _ends(place, _ENVIRONMENTS)
        case _:
            is_read = False
    if not is_read:
        return None
    return key.value if isinstance(key, ast.Constant) and isinstance(key.value, str) else ""


def _ends(node: ast.AST, names: frozenset[str]) -> bool:
    """Whether an expression is `environ` or ends in `.environ`."""
    if isinstance(node, ast.Attribute):
        return node.attr in names
    return isinstance(node, ast.Name) and node.id in names


def _compared(tree: ast.AST) -> list[tuple[str, set[int]]]:
    """Words that something is compared with for being equal, and the nodes of what is compared."""
    found: list[tuple[str, set[int]]] = []
    left = MAX_READ
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.Eq | ast.In):
            parts = [*islice(ast.walk(node), MAX_COMPARED)]
            left -= len(parts)
            if left < 0 or len(found) > MAX_LITERALS:
                break
            if len(parts) < MAX_COMPARED:
                inner = {id(part) for part in parts}
                keys = {_variable(part) for part in parts}
                found += [(word, inner) for word in _constants(node) if word not in keys]
    return found[:MAX_LITERALS]


def _words(tree: ast.AST) -> Iterator[str]:
    """The usual words for true that a script has anywhere."""
    there = {word.lower(): word for word in _constants(tree)}
    yield from (there[word] for word in _TRUE if word in there)


def _constants(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def _merged(switches: Iterable[Switch]) -> Iterator[Switch]:
    """One switch for each name, with the values of all."""
    found: dict[str, dict[str, None]] = {}
    for switch in switches:
        found.setdefault(switch.name, {}).update(dict.fromkeys(switch.values))
    for name, values in found.items():
        yield Switch(name=name, values=tuple(values))


def _hooks(project: Mapping[str, Any]) -> Iterator[Switch]:
    """That for the hooks of Hatch, where one is off by default."""
    build = _table(project, "tool", "hatch", "build")
    hooks = (_table(build, "hooks"), _table(build, "targets", "wheel", "hooks"))
    if any(_table(found, name).get("enable-by-default") is False
           for found in hooks for name in found):  # fmt: skip
        yield Switch(name=_HOOKS_ENABLED, values=("1",))


def _published_with(project: Mapping[str, Any]) -> dict[str, str]:
    """What the source has cibuildwheel set for its own wheels, as far as it is a switch.

    A table, or words `NAME=value` as for a shell (its manual, "environment").
    """
    found: dict[str, str] = {}
    settings = _table(project, "tool", "cibuildwheel")
    for place in (settings, _table(settings, "linux")):
        value = place.get("environment")
        if isinstance(value, str):
            value = dict(word.split("=", 1) for word in value.split() if "=" in word)
        if isinstance(value, dict):
            found |= {name: str(text).strip("\"'") for name, text in value.items()}
    return {
        name: value
        for name, value in sorted(found.items())
        if is_switch(name, value) and rank(name) >= _CERTAIN
    }


def _pins(texts: Mapping[str, str], known: set[NormalizedName]) -> Iterator[str]:
    """Lines of the source's lists of requirements that name one release of a tool."""
    for name, text in sorted(texts.items()):
        if _REQUIREMENTS.fullmatch(name) is None:
            continue
        for line in text.splitlines()[:2000]:
            words = re.split(r"\s(?:#|--)", line)[0].strip()
            if "==" not in words or len(words) > MAX_LITERALS:
                continue
            try:
                requirement = Requirement(words)
            except UNREADABLE:
                continue
            is_exact = [spec.operator for spec in requirement.specifier] == ["=="]
            if is_exact and canonicalize_name(requirement.name) in known:
                yield str(requirement)
