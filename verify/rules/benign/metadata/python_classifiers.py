"""Rule `metadata.python-classifiers`: other versions of Python 3 are among the classifiers.

Explains: `Classifier` fields that are the same, in the same places, but for lines `Programming
Language :: Python :: 3.N`, on either side none twice. Those that only the published file has stand
together. Sorted as text or by number are they, and those that both files have where these are in
another order than in the rebuilt one.

Harmless because: classifiers are for people who search an index; no installer acts on one, least of
all on these. Build tools derive them from Requires-Python and the versions that they know of.
"""

import re

from verify.finding import Finding
from verify.rules.benign.metadata.evidence import explained
from verify.rules.interface import Context, FieldDifference

_PYTHON = re.compile(r"Programming Language :: Python :: 3(?:\.([0-9]{1,2}))?")


def python_classifiers(difference: FieldDifference, _context: Context) -> Finding | None:
    """Explain classifiers of other versions of Python."""
    if difference.field != "classifier":
        return None
    ours, theirs = difference.published, difference.rebuilt
    if any(len(set(side)) != len(side) for side in (ours, theirs)):
        return None
    added = _only(ours, frozenset(theirs))
    places = [ours.index(value) for value in added]
    if places and (places[-1] - places[0] >= len(places) or not _is_sorted(added)):
        return None
    if not _is_reordered(_common(ours, frozenset(theirs)), _common(theirs, frozenset(ours))):
        return None
    return explained(
        difference,
        "metadata.python-classifiers",
        "METADATA has classifiers of other versions of Python 3.",
    )


def _only(values: tuple[str, ...], others: frozenset[str]) -> list[str]:
    return [value for value in values if _PYTHON.fullmatch(value) and value not in others]


def _common(values: tuple[str, ...], others: frozenset[str]) -> list[str]:
    """All but the versions that the others lack."""
    return [value for value in values if not _PYTHON.fullmatch(value) or value in others]


def _is_reordered(ours: list[str], theirs: list[str]) -> bool:
    """Whether the lists are the same, but for versions that are sorted in their places in ours."""
    versions = [value for value in ours if _PYTHON.fullmatch(value)]
    places = [
        [None if _PYTHON.fullmatch(value) else value for value in side] for side in (ours, theirs)
    ]
    return ours == theirs or (places[0] == places[1] and _is_sorted(versions))


def _is_sorted(versions: list[str]) -> bool:
    return versions in (sorted(versions), sorted(versions, key=_number))


def _number(classifier: str) -> int:
    """The minor version, -1 without one."""
    match = _PYTHON.fullmatch(classifier)
    return int(match[1]) if match and match[1] else -1
