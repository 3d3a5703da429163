"""`.pyc` files that CPython 3.11 makes of one small module, whichever Python runs the tests."""

import calendar

from tests.support import bytecode
from tests.support.wheels import Entry

SOURCE = bytecode.SOURCE

_VERSION = (3, 11)


def compiled(source: Entry, *, path: str = "/build/package/odd.py", **header: int) -> bytes:
    """The bytecode of `SOURCE`, valid for a member with the date of the given one.

    Args:
        source: the member whose date is in the header.
        path: where the source was when it was compiled.
        header: `flags`, `time` and `size`, if others than the right ones.
    """
    values = {"time": _seconds(source), **header}
    return bytecode.header(_VERSION, **values) + bytecode.marshalled(_VERSION, path)


def _seconds(member: Entry) -> int:
    """The date of a member in seconds since 1970, as if it were in UTC."""
    date, time = member.date, member.time
    day = ((date >> 9) + 1980, date >> 5 & 0xF, date & 0x1F)
    return calendar.timegm((*day, time >> 11, time >> 5 & 0x3F, (time & 0x1F) * 2, 0, 0, 0))
