"""The bytes of an input, bounded, and their text as pip decodes it."""

import codecs
import os
import re
import stat
from collections.abc import Callable
from pathlib import Path

from verify.lock.inputs.interface import InputFault, Location, quoted

MAX_BYTES = 16 * 1024**2
"""The largest locks of real projects have a few million bytes."""

Read = Callable[[Path], bytes]
"""The bytes behind a path; raises InputFault. A file of a git revision is read by another one."""

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_COOKIE = re.compile(rb"coding[:=]\s*([-\w.]+)")


def read_file(path: Path) -> bytes:
    """A regular file's bytes.

    Raises:
        InputFault: it is none, cannot be read, or is too large.
    """
    where = Location(path=str(path))
    try:
        # A FIFO or a device would never end; O_NONBLOCK keeps the opening itself from waiting.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as stream:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise InputFault(where, "this is not a regular file")
            data = stream.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise InputFault(where, f"cannot be read: {reason}") from error
    return bounded(data, where)


def bounded(data: bytes, where: Location) -> bytes:
    """The same bytes.

    Raises:
        InputFault: there are more than any real input has.
    """
    if len(data) > MAX_BYTES:
        raise InputFault(where, f"is longer than {MAX_BYTES} bytes", hint="no real lock is so long")
    return data


def decoded_utf8(data: bytes, where: Location) -> str:
    """TOML as text, which is always UTF-8; a byte order mark is let pass.

    Raises:
        InputFault: it is no UTF-8.
    """
    return _decoded(data.removeprefix(codecs.BOM_UTF8), "utf-8", where)


def decoded_as_pip(data: bytes, where: Location) -> str:
    """A requirements file as text: by its byte order mark, its PEP 263 cookie, else UTF-8.

    pip falls back to the locale's encoding; here such a file is refused, because it would mean one
    thing on one machine and another on the next.

    Raises:
        InputFault: it is not in that encoding, or the cookie names none.
    """
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return _decoded(data[len(mark) :], encoding, where)
    for line in data.split(b"\n", 2)[:2]:
        cookie = _COOKIE.search(line) if line.startswith(b"#") else None
        if cookie is not None:
            return _decoded(data, _known_codec(cookie[1].decode("ascii", "replace"), where), where)
    return _decoded(data, "utf-8", where)


def _known_codec(name: str, where: Location) -> str:
    try:
        info = codecs.lookup(name)
        # `rot13`, `zlib` and the like are codecs, too, but of no text.
        is_text = isinstance(codecs.decode(b"", info.name), str) and info.name not in _NOT_OF_FILES
    except (LookupError, ValueError, TypeError):
        is_text = False
    if not is_text:
        raise InputFault(
            where,
            f"its encoding cookie names {quoted(name)}, which is no encoding of text",
            hint="write `# -*- coding: utf-8 -*-`, or leave the line out",
        )
    return name


_NOT_OF_FILES = frozenset({"idna", "punycode", "raw-unicode-escape", "unicode-escape", "utf-7"})
"""Codecs in which plain letters stand for something else, so that nobody sees what a line says."""


def _decoded(data: bytes, encoding: str, where: Location) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line = before.count(b"\n") + 1
        column = error.start - (before.rfind(b"\n") + 1) + 1
        raise InputFault(
            Location(path=where.path, line=line, column=column),
            f"is not {encoding}: {error.reason}",
            hint="save the file as UTF-8",
        ) from error
    except ValueError as error:
        raise InputFault(where, f"cannot be decoded as {encoding}: {error}") from error
