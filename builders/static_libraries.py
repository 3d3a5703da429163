"""Libraries that a module is linked to statically, made from the release that its maintainer had.

Their upstream source comes out of a Debian source package, by hash. A build gets it with the
toolchain; the wrapper of its compiler compiles it where the linker is told of the library, with the
flags that the published file names, like any other source.
"""

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path, PurePosixPath
from typing import Any

from builders.debian import archive_path, make_archive
from builders.recipe import digest_of
from builders.sandbox.interface import Mount, SandboxFault
from builders.store import Store
from builders.unpack import Shown, unpack
from verify.events import Listener, Notice
from verify.finding import JSONValue

KIND = "libraries"
TREE = "library"
SHOWN = Shown(paths=frozenset({TREE}), linkable=frozenset())

LIBRARIES_AT = PurePosixPath("/truewheel/libraries")

_NO_HEADER = re.compile(r"fatal error: ([A-Za-z0-9_./-]{1,100}): No such file or directory")
_NO_LIBRARY = re.compile(r"cannot find -l([A-Za-z0-9_.+-]{1,100})")
"""What GCC's preprocessor and the linker say of what is not there."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LibraryDefinition:
    """One library, see `knowledge/static_libraries.toml`."""

    name: str
    suite: str
    source: str
    archive: str
    sha256: str
    headers: tuple[str, ...]
    links: tuple[str, ...]
    include: tuple[str, ...]
    work: str
    sources: tuple[str, ...]
    definitions: tuple[str, ...]
    flags: str
    filled: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)

    @property
    def packages(self) -> tuple[str, ...]:
        """Return the one that has mmdebstrap set a suite up."""
        return ("base-files",)

    @property
    def script(self) -> str:
        """Return the shell commands that fetch the source, with their root as `$1`."""
        text = (files("containers") / "library-source.sh").read_text("utf-8")
        values = f"source={self.source} archive={self.archive} sha256={self.sha256}"
        return f"root=$1 {values}\n{text}"

    @property
    def digest(self) -> str:
        """Return the SHA-256 (hex) of all that determines the library, its source by hash."""
        values = {
            key: [*item] if isinstance(item, tuple) else item for key, item in asdict(self).items()
        }
        return digest_of({**values, "script": self.script})  # fmt: skip

    @property
    def reference(self) -> str:
        """Return name and tag, as images have them; no engine ever holds it."""
        return f"truewheel/library-{self.name}:{self.digest[:16]}"

    @property
    def settings(self) -> dict[str, JSONValue]:
        """Return what the wrapper of the compiler has to know."""
        place = LIBRARIES_AT / self.name
        return {
            "links": list(self.links),
            "include": [str(place / path) for path in self.include],
            "work": str(place / self.work),
            "sources": list(self.sources),
            "definitions": list(self.definitions),
            "flags": self.flags,
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class Library:
    """A library's source, as something that a job can mount."""

    definition: LibraryDefinition
    mount: Mount

    @property
    def digest(self) -> str:
        """Return what a recipe names it by."""
        return self.definition.digest


OpenLibrary = Callable[[str], Library]
"""Gives the library of a name; raises BuildFault for one that is not to be had here."""


def library_names() -> frozenset[str]:
    """Every library that a recipe may name."""
    return frozenset(_definitions())


def missed_libraries(log: str) -> tuple[str, ...]:
    """The libraries whose headers or archives a build did not find, by name."""
    headers, links = set(_NO_HEADER.findall(log)), set(_NO_LIBRARY.findall(log))
    return tuple(
        name
        for name, definition in sorted(_definitions().items())
        if headers & {*definition.headers} or links & {*definition.links}
    )


def library_of(soname: str) -> str | None:
    """The library that a shared object would be linked to, by that one's name."""
    stem = soname.partition(".so")[0].removeprefix("lib")
    return next((name for name, one in sorted(_definitions().items()) if stem in one.links), None)


def open_library(
    name: str, *, cache_root: Path, listener: Listener, offline: bool = False
) -> Library:
    """Return a library, fetched from the suite's mirror if the cache does not have it yet.

    Raises:
        SandboxFault: there is none of that name, or it can not be had, or may not be because of
            `offline`.
        StoreError: the cache cannot be written.
    """
    definition = _definitions().get(name)
    if definition is None:
        raise SandboxFault(f"there is no library {name!r}")
    store = Store(cache_root)
    if (tree := store.find_tree(KIND, definition.digest)) is None:
        if offline:
            raise SandboxFault(f"{definition.reference} is not here yet, which takes the network")
        with store.alone(KIND, definition.digest):
            tree = store.find_tree(KIND, definition.digest)
            tree = tree or _made(definition, store, cache_root, listener)
    target = LIBRARIES_AT / name
    return Library(definition=definition, mount=Mount(source=tree / "root" / TREE, target=target))


def _made(
    definition: LibraryDefinition, store: Store, cache_root: Path, listener: Listener
) -> Path:
    listener(Notice(message=f"fetching the source of {definition.source}, once: some seconds"))
    options = ("--variant=extract", f"--extract-hook={definition.script}")
    archive = archive_path(definition, cache_root)
    if not archive.is_file():
        make_archive(definition, options=options, cache_root=cache_root, listener=listener)
    with store.new_tree(KIND, definition.digest) as draft:
        unpack(archive, draft / "root", SHOWN)
        _configure(definition, draft / "root" / TREE)
    archive.unlink(missing_ok=True)  # a root file system, of which next to nothing is wanted
    tree = store.find_tree(KIND, definition.digest)
    assert tree is not None, "a tree that was just kept is found"  # noqa: S101
    return tree


def _configure(definition: LibraryDefinition, tree: Path) -> None:
    """Write what the library's own configuration would."""
    for name, text in definition.files.items():
        (tree / name).write_text(text, encoding="utf-8")
    for name, template in definition.filled.items():
        text = (tree / template).read_text(encoding="utf-8")
        for key, value in definition.values.items():
            text = text.replace(f"@{key}@", value)
        (tree / name).write_text(text, encoding="utf-8")


@cache
def _definitions() -> Mapping[str, LibraryDefinition]:
    text = files("builders.knowledge").joinpath("static_libraries.toml").read_text("utf-8")
    return {
        name: _definition(name, table) for name, table in tomllib.loads(text)["library"].items()
    }


def _definition(name: str, table: dict[str, Any]) -> LibraryDefinition:
    fields: dict[str, Any] = {
        key: tuple(item) if isinstance(item, list) else item for key, item in table.items()
    }
    return LibraryDefinition(name=name, **fields)
