"""Rule `metadata.extra-spelling`: the same extras, spelled or sorted in another way.

Explains: the `Provides-Extra` fields of both files normalize to the same names (PEP 685), each of
them once, and either file has one spelling for each extra, in its markers as well.

Harmless because: extras are looked up by name, and their order means nothing. Tools from before
PEP 685 know an extra by one spelling only, and install nothing for the other.
"""

from packaging.utils import canonicalize_name

from verify.distinfo.requirement_form import NAME
from verify.finding import Finding
from verify.rules.benign.metadata.evidence import explained
from verify.rules.benign.metadata.extras import spells_extras_alike
from verify.rules.interface import Context, FieldDifference


def extra_spelling(difference: FieldDifference, _context: Context) -> Finding | None:
    """Explain other spellings of the same extras."""
    if difference.field != "provides-extra":
        return None
    ours, theirs = _names(difference.published), _names(difference.rebuilt)
    if ours is None or ours != theirs or not all(map(spells_extras_alike, difference.files)):
        return None
    return explained(
        difference,
        "metadata.extra-spelling",
        "METADATA has the same extras, spelled or sorted in another way.",
    )


def _names(values: tuple[str, ...]) -> list[str] | None:
    """The normalized names, sorted; None if one is none, or is there twice."""
    if not all(map(NAME.fullmatch, values)):
        return None
    names = sorted(map(canonicalize_name, values))
    return list(names) if len(set(names)) == len(names) else None
