"""Recipes: everything that determines a rebuild, as one value and as JSON."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime
from typing import Any

from packaging.utils import NormalizedName

from builders import recipe_values as values
from builders.manylinux import PreferredImage
from verify.errors import UsageFault
from verify.finding import JSONValue

SCHEMA = "truewheel.recipe/1"
MAX_NESTING = 16


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceFile:
    """The sdist to build: file name and lower-case hex sha256 of a project's version."""

    name: NormalizedName
    version: str
    filename: str
    sha256: str


@dataclass(frozen=True, kw_only=True, slots=True)
class BackendCall:
    """How the wheel is asked for.

    Attributes:
        mode: `pep517` calls the backend's hooks, `setup.py` runs `setup.py bdist_wheel`.
        backend: the PEP 517 object reference; unused in mode `setup.py`.
        backend_path: PEP 517 `backend-path`, relative to the source's root.
        setup_options: arguments after `setup.py bdist_wheel`; unused in mode `pep517`.
        version: that of the sdist's PKG-INFO, to be written into its pyproject.toml, which has
            another one where a tool computed it; None leaves the file alone.
        pypy: the build is told that it runs on PyPy, where sources leave extension modules out.
        sorted_requires: setuptools sorts requirements, as that of Debian and Ubuntu does.
    """

    mode: str
    backend: str
    backend_path: tuple[str, ...] = ()
    setup_options: tuple[str, ...] = ()
    version: str | None = None
    pypy: bool = False
    sorted_requires: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class LockedFile:
    """One wheel of a build environment, by hash.

    Attributes:
        recipe: set where the index had no wheel: `filename` and `sha256` are then an sdist's, and
            the recipe builds it.
    """

    name: NormalizedName
    version: str
    filename: str
    sha256: str
    recipe: "Recipe | None" = None


@dataclass(frozen=True, kw_only=True, slots=True)
class LockedToolchain:
    """Compilers other than the sandbox's own: a name, and the digest of what is in it."""

    name: str
    digest: str


