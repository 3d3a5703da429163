"""Rule `metadata.description-newlines`: the description ends in some line feeds more or fewer.

Explains: the body of METADATA is the same but for line feeds at its end, of which one side has up
to three more than the other; a file that ends with its fields has an empty body.

Harmless because: nothing but a description is in the body, which no installer acts on, and empty
lines at its end are not shown. Versions of setuptools differ in how they end it.
"""

from verify.distinfo.plain_metadata import BODY
from verify.finding import Finding
from verify.rules.benign.metadata.evidence import explained
from verify.rules.interface import Context, FieldDifference

_MAX_MORE = 3


def description_newlines(difference: FieldDifference, _context: Context) -> Finding | None:
    """Explain other empty lines at the end of the description."""
    if difference.field != BODY:
        return None
    ours, theirs = "".join(difference.published), "".join(difference.rebuilt)
    if ours.rstrip("\n") != theirs.rstrip("\n") or abs(len(ours) - len(theirs)) > _MAX_MORE:
        return None
    return explained(
        difference,
        "metadata.description-newlines",
        "The description differs in the line feeds at its end only.",
    )
