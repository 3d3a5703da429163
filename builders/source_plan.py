"""A source's own recipe: its backend, and its build requirements as the index stood, locked.

Requirements that have no wheel are planned like any source, one level deeper.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import Version

from builders.backends import calls_setuptools
from builders.errors import BuildFault, FailureCode
from builders.generators import generator_pins, nearest_pins
from builders.machine import GLIBC_MINOR
from builders.rebuild import Rebuilder
from builders.recipe import (
    BackendCall,
    LockedFile,
    Recipe,
    SourceFile,
    digest_of,
    recipe_to_json,
)
from builders.recipe_values import HASH_SEED
from builders.registry_images import OpenImage
from builders.releases import exclusions, refuse_releases
from builders.requirements import (
    all_locked,
    checked_requirement,
    is_older_than_asked,
    rules_out_from,
)
from builders.resolve import Question, SourceOnlyError, UvResolver
from builders.sandbox.interface import Interpreter, Sandbox
from builders.search.choices import PEP517, SETUP_PY, USUAL_UMASK, Choices
from builders.search.releases import Releases
from builders.source import LEGACY_BACKEND, LEGACY_BACKEND_SINCE, BuildSystem, read_build_system
from builders.source_only import newest_sdist
from builders.store import Store
from verify.index.interface import HashMismatchError, Index, IndexFile

MAX_DEPTH = 4
MAX_BUILT_REQUIREMENTS = 12

EPOCH = "SOURCE_DATE_EPOCH"

KNOW_PROJECT = ("setuptools>=61", "flit-core>=3.2")
"""The first releases that read the table [project] (PEP 621); earlier ones take no notice of it.

Source: the changelog of each. Poetry's own read another table until 2.0, which a source may have
beside it.
"""

KNOW_OPTIONS = ("setuptools>=30.3",)
"""The first release that reads the section [options] of setup.cfg (its changelog, 2016-12-08)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Order:
    """What to plan a rebuild of.

    Attributes:
        source: the sdist.
        as_of: when the wheel was made: its upload time, else the best guess; UTC.
        python: the interpreter.
        choices: what the search decided; of the wheel under test alone.
        generator: the published wheel's Generator line.
        epoch: SOURCE_DATE_EPOCH in seconds.
        pins: constraints on requirements that the published wheel's native code tells.
        above: what this source is a build requirement of, outermost first; empty for the wheel
            under test.
        image: the published image to build in, None for the sandbox's own root.
    """

    source: SourceFile
    as_of: datetime
    python: Interpreter
    choices: Choices
    generator: str | None
    epoch: int
    pins: tuple[str, ...] = ()
    above: tuple[SourceFile, ...] = ()
    image: OpenImage | None = None

    @property
    def chain(self) -> tuple[SourceFile, ...]:
        """The releases that must stay out of this build (soundness rule 2)."""
        return (*self.above, self.source)


