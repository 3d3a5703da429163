"""From a recipe to a rebuild: gather by hash, lay out the environment, build, remember."""

import hashlib
import json
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Protocol

from builders import repair
from builders.built_wheel import check_built_wheel
from builders.compilers import (
    Compilers,
    OpenToolchain,
    Toolchain,
    prepare_compilers,
    runtime_digest,
    toolchain_names,
    wrapper_modules,
)
from builders.environment import prepare_environment
from builders.errors import BuildFault, FailureCode
from builders.hooks import Frontend
from builders.native_flags import is_post_step
from builders.recipe import (
    LockedFile,
    LockedToolchain,
    Recipe,
    SourceFile,
    digest_of,
    recipe_to_json,
)
from builders.registry_images import OpenImage, RegistryImages
from builders.releases import refuse_own_releases
from builders.sandbox.interface import Interpreter, Limits, Mount, Sandbox
from builders.static_libraries import Library, OpenLibrary, library_names
from builders.store import Store
from verify.index.filenames import why_unsafe

HERE = Path(__file__).parent

_BUILDING = (
    "as_pypy.py",
    "built_wheel.py",
    "compilers.py",
    "driver.py",
    "environment.py",
    "hooks.py",
    "install.py",
    "old_libraries.py",
    "python2_hashlib.py",
    "rebuild.py",
    "registry_images.py",
    "repair.py",
    "retag.py",
    "sandbox/inside.py",
    "sandbox/pulled.py",
    "setup_requires.py",
    "sorted_requires.py",
    "static_libraries.py",
    "unpack.py",
    "windows_text.py",
)

DAMAGES = (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError)
"""What reading a kept rebuild raises after a power failure: it is then forgotten, built again."""


class Gatherer(Protocol):
    """Finds the files that a recipe names, wherever they come from."""

    def gather(self, name: str, version: str, filename: str, sha256: str) -> Path:
        """The path of a file with exactly this name and hash.

        Raises:
            BuildFault: no index has such a file.
            IndexFault: an index failed.
        """


@dataclass(frozen=True, kw_only=True, slots=True)
class Rebuild:
    """The wheel that a recipe produced.

    Attributes:
        wheel: in the store; the file name is the one the backend gave it.
        log: what the build printed.
        seconds: wall time of the sandboxed build, 0.0 when remembered.
        remembered: whether an earlier run built it.
    """

    recipe: Recipe
    wheel: Path
    log: str
    seconds: float
    remembered: bool


