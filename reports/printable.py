"""Hostile text on its way to a terminal."""

import re

_INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0000-\U000e0fff]"
)
"""What no terminal shows although Python calls it printable."""


def printable(text: str) -> str:
    """Text that cannot steer a terminal: what moves it or is not seen in it is spelled out."""
    if text.isprintable() and (text.isascii() or not _INVISIBLE.search(text)):
        return text
    return "".join(
        char
        if char.isprintable() and not _INVISIBLE.match(char)
        else char.encode("unicode_escape").decode()
        for char in text
    )
