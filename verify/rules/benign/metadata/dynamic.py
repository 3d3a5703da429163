"""Rule `metadata.dynamic`: METADATA names other fields as dynamic.

Explains: `Dynamic` fields that differ, on either side none twice, and each one of the fields that
the specification allows, in lower case; Name, Version and Metadata-Version are not among them. A
file that has such a field says Metadata-Version 2.2 or newer, and the published ones are sorted, or
in the order of the rebuilt ones, none of them added.

Harmless because: in a wheel the field tells how the source is written (PEP 643), and no installer
acts on it there; what a wheel says of a field stands in the field. Only under an older
Metadata-Version do strict readers refuse it.
"""

from verify.finding import Finding
from verify.rules.benign.metadata.evidence import explained
from verify.rules.interface import Context, FieldDifference

_SPECIFIED = frozenset({("2.2",), ("2.3",), ("2.4",), ("2.5",)})

_NAMES = frozenset(
    {
        "author",
        "author-email",
        "classifier",
        "description",
        "description-content-type",
        "download-url",
        "home-page",
        "keywords",
        "license",
        "license-expression",
        "license-file",
        "maintainer",
        "maintainer-email",
        "obsoletes",
        "obsoletes-dist",
        "platform",
        "project-url",
        "provides",
        "provides-dist",
        "provides-extra",
        "requires",
        "requires-dist",
        "requires-external",
        "requires-python",
        "summary",
        "supported-platform",
    }
)


def dynamic(difference: FieldDifference, _context: Context) -> Finding | None:
    """Explain other `Dynamic` fields."""
    if difference.field != "dynamic":
        return None
    for values in (difference.published, difference.rebuilt):
        if not set(values) <= _NAMES or len(set(values)) != len(values):
            return None
    for file in difference.files:
        if file.values("dynamic") and file.values("metadata-version") not in _SPECIFIED:
            return None
    if difference.published not in (_sorted(difference.published), _kept(difference)):
        return None
    return explained(
        difference, "metadata.dynamic", "METADATA names other fields as dynamic, as it may."
    )


def _sorted(values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(values))


def _kept(difference: FieldDifference) -> tuple[str, ...]:
    return tuple(value for value in difference.rebuilt if value in difference.published)
