"""Rule `metadata.license-files`: METADATA names other license files, and all are there.

Explains: `License-File` fields that only one side has, or has in another order; no published value
is there twice, and each that the rebuild lacks is the path of a file in the published dist-info
directory: below its `licenses/`, or before Metadata-Version 2.4 also directly in it.

Harmless because: the field says where to find texts that no installer acts on (PEP 639). The files
themselves are members, and compared as such.
"""

from verify.finding import Finding
from verify.rules.benign.metadata.evidence import explained
from verify.rules.interface import Context, FieldDifference

_SPECIFIED = (("2.4",), ("2.5",))
_OTHERS = frozenset({"METADATA", "WHEEL", "RECORD", "entry_points.txt", "top_level.txt"})
"""What is directly in a dist-info directory and is no license."""


def license_files(difference: FieldDifference, context: Context) -> Finding | None:
    """Explain other `License-File` fields."""
    if difference.field != "license-file" or context.dist_info is None:
        return None
    ours = difference.published
    below = [f"{context.dist_info}/licenses/"]
    if difference.files[0].values("metadata-version") not in _SPECIFIED:
        below.append(f"{context.dist_info}/")
    added = set(ours).difference(difference.rebuilt)
    if len(set(ours)) != len(ours) or added & _OTHERS:
        return None
    if not all(any(path + name in context.published.by_name for path in below) for name in added):
        return None
    return explained(
        difference,
        "metadata.license-files",
        "METADATA names other license files, each of which is in the wheel.",
    )
