"""What a wheel looks like to the search: values of a published wheel or of a rebuilt one.

They decide what is tried next, never what is trusted: that is a comparison of the files themselves.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from builders.errors import BuildFault, FailureCode
from verify.archive.errors import ArchiveError
from verify.archive.reader import Archive, read_archive

MAX_FILE = 4 * 1024**2
"""Bytes of a file of the dist-info directory that is looked into."""

MAX_DIST_INFO = 16 * 1024**2
"""Bytes of all of them; of a wheel that has more, only METADATA and WHEEL are looked into."""

METADATA, WHEEL, RECORD = "METADATA", "WHEEL", "RECORD"


@dataclass(frozen=True, kw_only=True, slots=True)
class Profile:
    """What the search compares.

    Attributes:
        archive: the wheel, opened once.
        digests: sha256 by member name, without RECORD, which follows from them.
        dist_info: content by path below the dist-info directory, without RECORD; directories and
            what is too large are left out.
        directory: the dist-info directory's name, None unless there is exactly one.
    """

    archive: Archive
    digests: Mapping[str, str]
    dist_info: Mapping[str, bytes]
    directory: str | None

    def read(self, name: str) -> bytes:
        """The content of a member, empty if there is none that can be read at once."""
        try:
            return self.archive.read(name, limit=MAX_FILE)
        except ArchiveError:
            return b""

    def lines(self, name: str) -> tuple[bytes, ...]:
        """The lines of a file of the dist-info directory, without their ends."""
        return tuple(self.dist_info.get(name, b"").splitlines())

    def has_windows_lines(self, name: str) -> bool:
        """Whether a file of the dist-info directory has CRLF throughout."""
        return is_windows_text(self.dist_info.get(name, b""))

    def values(self, name: str, key: str) -> tuple[str, ...]:
        """The values of a header in WHEEL or METADATA, in order."""
        prefix = f"{key}:".lower()
        headers = self.dist_info.get(name, b"").replace(b"\r\n", b"\n").partition(b"\n\n")[0]
        lines = headers.decode("utf-8", "replace").split("\n")
        return tuple(
            line[len(prefix) :].strip() for line in lines if line.lower().startswith(prefix)
        )


def is_windows_text(text: bytes) -> bool:
    """Whether a text has lines, and each of them ends with CRLF."""
    return text.count(b"\n") == text.count(b"\r\n") > 0


def read_profile(wheel: Path) -> Profile:
    """The profile of a wheel.

    Raises:
        BuildFault: there is no archive to read.
    """
    try:
        archive = read_archive(wheel)
        return _profile(archive)
    except ArchiveError as error:
        raise BuildFault(f"{wheel.name} cannot be read", code=FailureCode.BAD_WHEEL) from error


def _profile(archive: Archive) -> Profile:
    directory = _dist_info(archive)
    own = f"{directory}/"
    digests = {
        member.name: content.sha256
        for member in archive.members
        if (content := archive.contents.get(member.index)) is not None
        and (directory is None or member.name != f"{own}{RECORD}")
    }
    kept = [
        member
        for member in archive.members
        if directory is not None
        and member.name in digests
        and member.name in archive.by_name
        and member.name.startswith(own)
        and not member.is_dir
        and member.size <= MAX_FILE
    ]
    if sum(member.size for member in kept) > MAX_DIST_INFO:
        kept = [member for member in kept if member.name.removeprefix(own) in {METADATA, WHEEL}]
    dist_info = {
        member.name.removeprefix(own): archive.read(member.name, limit=MAX_FILE) for member in kept
    }
    return Profile(archive=archive, digests=digests, dist_info=dist_info, directory=directory)


def _dist_info(archive: Archive) -> str | None:
    """The one directory that has a WHEEL file and is named as PEP 427 says."""
    end = f".dist-info/{WHEEL}"
    # Further down are those of projects that a package has copies of.
    at_the_root = (name for name in archive.by_name if name.count("/") == 1)
    found = {name.partition("/")[0] for name in at_the_root if name.endswith(end)}
    return found.pop() if len(found) == 1 else None


def differing(published: Profile, rebuilt: Profile) -> frozenset[str]:
    """Names of members that one of the two lacks or that differ, RECORD left out."""
    ours, theirs = published.digests, rebuilt.digests
    return frozenset(
        name for name in ours.keys() | theirs.keys() if ours.get(name) != theirs.get(name)
    )


def distance(published: Profile, rebuilt: Profile) -> int:
    """How far apart two wheels are: members that differ, and lines of METADATA and WHEEL.

    Lines that end otherwise throughout count as one. 0 where all members but RECORD are the same.
    """
    return len(differing(published, rebuilt)) + sum(
        lines_apart(published.lines(name), rebuilt.lines(name))
        + int(published.has_windows_lines(name) is not rebuilt.has_windows_lines(name))
        for name in (METADATA, WHEEL)
    )


def lines_apart(ours: tuple[bytes, ...], theirs: tuple[bytes, ...]) -> int:
    """Lines that only one of two texts has, wherever they stand."""
    left, right = Counter(ours), Counter(theirs)
    return ((left - right) + (right - left)).total()
