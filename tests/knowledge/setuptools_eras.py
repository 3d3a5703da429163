"""`make knowledge`: finds the releases in which what setuptools writes into a wheel changes.

    python -m tests.knowledge.setuptools_eras

It builds the probes with real releases in the bubblewrap sandbox, by bisection, and writes
`builders/knowledge/setuptools.toml`. What was built is kept in `.truewheel/knowledge`, so a run
that was broken off goes on where it was.
"""

import json
import os
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path

from packaging.version import Version

from builders.sandbox.select import BUBBLEWRAP, open_sandbox
from tests.knowledge.laboratory import (
    OWN_BDIST_WHEEL,
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
STRIDE = 8
"""In a row of so many releases whose ends and middle are alike the others are taken to be, too."""

SPLIT = Version("24.0.0")
"""Older releases are looked at last: few wheels are from before the middle of 2016."""

HEAD = f"""\
# In which releases of setuptools a wheel's content changes: METADATA, the other files of
# .dist-info, the choice and content of all other members. One release of each era stands for it.
#
# Source: real builds of the probes in tests/knowledge/probes.py with the releases themselves;
# `make knowledge` regenerates this file. Left out are pre-releases, yanked releases, those that
# were published after a newer version, and those that build nothing with CPython 3.6 or newer.
# Before {OWN_BDIST_WHEEL} wheel {WHEEL} wrote the archive. Neighbours were built under one Python.
# Boundaries are exact: the release before `first` was built, too, and differs. Inside an era not
# every release was built: where at most {STRIDE} in a row had equal ends and an equal middle, the
# others were taken to be equal.
#
# `touches` says what differs from the era before: METADATA, other files of .dist-info, other
# members (or the wheel's file name), or only which probes can be built at all. In a note + is what
# came, - what went, ~ what is written otherwise.
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Boundary:
    """Two neighbouring releases that differ."""

    before: Release
    after: Release
    difference: Difference


class Survey:
    """The search for boundaries in a row of releases."""

    def __init__(self, laboratory: Laboratory) -> None:
        self._observe = cache(laboratory.observe)
        self._pool = ThreadPoolExecutor(LANES)

    def boundaries(self, row: Sequence[Release]) -> Iterator[Boundary]:
        """The boundaries in a row of usable and unusable releases, in no order."""
        for python, part in reversed(list(_parts(row))):
            usable = self._ends(part, python)
            _say(f"{usable[0].version} to {usable[-1].version}: {len(usable)} on {python}")
            yield from self._bisected(usable, python)

    def _bisected(self, row: list[Release], python: str) -> Iterator[Boundary]:
        spans, settled = [row], list[list[Release]]()
        while spans:
            middles = list(self._pool.map(lambda span: self._middle(span, python), spans))
            halves = [
                half
                for span, middle in zip(spans, middles, strict=True)
                for half in self._halves(span, middle, python)
            ]
            _say(f"{python}: {len(spans)} spans became {len(halves)}")
            spans = [span for span in halves if len(span) > 2]
            settled += [span for span in halves if len(span) == 2]
        for before, after in sorted(settled, key=lambda span: span[0].version):
            old, new = self._observe(before, python), self._observe(after, python)
            if old.digest != new.digest:
                yield Boundary(before=before, after=after, difference=difference(old, new))

    def _middle(self, span: list[Release], python: str) -> Release | None:
        """The usable release nearest the middle; None if there is none inside the span."""
        centre = len(span) // 2
        for index in sorted(range(1, len(span) - 1), key=lambda index: abs(index - centre)):
            if self._observe(span[index], python).is_usable:
                return span[index]
        return None

    def _halves(
        self, span: list[Release], middle: Release | None, python: str
    ) -> Iterator[list[Release]]:
        if middle is None:
            yield [span[0], span[-1]]
            return
        digests = {self._observe(r, python).digest for r in (span[0], middle, span[-1])}
        if len(digests) == 1 and len(span) <= STRIDE:
            return
        at = span.index(middle)
        yield span[: at + 1]
        yield span[at:]

    def _ends(self, row: Sequence[Release], python: str) -> list[Release]:
        """The row without unusable releases at its ends."""
        kept = list(row)
        while not self._observe(kept[0], python).is_usable:
            kept.pop(0)
        while not self._observe(kept[-1], python).is_usable:
            kept.pop()
        return kept

    def first(self, row: Sequence[Release]) -> Release:
        """The oldest usable release."""
        python, part = next(_parts(row))
        return self._ends(part, python)[0]


def _parts(row: Sequence[Release]) -> Iterator[tuple[str, list[Release]]]:
    """The row in parts for one Python each; neighbouring parts share one release."""
    part, current = [row[0]], common_python(row[0], row[1])
    for before, after in pairwise(row):
        python = common_python(before, after)
        if python != current or before.version == SPLIT:
            yield current, part
            part, current = [before], python
        part.append(after)
    yield current, part


def render(first: Release, boundaries: Sequence[Boundary]) -> str:
    """The table as TOML."""
    oldest = Difference(touches=(), note="the oldest that was observed")
    entries = [_entry(first, oldest)]
    entries += [_entry(boundary.after, boundary.difference) for boundary in boundaries]
    return "\n".join((HEAD, *entries))


def _entry(release: Release, change: Difference) -> str:
    time_of = release.file.upload_time
    if time_of is None:
        raise LookupError(f"the index does not say when {release.version} was uploaded")
    return (
        f'[[era]]\nfirst = "{release.version}"\nuploaded = {time_of.date().isoformat()}\n'
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
    survey = Survey(place)
    boundaries = sorted(survey.boundaries(row), key=lambda found: found.after.version)
    TABLE.write_text(render(survey.first(row), boundaries), encoding="utf-8")
    _say(f"{len(boundaries) + 1} eras of {len(row)} releases, {time.monotonic() - started:.0f} s")


def _say(message: str) -> None:
    sys.stderr.write(f"{message}\n")


if __name__ == "__main__":
    main()
