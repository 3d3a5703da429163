"""A file as bytes at offsets: every access is bounds-checked by construction."""

import hashlib
import mmap
import stat
from collections.abc import Iterator
from pathlib import Path

from verify.archive.limits import WINDOW
from verify.errors import UsageFault
from verify.results import FileIdentity


class RawFile:
    """Random access to the bytes of one file, mapped once.

    The map pins the file that was hashed: replacing the path later changes nothing here.
    """

    def __init__(self, data: bytes | mmap.mmap) -> None:
        self._data = data
        self.size = len(data)

    def slice(self, start: int, end: int) -> bytes:
        """The bytes of [start, end) that exist; shorter than asked at either end of the file."""
        # Slicing clips at the end of the file by itself; a negative offset would count from there.
        return self._data[max(start, 0) : max(end, 0)]

    def windows(self, start: int, end: int) -> Iterator[bytes]:
        """The bytes of [start, end) in pieces of at most `WINDOW` bytes."""
        end = min(end, self.size)
        for offset in range(max(start, 0), end, WINDOW):
            yield self._data[offset : min(offset + WINDOW, end)]

    def find(self, needle: bytes, start: int, end: int) -> int:
        """The first offset of `needle` inside [start, end), -1 without one."""
        return self._data.find(needle, self._clip(start), self._clip(end))

    def rfind(self, needle: bytes, start: int, end: int) -> int:
        """The last offset of `needle` inside [start, end), -1 without one."""
        return self._data.rfind(needle, self._clip(start), self._clip(end))

    def _clip(self, offset: int) -> int:
        return min(max(offset, 0), self.size)


def open_raw(path: Path) -> RawFile:
    """Map a regular file.

    Raises:
        UsageFault: the path is no regular file or cannot be read.
    """
    try:
        # Opening a FIFO or a device would block or have effects: look before opening.
        if not stat.S_ISREG(path.stat().st_mode):
            raise UsageFault(f"{path} is not a regular file.", hint="Give the path of a wheel.")
        with path.open("rb") as file:
            # An empty file cannot be mapped (mmap(2): EINVAL).
            if path.stat().st_size == 0:
                return RawFile(b"")
            return RawFile(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    except (OSError, ValueError) as error:
        raise UsageFault(f"{path} cannot be read: {error}", hint="Check the path.") from error


def identify(raw: RawFile, filename: str) -> FileIdentity:
    """Name, sha256 and size of the mapped file."""
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