@dataclass(frozen=True, kw_only=True, slots=True)
class BuildImage:
    """A published image that a build runs in, in place of the sandbox's own root.

    Attributes:
        repository: its name, without that of a registry.
        tag: what it was chosen by.
        digest: of its manifest, `sha256:...`; that alone decides which image it is.
        python: the directory of the interpreter in it, e.g. `cp311-cp311`.
    """

    repository: str
    tag: str
    digest: str
    python: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Recipe:
    """Everything that determines a rebuild.

    Attributes:
        python: `X.Y`.
        sandbox: name of the sandbox that the recipe was made for.
        image: digest of the sandbox's root file system, None for the host's /usr.
        build_image: the published image whose digest `image` is; None for the sandbox's own root.
        as_of: the moment as of which the index was asked for build requirements; UTC.
        requirements: the build environment, sorted by name.
        environment: variables on top of the sandbox's fixed ones.
        umask: octal digits.
        line_ends: what a text file gets that the build writes: `lf`, or `crlf` as on Windows.
        toolchain: what compiles; None for what the sandbox has.
        compiler_flags: how code is generated, by the end of a source's path or one of the keys in
            `builders.native_flags`; empty leaves it to interpreter and source.
        build_paths: as what directory the compiler's own is recorded, by the same keys; under
            `python` as what that of CPython's headers.
        runtime: digest of the parts of the C runtime that the flags name; None where that is none.
        post_steps: what is done to the wheel that was built, see `native_flags.is_post_step`.
        libraries: those that are linked statically, by name, each by the digest of its definition,
            which has its source by hash.
        repair_tools: what a step `repair` runs, sorted by name; no build sees it.
        preferred_image: what the published wheel was most likely built in; says nothing of this
            rebuild, and is no part of its digest.
    """

    source: SourceFile
    python: str
    sandbox: str
    image: str | None
    as_of: datetime
    backend: BackendCall
    requirements: tuple[LockedFile, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    umask: str = "022"
    line_ends: str = "lf"
    config_settings: Mapping[str, str] = field(default_factory=dict)
    toolchain: LockedToolchain | None = None
    compiler_flags: Mapping[str, str] = field(default_factory=dict)
    build_paths: Mapping[str, str] = field(default_factory=dict)
    runtime: str | None = None
    post_steps: tuple[str, ...] = ()
    libraries: Mapping[str, str] = field(default_factory=dict)
    repair_tools: tuple[LockedFile, ...] = ()
    preferred_image: PreferredImage | None = None
    build_image: BuildImage | None = None

    @property
    def digest(self) -> str:
        """Lower-case hex sha256 of the recipe's canonical JSON; names its rebuild."""
        return digest_of(recipe_to_json(replace(self, preferred_image=None)))


def for_sandbox(recipe: Recipe, sandbox: str, image: str | None) -> Recipe:
    """The same recipe in another sandbox or image, its requirements' recipes, too.

    A published image stays: every sandbox can run it.
    """
    requirements = tuple(
        replace(file, recipe=file.recipe and for_sandbox(file.recipe, sandbox, image))
        for file in recipe.requirements
    )
    own = recipe.build_image.digest if recipe.build_image else image
    return replace(recipe, sandbox=sandbox, image=own, requirements=requirements)


def digest_of(value: JSONValue) -> str:
    """Lower-case hex sha256 of a JSON value in its one canonical spelling."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def recipe_to_json(recipe: Recipe) -> dict[str, JSONValue]:
    """The recipe as `truewheel.recipe/1`."""
    return {
        "schema": SCHEMA,
        "source": {
            "name": recipe.source.name,
            "version": recipe.source.version,
            "filename": recipe.source.filename,
            "sha256": recipe.source.sha256,
        },
        "python": recipe.python,
        "sandbox": recipe.sandbox,
        "image": recipe.image,
        "as_of": recipe.as_of.isoformat(),
        "backend": {
            "mode": recipe.backend.mode,
            "backend": recipe.backend.backend,
            "backend_path": list(recipe.backend.backend_path),
            "setup_options": list(recipe.backend.setup_options),
            "version": recipe.backend.version,
            "pypy": recipe.backend.pypy,
            "sorted_requires": recipe.backend.sorted_requires,
        },
        "requirements": [_locked_to_json(file) for file in recipe.requirements],
        "environment": dict(recipe.environment),
        "umask": recipe.umask,
        "line_ends": recipe.line_ends,
        "config_settings": dict(recipe.config_settings),
        "toolchain": _toolchain_to_json(recipe.toolchain),
        "compiler_flags": dict(recipe.compiler_flags),
        "build_paths": dict(recipe.build_paths),
        "runtime": recipe.runtime,
        "post_steps": list(recipe.post_steps),
        **({"libraries": dict(recipe.libraries)} if recipe.libraries else {}),
        **(
            {"repair_tools": [_locked_to_json(file) for file in recipe.repair_tools]}
            if recipe.repair_tools
            else {}
        ),
        **({"preferred_image": image.to_json()} if (image := recipe.preferred_image) else {}),
        **({"build_image": {**asdict(built_in)}} if (built_in := recipe.build_image) else {}),
    }


def _toolchain_to_json(toolchain: LockedToolchain | None) -> JSONValue:
    return None if toolchain is None else {"name": toolchain.name, "digest": toolchain.digest}


def _locked_to_json(file: LockedFile) -> dict[str, JSONValue]:
    return {
        "name": file.name,
        "version": file.version,
        "filename": file.filename,
        "sha256": file.sha256,
        "recipe": recipe_to_json(file.recipe) if file.recipe is not None else None,
    }


def recipe_from_json(document: object, *, depth: int = 0) -> Recipe:
    """A recipe from its parsed JSON.

    Raises:
        UsageFault: it is not a `truewheel.recipe/1` document.
    """
    try:
        return _recipe(_document(document, depth), depth)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise UsageFault(
            f"this is no recipe that truewheel can replay: {type(error).__name__}: {error}",
            hint="pass the JSON that `truewheel check --json` gives under `recipe`",
        ) from error


def _document(document: object, depth: int) -> dict[str, Any]:
    if not isinstance(document, dict) or document["schema"] != SCHEMA:
        raise ValueError(f"its schema is not {SCHEMA}")
    if depth > MAX_NESTING:
        raise ValueError("its requirements nest too deep")
    return document


def _recipe(document: dict[str, Any], depth: int) -> Recipe:
    source, backend = document["source"], document["backend"]
    return Recipe(
        source=SourceFile(
            name=values.name(source["name"]),
            version=values.text(source["version"]),
            filename=values.filename(source["filename"]),
            sha256=values.digest(source["sha256"]),
        ),
        python=values.python(document["python"]),
        sandbox=values.text(document["sandbox"]),
        image=None if document["image"] is None else values.text(document["image"]),
        as_of=values.moment(document["as_of"]),
        backend=BackendCall(
            mode=values.mode(backend["mode"]),
            backend=values.text(backend["backend"]),
            backend_path=values.texts(backend["backend_path"]),
            setup_options=values.texts(backend.get("setup_options", [])),
            version=None if backend.get("version") is None else values.version(backend["version"]),
            pypy=values.flag(backend.get("pypy", False)),
            sorted_requires=values.flag(backend.get("sorted_requires", False)),
        ),
        requirements=tuple(_locked(item, depth) for item in document["requirements"]),
        environment=values.variables(document["environment"]),
        umask=values.umask(document["umask"]),
        line_ends=values.line_ends(document.get("line_ends", "lf")),
        config_settings=values.settings(document["config_settings"]),
        toolchain=_toolchain(document.get("toolchain")),
        compiler_flags=values.compiler_flags(document["compiler_flags"]),
        build_paths=values.build_paths(document.get("build_paths", {})),
        runtime=None if document.get("runtime") is None else values.digest(document["runtime"]),
        post_steps=values.post_steps(document["post_steps"]),
        libraries=values.libraries(document.get("libraries", {})),
        repair_tools=tuple(_locked(item, depth) for item in document.get("repair_tools", ())),
        preferred_image=_preferred_image(document.get("preferred_image")),
        build_image=_build_image(document.get("build_image"), document["image"]),
    )


def _preferred_image(item: dict[str, Any] | None) -> PreferredImage | None:
    if item is None:
        return None
    return PreferredImage(
        repository=values.text(item["repository"]),
        not_after=date.fromisoformat(values.text(item["not_after"])),
        tags=values.texts(item["tags"]),
        toolset=values.text(item["toolset"]),
        compiler=values.text(item["compiler"]),
        is_policy_named=values.flag(item["is_policy_named"]),
        source=values.text(item["source"]),
        unused=None if item.get("unused") is None else values.text(item["unused"]),
    )


def _build_image(item: dict[str, Any] | None, image: object) -> BuildImage | None:
    if item is None:
        return None
    if item["digest"] != image:
        raise ValueError("its image is not the one that it names")
    return BuildImage(
        repository=values.repository(item["repository"]),
        tag=values.image_tag(item["tag"]),
        digest=values.image_digest(item["digest"]),
        python=values.image_python(item["python"]),
    )


def _toolchain(item: dict[str, Any] | None) -> LockedToolchain | None:
    if item is None:
        return None
    return LockedToolchain(name=values.toolchain(item["name"]), digest=values.text(item["digest"]))


def _locked(item: dict[str, Any], depth: int) -> LockedFile:
    nested = item["recipe"]
    return LockedFile(
        name=values.name(item["name"]),
        version=values.text(item["version"]),
        filename=values.filename(item["filename"]),
        sha256=values.digest(item["sha256"]),
        recipe=None if nested is None else recipe_from_json(nested, depth=depth + 1),
    )
