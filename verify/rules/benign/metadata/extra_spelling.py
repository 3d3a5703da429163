"""Rule `metadata.extra-spelling`: the same extras in another order.

Explains: the `Provides-Extra` fields of both files are the same names, spelled alike, in another
order, and no two of them normalize to one (PEP 685).

Harmless because: extras are looked up by name, and their order means nothing. Other spellings of
one are not explained: tools from before PEP 685 know an extra by one only, and install nothing for
who asks for the other.
"""

from packaging.utils import canonicalize_name

from verify.distinfo.requirement_form import NAME
from verify.finding import Finding
from verify.rules.benign.metadata.evidence import explained
from verify.rules.interface import Context, FieldDifference


def extra_spelling(difference: FieldDifference, _context: Context) -> Finding | None:
    """Explain another order of the same extras."""
    if difference.field != "provides-extra":
        return None
    names = difference.published
    if sorted(names) != sorted(difference.rebuilt) or not all(map(NAME.fullmatch, names)):
        return None
    if len(set(map(canonicalize_name, names))) != len(names):
        return None
    return explained(
        difference, "metadata.extra-spelling", "METADATA has the same extras in another order."
    )
