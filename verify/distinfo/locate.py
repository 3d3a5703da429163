"""The dist-info and data directories of a wheel, by name."""

from collections.abc import Iterable
from dataclasses import dataclass

from packaging.tags import Tag
from packaging.utils import (
    InvalidWheelFilename,
    NormalizedName,
    canonicalize_name,
    parse_wheel_filename,
)
from packaging.version import Version

from verify.archive.facts import dangerous, note, unexplained
from verify.archive.member import Member
from verify.finding import Finding

DIST_INFO = ".dist-info"
DATA = ".data"
SCHEMES = frozenset({"purelib", "platlib", "headers", "scripts", "data"})
"""The installation schemes that the wheel specification names for a data directory."""


@dataclass(frozen=True, kw_only=True, slots=True)
class WheelName:
    """What a wheel's file name says.

    Attributes:
        stem: name and version as they are written there.
        build: empty without a build tag.
    """

    stem: str
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
        stem="-".join(filename.split("-")[:2]),
        name=name,
        version=version,
        build="".join(map(str, build)),
        tags=frozenset(tags),
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
    stem = found[0].removesuffix(DIST_INFO)
    findings = _name_facts(found[0], DIST_INFO, wheel) or _spelling_facts(found[0], wheel)
    data_directories = top_directories(members, DATA)
    for data in data_directories:
        findings += _name_facts(data, DATA, wheel) + _data_facts(data, stem)
    return findings + _scheme_facts(members, data_directories)


def _spelling_facts(directory: str, wheel: WheelName | None) -> list[Finding]:
    """The public index looks for the directory under the spelling of the file name only.

    Installers compare normalized names, so they all find it.
    """
    if wheel is None or directory == wheel.stem + DIST_INFO:
        return []
    return [
        note(
            "distinfo.spelling",
            "The dist-info directory is spelled otherwise than the file name.",
            member=directory,
            expected=wheel.stem + DIST_INFO,
        )
    ]


def _data_facts(directory: str, stem: str) -> list[Finding]:
    """Uv installs the one data directory that has the stem of dist-info; pip every `*.data`."""
    if directory == stem + DATA:
        return []
    return [
        dangerous(
            "distinfo.data-directory",
            "A data directory is not spelled as dist-info is, and some installers overlook it.",
            member=directory,
            expected=stem + DATA,
        )
    ]


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


def _scheme_facts(members: Iterable[Member], directories: Iterable[str]) -> list[Finding]:
    """In one pass: a hostile wheel can have as many data directories as members."""
    tops = frozenset(directories)
    odd = set()
    for member in members:
        top, _, below = member.name.partition("/")
        scheme, slash, _ = below.partition("/")
        if top in tops and scheme and not (slash and scheme in SCHEMES):
            odd.add(f"{top}/{scheme}")
    return [
        unexplained(
            "distinfo.unknown-scheme",
            "What is below a data directory is in no scheme that the specification names.",
            member=path,
        )
        for path in sorted(odd)
    ]
