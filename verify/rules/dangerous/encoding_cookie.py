"""Rule `code.encoding-cookie`: source that is decoded differently than the rebuilt one.

Finds: a Python source whose encoding declaration (PEP 263 comment or byte order mark) differs from
the rebuilt member's, or, where only the published wheel has it, names an encoding other than the
common ones.

Dangerous because: the declaration decides what every other byte means; under some codecs what reads
as a comment is code.
"""

import codecs
import re

from verify.archive.facts import dangerous
from verify.finding import Finding
from verify.rules.interface import Context, Difference, Side
from verify.rules.kinds import is_source

_COOKIE = re.compile(rb"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")
"""PEP 263's own expression."""

_LINE_END = re.compile(rb"\r\n|\r|\n")

_COMMON = {None, "utf-8", "utf-8-sig", "utf8", "ascii", "us-ascii", "latin-1", "iso-8859-1"}


def encoding_cookie(difference: Difference, _context: Context) -> Finding | None:
    """Find sources whose declared encoding is not the rebuilt one's."""
    if difference.published is None or not is_source(difference.name):
        return None
    ours = _declared(difference.published)
    if difference.rebuilt is None:
        theirs = None
        is_odd = ours not in _COMMON
    else:
        theirs = _declared(difference.rebuilt)
        is_odd = ours != theirs
    if not is_odd:
        return None
    return dangerous(
        "code.encoding-cookie",
        "The published source declares another encoding than the rebuild.",
        member=difference.name,
        published=ours,
        rebuilt=theirs,
    )


def _declared(side: Side) -> str | None:
    start = next(side.archive.windows(side.member), b"")
    mark = start.startswith(codecs.BOM_UTF8)
    lines = _LINE_END.split(start.removeprefix(codecs.BOM_UTF8))[:2]
    for line in lines:
        match = _COOKIE.match(line)
        if match:
            name = match[1].decode("ascii", "backslashreplace").lower().replace("_", "-")
            return f"{name}, after a byte order mark" if mark else name
    return "utf-8-sig" if mark else None