class Rebuilder:
    """Turns recipes into rebuilds in one sandbox."""

    def __init__(  # noqa: PLR0913, PLR0917 - each is another thing that a recipe leads to
        self,
        sandbox: Sandbox,
        gatherer: Gatherer,
        store: Store,
        limits: Limits,
        open_toolchain: OpenToolchain | None = None,
        images: RegistryImages | None = None,
        open_library: OpenLibrary | None = None,
    ) -> None:
        self._open_library = open_library
        self.images = images
        self._open_toolchain = open_toolchain
        self._sandbox = sandbox
        self._gatherer = gatherer
        self._store = store
        self._limits = limits

    def rebuild(self, recipe: Recipe, *, fresh: bool = False) -> Rebuild:
        """The rebuild of a recipe, remembered from an earlier run unless `fresh`.

        Raises:
            BuildFault: the recipe does not build, is for another sandbox, or would build a release
                with the help of that release's own wheel.
            SandboxFault: the sandbox failed.
            IndexFault: a file could not be fetched.
        """
        self._refuse_foreign(recipe)
        refuse_own_releases(recipe)
        with self._store.alone("rebuilds", _key(recipe)):
            remembered = None if fresh else self._remembered(recipe)
            return remembered or self._build(recipe)

    def frontend(self, recipe: Recipe) -> Frontend:
        """The sandbox made ready for a recipe's source."""
        python = self._interpreter(recipe)
        wheels = [self.requirement(file) for file in recipe.requirements]
        source = recipe.source
        return Frontend(
            sandbox=self._image(recipe).sandbox if recipe.build_image else self._sandbox,
            python=python,
            environment=prepare_environment(wheels, python, self._store),
            source=self.gather_source(source),
            call=recipe.backend,
            variables=recipe.environment,
            umask=recipe.umask,
            line_ends=recipe.line_ends,
            config_settings=recipe.config_settings,
            post_steps=recipe.post_steps,
            compilers=self._compilers(recipe),
            repair=self._repair_tools(recipe, python),
            limits=self._limits,
        )

    def _repair_tools(self, recipe: Recipe, python: Interpreter) -> Mount | None:
        """The tree of the tools that repair the wheel, out of the build's own environment."""
        if not recipe.repair_tools:
            return None
        wheels = [self.requirement(file) for file in recipe.repair_tools]
        tree = prepare_environment(wheels, python, self._store)
        return replace(tree, target=PurePosixPath(repair.TREE))

    def toolchain(self, name: str) -> Toolchain:
        """The toolchain of a name.

        Raises:
            BuildFault: it is not to be had here.
        """
        if self._open_toolchain is None or name not in toolchain_names():
            raise BuildFault(f"there is no toolchain {name} here", code=FailureCode.UNSUPPORTED)
        return self._open_toolchain(name)

    def _compilers(self, recipe: Recipe) -> Compilers:
        locked = recipe.toolchain
        libraries = [self._locked_library(*named) for named in sorted(recipe.libraries.items())]
        if recipe.build_image is not None:
            return prepare_compilers(recipe, self._image(recipe).toolchain, self._store, libraries)
        toolchain = self._locked_toolchain(locked) if locked else None
        return prepare_compilers(recipe, toolchain, self._store, libraries)

    def library(self, name: str) -> Library:
        """The library of a name.

        Raises:
            BuildFault: it is not to be had here.
        """
        if self._open_library is None or name not in library_names():
            raise BuildFault(f"there is no library {name} here", code=FailureCode.UNSUPPORTED)
        return self._open_library(name)

    def _locked_library(self, name: str, digest: str) -> Library:
        library = self.library(name)
        if library.digest != digest:
            raise BuildFault(
                f"the recipe is for another {name} than this version of truewheel has",
                code=FailureCode.UNSUPPORTED,
            )
        return library

    def _image(self, recipe: Recipe) -> OpenImage:
        """The published image that a recipe names.

        Raises:
            BuildFault: it is not to be had here.
        """
        if recipe.build_image is None or self.images is None:
            raise BuildFault("there are no published images here", code=FailureCode.UNSUPPORTED)
        return self.images.locked(recipe.build_image)

    def _locked_toolchain(self, locked: LockedToolchain) -> Toolchain:
        toolchain = self.toolchain(locked.name)
        if toolchain.digest != locked.digest:
            raise BuildFault(
                f"the recipe is for the toolchain {locked.name} of {locked.digest}, and here it is "
                f"{toolchain.digest}",
                code=FailureCode.UNSUPPORTED,
            )
        return toolchain

    def gather_source(self, source: SourceFile) -> Path:
        """The path of a source's sdist."""
        return self._gatherer.gather(source.name, source.version, source.filename, source.sha256)

    def _refuse_foreign(self, recipe: Recipe) -> None:
        """What another sandbox, image or C runtime would build is another recipe's rebuild."""
        if recipe.sandbox != self._sandbox.name:
            raise BuildFault(
                f"the recipe of {recipe.source.filename} is for the {recipe.sandbox} sandbox, not "
                f"for {self._sandbox.name}: replay it with --sandbox {recipe.sandbox}",
                code=FailureCode.UNSUPPORTED,
            )
        if recipe.build_image is None and recipe.image != self._sandbox.image:
            raise BuildFault(
                f"the recipe of {recipe.source.filename} is for the image {recipe.image}, and the "
                f"{self._sandbox.name} sandbox has {self._sandbox.image}",
                code=FailureCode.UNSUPPORTED,
            )
        if recipe.runtime != runtime_digest(recipe):
            raise BuildFault(
                f"the recipe of {recipe.source.filename} is for other parts of the C runtime than "
                "this version of truewheel has",
                code=FailureCode.UNSUPPORTED,
            )
        for file in recipe.requirements:
            if file.recipe is not None:
                self._refuse_foreign(file.recipe)

    def _interpreter(self, recipe: Recipe) -> Interpreter:
        version, image = recipe.python, recipe.build_image
        inside = image and self._image(recipe).inside.pythons.get(image.python)
        own = (inside,) if inside else ()
        for python in own if image else self._sandbox.interpreters():
            if version == f"{python.version[0]}.{python.version[1]}":
                return python
        raise BuildFault(
            f"the image {image.digest} has no CPython {version} in {image.python}"
            if image
            else f"the {self._sandbox.name} sandbox has no CPython {version}",
            code=FailureCode.UNSUPPORTED,
        )

    def requirement(self, file: LockedFile) -> Path:
        """The wheel of one requirement: fetched, or built by its own recipe."""
        if file.recipe is not None:
            wheel = self.rebuild(file.recipe).wheel
            check_built_wheel(wheel, file)
            return wheel
        return self._gatherer.gather(file.name, file.version, file.filename, file.sha256)

    def _remembered(self, recipe: Recipe) -> Rebuild | None:
        tree = self._store.find_tree("rebuilds", _key(recipe))
        if tree is None:
            return None
        try:
            wheel = _kept_wheel(tree)
            log = (tree / "log.txt").read_text(encoding="utf-8")
        except DAMAGES:
            return None
        return Rebuild(recipe=recipe, wheel=wheel, log=log, seconds=0.0, remembered=True)

    def _build(self, recipe: Recipe) -> Rebuild:
        for step in recipe.post_steps:
            if not is_post_step(step):
                raise BuildFault(f"post step {step!r} is unknown", code=FailureCode.UNSUPPORTED)
        frontend = self.frontend(recipe)
        with self._store.new_tree("rebuilds", _key(recipe)) as draft:
            wheel, outcome = frontend.wheel(draft)
            sha256 = _sha256(wheel)
            (draft / sha256).mkdir()
            wheel.rename(draft / sha256 / wheel.name)
            kept = {"filename": wheel.name, "sha256": sha256, "recipe": recipe_to_json(recipe)}
            (draft / "rebuild.json").write_text(json.dumps(kept, indent=1), encoding="utf-8")
            (draft / "log.txt").write_text(outcome.log, encoding="utf-8")
            known = self._remembered(recipe)
            # Another process may be reading the same bytes, which it built a moment ago.
            if known is None or known.wheel.parent.name != sha256:
                self._store.forget_tree("rebuilds", _key(recipe))
        kept_tree = self._store.find_tree("rebuilds", _key(recipe))
        assert kept_tree is not None, "a tree that was just kept is found"  # noqa: S101
        return Rebuild(
            recipe=recipe,
            wheel=kept_tree / sha256 / wheel.name,
            log=outcome.log,
            seconds=outcome.seconds,
            remembered=False,
        )


def _key(recipe: Recipe) -> str:
    """What a rebuild hangs on: its recipe, and the code that follows it."""
    return digest_of({"recipe": recipe.digest, "code": _code()})


@cache
def _code() -> str:
    """The SHA-256 (hex) of the code that prepares and runs builds; recipes have what plans them."""
    texts = {name: (HERE / name).read_text(encoding="utf-8") for name in _BUILDING}
    return digest_of({**texts, **wrapper_modules()})


def _kept_wheel(tree: Path) -> Path:
    """The wheel of a kept rebuild; raises one of DAMAGES."""
    kept = json.loads((tree / "rebuild.json").read_text(encoding="utf-8"))
    filename, sha256 = str(kept["filename"]), str(kept["sha256"])
    if why_unsafe(filename) or why_unsafe(sha256):
        raise ValueError("a name that was never kept")
    wheel = tree / sha256 / filename
    if _sha256(wheel) != sha256:
        raise ValueError("other bytes than those that were kept")
    return wheel


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
