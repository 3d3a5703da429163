"""Rule `metadata.description-dedent`: the description has been through a header and back.

Explains: one body is what comes out when a build tool of before 2021 writes the other into a
header, every line but the first indented, and takes it out again: the first line loses its
leading spaces, the others the indentation that they have in common, and lines of spaces all of it;
line feeds at the end may differ as well.

Where the published body is the one with the spaces, it has at most a few more of them than the
rebuilt one, and each of its lines of spaces is as wide as the line of text before it is indented.
Tabs are the same on both sides.

Harmless because: the text follows from the other by a fixed rule, but for whether an empty line
below an indented one is indented, too: spaces in a text that no installer acts on.
"""

import textwrap

from verify.distinfo.plain_metadata import BODY
from verify.finding import Finding
from verify.rules.benign.metadata.evidence import explained
from verify.rules.interface import Context, FieldDifference

_MAX_MORE = 256
_MAX_FEEDS = 8

_MAX_BODY = 128 * 1024
"""Characters; taking the indentation away is slow, and long descriptions have some ten thousand."""


def description_dedent(difference: FieldDifference, _context: Context) -> Finding | None:
    """Explain a description that lost its indentation on the way."""
    if difference.field != BODY:
        return None
    bodies = ["".join(difference.published), "".join(difference.rebuilt)]
    ours, theirs = (body.rstrip("\n") for body in bodies)
    # Cheap, where most of what is no such difference ends.
    if max(map(len, bodies)) > _MAX_BODY or ours == theirs or _solid(ours) != _solid(theirs):
        return None
    if any(len(body) - len(body.rstrip("\n")) > _MAX_FEEDS for body in bodies):
        return None
    is_ours = _through_header(theirs) == ours
    is_theirs = (
        len(ours) - len(theirs) <= _MAX_MORE
        and _through_header(ours) == theirs
        and _is_indented_by_text(ours)
    )
    if not (is_ours or is_theirs):
        return None
    return explained(
        difference,
        "metadata.description-dedent",
        "The description differs in the indentation that a header takes away.",
    )


def _solid(text: str) -> str:
    return text.replace(" ", "")


def _is_indented_by_text(text: str) -> bool:
    """Whether each line of spaces is as wide as the line of text before it is indented."""
    width = 0
    for line in text.split("\n"):
        words = line.lstrip(" ")
        if words:
            width = len(line) - len(words)
        elif line and len(line) != width:
            return False
    return True


def _through_header(text: str) -> str | None:
    """What is left of a text; None where more than line feeds splits lines."""
    first, feed, rest = text.partition("\n")
    if text.splitlines() != text.split("\n"):
        return None
    return (first.lstrip(" ") + feed + textwrap.dedent(rest)).rstrip("\n")
