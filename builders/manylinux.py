"""Which published build image a wheel for Linux was most likely made in.

The platform tag alone does not tell: repair tools give a wheel the oldest tag that its symbols
allow. The compiler and the day do, with the tag for a lower bound. What is chosen is a name and a
bound on its age; the registry that has it is a matter of configuration, and where none is reached
the toolchain with the same compiler stands in.
"""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Any

from verify.finding import JSONValue

_ALIASES = {"manylinux1": (2, 5), "manylinux2010": (2, 12), "manylinux2014": (2, 17)}
"""PEP 600, "Legacy manylinux tags"."""

_PLATFORM = re.compile(
    r"(?P<policy>manylinux(?:1|2010|2014|_(?P<major>[0-9]{1,2})_(?P<minor>[0-9]{1,3})))"
    r"_(?P<machine>[a-z0-9_]{2,20})"
)

_MACHINES = frozenset({"x86_64"})
"""Those that the table is about."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PreferredImage:
    """The image that a rebuild would best run in.

    Attributes:
        repository: its name without the registry's, e.g. `pypa/manylinux2014_x86_64`.
        not_after: the last day of which the image may be; the newest one until then is meant.
        tags: the forms of the tags that such images have, which begin with their day.
        toolset: which of the distribution's compilers it has.
        compiler: the GCC series of that toolset.
        is_policy_named: whether the wheel's own tags name the image's policy.
        source: where the table has it from.
        unused: why the rebuild did not run in it although an image registry was named; else None.
    """

    repository: str
    not_after: date
    tags: tuple[str, ...]
    toolset: str
    compiler: str
    is_policy_named: bool
    source: str
    unused: str | None = None

    def to_json(self) -> dict[str, JSONValue]:
        """The same under the names of a recipe's `preferred_image`."""
        return {
            "repository": self.repository,
            "not_after": self.not_after.isoformat(),
            "tags": list(self.tags),
            "toolset": self.toolset,
            "compiler": self.compiler,
            "is_policy_named": self.is_policy_named,
            "source": self.source,
            **({"unused": self.unused} if self.unused is not None else {}),
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class _Row:
    repository: str
    glibc: tuple[int, int]
    toolset: str
    compiler: str
    since: date
    until: date
    source: str


def preferred_image(
    platforms: Iterable[str], compiler: str | None, as_of: datetime
) -> PreferredImage | None:
    """The image with a wheel's compiler that is next to its tags and was there on its day.

    Args:
        platforms: the wheel's platform tags; others than manylinux are passed over.
        compiler: the GCC that compiled it, `X.Y.Z`; without it nothing is chosen.
        as_of: when the wheel was made.

    Returns:
        None where no row of the table fits: another compiler, another machine, another kind of tag.
    """
    named = frozenset(_named(platforms))
    if not named or compiler is None:
        return None
    day = as_of.astimezone(UTC).date()
    rows = (row for row in _rows() if _is_of(compiler, row.compiler))
    usable = [row for row in rows if row.since <= day and row.glibc >= min(named)]
    if not usable:
        return None
    # What a tag names comes before what it only allows; then the oldest C library.
    best = min(usable, key=lambda row: (row.glibc not in named, row.glibc))
    last = min(day, best.until - timedelta(days=1))
    return PreferredImage(
        repository=best.repository.format(machine="x86_64"),
        not_after=last,
        tags=tuple(_tag_forms(last)),
        toolset=best.toolset,
        compiler=best.compiler,
        is_policy_named=best.glibc in named,
        source=best.source,
    )


def _named(platforms: Iterable[str]) -> Iterator[tuple[int, int]]:
    """The versions of glibc that tags name; only of machines in the table."""
    for platform in platforms:
        match = _PLATFORM.fullmatch(platform)
        if match is None or match["machine"] not in _MACHINES:
            continue
        yield _ALIASES.get(match["policy"]) or (int(match["major"]), int(match["minor"]))


def _is_of(compiler: str, series: str) -> bool:
    return compiler == series or compiler.startswith(f"{series}.")


def _tag_forms(day: date) -> Iterator[str]:
    for tag in _table()["tag"]:
        if tag.get("since", date.min) <= day < tag.get("until", date.max):
            yield tag["form"]


@cache
def _table() -> dict[str, Any]:
    text = files("builders.knowledge").joinpath("manylinux.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


@cache
def _rows() -> tuple[_Row, ...]:
    return tuple(_row(entry) for entry in _table()["image"])


def _row(entry: Mapping[str, Any]) -> _Row:
    major, _, minor = entry["glibc"].partition(".")
    return _Row(
        repository=entry["repository"],
        glibc=(int(major), int(minor)),
        toolset=entry["toolset"],
        compiler=entry["compiler"],
        since=entry["since"],
        until=entry.get("until", date.max),
        source=entry["source"],
    )
