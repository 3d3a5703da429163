"""`make knowledge`: finds the releases in which what setuptools writes into a wheel changes.

    python -m tests.knowledge.setuptools_eras

It builds the probes with every real release in the bubblewrap sandbox, compares neighbours, and
writes `builders/knowledge/setuptools.toml`. What was built is kept in `.truewheel/knowledge`, so a
run that was broken off goes on where it was.
"""

import json
import os
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from itertools import compress
from pathlib import Path

from builders.sandbox.select import BUBBLEWRAP, open_sandbox
from tests.knowledge.laboratory import (
    OWN_BDIST_WHEEL,
    PYTHONS,
    WHEEL,
    Laboratory,
    Release,
    common_python,
    releases,
)
from tests.knowledge.observation import Difference, difference
from verify.events import silent
from verify.index.client import open_index
from verify.index.config import load_config

ROOT = Path(__file__).resolve().parents[2]
KEPT = ROOT / ".truewheel"
TABLE = ROOT / "builders" / "knowledge" / "setuptools.toml"
LANES = 2
TOLD_EVERY = 20
HEAD = f"""\
# In which releases of setuptools a wheel's content changes: METADATA, the other files of
# .dist-info, the choice and content of all other members.
#
# Source: real builds of the probes in tests/knowledge/probes.py with every release itself;
# `make knowledge` regenerates this file. Left out are pre-releases, yanked releases, those without
# a wheel for Python 3, and those that were published after a newer version. Each was compared with
# the release before it, both under one Python: the first of {", ".join(PYTHONS)} that both allow.
# Before {OWN_BDIST_WHEEL} wheel {WHEEL} wrote the archive. Beside 34 and 35, which bring no copy of
# what they require, was what 33 and 36 bring.
#
# There are {{count}} such releases, {{oldest}} to {{newest}}.
# Built nothing, and were passed over: {{unusable}}.
#
# `touches` says what differs from the releases before: METADATA, other files of .dist-info, other
# members (or the wheel's file name), `builds` if some probe builds now that did not, `fails` if
# some probe builds no longer. In a note + is what came, - what went, ~ what is written otherwise.
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Boundary:
    """Two neighbouring releases that differ."""

    before: Release
    after: Release
    difference: Difference


@dataclass(frozen=True, kw_only=True, slots=True)
class Survey:
    """What was found out about a row of releases.

    Attributes:
        usable: those that could build any probe, oldest first.
        unusable: the others.
        boundaries: where neighbours of the usable ones differ, in their order.
    """

    usable: Sequence[Release]
    unusable: Sequence[Release]
    boundaries: Sequence[Boundary]


def survey(place: Laboratory, row: Sequence[Release]) -> Survey:
    """Build the probes with every release and compare neighbours."""
    observe = cache(place.observe)

    def is_usable(release: Release) -> bool:
        return observe(release, common_python(release, release)).is_usable

    def compared(before: Release, after: Release) -> Boundary | None:
        python = common_python(before, after)
        old, new = observe(before, python), observe(after, python)
        if old.digest == new.digest:
            return None
        return Boundary(before=before, after=after, difference=difference(old, new))

    with ThreadPoolExecutor(LANES) as pool:
        fit = list(_counted(pool.map(is_usable, row), len(row)))
        usable = [*compress(row, fit)]
        boundaries = [*filter(None, pool.map(compared, usable, usable[1:]))]
    unusable = [release for release, is_fit in zip(row, fit, strict=True) if not is_fit]
    return Survey(usable=usable, unusable=unusable, boundaries=boundaries)


def _counted(answers: Iterable[bool], total: int) -> Iterator[bool]:
    for number, answer in enumerate(answers, start=1):
        if number % TOLD_EVERY == 0:
            _say(f"{number} of {total} releases")
        yield answer


def render(found: Survey) -> str:
    """The table as TOML."""
    head = HEAD.format(
        count=len(found.usable) + len(found.unusable),
        oldest=found.usable[0].version,
        newest=found.usable[-1].version,
        unusable=", ".join(str(release.version) for release in found.unusable) or "none",
    )
    oldest = Difference(touches=(), note="the oldest that was observed")
    entries = [_entry(found.usable[0], oldest)]
    entries += [_entry(boundary.after, boundary.difference) for boundary in found.boundaries]
    return "\n".join((head, *entries))


def _entry(release: Release, change: Difference) -> str:
    time_of = release.file.upload_time
    if time_of is None:
        raise LookupError(f"the index does not say when {release.version} was uploaded")
    return (
        f'[[change]]\nrelease = "{release.version}"\nuploaded = {time_of.date().isoformat()}\n'
        f"touches = {json.dumps(change.touches)}\n"
        f"note = {json.dumps(change.note, ensure_ascii=False)}\n"
    )


def laboratory() -> tuple[Laboratory, tuple[Release, ...]]:
    """The laboratory of this machine, and the releases to look at."""
    config = load_config(index_url=None, extra_index_urls=(), environ=dict(os.environ), cwd=ROOT)
    index = open_index(config, cache_root=KEPT / "cache", offline=False, listener=silent)
    sandbox = open_sandbox(BUBBLEWRAP, cache_root=KEPT / "cache", listener=silent)
    return Laboratory(sandbox=sandbox, index=index, kept=KEPT / "knowledge"), releases(index)


def main() -> None:
    """Survey and write the table."""
    started = time.monotonic()
    place, row = laboratory()
    found = survey(place, row)
    TABLE.write_text(render(found), encoding="utf-8")
    _say(f"{len(found.boundaries) + 1} entries, {time.monotonic() - started:.0f} s")


def _say(message: str) -> None:
    sys.stderr.write(f"{message}\n")


if __name__ == "__main__":
    main()
