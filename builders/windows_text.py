"""Text files as Windows writes them, for a build that was made there; runs inside the sandbox.

On Windows the text layer of `open` turns a written LF into CRLF, so files that a backend writes
without naming `newline` have CRLF throughout (docs.python.org, `open`, `newline`). Nothing else of
Windows is imitated. Run with `exec` before the backend is imported, by Python 3.6 or newer.
"""

import builtins
import io
import os
from inspect import signature

_plain_open = io.open
_SIGNATURE = signature(_plain_open)


def _open(*arguments, **named):  # type: ignore[no-untyped-def]  # noqa: ANN002, ANN003, ANN202 - as given
    given = _SIGNATURE.bind(*arguments, **named).arguments
    mode = given.get("mode", "r")
    is_written = any(letter in mode for letter in "wax+")
    if is_written and "b" not in mode and given.get("newline") is None:
        given["newline"] = "\r\n"
    return _plain_open(**given)


builtins.open = io.open = _open
os.linesep = "\r\n"
