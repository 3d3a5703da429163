"""A file as bytes at offsets: every access is bounds-checked by construction.

Read, not mapped: a mapped file counts as this process' memory as far as it was touched, and one
that another process truncates ends this one by a signal.
"""

import hashlib
import os
import stat
import weakref
from collections.abc import Iterator
from pathlib import Path

from verify.archive.limits import WINDOW
from verify.errors import TruewheelError, UsageFault
from verify.results import FileIdentity

_BLOCK = 32 * 1024
"""Bytes read for a small slice; the headers around it are asked for next."""

_HEADER = 1024
"""Larger slices are content, behind which nothing is asked for."""

_State = tuple[int, int]


class FileChangedError(TruewheelError):
    """A file is not the one any more that was hashed, so nothing can be said about either."""


class RawFile:
    """Random access to the bytes of one file, opened once, in bounded memory.

    The descriptor pins the file that was hashed: replacing the path later changes nothing here.
    Safe to share between threads.
    """

    def __init__(self, data: bytes = b"", *, descriptor: int | None = None, name: str = "") -> None:
        """Wrap bytes, or a descriptor of a regular file, which is closed with this object."""
        self._name = name
        self._descriptor = descriptor
        self._block = (0, data)
        self.size = len(data)
        if descriptor is not None:
            weakref.finalize(self, os.close, descriptor)
            self._state = _state(descriptor)
            self.size = self._state[0]

    def slice(self, start: int, end: int) -> bytes:
        """The bytes of [start, end) that exist; shorter than asked at either end of the file.

        Raises:
            FileChangedError: the file has become shorter, or cannot be read any more.
        """
        if not 0 <= start < end <= self.size:
            start, end = self._clip(start), self._clip(end)
            if end <= start:
                return b""
        first, block = self._block
        if first <= start and end <= first + len(block):
            return block[start - first : end - first]
        if end - start > _HEADER:
            return self._read(start, end)
        block = self._read(start, min(start + _BLOCK, self.size))
        self._block = (start, block)
        return block[: end - start]

    def windows(self, start: int, end: int) -> Iterator[bytes]:
        """The bytes of [start, end) in pieces of at most `WINDOW` bytes."""
        start, end = self._clip(start), self._clip(end)
        for offset in range(start, end, WINDOW):
            yield self.slice(offset, min(offset + WINDOW, end))

    def find(self, needle: bytes, start: int, end: int) -> int:
        """The first offset of `needle` inside [start, end), -1 without one."""
        for offset in range(self._clip(start), self._clip(end), WINDOW):
            at = self._around(needle, offset, end).find(needle)
            if at >= 0:
                return offset + at
        return -1

    def rfind(self, needle: bytes, start: int, end: int) -> int:
        """The last offset of `needle` inside [start, end), -1 without one."""
        for offset in reversed(range(self._clip(start), self._clip(end), WINDOW)):
            at = self._around(needle, offset, end).rfind(needle)
            if at >= 0:
                return offset + at
        return -1

    def check_unchanged(self) -> None:
        """Raise FileChangedError if somebody wrote to the file since it was opened."""
        if self._descriptor is not None and _state(self._descriptor) != self._state:
            raise self._changed("was written to")

    def _around(self, needle: bytes, offset: int, end: int) -> bytes:
        """A window, and as much behind it as an occurrence that starts in it may need."""
        return self.slice(offset, min(offset + WINDOW + len(needle) - 1, self._clip(end)))

    def _read(self, start: int, end: int) -> bytes:
        pieces = []
        while start < end:
            piece = self._pread(start, end - start)
            pieces.append(piece)
            start += len(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _pread(self, start: int, size: int) -> bytes:
        if self._descriptor is None:
            raise self._changed("has no such bytes")
        try:
            piece = os.pread(self._descriptor, size, start)
        except OSError as error:
            raise self._changed(f"cannot be read any more ({error.strerror})") from error
        if not piece:
            raise self._changed("became shorter")
        return piece

    def _changed(self, what: str) -> FileChangedError:
        return FileChangedError(
            f"{self._name} {what} while it was judged.", hint="Run again on a file at rest."
        )

    def _clip(self, offset: int) -> int:
        return min(max(offset, 0), self.size)


def open_raw(path: Path) -> RawFile:
    """Open a regular file.

    Raises:
        UsageFault: the path is no regular file or cannot be read.
    """
    try:
        # Opening a FIFO or a device would block or have effects: look before opening.
        if not stat.S_ISREG(path.stat().st_mode):
            raise UsageFault(f"{path} is not a regular file.", hint="Give the path of a wheel.")
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        return RawFile(descriptor=descriptor, name=str(path))
    except (OSError, ValueError) as error:
        raise UsageFault(f"{path} cannot be read: {error}", hint="Check the path.") from error


def _state(descriptor: int) -> _State:
    """Size, and when it was last written to, in nanoseconds; a hard link changes neither."""
    found = os.fstat(descriptor)
    return found.st_size, found.st_mtime_ns


def identify(raw: RawFile, filename: str) -> FileIdentity:
    """Name, sha256 and size of the file."""
    digest = hashlib.sha256()
    for window in raw.windows(0, raw.size):
        digest.update(window)
    return FileIdentity(filename=filename, sha256=digest.hexdigest(), size=raw.size)


def same_bytes(ours: RawFile, start: int, theirs: RawFile, other: int, length: int) -> bool:
    """Whether `length` bytes at `start` of one file equal those at `other` of the other."""
    if start + length > ours.size or other + length > theirs.size:
        return False
    pairs = zip(
        ours.windows(start, start + length), theirs.windows(other, other + length), strict=True
    )
    return all(left == right for left, right in pairs)
