"""Reads numbers from a stretch of a file, one after the other, and never behind its end."""

from typing import Literal

from verify.native.elf import UnreadableElfError

_MAX_LEB_BYTES = 16
"""Enough for 64 bits, and for what assemblers add to a number to align what follows."""


class Cursor:
    """A place in some bytes, little endian; every read moves it.

    Attributes:
        data: the bytes.
        at: where the next read begins.
        end: where reading must stop.

    Raises:
        UnreadableElfError: by each method, where a value would end behind `end`.
    """

    __slots__ = ("at", "data", "end")

    def __init__(self, data: bytes, at: int = 0, end: int | None = None) -> None:
        self.data = data
        self.at = at
        self.end = len(data) if end is None else end
        if not 0 <= at <= self.end <= len(data):
            raise UnreadableElfError("cut off: a table begins behind its end")

    def take(self, size: int) -> bytes:
        """The next bytes."""
        start = self.at
        if not 0 <= size <= self.end - start:
            raise UnreadableElfError("cut off: a value ends behind its table")
        self.at = start + size
        return self.data[start : self.at]

    def byte(self) -> int:
        """The next byte."""
        if self.at >= self.end:
            raise UnreadableElfError("cut off: a value ends behind its table")
        self.at += 1
        return self.data[self.at - 1]

    def unsigned(self, size: Literal[1, 2, 4, 8]) -> int:
        """A number of that many bytes."""
        return int.from_bytes(self.take(size), "little")

    def signed(self, size: Literal[1, 2, 4, 8]) -> int:
        """A number of that many bytes, two's complement."""
        return int.from_bytes(self.take(size), "little", signed=True)

    def uleb(self) -> int:
        """An unsigned LEB128 of 64 bits at most, no longer than it needs to be (DWARF 5, 7.6)."""
        value, bits = self._leb()
        if value >> 64 or (bits > 7 and not value >> (bits - 7)):
            raise UnreadableElfError("has a number of more bits than it needs")
        return value

    def padded_uleb(self) -> int:
        """An unsigned LEB128 that may be longer: assemblers align with it what follows."""
        return self._leb()[0]

    def sleb(self) -> int:
        """A signed LEB128 of 64 bits at most, no longer than it needs to be (DWARF 5, 7.6)."""
        value, bits = self._leb()
        if value >> (bits - 1):
            value -= 1 << bits
        least = 1 << max(bits - 8, 0)
        if not -(1 << 63) <= value < 1 << 63 or (bits > 7 and -least <= value < least):
            raise UnreadableElfError("has a number of more bits than it needs")
        return value

    def string(self) -> bytes:
        """The bytes up to the next NUL, without it."""
        start = self.at
        stop = self.data.find(b"\0", start, self.end)
        if stop < 0:
            raise UnreadableElfError("cut off: a string does not end")
        self.at = stop + 1
        return self.data[start:stop]

    def _leb(self) -> tuple[int, int]:
        data, at = self.data, self.at
        value = shift = 0
        stop = min(self.end, at + _MAX_LEB_BYTES)
        while at < stop:
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                self.at = at
                return value, shift
        raise UnreadableElfError("has a number that does not end")
