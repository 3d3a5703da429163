"""The compilers of a build: which toolchain, and the wrappers that keep to a recipe's flags."""

import json
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path, PurePosixPath
from typing import Any, Protocol

from builders.compiler_wrapper import layout
from builders.environment import ENVIRONMENT_PYTHON
from builders.native_flags import KEEP_FIELDS, LINK, PYTHON, RUNTIME
from builders.old_libraries import facts, is_old_system, made_by, old_libraries
from builders.recipe import Recipe, digest_of
from builders.sandbox.interface import Mount
from builders.static_libraries import Library
from builders.store import Store

LAYOUT = 3
"""Raised when this code lays out wrappers otherwise; older ones are then not used again."""

COMPILERS_DIR = PurePosixPath("/truewheel/compilers")

_GCC_NAMES = ("gcc", "cc", "x86_64-linux-gnu-gcc")
_GXX_NAMES = ("g++", "c++", "x86_64-linux-gnu-g++")
_STRIP_NAMES = ("strip", "x86_64-linux-gnu-strip")
"""What interpreters and build tools ask for."""

HERE = Path(__file__).parent

_WRAPPER = HERE / "compiler_wrapper"
_MAIN = "builders/compiler_wrapper/main.py"
_STRIPPING = "builders/compiler_wrapper/stripping.py"

_SHEBANG = f"#!{ENVIRONMENT_PYTHON} -BEsS\n"
"""No bytecode is left among the wrappers, nothing comes from variables or other directories."""

PYTHON_RELEASE = "python-release"
"""The directory of `builders/runtime` with what says another release of CPython."""

_OWN_BIN = PurePosixPath("/usr/bin")


class Toolchain(Protocol):
    """A tree with compilers that find their own headers and libraries."""

    @property
    def name(self) -> str:
        """As in `knowledge/toolchains.toml`."""

    @property
    def digest(self) -> str:
        """What is in it."""

    @property
    def mounts(self) -> tuple[Mount, ...]:
        """What a job must mount."""

    @property
    def bin(self) -> PurePosixPath:
        """The directory with gcc, g++, ld and the like, inside the sandbox."""


OpenToolchain = Callable[[str], Toolchain]
"""Gives the toolchain of a name; raises BuildFault for one that is not to be had here."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Compilers:
    """What a job needs to compile as its recipe says; nothing for the sandbox's own compilers.

    Attributes:
        mounts: what to mount.
        first: directories to have before all others on PATH.
        last: directories to have before the system's.
    """

    mounts: tuple[Mount, ...] = ()
    first: tuple[PurePosixPath, ...] = ()
    last: tuple[PurePosixPath, ...] = ()


OWN_COMPILERS = Compilers()


def toolchain_name(version: str | None) -> str | None:
    """The toolchain that comes nearest to a GCC version `X.Y.Z`; None where none does."""
    parts = (version or "").split(".")
    found = [_table()[key] for end in (1, 2) if (key := ".".join(parts[:end])) in _table()]
    return found[-1] if found else None


@cache
def _table() -> Mapping[str, str | None]:
    text = files("builders.knowledge").joinpath("toolchains.toml").read_text(encoding="utf-8")
    return {entry["version"]: entry.get("toolchain") for entry in tomllib.loads(text)["compiler"]}


def toolchain_names() -> frozenset[str]:
    """Every toolchain that a recipe may name."""
    return frozenset(name for name in _table().values() if name)


def prepare_compilers(
    recipe: Recipe, toolchain: Toolchain | None, store: Store, libraries: Iterable[Library] = ()
) -> Compilers:
    """What has a recipe's build compile with its toolchain and with its flags.

    Args:
        recipe: has the flags.
        toolchain: the one it names.
        store: keeps the wrappers, by what is in them.
        libraries: those that it names.
    """
    mounts = toolchain.mounts if toolchain else ()
    last = (toolchain.bin,) if toolchain else ()
    static = {library.definition.name: library for library in libraries}
    mounts += tuple(library.mount for library in static.values())
    if not recipe.compiler_flags and not static:
        return Compilers(mounts=mounts, last=last)
    place = toolchain.bin if toolchain else _OWN_BIN
    config: dict[str, Any] = {
        "compilers": {name: str(place / name) for name in ("gcc", "g++")},
        "flags": dict(recipe.compiler_flags),
        "paths": dict(recipe.build_paths),
    }
    if static:
        config["libraries"] = {name: one.definition.settings for name, one in static.items()}
    runtime = _runtime(recipe)
    modules = wrapper_modules()
    scripts = dict.fromkeys((*_GCC_NAMES, *_GXX_NAMES), _SHEBANG + modules[_MAIN])
    if KEEP_FIELDS in recipe.compiler_flags.get(LINK, "").split():
        scripts |= dict.fromkeys(_STRIP_NAMES, _SHEBANG + modules[_STRIPPING])
    digest = digest_of(
        {
            "config": {**config},
            "scripts": scripts,
            "modules": {**modules},
            "runtime": {**runtime},
            "layout": LAYOUT,
            "libraries": [toolchain.digest if toolchain else "", facts(), made_by()],
        }
    )
    tree = store.find_tree("compilers", digest)
    if tree is None:
        with store.new_tree("compilers", digest) as draft:
            sources = modules | runtime | _libraries(recipe, toolchain)
            _lay_out(draft, scripts, json.dumps(config), sources)
        tree = store.find_tree("compilers", digest)
    assert tree is not None, "a tree that was just kept is found"  # noqa: S101
    wrappers = Mount(source=tree, target=COMPILERS_DIR)
    return Compilers(mounts=(*mounts, wrappers), first=(COMPILERS_DIR,), last=last)


def wrapper_modules() -> dict[str, str]:
    """The wrapper's modules as they are imported inside, by path below the wrappers."""
    paths = [HERE / "__init__.py", *sorted(_WRAPPER.glob("*.py"))]
    return {str(path.relative_to(HERE.parent)): path.read_text(encoding="utf-8") for path in paths}


