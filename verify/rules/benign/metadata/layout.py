"""Rule `metadata.layout`: METADATA has the same fields in another order.

Explains: the names of the fields stand in another order, or one of them is spelled with another
letter in upper case (`Author-Email`, which one build tool writes), all over the file. Fields that
decide what is installed stand on the same side of a folded field in both files.

Harmless because: readers look fields up by name, whatever its case. No field that counts once is
there twice, and no line is anything but a field, so which one stands first decides nothing.
(pkg_resources takes the version from the first line that looks like it, be it folded text.) The
order of the values of one field is not part of this rule: it has to be the same.
"""

from verify.distinfo.plain_metadata import ORDER, PlainMetadata
from verify.finding import Finding
from verify.rules.benign.metadata.evidence import explained
from verify.rules.interface import Context, FieldDifference

_DECIDING = ("metadata-version", "name", "version", "requires", "provides-extra")
"""How the names of fields begin that must not change sides."""


def layout(difference: FieldDifference, _context: Context) -> Finding | None:
    """Explain another order of fields."""
    if difference.field != ORDER:
        return None
    ours, theirs = map(_around_folded, difference.files)
    if ours != theirs:
        return None
    return explained(
        difference, "metadata.layout", "METADATA has the same fields in another order."
    )


def _around_folded(file: PlainMetadata) -> list[str]:
    """The deciding fields and the folded ones in order, the former sorted between the latter."""
    found: list[str] = []
    between: list[str] = []
    for spelled, value in file.fields:
        name = spelled.lower()
        if "\n" in value:
            found += [*sorted(between), f"folded {name}"]
            between = []
        elif name.startswith(_DECIDING):
            between.append(name)
    return [*found, *sorted(between)]
