"""Eras of setuptools: the runs of releases that write the same into a wheel."""

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
        first: the first release that behaves so.
        until: the first release that behaves otherwise again, None in the newest era.
        uploaded: the day `first` was uploaded, UTC.
    """

    first: Version
    until: Version | None
    uploaded: date


@cache
def eras() -> tuple[Era, ...]:
    """All eras, oldest first; each ends where the next one begins."""
    text = files("builders.knowledge").joinpath("setuptools.toml").read_text(encoding="utf-8")
    entries = tomllib.loads(text)["era"]
    firsts = [Version(entry["first"]) for entry in entries]
    return tuple(
        Era(first=first, until=until, uploaded=entry["uploaded"])
        for entry, first, until in zip_longest(entries, firsts, firsts[1:])
    )


def era_of(version: Version) -> Era:
    """The era of a release; one that is older than the table counts to its first era."""
    known = eras()
    return known[max(bisect_right(known, version, key=lambda era: era.first) - 1, 0)]
