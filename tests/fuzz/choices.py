"""Decisions out of bytes, so that whoever changes bytes (a fuzzer) changes decisions."""

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Choices:
    """Reads decisions from the front of some bytes; behind their end every decision is the first.

    An added or lost byte shifts the later decisions only, and every input means something.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def number(self, limit: int) -> int:
        """A number n with 0 <= n < limit."""
        width = max(1, ((limit - 1).bit_length() + 7) // 8)
        return int.from_bytes(self._take(width), "little") % limit

    def pick(self, options: Sequence[T]) -> T:
        """One of the options."""
        return options[self.number(len(options))]

    def data(self, limit: int) -> bytes:
        """Up to `limit` free bytes."""
        return self._take(self.number(limit + 1))

    def rest(self) -> bytes:
        """All that is left."""
        return self._take(len(self._data))

    def _take(self, size: int) -> bytes:
        piece = self._data[self._at : self._at + size]
        self._at += size
        return piece
