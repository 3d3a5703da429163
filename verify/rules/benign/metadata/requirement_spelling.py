"""Rule `metadata.requirement-spelling`: the same requirements, spelled or sorted in another way.

Explains: the `Requires-Dist` fields of both files are the same requirements, each as often, once
spaces, quotes, parentheses, the order of specifiers and of extras, and the spelling of project
names and of extras in markers are taken away (see `requirement_form`); a value that is the same
text on both sides needs no form. Requirements of one project stand in the same order on both sides,
and so do those under one marker. Where extras are spelled in another way, each file has one
spelling for each of them.

Harmless because: every installer takes both spellings for one requirement. Resolvers treat
requirements as a set; those that take the first of two on one project find the same one first.
Tools from before PEP 685 know an extra by one spelling only, and install nothing for the other.
"""

from collections import Counter
from collections.abc import Callable, Hashable

from verify.distinfo.requirement_form import RequirementForm, requirement_form
from verify.distinfo.requirements import MAX_TOTAL, name_of
from verify.finding import Finding
from verify.rules.benign.metadata.evidence import explained
from verify.rules.benign.metadata.extras import spells_extras_alike
from verify.rules.interface import Context, FieldDifference

_Form = RequirementForm | str
"""A requirement, or the text of one that has no form."""


def requirement_spelling(difference: FieldDifference, _context: Context) -> Finding | None:
    """Explain the same requirements in other words."""
    if difference.field != "requires-dist":
        return None
    ours, theirs = _forms(difference.published), _forms(difference.rebuilt)
    if ours is None or theirs is None or Counter(ours) != Counter(theirs):
        return None
    if any(_grouped(ours, key) != _grouped(theirs, key) for key in (_project, _marker)):
        return None
    if not all(map(spells_extras_alike, difference.files)):
        return None
    return explained(
        difference,
        "metadata.requirement-spelling",
        "METADATA has the same requirements, spelled or sorted in another way.",
    )


def _forms(values: tuple[str, ...]) -> list[_Form] | None:
    if sum(map(len, values)) > MAX_TOTAL:
        return None
    return [requirement_form(value) or value for value in values]


def _grouped(forms: list[_Form], key: Callable[[_Form], Hashable]) -> dict[Hashable, list[_Form]]:
    """What has one key, in order."""
    groups: dict[Hashable, list[_Form]] = {}
    for form in forms:
        groups.setdefault(key(form), []).append(form)
    return groups


def _project(form: _Form) -> Hashable:
    return name_of(form) if isinstance(form, str) else form.name


def _marker(form: _Form) -> Hashable:
    return form if isinstance(form, str) else form.marker
