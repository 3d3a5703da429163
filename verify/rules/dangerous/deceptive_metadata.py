"""Rule `metadata.deceptive-characters`: fields that programs read hold what people cannot.

Finds: in the METADATA fields that installers act on (names, versions, requirements, extras),
characters that are not ASCII, or controls, which the same fields of the rebuild do not have.

Dangerous because: the core metadata specification allows only ASCII in these fields; what looks
like one project is another one, or two tools read two requirements. Text for people (summary,
authors, description) holds any characters, and is not looked at.
"""

import re
from collections import Counter

from verify.archive.facts import dangerous
from verify.distinfo.metadata import parse_headers
from verify.finding import Finding
from verify.rules.interface import Context, Difference, Side

_FIELDS = frozenset(
    {
        "metadata-version",
        "name",
        "version",
        "dynamic",
        "requires-dist",
        "requires-python",
        "requires-external",
        "provides-extra",
        "provides-dist",
        "obsoletes-dist",
        "import-name",
        "import-namespace",
    }
)

_ODD = re.compile(r"[^ -~\t\n]+")

_MAX_LISTED = 20
_WIDTH = 200


def deceptive_metadata(difference: Difference, context: Context) -> Finding | None:
    """Find characters in METADATA that its programs and its readers take for different things."""
    ours, theirs = difference.published, difference.rebuilt
    if ours is None or not context.in_dist_info(difference, "METADATA"):
        return None
    found = _odd(ours)
    added = found - _odd(theirs) if theirs and found else found
    if not added:
        return None
    return dangerous(
        "metadata.deceptive-characters",
        "Fields of METADATA that installers act on hold characters that have no place there.",
        member=difference.name,
        fields=[text[:_WIDTH] for text in sorted(added)[:_MAX_LISTED]],
    )


def _odd(side: Side) -> Counter[str]:
    """The fields with such characters, these spelled out."""
    headers = parse_headers(side.data() or b"")
    return Counter(
        f"{name}: {ascii(value.encode('latin-1').decode('utf-8', 'backslashreplace'))[1:-1]}"
        for name, value in headers.fields
        if name in _FIELDS and _ODD.search(value)
    )
