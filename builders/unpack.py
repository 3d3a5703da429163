"""Unpacks the tar archives of images and toolchains, some of which come from another machine.

What runs in a sandbox later need not be harmless; unpacking it must be. Nothing is written outside
the tree or through a link, nothing belongs to anybody else or runs as somebody else, and what is
later mounted by name is not a link.
"""

import hashlib
import os
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from builders.sandbox.interface import SandboxFault
from builders.store import DISK_ERRORS

BROKEN = (
    tarfile.TarError, EOFError, LookupError, ValueError,
    OverflowError, RecursionError, MemoryError,
)  # fmt: skip
"""What reading a damaged or hostile archive raises."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """What of an archive is wanted, by paths relative to its root, with everything below each.

    Attributes:
        paths: all of it.
        linkable: those of `paths` that may be symbolic links themselves.
    """

    paths: frozenset[str]
    linkable: frozenset[str]

    def holds(self, path: PurePosixPath) -> bool:
        """Tell whether a path is wanted."""
        return not self.paths.isdisjoint(map(str, (path, *path.parents)))


def unpack(archive: Path, root: Path, shown: Shown) -> str:
    """Unpack what is wanted of an archive into the new directory `root`; return its SHA-256 (hex).

    Raises:
        SandboxFault: the archive is damaged, or holds what it must not.
        OSError: the operating system refused to write.
    """
    root.mkdir()
    with archive.open("rb") as file:
        # One descriptor for both: another process may replace the archive meanwhile.
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        file.seek(0)
        try:
            with tarfile.open(fileobj=file, mode="r:") as tar:
                # Checked by `_members`, which knows what a root may hold. Set as an attribute
                # because the argument is newer than Python 3.11.0.
                tar.extraction_filter = lambda member, _path: member
                tar.extractall(root, members=_members(tar, shown))  # noqa: S202 - see above
        except BROKEN as error:
            raise SandboxFault(f"{archive.name} is damaged: {error}") from error
        except OSError as error:
            if error.errno in DISK_ERRORS:
                raise
            # Such as a name that is too long.
            raise SandboxFault(f"{archive.name} cannot be unpacked: {error}") from error
    return digest


def check_archive(archive: Path, shown: Shown) -> None:
    """Read through an archive as `unpack` would.

    Raises:
        SandboxFault: the archive is damaged, or holds what it must not.
    """
    try:
        with tarfile.open(archive, mode="r:") as tar:
            for _ in _members(tar, shown):
                pass
    except BROKEN as error:
        raise SandboxFault(f"{archive.name} is damaged: {error}") from error


def _members(tar: tarfile.TarFile, shown: Shown) -> Iterator[tarfile.TarInfo]:
    seen = _Seen(shown=shown)
    for member in tar:
        if shown.holds(PurePosixPath(member.name)):
            if fault := seen.fault(member):
                raise SandboxFault(f"an image must not hold {member.name!r}: {fault}")
            yield _ours(member)


def _ours(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid, member.gid = os.geteuid(), os.getegid()
    member.uname = member.gname = ""
    member.mode &= 0o777
    return member


@dataclass(kw_only=True, slots=True)
class _Seen:
    """Judges the members of one archive in their order."""

    shown: Shown
    folders: set[PurePosixPath] = field(default_factory=set)
    files: set[PurePosixPath] = field(default_factory=set)
    links: set[PurePosixPath] = field(default_factory=set)

    def fault(self, member: tarfile.TarInfo) -> str | None:
        path = PurePosixPath(member.name)
        if fault := self._name_fault(path):
            return fault
        self.folders.update(path.parents)
        if member.isdir():
            self.folders.add(path)
            return None
        if path in self.folders:
            return "its name stands there twice"
        if member.issym():
            self.links.add(path)
            mounted = self.shown.paths - self.shown.linkable
            return "a link where something is mounted from" if str(path) in mounted else None
        fault = self._file_fault(member)
        self.files.add(path)
        return fault

    def _name_fault(self, path: PurePosixPath) -> str | None:
        if path.is_absolute() or ".." in path.parts:
            return "its name leads out of the tree"
        if path in self.files or path in self.links:
            return "its name stands there twice"
        if not self.links.isdisjoint(path.parents):
            return "its name leads through a link"
        if not self.files.isdisjoint(path.parents):
            return "its name leads through a file"
        return None

    def _file_fault(self, member: tarfile.TarInfo) -> str | None:
        if member.islnk():
            present = PurePosixPath(member.linkname) in self.files
            return None if present else "a second name of what is not there"
        if not member.isfile():
            return "neither a file nor a directory nor a link"
        return "a file with holes" if member.issparse() else None
