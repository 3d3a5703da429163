"""The table of setuptools' eras against the releases themselves: a few of its lines, built anew."""

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest

from builders.eras import Era, eras
from builders.sandbox.bubblewrap import BubblewrapSandbox
from tests.knowledge.laboratory import Laboratory, Release, common_python, releases
from tests.knowledge.observation import Observation
from tests.support.interpreters import needs_python
from verify.events import silent
from verify.index.client import open_index
from verify.index.config import load_config

pytestmark = needs_python((3, 6), (3, 9), (3, 12))

LANES = 2
YOUNG, OLD = 4, 2
"""Neighbouring boundaries that are looked at: the youngest ones, and old ones in the middle."""


@dataclass(frozen=True, kw_only=True)
class Boundary:
    """The last release of an era and the first of the next, with the digests of what they build."""

    before: Release
    after: Release
    digests: tuple[str, str]


@dataclass(frozen=True, kw_only=True)
class Bench:
    """Real releases, and the sandbox that builds with them."""

    laboratory: Laboratory
    row: Sequence[Release]

    def boundary(self, era: Era) -> Boundary:
        """Where an era begins."""
        at = next(i for i, release in enumerate(self.row) if release.version == era.first)
        before, after = self.row[at - 1], self.row[at]
        return Boundary(before=before, after=after, digests=self.digests(before, after))

    def digests(self, one: Release, other: Release) -> tuple[str, str]:
        """What two releases make of the probes, under one Python."""
        first, second = self.observed(one, other)
        return first.digest, second.digest

    def observed(self, one: Release, other: Release) -> tuple[Observation, Observation]:
        """The probes' wheels by two releases, under one Python."""
        python = common_python(one, other)
        first, second = (self.laboratory.observe(release, python) for release in (one, other))
        assert first.is_usable
        assert second.is_usable
        return first, second


@pytest.fixture(scope="module")
def bench(
    bubblewrap_sandbox: BubblewrapSandbox,
    kept_cache: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Bench:
    config = load_config(
        index_url=None, extra_index_urls=(), environ=dict(os.environ), cwd=Path.cwd()
    )
    index = open_index(config, cache_root=kept_cache, offline=False, listener=silent)
    kept = tmp_path_factory.mktemp("observed")
    laboratory = Laboratory(sandbox=bubblewrap_sandbox, index=index, kept=kept)
    return Bench(laboratory=laboratory, row=releases(index))


@pytest.fixture(scope="module")
def runs(bench: Bench) -> Iterator[list[list[Boundary]]]:
    """Two runs of neighbouring boundaries, built two at a time."""
    known = eras()
    middle = len(known) // 2
    chosen = (known[middle : middle + OLD], known[-YOUNG:])
    with ThreadPoolExecutor(LANES) as pool:
        found = [pool.map(bench.boundary, part) for part in chosen]
        yield [list(part) for part in found]


def test_an_era_begins_where_a_release_builds_otherwise(runs: list[list[Boundary]]) -> None:
    same = [
        f"{boundary.before.version} and {boundary.after.version}"
        for boundary in (*runs[0], *runs[1])
        if len(set(boundary.digests)) == 1
    ]

    assert [len(part) for part in runs] == [OLD, YOUNG]
    assert same == []


def test_the_last_release_of_an_era_writes_all_that_the_first_writes(
    bench: Bench, runs: list[list[Boundary]]
) -> None:
    ends = [(one.after, other.before) for part in runs for one, other in pairwise(part)]
    different = [
        f"{probe}: {first.version} and {last.version}"
        for first, last in ends
        for probe in unlike(*bench.observed(first, last))
    ]

    assert any(first.version != last.version for first, last in ends)
    assert different == []


def unlike(first: Observation, last: Observation) -> list[str]:
    """The probes that the first builds, and the last otherwise or not at all."""
    return [
        probe
        for probe, wheel in first.wheels.items()
        if wheel is not None and wheel != last.wheels[probe]
    ]
