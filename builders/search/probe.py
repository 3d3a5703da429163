"""Which setuptools wrote this METADATA: cheap probes that produce metadata and no wheel.

Generator lines name wheel's version up to setuptools 70.1, not that of setuptools, which writes
METADATA and decides what is in the dist-info directory. One release of every era (a span of
releases that behave alike, `builders.eras`) is asked, the youngest before the upload first.
"""

import json
import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from pathlib import PurePosixPath

from packaging.utils import NormalizedName
from packaging.version import Version

from builders.eras import era_of
from builders.errors import BuildFault, FailureCode
from builders.rebuild import Rebuilder
from builders.recipe import Recipe, digest_of, recipe_to_json
from builders.sdist import MAX_UNPACKED, all_files
from builders.search.choices import PEP517, SETUP_PY, Choices
from builders.search.profile import METADATA, Profile, lines_apart, read_profile
from builders.search.refine import SETUPTOOLS, Change, Tried
from builders.search.releases import Releases
from builders.search.scripts import NOTHING, Scripts, read_scripts
from builders.source import LEGACY_BACKEND, LEGACY_BACKEND_SINCE
from builders.store import Store

MAX_PROBES = 30

_YOUNGEST = 6
"""Eras that are all asked: most people have a tool of the last year."""

_STRIDE = 4
"""Every fourth of the older ones is asked first, then those around the two nearest, then others."""

_FAR = 1_000_000
"""The score of a release that does not answer."""

_OWN_GENERATOR = "setuptools ("
"""From 70.1 on, the Generator line names setuptools itself."""

_LICENSE = re.compile(r"(?:LICEN[CS]E|COPYING|NOTICE|AUTHORS).*")
"""What setuptools packs as licenses by itself, since 56.0; before, wheel did so."""

Files = Mapping[str, bytes]


class Prober:
    """Asks backends for metadata; hermetic as they are, answers are kept by recipe."""

    def __init__(self, rebuilder: Rebuilder, releases: Releases, store: Store) -> None:
        self._rebuilder = rebuilder
        self._releases = releases
        self._store = store

    def setuptools(
        self, published: Profile, tried: Tried, as_of: datetime, is_over: Callable[[], bool]
    ) -> Iterator[Change]:
        """Changes to another setuptools whose metadata is nearer to the published, nearest first.

        Args:
            published: what is to be reached.
            tried: the best attempt so far.
            as_of: when the wheel was uploaded.
            is_over: asked before each probe: whether no time is left.

        Raises:
            IndexFault, SandboxFault: the surroundings failed.
        """
        locked = {file.name: file.version for file in tried.recipe.requirements}
        generator = "".join(published.values("WHEEL", "Generator"))
        if SETUPTOOLS not in locked or generator.startswith(_OWN_GENERATOR):
            return
        wanted = self._wanted(published.dist_info, tried)
        apart = _apart(wanted, tried.profile.dist_info)
        if not apart:
            return
        try:
            versions = [*self._candidates(tried, Version(locked[SETUPTOOLS]), as_of)]
        except BuildFault:  # indexes that contradict each other say nothing
            return
        scores: dict[int, int] = {}
        for at in _order(len(versions), scores):
            if is_over():
                break
            found = self._asked(tried, versions[at])
            scores[at] = _FAR if found is None else _apart(wanted, found)
            if not scores[at]:
                yield _change(tried.choices, versions[at])
                return
        for at, score in sorted(scores.items(), key=lambda item: (item[1], item[0])):
            if score < apart:
                yield _change(tried.choices, versions[at])

    def _wanted(self, published: Files, tried: Tried) -> Files:
        """The published dist-info directory, as far as some release could write it.

        Raises:
            IndexFault: an index failed.
        """
        rebuilt = tried.profile.dist_info
        if writable(published, rebuilt, ()) == published:
            return published
        try:
            source = self._rebuilder.gather_source(tried.recipe.source)
            with closing(all_files(source, limit=MAX_UNPACKED)) as files:
                names = {PurePosixPath(file.name).name for file in files}
        except BuildFault:
            return published
        return writable(published, rebuilt, names)

    def scripts(self, recipe: Recipe) -> Scripts:
        """What the build scripts of a recipe's source ask their surroundings.

        Raises:
            IndexFault: an index failed.
        """
        try:
            return read_scripts(self._rebuilder.gather_source(recipe.source))
        except BuildFault:
            return NOTHING

    def has(self, recipe: Recipe, versions: Mapping[NormalizedName, str]) -> bool:
        """Whether a recipe could have these releases.

        Raises:
            IndexFault: an index failed.
        """
        try:
            self._releases.replaced(recipe, versions)
        except BuildFault:
            return False
        return True

    def _candidates(self, tried: Tried, current: Version, as_of: datetime) -> Iterator[Version]:
        """The youngest release of each other era, the youngest era first."""
        seen = {era_of(current)}
        for version in self._releases.versions(SETUPTOOLS, tried.recipe.python, as_of):
            era = era_of(version)
            if era not in seen:
                seen.add(era)
                yield version

    def _asked(self, tried: Tried, version: Version) -> Files | None:
        """The dist-info directory that this setuptools would write; None where it does not say."""
        try:
            recipe = _callable(self._releases.replaced(tried.recipe, {SETUPTOOLS: str(version)}))
        except BuildFault:
            return None
        key = digest_of({"hook": "metadata", "of": recipe_to_json(recipe)})
        kept = self._store.recall("metadata", key)
        if kept is None:
            try:
                kept = json.dumps(self._answer(recipe))
            except BuildFault as fault:
                kept = "null"
                if fault.code is FailureCode.BUILD_FAILED:
                    self._store.remember("metadata", key, kept)
            else:
                self._store.remember("metadata", key, kept)
        try:
            answer = json.loads(kept)
            return None if answer is None else {k: b64decode(v) for k, v in answer.items()}
        except (ValueError, AttributeError, TypeError):
            return None

    def _answer(self, recipe: Recipe) -> dict[str, str]:
        files = self._metadata(recipe) or self._built(recipe)
        return {name: b64encode(data).decode() for name, data in files.items()}

    def _metadata(self, recipe: Recipe) -> Files | None:
        """By the hook, which answers the same whatever the wheel is asked for with."""
        is_hooked = recipe.backend.mode == PEP517
        if not is_hooked and Version(_setuptools(recipe)) < LEGACY_BACKEND_SINCE:
            return None
        call = replace(recipe.backend, mode=PEP517)
        return self._rebuilder.frontend(replace(recipe, backend=call)).metadata()

    def _built(self, recipe: Recipe) -> Files:
        """By a whole build: releases without the hook."""
        return read_profile(self._rebuilder.rebuild(recipe).wheel).dist_info