class SourcePlanner:
    """Plans recipes of sources for one sandbox, whatever published wheel they are for."""

    def __init__(
        self,
        *,
        sandbox: Sandbox,
        resolver: UvResolver,
        rebuilder: Rebuilder,
        index: Index,
        store: Store,
    ) -> None:
        self._sandbox = sandbox
        self._resolver = resolver
        self._rebuilder = rebuilder
        self._index = index
        self._store = store
        self._releases = Releases(index)

    def plan(self, order: Order) -> Recipe:
        """The recipe of a source.

        Raises:
            BuildFault: no recipe can be made.
            IndexFault, SandboxFault: the surroundings failed.
        """
        path = self._rebuilder.gather_source(order.source)
        system = read_build_system(path)
        versions = _not_older(order.choices.versions, system, order.python.version)
        order = replace(order, choices=replace(order.choices, versions=versions))
        recipe = self._recipe(order, system, self._lock(order, system, ()))
        dynamic = self._dynamic_requires(recipe)
        if not all_locked(dynamic, recipe.requirements, order.python):
            recipe = self._recipe(order, system, self._lock(order, system, dynamic))
        return self._releases.replaced(recipe, order.choices.versions)

    def not_older(
        self, versions: Mapping[NormalizedName, str], source: SourceFile, python: str
    ) -> dict[NormalizedName, str]:
        """Those releases that a source, for a Python `X.Y`, does not ask for newer ones than.

        A published wheel may tell of any release. One from before what the source needs takes no
        notice of a part of it: of requirements, say, which the wheel would then do without.

        Raises:
            BuildFault: the source cannot be read.
            IndexFault: an index failed.
        """
        major, _, minor = python.partition(".")
        system = read_build_system(self._rebuilder.gather_source(source))
        return _not_older(versions, system, (int(major), int(minor)))

    def _recipe(self, order: Order, system: BuildSystem, locked: tuple[LockedFile, ...]) -> Recipe:
        return Recipe(
            source=order.source,
            python=f"{order.python.version[0]}.{order.python.version[1]}",
            sandbox=self._sandbox.name,
            image=order.image.digest if order.image else self._sandbox.image,
            build_image=order.image.locked(order.python) if order.image else None,
            as_of=order.as_of.astimezone(UTC),
            backend=_backend_call(system, locked, order.choices),
            umask=order.choices.umask or USUAL_UMASK,
            line_ends=order.choices.line_ends,
            requirements=locked,
            environment={**chosen_variables(order.choices), EPOCH: str(order.epoch)},
        )

    def _dynamic_requires(self, recipe: Recipe) -> tuple[str, ...]:
        """The backend's answer; hermetic as it is, it is kept by the recipe it was asked with."""
        key = digest_of({"hook": "get_requires_for_build_wheel", "of": recipe_to_json(recipe)})
        answer = _kept_requires(self._store.recall("requires", key))
        if answer is None:
            answer = self._rebuilder.frontend(recipe).requires()
            self._store.remember("requires", key, json.dumps(answer))
        return tuple(map(checked_requirement, answer))

    def _lock(
        self, order: Order, system: BuildSystem, dynamic: tuple[str, ...]
    ) -> tuple[LockedFile, ...]:
        told = generator_pins(order.generator)
        chosen = [f"{name}=={version}" for name, version in sorted(order.choices.versions.items())]
        requirements = (*system.requires, *told.requires, *dynamic, *order.choices.requires)
        not_itself = exclusions(order.chain)
        known = lowest_tools(system)
        try:
            wanted = _overridden(requirements, order.choices.versions)
            pins = (*told.pins, *order.pins, *chosen, *known)
            return self.locked(order, wanted, (*not_itself, *pins))
        except BuildFault as fault:
            is_pinned = bool(told.pins or order.pins or chosen)
            if not is_pinned or fault.code is not FailureCode.NO_BUILD_REQUIREMENTS:
                raise
        near = nearest_pins(told.pins)
        if near:
            with suppress(BuildFault):
                return self.locked(order, requirements, (*not_itself, *near, *known))
        # The project's own requirements win over what the Generator line suggests. Not over what
        # reads all of its source: the published wheel chooses the Python, which may have no such.
        return self.locked(order, requirements, (*not_itself, *known))

    def locked(
        self, order: Order, requirements: Iterable[str], constraints: tuple[str, ...]
    ) -> tuple[LockedFile, ...]:
        """Resolve; build what has no wheel, and resolve again with what was built.

        Raises:
            BuildFault: there is no such set of requirements.
            IndexFault, SandboxFault: the surroundings failed.
        """
        built: dict[NormalizedName, LockedFile] = {}
        wanted = tuple(dict.fromkeys(checked_requirement(text) for text in requirements))
        while True:
            question = Question(
                requirements=(*_without(wanted, built), *self._built_requirements(built)),
                constraints=constraints,
                as_of=order.as_of,
                python=order.python.version,
                glibc=order.image.inside.glibc if order.image else GLIBC_MINOR,
            )
            try:
                files = self._resolver.resolve(question)
            except SourceOnlyError as error:
                name = canonicalize_name(error.name)
                if name in built or len(built) >= MAX_BUILT_REQUIREMENTS:
                    raise
                asked = (*wanted, *constraints, *error.requirements)
                built[name] = self._build_requirement(name, asked, order)
                continue
            locked = [*map(_locked_file, files), *built.values()]
            refuse_releases(order.chain, locked)
            for file in files:
                self._fetch(file)
            return tuple(sorted(locked, key=lambda file: file.name))

    def _built_requirements(self, built: dict[NormalizedName, LockedFile]) -> Iterable[str]:
        for name, file in built.items():
            yield f"{name} @ {self._rebuilder.requirement(file).as_uri()}"

    def _build_requirement(
        self, name: NormalizedName, specifiers: tuple[str, ...], order: Order
    ) -> LockedFile:
        """A requirement that exists only as an sdist: planned like any source, one level deeper."""
        if len(order.above) >= MAX_DEPTH:
            raise BuildFault(
                f"build requirements nest deeper than {MAX_DEPTH} levels at {name}",
                code=FailureCode.NO_BUILD_REQUIREMENTS,
            )
        source = newest_sdist(name, specifiers, order.as_of, self._index)
        refuse_releases(order.chain, [source])
        recipe = self.plan(_below(order, source))
        return LockedFile(
            name=source.name,
            version=source.version,
            filename=source.filename,
            sha256=source.sha256,
            recipe=recipe,
        )

    def _fetch(self, file: IndexFile) -> None:
        try:
            self._index.fetch(file)
        except HashMismatchError as error:
            raise BuildFault(error.message, code=FailureCode.NO_BUILD_REQUIREMENTS) from error


