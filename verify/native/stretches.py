"""Which code was assembled together, as the debug information of a file says.

Each compilation unit lists the stretches of code that are its own: one for each section that its
object has code in (DWARF 5, 6.1.2). Only a rebuilt file is asked: a published one says what it
likes. A source with assembly can still have its own rebuild say something else.
"""

from bisect import bisect_right
from collections.abc import Iterator
from typing import Final

from verify.native.cursor import Cursor
from verify.native.elf import Elf, UnreadableElfError

_TABLE = ".debug_aranges"
_VERSION = 2
_WIDTH: Final = 8
"""Bytes of an address, and of a length."""

_LONG = 0xFFFFFFF0
"""A length from here on is none, but says that another one follows."""


class Stretches:
    """Stretches of code, each assembled at once."""

    def __init__(self, elf: Elf) -> None:
        try:
            found = sorted(_read(elf))
        except UnreadableElfError:
            found = []
        # What overlaps says nothing for certain: such a file is as one without.
        ends = [start + size for start, size in found]
        is_clear = all(end <= start for end, (start, _) in zip(ends, found[1:], strict=False))
        self._starts = [start for start, _ in found] if is_clear else []
        self._ends = ends if is_clear else []

    def at(self, address: int) -> int | None:
        """The start of the stretch that holds an address; None for what is of no unit."""
        place = bisect_right(self._starts, address) - 1
        return self._starts[place] if place >= 0 and address < self._ends[place] else None


def _read(elf: Elf) -> Iterator[tuple[int, int]]:
    """Address and size in bytes of each stretch that is not empty."""
    section = elf.by_name.get(_TABLE)
    table = Cursor(elf.content(section) if section else b"")
    while table.at < table.end:
        length = table.unsigned(4)
        if length >= _LONG:
            raise UnreadableElfError("has a table of addresses of 64 bits")
        begin = table.at - 4
        unit = Cursor(table.data, table.at, table.at + length)
        table.take(length)
        if unit.unsigned(2) != _VERSION:
            raise UnreadableElfError("has a table of addresses of an unknown kind")
        unit.take(4)
        if (unit.byte(), unit.byte()) != (_WIDTH, 0):
            raise UnreadableElfError("has a table of addresses of an unknown kind")
        unit.take((begin - unit.at) % (2 * _WIDTH))
        while unit.at < unit.end:
            start, size = unit.unsigned(_WIDTH), unit.unsigned(_WIDTH)
            if size:
                yield start, size
