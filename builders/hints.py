"""What the published wheel teaches about how it was built. Values only; bytes never go further."""

from dataclasses import dataclass
from datetime import UTC, datetime
from email.parser import BytesHeaderParser
from pathlib import Path

from packaging.tags import Tag
from packaging.utils import InvalidWheelFilename, NormalizedName, parse_wheel_filename
from packaging.version import Version

from builders.errors import BuildFault, FailureCode
from builders.native_hints.hints import NativeHints, read_native_hints
from builders.platform_tags import Platforms, read_platforms
from verify.archive.errors import ArchiveError
from verify.archive.member import Member
from verify.archive.reader import Archive, read_archive

DIST_INFO_FILE_LIMIT = 4 * 1024 * 1024
MAX_HINT = 1000
"""Characters of a value that is looked at."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Hints:
    """Facts of a published wheel that become recipe values.

    Attributes:
        name: normalized project name, from the file name.
        version: from the file name.
        tags: the file name's expanded tags.
        generator: the WHEEL file's Generator value, None without one.
        newest: newest ZIP timestamp, read as UTC; ZIP times have no zone (APPNOTE 4.4.6).
        requires_python: METADATA's Requires-Python, None without one.
        native: what its ELF files say, None where none is of this kind.
        platforms: its platform tags, None where it is not for Linux.
    """

    name: NormalizedName
    version: Version
    tags: frozenset[Tag]
    generator: str | None
    newest: datetime | None
    requires_python: str | None
    native: NativeHints | None = None
    platforms: Platforms | None = None


def read_hints(wheel: Path) -> Hints:
    """Hints of a published wheel.

    Raises:
        BuildFault: the file name is no wheel's, or there is no archive to read.
    """
    try:
        name, version, _build, tags = parse_wheel_filename(wheel.name)
        archive = read_archive(wheel)
    except (InvalidWheelFilename, ValueError, ArchiveError) as error:
        raise BuildFault(
            f"{wheel.name} cannot be read for hints: {error}", code=FailureCode.BAD_WHEEL
        ) from error
    return Hints(
        name=name,
        version=version,
        tags=tags,
        generator=_header(archive, "WHEEL", "Generator"),
        newest=_newest(archive.members),
        requires_python=_header(archive, "METADATA", "Requires-Python"),
        native=read_native_hints(archive),
        platforms=read_platforms(archive, wheel.name, _headers(archive, "WHEEL", "Tag")),
    )


def _newest(members: tuple[Member, ...]) -> datetime | None:
    moments = [moment for member in members if (moment := _moment(member)) is not None]
    return max(moments, default=None)


def _moment(member: Member) -> datetime | None:
    try:
        year, month, day, hour, minute, second = member.date_time
        return datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None


def _header(archive: Archive, file: str, header: str) -> str | None:
    """The first value of a header."""
    return next(iter(_headers(archive, file, header)), None)


def _headers(archive: Archive, file: str, header: str) -> tuple[str, ...]:
    """The values of a header, in order."""
    # Further down are those of projects that a package has copies of.
    names = [
        m.name
        for m in archive.members
        if m.name.endswith(f".dist-info/{file}") and m.name.count("/") == 1
    ]
    if len(names) != 1:
        return ()
    try:
        content = archive.read(names[0], limit=DIST_INFO_FILE_LIMIT)
    except ArchiveError:
        return ()
    # The headers alone: a full parser recurses into nested parts.
    found = BytesHeaderParser().parsebytes(content).get_all(header, ())
    return tuple(str(value).strip()[:MAX_HINT] for value in found)
