"""Text that every reader takes apart alike."""

import re

_COOKIE = re.compile(rb"coding[:=][ \t]*([-\w.]+)")
_ENCODINGS = frozenset({b"utf-8", b"utf8", b"ascii", b"us-ascii"})


def plain_lines(data: bytes) -> tuple[str, ...] | None:
    r"""The lines without their ends; None unless each ends in `\n`, or each in `\r\n`.

    The last line ends, too; a file without any line is none. Only ASCII counts.
    """
    text = with_feeds(data)
    if text is None or not text.endswith(b"\n") or not text.isascii() or b"\0" in text:
        return None
    return tuple(text[:-1].decode("ascii").split("\n"))


def with_feeds(data: bytes) -> bytes | None:
    r"""The same text with every line end as `\n`; None if there are two ways or a lone `\r`."""
    if b"\r" not in data:
        return data
    if not data.count(b"\r\n") == data.count(b"\r") == data.count(b"\n"):
        return None
    return data.replace(b"\r\n", b"\n")


def is_plain_source(text: bytes) -> bool:
    """Whether Python source is UTF-8 to every reader, and goes on to its end for each.

    Some Pythons stopped at a NUL, some systems at the end-of-file character of MS-DOS.
    """
    if b"\0" in text or b"\x1a" in text:
        return False
    try:
        text.decode("utf-8")
    except UnicodeDecodeError:
        return False
    # More than PEP 263 reads: its comment may be in either of the first two lines.
    first_lines = b"\n".join(text.split(b"\n", 2)[:2])
    return all(name.lower() in _ENCODINGS for name in _COOKIE.findall(first_lines))