def writable(published: Files, rebuilt: Files, source: Collection[str]) -> Files:
    """The published files but for licenses that the rebuild lacks, as does its source.

    Args:
        published: the files of its dist-info directory.
        rebuilt: likewise.
        source: names of all files in the source.
    """
    return {
        name: data
        for name, data in published.items()
        if name in rebuilt
        or not _LICENSE.fullmatch(PurePosixPath(name).name)
        or PurePosixPath(name).name in source
    }


def _callable(recipe: Recipe) -> Recipe:
    """The recipe, by a direct call where its release does not have the backend of most sources."""
    is_missing = Version(_setuptools(recipe)) < LEGACY_BACKEND_SINCE
    if is_missing and recipe.backend.backend == LEGACY_BACKEND:
        return replace(recipe, backend=replace(recipe.backend, mode=SETUP_PY))
    return recipe


def _setuptools(recipe: Recipe) -> str:
    return next(file.version for file in recipe.requirements if file.name == SETUPTOOLS)


def _order(count: int, scores: Mapping[int, int]) -> Iterator[int]:
    """Which of so many eras to ask, the youngest being 0; `scores` grows with the answers."""
    coarse = [*range(min(_YOUNGEST, count)), *range(_YOUNGEST, count, _STRIDE)]
    yield from coarse
    nearest = sorted(scores, key=lambda at: (scores[at], at))[:2]
    around = [at + step for at in nearest for step in range(1 - _STRIDE, _STRIDE)]
    # What a few eras alone write is near to nothing else, so the rest follows.
    left = dict.fromkeys((*around, *range(count)))
    fine = [at for at in left if 0 <= at < count and at not in scores]
    yield from fine[: max(0, MAX_PROBES - len(coarse))]


def _change(choices: Choices, version: Version) -> Change:
    return {"versions": {**choices.versions, SETUPTOOLS: str(version)}}


def _apart(published: Files, other: Files) -> int:
    """Lines of METADATA that differ, and files that only one has or that differ; not WHEEL."""
    names = (published.keys() | other.keys()) - {METADATA, "WHEEL", "RECORD"}
    lines = lines_apart(
        tuple(published.get(METADATA, b"").splitlines()),
        tuple(other.get(METADATA, b"").splitlines()),
    )
    is_other = published.get(METADATA) != other.get(METADATA)
    return max(lines, int(is_other)) + sum(published.get(n) != other.get(n) for n in names)
