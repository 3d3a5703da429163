"""Rule `metadata.name-spelling`: METADATA spells the project's name in another way.

Explains: both names are ASCII without separators in a row, and equal but for case and `-` against
`_`. A dot stays a dot.

Harmless because: the index and every installer take both for one name (setuptools before 60 does
not, where one has a dot); that the name is the one of the file is judged apart (`metadata.name`).
"""

from verify.distinfo.requirement_form import NAME, name_form
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
    if len(set(map(name_form, names))) != 1:
        return None
    return explained(
        difference, "metadata.name-spelling", "The project's name is spelled in another way."
    )
