"""What an installer makes of a wheel, read with the standard library and `packaging` alone.

None of the product's code is here: it answers whether two wheels that are called equivalent would
be installed alike.
"""

import csv
import io
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from email.message import Message
from email.parser import Parser
from importlib.metadata import PathDistribution

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name


@dataclass(frozen=True, kw_only=True)
class Installed:
    """What decides what is installed and what it pulls in.

    Attributes:
        identity: normalized name and version.
        requirements: as `packaging` spells them, whose order means nothing.
        entry_points: group, name, object reference.
        wheel: the fields of WHEEL that installers read.
    """

    identity: tuple[str, str]
    requirements: frozenset[str]
    requires_python: str
    extras: frozenset[str]
    entry_points: frozenset[tuple[str, str, str]]
    wheel: tuple[tuple[str, str], ...]


def contents(wheel: bytes) -> dict[str, bytes]:
    """Every member, directories included; raises what `zipfile` raises."""
    with zipfile.ZipFile(io.BytesIO(wheel)) as archive:
        found = {info.filename: archive.read(info) for info in archive.infolist()}
        assert len(found) == len(archive.infolist())
    return found


def installed(files: Mapping[str, bytes]) -> Installed:
    """Read the one dist-info directory as installers do."""
    tops = {name.split("/")[0] for name in files}
    (dist_info,) = (top for top in tops if top.endswith(".dist-info"))
    with zipfile.ZipFile(io.BytesIO(), "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
        distribution = PathDistribution(zipfile.Path(archive, f"{dist_info}/"))
        metadata = _message(distribution.read_text("METADATA") or "")
        fields = _message(distribution.read_text("WHEEL") or "")
        entry_points = _entry_points(distribution)
    return Installed(
        identity=(canonicalize_name(metadata["Name"]), str(metadata["Version"])),
        requirements=frozenset(map(_requirement, metadata.get_all("Requires-Dist", []))),
        requires_python=_specifiers(metadata.get_all("Requires-Python", [])),
        extras=frozenset(map(canonicalize_name, metadata.get_all("Provides-Extra", []))),
        entry_points=entry_points,
        wheel=wheel_fields(fields),
    )


def _entry_points(distribution: PathDistribution) -> frozenset[tuple[str, str, str]]:
    """The entry points; a file that this reader refuses (a `;` comment) stands for itself."""
    try:
        return frozenset((each.group, each.name, each.value) for each in distribution.entry_points)
    except TypeError:
        return frozenset({("", "", distribution.read_text("entry_points.txt") or "")})


def wheel_fields(fields: Message) -> tuple[tuple[str, str], ...]:
    """What installers read in WHEEL, in an order of its own."""
    names = ("Wheel-Version", "Root-Is-Purelib", "Tag", "Build")
    return tuple((name, value) for name in names for value in sorted(fields.get_all(name, [])))


def record_rows(data: bytes) -> list[list[str]]:
    """RECORD as the binary distribution format has it read: the `csv` module's default dialect."""
    return list(csv.reader(io.StringIO(data.decode("utf-8"), newline="")))


def _message(text: str) -> Message:
    return Parser().parsestr(text)


def _requirement(text: str) -> str:
    try:
        requirement = Requirement(text)
    except InvalidRequirement:
        return text
    requirement.name = canonicalize_name(requirement.name)
    requirement.extras = {canonicalize_name(extra) for extra in requirement.extras}
    return str(requirement)


def _specifiers(values: Iterable[str]) -> str:
    try:
        return " ".join(sorted(str(SpecifierSet(value)) for value in values))
    except InvalidSpecifier:
        return " ".join(values)
