"""Rule `metadata.requirement-spelling`: the same requirements, spelled or sorted in another way.

Explains: the `Requires-Dist` fields of both files are the same requirements, each as often, once
spaces, quotes, parentheses, the order of specifiers and of extras, the case of project names and
`-` against `_` in them are taken away (see `requirement_form`); a value that is the same text on
both sides needs no form. Then:
- All that can hold without an extra stand in the same order. Those of one extra, which a condition
  of the marker asks for, may stand elsewhere as a whole, in the same order among themselves; those
  of one project stay in order, whatever their extras.
- Published extras and specifiers are in the rebuilt order, or sorted; in another order at most one
  specifier is a lower bound, and one an upper.
- All published values that have a form are in one style of spaces, quotes and parentheses around
  specifiers.

Harmless because: every installer takes both spellings for one requirement. Some decide on projects
in the order of the requirements, which stays the same for what they install together.
"""

from collections import Counter, defaultdict, deque
from collections.abc import Callable, Hashable, Sequence
from itertools import groupby

from verify.distinfo.requirement_form import RequirementForm, needed_extra, requirement_form
from verify.distinfo.requirements import MAX_TOTAL, name_of
from verify.finding import Finding
from verify.rules.benign.metadata.evidence import explained
from verify.rules.benign.metadata.requirement_style import is_one_style
from verify.rules.interface import Context, FieldDifference

_Form = RequirementForm | str
"""A requirement, or the text of one that has no form."""

_LOWER = (">", "==", "~=")
_UPPER = ("<", "==", "~=")
"""How specifiers begin that some reader takes for a bound; poetry-core 1.0 takes the first."""


def requirement_spelling(difference: FieldDifference, _context: Context) -> Finding | None:
    """Explain the same requirements in other words."""
    if difference.field != "requires-dist":
        return None
    ours, theirs = _forms(difference.published), _forms(difference.rebuilt)
    if ours is None or theirs is None or Counter(ours) != Counter(theirs):
        return None
    if not (_is_in_order(ours, theirs) and all(_is_listed(*pair) for pair in _pairs(ours, theirs))):
        return None
    if not is_one_style(map(_written, difference.published, ours)):
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


def _is_in_order(ours: list[_Form], theirs: list[_Form]) -> bool:
    """Whether only requirements of one extra moved, all of them together."""
    if any(_grouped(ours, key) != _grouped(theirs, key) for key in (_project, _extra)):
        return False
    pieces = _pieces(theirs)
    return all(
        len(each) == 1 or each == pieces[extra]
        for extra, each in _pieces(ours).items()
        if extra is not None
    )


def _grouped(forms: list[_Form], key: Callable[[_Form], Hashable]) -> dict[Hashable, list[_Form]]:
    """What has one key, in order."""
    groups: dict[Hashable, list[_Form]] = {}
    for form in forms:
        groups.setdefault(key(form), []).append(form)
    return groups


def _pieces(forms: list[_Form]) -> dict[Hashable, list[list[_Form]]]:
    """By extra, the runs in which its requirements stand."""
    pieces: dict[Hashable, list[list[_Form]]] = {}
    for extra, run in groupby(forms, key=_extra):
        pieces.setdefault(extra, []).append(list(run))
    return pieces


def _project(form: _Form) -> Hashable:
    return name_of(form) if isinstance(form, str) else form.project


def _extra(form: _Form) -> Hashable:
    """The extra that it needs; None for all that may hold without one."""
    return None if isinstance(form, str) else needed_extra(form.marker)


def _pairs(ours: list[_Form], theirs: list[_Form]) -> list[tuple[RequirementForm, RequirementForm]]:
    """Each published requirement that has a form, and its rebuilt one."""
    left: defaultdict[_Form, deque[_Form]] = defaultdict(deque)
    for form in theirs:
        left[form].append(form)
    pairs = [(form, left[form].popleft()) for form in ours]
    return [(a, b) for a, b in pairs if not (isinstance(a, str) or isinstance(b, str))]


def _is_listed(ours: RequirementForm, theirs: RequirementForm) -> bool:
    """Whether extras and specifiers are in an order that a tool would give them."""
    for listed, others in zip(ours.listed, theirs.listed, strict=True):
        if listed not in (others, tuple(sorted(others))):
            return False
    is_same = ours.listed[1] == theirs.listed[1]
    return is_same or max(_count(ours.specifiers, _LOWER), _count(ours.specifiers, _UPPER)) <= 1


def _count(specifiers: Sequence[str], beginnings: tuple[str, ...]) -> int:
    return sum(specifier.startswith(beginnings) for specifier in specifiers)


def _written(value: str, form: _Form) -> str:
    """What its style is read from: nothing where both sides have the same text."""
    return "" if isinstance(form, str) else value
