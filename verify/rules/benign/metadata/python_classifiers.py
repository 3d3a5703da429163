"""Rule `metadata.python-classifiers`: other versions of Python 3 are among the classifiers.

Explains: `Classifier` fields that are the same, in the same order, but for lines `Programming
Language :: Python :: 3.N`, on either side none twice.

Harmless because: classifiers are for people who search an index; no installer acts on one, least of
all on these. Build tools derive them from Requires-Python and the versions that they know of.
"""

import re

from verify.finding import Finding
from verify.rules.benign.metadata.evidence import explained
from verify.rules.interface import Context, FieldDifference

_PYTHON = re.compile(r"Programming Language :: Python :: 3(?:\.[0-9]{1,2})?")


def python_classifiers(difference: FieldDifference, _context: Context) -> Finding | None:
    """Explain classifiers of other versions of Python."""
    if difference.field != "classifier":
        return None
    sides = (difference.published, difference.rebuilt)
    ours, theirs = ([value for value in side if not _PYTHON.fullmatch(value)] for side in sides)
    if ours != theirs or any(len(set(side)) != len(side) for side in sides):
        return None
    return explained(
        difference,
        "metadata.python-classifiers",
        "METADATA has classifiers of other versions of Python 3.",
    )
