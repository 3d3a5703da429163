r"""Rule `metadata.license-folding`: empty lines of a folded license were lost.

Explains: one `License` field is the other one with each of its lines of eight spaces joined to the
line before, as versions of wheel before 0.38 wrote it (`line\n        \n` became `line        \n`):
all of them are joined on one side, and none on the other.

Harmless because: the field is text for people, and no word of it changed.
"""

import re

from verify.finding import Finding
from verify.rules.benign.metadata.evidence import explained
from verify.rules.interface import Context, FieldDifference

_MAX_LICENSE = 64 * 1024
"""Characters; the longest licenses have some forty thousand."""

_EMPTY_LINE = re.compile(r"\n( {8})(?=\n)")
_JOINED_LINES = re.compile(r"(?<=[^ \n])(?: {8})+(?=\n)")


def license_folding(difference: FieldDifference, _context: Context) -> Finding | None:
    """Explain empty lines in a license."""
    if difference.field != "license":
        return None
    values = [*difference.published, *difference.rebuilt]
    if len(values) != 2 or max(map(len, values)) > _MAX_LICENSE:
        return None
    ours, theirs = values
    if ours not in (_joined(theirs), _split(theirs)):
        return None
    return explained(
        difference,
        "metadata.license-folding",
        "The license differs in the empty lines between its paragraphs only.",
    )


def _joined(value: str) -> str:
    return _EMPTY_LINE.sub(r"\1", value)


def _split(value: str) -> str:
    return _JOINED_LINES.sub(lambda spaces: f"\n{' ' * 8}" * (len(spaces[0]) // 8), value)