def _not_older(
    versions: Mapping[NormalizedName, str], system: BuildSystem, python: tuple[int, int]
) -> dict[NormalizedName, str]:
    asked = [*map(checked_requirement, system.requires), *lowest_tools(system)]
    return {
        name: version
        for name, version in versions.items()
        if not is_older_than_asked(asked, name, version, python)
    }


def lowest_tools(system: BuildSystem) -> tuple[str, ...]:
    """What keeps all of a source read, unless the source itself asks for what does not: `name>=X`.

    Raises:
        BuildFault: a requirement of the source is none.
    """
    known = KNOW_PROJECT * system.has_project + KNOW_OPTIONS * system.has_options
    asked = [*map(checked_requirement, system.requires)] if known else []
    return tuple(lowest for lowest in known if not rules_out_from(asked, lowest))


def chosen_variables(choices: Choices) -> dict[str, str]:
    """The variables that a search decides."""
    seed = {} if choices.hash_seed is None else {HASH_SEED: str(choices.hash_seed)}
    return {**choices.switches, **seed}


def _below(order: Order, source: SourceFile) -> Order:
    """The order for a build requirement, of which no published wheel says anything."""
    return replace(
        order, source=source, generator=None, choices=Choices(), pins=(), above=order.chain
    )


def _backend_call(
    system: BuildSystem, locked: tuple[LockedFile, ...], choices: Choices
) -> BackendCall:
    """PEP 517 wherever the source or its setuptools knows it, else a direct setup.py call."""
    setuptools = [Version(file.version) for file in locked if file.name == "setuptools"]
    old = bool(setuptools) and setuptools[0] < LEGACY_BACKEND_SINCE
    usual = SETUP_PY if old and system.backend == LEGACY_BACKEND else PEP517
    call = BackendCall(
        mode=usual,
        backend=system.backend,
        backend_path=system.backend_path,
        version=choices.version,
        pypy=choices.pypy,
        sorted_requires=choices.sorted_requires,
    )
    return called_as(call, choices.mode, choices.setup_options)


def called_as(call: BackendCall, mode: str | None, setup_options: tuple[str, ...]) -> BackendCall:
    """The call with a way to ask for the wheel that the published one tells, if the source has it.

    Beside another backend than setuptools nobody runs `setup.py`, whatever tags a published wheel
    has. Without a way told the call stays as it is.
    """
    if not calls_setuptools(call):
        return call
    return replace(call, mode=mode or call.mode, setup_options=setup_options or call.setup_options)


def _overridden(
    requirements: Iterable[str], versions: Mapping[NormalizedName, str]
) -> Iterator[str]:
    """The requirements, with those on a chosen release asking for just that one."""
    for text in map(checked_requirement, requirements):
        requirement = Requirement(text)
        chosen = versions.get(canonicalize_name(requirement.name))
        if chosen is not None:
            requirement.specifier = SpecifierSet(f"=={chosen}")
        yield str(requirement)


def _kept_requires(text: str | None) -> tuple[str, ...] | None:
    """A kept answer; a damaged one is forgotten."""
    try:
        value = json.loads(text or "")
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        return None
    return tuple(value)


def _without(wanted: tuple[str, ...], built: dict[NormalizedName, LockedFile]) -> Iterable[str]:
    return (text for text in wanted if canonicalize_name(Requirement(text).name) not in built)


def _locked_file(file: IndexFile) -> LockedFile:
    if file.sha256 is None:
        raise BuildFault(
            f"the index gives no sha256 for build requirement {file.filename}",
            code=FailureCode.NO_BUILD_REQUIREMENTS,
        )
    return LockedFile(
        name=file.project, version=str(file.version), filename=file.filename, sha256=file.sha256
    )
