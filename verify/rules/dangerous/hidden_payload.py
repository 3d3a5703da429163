"""Rule `code.hidden-payload`: source that is written so that nobody reads what it runs.

Finds: Python source of any size in the published wheel with one of these shapes, which the rebuilt
member does not have:
- `exec` or `eval` of what a decoder, a decompressor, `marshal` or a download returns, in one
  expression;
- `__import__` of a module that starts processes, opens connections or decodes, used on the spot;
- `exec` or `eval` in a line of 4096 bytes or more;
- a statement behind a semicolon and a hundred blanks, off the screen.

Dangerous because: these are the shapes of droppers, and honest code has no use for them: what a
program decodes it seldom runs, what it imports it names, and what it writes it shows. A generator
may write one of them; then the rebuild has it, too.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator
from itertools import islice

from verify.archive.facts import dangerous
from verify.finding import Finding
from verify.rules.interface import Context, Difference
from verify.rules.kinds import is_source
from verify.rules.scan import Piece, Search, added_by, for_pattern

_LONG_LINE = 4096
_MAX_ARGUMENT = 400
_MAX_SNIPPET = 300
_MAX_LISTED = 10

_MAX_CALLS = 2_000
"""Calls in a piece whose arguments are looked at one by one; more make only the search long."""

_RUN = re.compile(rb"(?:exec|eval)\s{0,8}\(")

_BEFORE = re.compile(rb"(?:^|[^\w.]|builtins?(?:__)?\s?\.\s?)\Z")
"""What comes before a call of the built-in function, and not of a method or another one."""

_DECODED = re.compile(
    rb"\b(?:b(?:16|32|64|85)decode|a85decode|a2b_(?:base64|hex|uu)|unhexlify|fromhex|decompress"
    rb"|marshal|rot_?13|urlopen|urlretrieve|chr)\b"
)

_IMPORTED = re.compile(
    rb"""__import__\(\s?['"](?:
        os['"]\s?\)\s?\.\s?(?:system|popen|exec[lv]|spawn[lv]|posix_spawn)
      | (?:subprocess|pty|socket|ctypes|builtins|urllib\.request)['"]
        (?:\s?,\s?fromlist=[^()\r\n]{1,40})?\s?\)\s?\.
      | (?:base64|binascii|marshal|zlib|codecs)['"]\s?\)\s?\.\s?
        (?:\w{1,10}decode|unhexlify|a2b_|loads|decompress|decode)
    )""",
    re.VERBOSE,
)

_OFF_SCREEN = re.compile(rb";[ \t]{100,2000}+[^\s#]|[^\s#][ \t]{100,2000}+;[ \t]?[^\s#]")

_LONG = re.compile(rb"[^\r\n]{%d}" % _LONG_LINE)
_LINE_ENDS = (b"\r", b"\n")


def hidden_payload(difference: Difference, _context: Context) -> Finding | None:
    """Find code that runs what nobody can read."""
    if difference.published is None or not is_source(difference.name):
        return None
    shapes = {
        shape: [_shown(snippet) for snippet in sorted(found)[:_MAX_LISTED]]
        for shape, found in added_by(difference, _SHAPES).items()
        if found
    }
    if not shapes:
        return None
    return dangerous(
        "code.hidden-payload",
        "The published source runs code that is hidden from whoever reads it.",
        member=difference.name,
        shapes=shapes,
    )


def _calls(piece: Piece) -> Iterator[tuple[int, int]]:
    for start, end in for_pattern(_RUN)(piece):
        if _BEFORE.search(piece.data, max(start - 16, 0), start):
            yield start, end


def _decoded(piece: Piece) -> Iterator[tuple[int, int]]:
    """`exec(` and what it runs, up to the decoder within its parentheses."""
    if _RUN.search(piece.data, piece.start) is None:
        return
    decoders = [match.span() for match in _DECODED.finditer(piece.data, piece.start)]
    for start, end in islice(_calls(piece), _MAX_CALLS):
        at = bisect_left(decoders, (end, end))
        near = at < len(decoders) and decoders[at][0] <= end + _MAX_ARGUMENT
        if near and _is_open(piece.data, end, decoders[at][0]):
            yield start, decoders[at][1]


def _is_open(data: bytes, start: int, end: int) -> bool:
    """Whether a parenthesis that opens before `start` is not closed up to `end`."""
    depth = 1
    for char in data[start:end]:
        depth += (char == ord("(")) - (char == ord(")"))
        if not depth:
            return False
    return True


def _long_lines(piece: Piece) -> Iterator[tuple[int, int]]:
    """The first such call in each long line."""
    if _RUN.search(piece.data, piece.start) is None or _LONG.search(piece.data) is None:
        return
    line_end = 0
    for start, end in _calls(piece):
        if start < line_end:
            continue
        left = start - _last_end(piece.data, max(start - _LONG_LINE, 0), start)
        line_end = _next_end(piece.data, end, end + _LONG_LINE)
        if left + line_end - start >= _LONG_LINE:
            yield start, min(end + _MAX_SNIPPET, line_end)


def _last_end(data: bytes, start: int, end: int) -> int:
    """Where a line begins at the latest; `start` if no line ends in between."""
    return max(data.rfind(char, start, end) + 1 or start for char in _LINE_ENDS)


def _next_end(data: bytes, start: int, end: int) -> int:
    """Where the next line end is; `end`, or the end of the data, if there is none before."""
    places = (data.find(char, start, end) for char in _LINE_ENDS)
    return min((place for place in places if place >= 0), default=min(end, len(data)))


def _shown(snippet: bytes) -> str:
    return snippet[:_MAX_SNIPPET].decode("utf-8", "backslashreplace")


_SHAPES: dict[str, Search] = {
    "runs-what-it-decodes": _decoded,
    "imports-on-the-spot": for_pattern(_IMPORTED),
    "runs-in-a-long-line": _long_lines,
    "off-the-screen": for_pattern(_OFF_SCREEN),
}
"""By the name that evidence gives it."""
