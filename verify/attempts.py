"""Attempts at one wheel: choose, plan, rebuild, compare; and again, led by what differed.

Anytime: the best attempt so far is known after each one, and every one is noted.
"""

import platform
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import Any

from builders.errors import BuildFault
from builders.hints import Hints, read_hints
from builders.native_flags import REPAIR
from builders.recipe import Recipe, SourceFile
from builders.repair import why_unrepaired
from builders.search.choices import Choices
from builders.search.profile import read_profile
from builders.search.search import Search
from verify.compare.engine import compare
from verify.compare.unrepaired import as_unrepaired
from verify.finding import Finding
from verify.index.interface import IndexFault
from verify.results import Attempt, Diff
from verify.verdict import Reason, Verdict
from verify.workbench import Workbench

LOG_TAIL = 4000
"""Characters of a failed build's log that an attempt shows."""

RANKED = tuple(Verdict)
"""Best to worst, as they are declared."""


class NoRebuildError(Exception):
    """No attempt ended in a comparison; the first failure says why. Never leaves `verify`."""

    def __init__(self, fault: BuildFault) -> None:
        super().__init__(fault.message)
        self.fault = fault


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """What every attempt starts from.

    Attributes:
        wheel: the published one.
        source: what it is rebuilt from.
        as_of: when the wheel was made, from the newest ZIP time, None without one.
        told: facts about the wheel that its bytes alone do not show.
    """

    wheel: Path
    source: SourceFile
    as_of: Callable[[datetime | None], datetime]
    told: tuple[Finding, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Judged:
    """An attempt that ended in a comparison."""

    recipe: Recipe
    rebuilt: Path
    log: str
    diff: Diff
    distance: int

    @property
    def rank(self) -> tuple[int, int, int, int]:
        """Less is better; what could only not be compared is better than what differs."""
        if self.diff.reason in {Reason.UNSUPPORTED, Reason.REPAIR_FAILED}:
            return RANKED.index(Verdict.DIFFERENT), 0, self.distance, 0
        return RANKED.index(self.diff.verdict), 1, self.distance, _bytes_to_read(self.diff)


def _bytes_to_read(diff: Diff) -> int:
    """How much native code is left to a person, which makes no other distance."""
    sizes = (finding.evidence.get("bytes_to_read") for finding in diff.findings)
    return sum(size for size in sizes if isinstance(size, int))


@dataclass(kw_only=True)
class Attempts:
    """The attempts at one wheel.

    Attributes:
        case: what they start from.
        bench: the tools.
        stage: times and tells a stage.
        elapsed: seconds of wall time that the check has taken so far.
        noted: every attempt so far, in order.
        best: the best that ended in a comparison.
        recipe: that of the attempt under way; after a failure, that of the failure told.
        detail: why the search ended before it was done, None if it was.
        broken_off: whether that was a fault, not the budget.
    """

    case: Case
    bench: Workbench
    stage: Callable[[str], AbstractContextManager[None]]
    elapsed: Callable[[], float]
    noted: list[Attempt] = field(default_factory=list)
    best: Judged | None = None
    recipe: Recipe | None = None
    detail: str | None = None
    broken_off: bool = False
    _built: set[str] = field(default_factory=set)
    _is_repaired: bool = False

    def run(self) -> Judged:
        """Try until nothing is better or left, or the budget ends; gives the best attempt.

        Raises:
            NoRebuildError: no attempt ended in a comparison.
            IndexFault, SandboxFault: the surroundings failed before one did.
        """
        search, attempt = self._open()
        faults: list[tuple[BuildFault, Recipe | None]] = []
        for choices in chain(self._given(), self._candidates(search)):
            try:
                attempt(choices)
            except BuildFault as fault:
                faults.append((fault, self.recipe))
                self._failed(choices, fault)
                search.fail(self.recipe, fault)
            except IndexFault as fault:
                if self.best is None:
                    raise
                self._end_early(fault)
                break
        if self.best is None:
            # Why a person's own recipe failed is in the attempts.
            is_given = self.bench.settings.recipe is not None
            first, self.recipe = (faults[is_given:] or faults)[0]
            raise NoRebuildError(first)
        return self.best

    def _open(self) -> tuple[Search, Callable[[Choices], None]]:
        with self.stage("resolve"):
            try:
                hints, published = read_hints(self.case.wheel), read_profile(self.case.wheel)
            except BuildFault as fault:
                raise NoRebuildError(fault) from fault
            self._is_repaired = _is_repaired(hints)
            as_of = self.case.as_of(hints.newest)
            pythons = [python.version for python in self.bench.sandbox.interpreters()]
            search = Search(published, as_of, self.bench.prober, pythons, self._is_over)

        def attempt(choices: Choices) -> None:
            self.recipe = None
            with self.stage("resolve"):
                recipe = self.bench.planner.plan(hints, self.case.source, as_of, choices)
            self.recipe = recipe
            # Other words may come to what was tried.
            if recipe.digest not in self._built:
                self._built.add(recipe.digest)
                try:
                    self._try(recipe, choices, search)
                except BuildFault as fault:
                    if choices.recipe or not self.bench.planner.leave_image(recipe, fault):
                        raise
                    self._failed(choices, fault)
                    attempt(choices)

        return search, attempt

    def _given(self) -> Iterator[Choices]:
        """The recipe to start from, if a person gave one."""
        if self.bench.settings.recipe is not None:
            yield Choices(recipe=self.bench.settings.recipe)

    def _candidates(self, search: Search) -> Iterator[Choices]:
        """What to try, within the budget; the first attempt is always made."""
        settings = self.bench.settings
        while len(self.noted) < settings.attempts:
            if self.noted and self._is_over():
                self.detail = f"the search ended after {settings.search_seconds:g} s"
                return
            choices = self._proposed(search)
            if choices is None:
                return
            yield choices

    def _is_over(self) -> bool:
        return self.elapsed() > self.bench.settings.search_seconds

    def _proposed(self, search: Search) -> Choices | None:
        try:
            with self.stage("resolve"):
                return search.propose()
        except (BuildFault, IndexFault) as fault:
            self._end_early(fault)
            return None

    def _end_early(self, fault: BuildFault | IndexFault) -> None:
        """What was found out so far needs no index any more."""
        self.broken_off = True
        self.detail = f"the search ended early: {fault.message}"

    def _try(self, recipe: Recipe, choices: Choices, search: Search) -> None:
        with self.stage("build"):
            rebuild = self.bench.rebuilder.rebuild(recipe, fresh=self.bench.settings.fresh)
        with self.stage("compare"):
            diff = compare(self.case.wheel, rebuild.wheel, told=self.case.told)
            if (why := self._why_unrepaired(recipe, rebuild.log)) is not None:
                diff = as_unrepaired(diff, why)
            distance = search.learn(choices, recipe, rebuild.wheel, rebuild.log)
        judged = Judged(
            recipe=recipe, rebuilt=rebuild.wheel, log=rebuild.log, diff=diff, distance=distance
        )
        self._note(
            choices,
            diff.verdict,
            diff.reason,
            distance=distance,
            seconds=rebuild.seconds,
            detail=why,
            log_tail=rebuild.log[-LOG_TAIL:] if why else None,
        )
        if self.best is None or judged.rank < self.best.rank:
            self.best = judged

    def _why_unrepaired(self, recipe: Recipe, log: str) -> str | None:
        """Why the rebuild is not repaired as the published wheel is; None where it need not be."""
        if not self._is_repaired:
            return None
        if not recipe.repair_tools:
            return "its recipe has no tools for that, which the index may not have had yet"
        return why_unrepaired(log)

    def _failed(self, choices: Choices, fault: BuildFault) -> None:
        self._note(
            choices,
            Verdict.UNDETERMINED,
            Reason(fault.code),
            detail=fault.message,
            log_tail=fault.log[-LOG_TAIL:] or None,
        )

    def _note(
        self,
        choices: Choices,
        verdict: Verdict,
        reason: Reason | None,
        **more: Any,  # noqa: ANN401 - fields of Attempt
    ) -> None:
        recipe = self.recipe.digest if self.recipe else None
        self.noted.append(
            Attempt(recipe=recipe, verdict=verdict, reason=reason, chosen=choices.told, **more)
        )


def _is_repaired(hints: Hints) -> bool:
    """Whether a published wheel holds copies that its rebuild here needs a repair for."""
    platforms = hints.platforms
    if platforms is None or not platforms.are_of(platform.machine()):
        return False
    return any(step.startswith(f"{REPAIR} ") for step in platforms.post_steps)