def runtime_digest(recipe: Recipe) -> str | None:
    """What a recipe's flags name of `builders/runtime`, by content; None where that is nothing."""
    parts = _runtime(recipe)
    words = recipe.compiler_flags.get(RUNTIME, "").split()
    if any(map(is_old_system, words)):
        parts[layout.LIBRARIES] = facts()
    return digest_of({**parts}) if parts else None


def _runtime(recipe: Recipe) -> dict[str, str]:
    """The sources and headers that take the place of others, by path below the wrappers."""
    words = recipe.compiler_flags.get(RUNTIME, "").split()
    release = recipe.compiler_flags.get(PYTHON, "")
    # Another version's headers say something else in more than the release.
    words += [PYTHON_RELEASE] if release.startswith(f"{recipe.python}.") else []
    found = {word: sorted((HERE / RUNTIME / word).rglob("*.[sh]")) for word in words}
    return {
        str(_place(word, path)): path.read_text(encoding="utf-8")
        for word, paths in found.items()
        for path in paths
    }


def _libraries(recipe: Recipe, toolchain: Toolchain | None) -> dict[str, str]:
    """Of what the libraries are made that are linked in place of the toolchain's own."""
    if toolchain is None or not toolchain.mounts:
        return {}  # a published image has the older system's own
    (tree,) = (mount.source for mount in toolchain.mounts if toolchain.bin.parent == mount.target)
    return {
        f"{layout.LIBRARIES}/{name}": text
        for word in recipe.compiler_flags.get(RUNTIME, "").split()
        for name, text in old_libraries(word, tree).items()
    }


def _place(word: str, path: Path) -> PurePosixPath:
    """Where the wrapper looks for a file of a part of the runtime."""
    name = PurePosixPath(path.relative_to(HERE / RUNTIME / word))
    if word == PYTHON_RELEASE:
        return PurePosixPath(layout.PYTHON, name)
    return PurePosixPath(layout.HEADERS if name.suffix == ".h" else layout.RUNTIME, name)


def _lay_out(
    folder: Path, scripts: Mapping[str, str], config: str, sources: Mapping[str, str]
) -> None:
    for name, source in sources.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source, encoding="utf-8")
    (folder / layout.CONFIG).write_text(config, encoding="utf-8")
    for name, script in scripts.items():
        path = folder / name
        path.write_text(script, encoding="utf-8")
        path.chmod(0o755)
