"""Rule `metadata.name-spelling`: METADATA spells the project's name in another way.

Explains: both names are ASCII without separators in a row, and normalize to one name (PEP 503).

Harmless because: the index and every installer normalize names before they compare them; that the
name is the one of the file is judged apart (`metadata.name`).
"""

from packaging.utils import canonicalize_name

from verify.distinfo.requirement_form import NAME
from verify.finding import Finding
from verify.rules.benign.metadata.evidence import explained
from verify.rules.interface import Context, FieldDifference


def name_spelling(difference: FieldDifference, _context: Context) -> Finding | None:
    """Explain another spelling of one name."""
    if difference.field != "name":
        return None
    names = [*difference.published, *difference.rebuilt]
    if len(names) != 2 or not all(map(NAME.fullmatch, names)):
        return None
    if len(set(map(canonicalize_name, names))) != 1:
        return None
    return explained(
        difference, "metadata.name-spelling", "The project's name is spelled in another way."
    )
