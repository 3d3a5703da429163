"""Eras of setuptools: the runs of releases that write the same into a wheel.

Where a release only builds what those before it could not, no era begins: the younger releases of
an era stand for the older ones, and not the other way round.
"""

import tomllib
from bisect import bisect_right
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from itertools import zip_longest

from packaging.version import Version


@dataclass(frozen=True, kw_only=True, slots=True)
class Era:
    """Releases from `first` up to, but without, `until`.

    Attributes:
        first: the first release that writes so.
        until: the first release that writes otherwise again, None in the newest era.
        uploaded: the day `first` was uploaded, UTC.
    """

    first: Version
    until: Version | None
    uploaded: date


ONLY_BUILDS_MORE = ["builds"]
"""What the table says that a release touches if it changes nothing else."""


@cache
def eras() -> tuple[Era, ...]:
    """All eras, oldest first; each ends where the next one begins."""
    text = files("builders.knowledge").joinpath("setuptools.toml").read_text(encoding="utf-8")
    changes = tomllib.loads(text)["change"]
    begins = [change for change in changes if change["touches"] != ONLY_BUILDS_MORE]
    firsts = [Version(change["release"]) for change in begins]
    return tuple(
        Era(first=first, until=until, uploaded=change["uploaded"])
        for change, first, until in zip_longest(begins, firsts, firsts[1:])
    )


def era_of(version: Version) -> Era:
    """The era of a release; one that is older than the table counts to its first era."""
    known = eras()
    return known[max(bisect_right(known, version, key=lambda era: era.first) - 1, 0)]
