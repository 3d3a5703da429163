"""Rule `metadata.layout`: METADATA has the same fields in another order.

Explains: the names of the fields stand in another order, or one of them is spelled with another
letter in upper case (`Author-Email`, which one build tool writes).

Harmless because: readers look fields up by name, whatever its case. No field that counts once is
there twice, and no line is anything but a field, so which one stands first decides nothing. The
order of the values of one field is not part of this rule: it has to be the same.
"""

from verify.distinfo.plain_metadata import ORDER
from verify.finding import Finding
from verify.rules.benign.metadata.evidence import explained
from verify.rules.interface import Context, FieldDifference


def layout(difference: FieldDifference, _context: Context) -> Finding | None:
    """Explain another order of fields."""
    if difference.field != ORDER:
        return None
    return explained(
        difference, "metadata.layout", "METADATA has the same fields in another order."
    )
