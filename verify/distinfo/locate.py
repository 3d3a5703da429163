"""The dist-info and data directories of a wheel, by name."""

from dataclasses import dataclass

from packaging.tags import Tag
from packaging.utils import (
    InvalidWheelFilename,
    NormalizedName,
    canonicalize_name,
    parse_wheel_filename,
)
from packaging.version import Version

from verify.archive.facts import dangerous, unexplained
from verify.archive.member import Member
from verify.finding import Finding

DIST_INFO = ".dist-info"
DATA = ".data"
SCHEMES = frozenset({"purelib", "platlib", "headers", "scripts", "data"})
"""The installation schemes that the wheel specification names for a data directory."""


@dataclass(frozen=True, kw_only=True, slots=True)
class WheelName:
    """What a wheel's file name says; `build` is empty without a build tag."""

    name: NormalizedName
    version: Version
    build: str
    tags: frozenset[Tag]


def parse_name(filename: str) -> WheelName | None:
    """A wheel's file name taken apart (packaging's reading of the specification), None if bad."""
    try:
        name, version, build, tags = parse_wheel_filename(filename)
    except InvalidWheelFilename:
        return None
    return WheelName(
        name=name, version=version, build="".join(map(str, build)), tags=frozenset(tags)
    )


def top_directories(members: tuple[Member, ...], suffix: str) -> list[str]:
    """The distinct first segments that end in `suffix` in any case, sorted.

    In any case, because a case-insensitive file system merges them.
    """
    firsts = {member.name.split("/")[0] for member in members}
    return sorted(first for first in firsts if first.casefold().endswith(suffix))


def directory_facts(members: tuple[Member, ...], wheel: WheelName | None) -> list[Finding]:
    """Whether there is exactly one dist-info, named after the wheel, and known data schemes."""
    found = top_directories(members, DIST_INFO)
    if len(found) != 1 or not found[0].endswith(DIST_INFO):
        return [
            dangerous(
                "distinfo.not-exactly-one",
                "A wheel has exactly one dist-info directory.",
                found=found[:8],
            )
        ]
    findings = _name_facts(found[0], DIST_INFO, wheel)
    for data in top_directories(members, DATA):
        findings += _name_facts(data, DATA, wheel)
        findings += _scheme_facts(members, data)
    return findings


def _name_facts(directory: str, suffix: str, wheel: WheelName | None) -> list[Finding]:
    if wheel is None or _names(directory.removesuffix(suffix), wheel):
        return []
    return [
        dangerous(
            "distinfo.directory-name",
            f"The {suffix} directory is not named after the wheel.",
            member=directory,
            expected=f"{wheel.name}-{wheel.version}",
        )
    ]


def _names(stem: str, wheel: WheelName) -> bool:
    name, _, version = stem.rpartition("-")
    try:
        # An escaped local version holds "_" where the version has "+" or "-".
        return canonicalize_name(name) == wheel.name and (
            Version(version.replace("_", "+", 1) if "+" not in version else version)
            == wheel.version
        )
    except ValueError:  # InvalidVersion, or more digits than int() takes
        return False


def _scheme_facts(members: tuple[Member, ...], data: str) -> list[Finding]:
    paths = (member.name.split("/") for member in members)
    schemes = {path[1] for path in paths if path[0] == data and len(path) > 1 and path[1]}
    return [
        unexplained(
            "distinfo.unknown-scheme",
            "A data directory for a scheme that the specification does not name.",
            member=f"{data}/{scheme}",
        )
        for scheme in sorted(schemes - SCHEMES)
    ]
