"""The loop: try, compare, refine, until nothing differs or nothing is left to try.

Anytime: whoever drives it may stop after any attempt and keep the best one.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import Any

from packaging.specifiers import SpecifierSet

from builders.errors import BuildFault, FailureCode
from builders.recipe import Recipe
from builders.search.choices import PEP517, SETUP_PY, Choices
from builders.search.probe import Prober
from builders.search.profile import METADATA, Profile, distance, read_profile
from builders.search.refine import (
    PYTHON_2,
    REFINEMENTS,
    Change,
    Tried,
    by_command,
    hinted,
    may_run_setup_py,
    python_of,
)
from builders.search.scripts import tool_of
from builders.search.switches import missing_extensions, with_extensions, with_libraries
from builders.search.translators import is_translated_otherwise, with_cython

_NEIGHBOURS = 2
"""Interpreters on either side of one that built nothing."""

_NO_MODULE = re.compile(r"^(?:ModuleNotFoundError|ImportError): No module named '?([A-Za-z_]\w*)",
                        re.MULTILINE)  # fmt: skip

_WORTH_ANOTHER = frozenset(
    {
        FailureCode.BUILD_FAILED,
        FailureCode.UNSUPPORTED,
        FailureCode.TIMEOUT,
        FailureCode.LIMIT_EXCEEDED,
    }
)
"""Failures of a build that another compiler may not have."""


class Search:
    """Candidates for the rebuild of one published wheel.

    Every candidate that `propose` gives is built by the caller, who tells what came of it by
    `learn` or by `fail`.
    """

    def __init__(
        self,
        published: Profile,
        as_of: datetime,
        prober: Prober,
        pythons: Sequence[tuple[int, int]] = (),
        is_over: Callable[[], bool] = lambda: False,
    ) -> None:
        """Open a search.

        Args:
            published: the wheel to reach.
            as_of: when it was uploaded.
            prober: asks backends for metadata.
            pythons: (major, minor) of what the sandbox has.
            is_over: whether no time is left for probes.
        """
        self._published = published
        self._pythons = pythons
        self._is_over = is_over
        self._asked: Choices | None = None
        self._failed = False
        self._as_of = as_of
        self._prober = prober
        self._proposed: set[tuple[object, ...]] = set()
        self._best: tuple[tuple[int, int, bool], Tried] | None = None
        self._left: Iterator[Choices] = self._first()

    @property
    def is_done(self) -> bool:
        """Whether an attempt has every member of the published wheel, so that none is better."""
        return self._best is not None and self._best[0][:2] == (0, 0)

    def propose(self) -> Choices | None:
        """What to try next; None when nothing is left.

        Raises:
            IndexFault, SandboxFault: a probe could not be made.
        """
        if self.is_done:
            return None
        for choices in self._left:
            if choices.key not in self._proposed:
                self._proposed.add(choices.key)
                self._asked = choices
                return choices
        return None

    def learn(self, choices: Choices, recipe: Recipe, wheel: Path, log: str = "") -> int:
        """Look at what a candidate built, and what it said; gives its distance from the published.

        Raises:
            BuildFault: the wheel cannot be read.
        """
        self._proposed.add(choices.key)
        tried = Tried(choices=choices, recipe=recipe, profile=read_profile(wheel), log=log)
        apart = distance(self._published, tried.profile)
        place = (
            len(missing_extensions(self._published, tried.profile)),
            apart,
            is_translated_otherwise(self._published, tried.profile),
        )
        if self._best is None or place < self._best[0]:
            self._best = (place, tried)
            self._left = self._refined(tried)
        return apart

    def fail(self, recipe: Recipe | None, fault: BuildFault) -> None:
        """Tell that the last candidate did not build, or not even came to a recipe.

        Without any wheel there is no difference to read.
        """
        self._left = chain([*self._with_missing(fault)], self._left)
        if self._best is not None or self._failed or recipe is None:
            return
        if fault.code in _WORTH_ANOTHER:
            self._failed = True
            self._left = chain(self._left, self._otherwise(recipe, fault))

    def _with_missing(self, fault: BuildFault) -> Iterator[Choices]:
        """What did not build, with the tool or the library that it missed."""
        if self._asked is None or fault.code is not FailureCode.BUILD_FAILED:
            return
        tool = _missing_tool(fault.log)
        if tool is not None and tool not in self._asked.requires:
            yield _changed(self._asked, [{"requires": (*self._asked.requires, tool)}])
        for change in with_libraries(self._asked, fault.log):
            yield _changed(self._asked, [change])

    def _otherwise(self, recipe: Recipe, fault: BuildFault) -> Iterator[Choices]:
        """The sandbox's own compiler, other interpreters, the other way to call setuptools.

        Of interpreters the next older ones come first. Flags may break a build, and they come from
        the published file: whoever tampers with it must not be able to have nothing compared.
        """
        if recipe.toolchain or recipe.compiler_flags:
            yield Choices(own_compiler=True)
        if fault.code is not FailureCode.BUILD_FAILED:
            return
        used = python_of(recipe)
        older = sorted((p for p in self._pythons if (3, 0) <= p < used), reverse=True)
        newer = sorted(p for p in self._pythons if p > used)
        for python in (*older[:_NEIGHBOURS], *newer[:_NEIGHBOURS]):
            yield Choices(python=python)
        if PYTHON_2 in self._pythons and used != PYTHON_2 and self._may_be_of_python_2():
            yield Choices(python=PYTHON_2)
        if may_run_setup_py(recipe):
            yield Choices(mode=PEP517 if recipe.backend.mode == SETUP_PY else SETUP_PY)

    def _may_be_of_python_2(self) -> bool:
        """Whether the published wheel may have been built with Python 2: tags can be chosen freely.

        A source that no Python 3 here builds may be one that was built with 2.7 for both.
        """
        required = self._published.values(METADATA, "Requires-Python")
        try:
            return all(SpecifierSet(text).contains("2.7.18") for text in required)
        except ValueError:  # not only InvalidSpecifier: a number may have too many digits
            return False

    def _first(self) -> Iterator[Choices]:
        """What the hints say; without them, if the sandbox cannot do what they ask for."""
        yield _changed(Choices(), [hinted(self._published)])
        yield Choices()

    def _refined(self, tried: Tried) -> Iterator[Choices]:
        """What makes extension modules, then all first changes at once; then one by one.

        Most differences have one cause each.
        """
        if missing_extensions(self._published, tried.profile):
            for change in with_extensions(tried, self._prober.scripts(tried.recipe)):
                yield _changed(tried.choices, [change])
        if is_translated_otherwise(self._published, tried.profile):
            # First, for what else differs is another thing in another translation.
            scripts = self._prober.scripts(tried.recipe)
            for change in with_cython(self._published, tried, scripts):
                yield _changed(tried.choices, [change])
        changes = [
            [change for change in refine(self._published, tried) if self._is_there(change, tried)]
            for refine in REFINEMENTS
        ]
        # A probe costs as much as a small build, so it is made when everything else has been tried.
        firsts = [found[0] for found in changes if found]
        if firsts:
            yield _changed(tried.choices, firsts)
        for change in chain.from_iterable(changes):
            yield _changed(tried.choices, [change])
        for change in self._probed(tried):
            yield _changed(tried.choices, [change])
        for change in by_command(self._published, tried):
            yield _changed(tried.choices, [change])

    def _probed(self, tried: Tried) -> Iterator[Change]:
        return self._prober.setuptools(self._published, tried, self._as_of, self._is_over)

    def _is_there(self, change: Change, tried: Tried) -> bool:
        """Whether the index had the releases that a change asks for."""
        versions = change.get("versions", {})
        return not isinstance(versions, Mapping) or self._prober.has(tried.recipe, versions)


def _changed(choices: Choices, changes: Iterable[Change]) -> Choices:
    merged: dict[str, Any] = {}
    for change in changes:
        merged |= change
    if merged.keys() & {"python", "requires"}:
        merged["recipe"] = None  # its requirements are for another interpreter, or too few
    return replace(choices, **merged)


def _missing_tool(log: str) -> str | None:
    """The tool that a build could not import."""
    found = [tool for name in _NO_MODULE.findall(log) if (tool := tool_of(name))]
    return found[-1] if found else None
