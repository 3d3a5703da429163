"""Rule `metadata.requires-python-spelling`: the same versions of Python, spelled in another way.

Explains: `Requires-Python` is a list of the same specifiers on both sides, but for spaces and
order; each specifier is one that every installer reads alike (see `specifiers_form`), and its
version is the same text.

Harmless because: specifiers are a conjunction, and spaces between them mean nothing.
"""

from verify.distinfo.requirement_form import specifiers_form
from verify.finding import Finding
from verify.rules.benign.metadata.evidence import explained
from verify.rules.interface import Context, FieldDifference


def requires_python_spelling(difference: FieldDifference, _context: Context) -> Finding | None:
    """Explain the same specifiers in other words."""
    if difference.field != "requires-python":
        return None
    values = [*difference.published, *difference.rebuilt]
    if len(values) != 2:
        return None
    ours, theirs = map(specifiers_form, values)
    if ours is None or ours != theirs:
        return None
    return explained(
        difference,
        "metadata.requires-python-spelling",
        "METADATA requires the same versions of Python, spelled in another way.",
    )
