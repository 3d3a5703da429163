"""Rule `metadata.placeholder`: `UNKNOWN` for what the project does not say, or no such field.

Explains: one of the fields that setuptools filled in before it learned to leave them out is there
with the one value `UNKNOWN` on one side, and not there on the other; or the description is
`UNKNOWN`, but for a few line feeds, on one side and empty on the other.

Harmless because: the word stands for nothing (distutils wrote it for every missing value), and no
installer acts on any of these fields.
"""

from verify.distinfo.plain_metadata import BODY
from verify.finding import Finding
from verify.rules.benign.metadata.evidence import explained
from verify.rules.interface import Context, FieldDifference

_FIELDS = frozenset({"summary", "home-page", "author", "author-email", "license", "platform"})
_UNKNOWN = "UNKNOWN"
_MAX_FEEDS = 4


def placeholder(difference: FieldDifference, _context: Context) -> Finding | None:
    """Explain a field that only stands for a missing one."""
    sides = {difference.published, difference.rebuilt}
    if difference.field == BODY:
        bodies = [_words("".join(side)) for side in sides]
        is_placeholder = set(bodies) == {_UNKNOWN, ""}
    else:
        is_placeholder = difference.field in _FIELDS and sides == {(_UNKNOWN,), ()}
    if not is_placeholder:
        return None
    return explained(
        difference,
        "metadata.placeholder",
        f"{difference.field.capitalize() or 'The description'} is {_UNKNOWN} or not there.",
    )


def _words(body: str) -> str | None:
    words = body.strip("\n")
    return words if len(body) - len(words) <= _MAX_FEEDS else None
