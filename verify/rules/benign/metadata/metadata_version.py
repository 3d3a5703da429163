"""Rule `metadata.metadata-version`: METADATA follows another version of the specification.

Explains: `Metadata-Version` is one known version on one side and another on the other, and each
field that either file has was specified with the older of the two already, or is one that no
installer acts on. Where there is a field that some installer acts on, the published version is not
newer than both 2.1 and the rebuilt one.

Harmless because: installers read the fields, whatever the version; versions added fields and did
not give new meaning to those that decide what is installed (core metadata specification, history).
Readers that are strict refuse fields from after the version; so a version that would hide
`Requires-Dist` or `Requires-Python` from them is not explained. Others find no field at all under a
version that they do not know (pkginfo, with which Poetry 1 reads wheels; 2.1 is known to all).
"""

from verify.finding import Finding
from verify.rules.benign.metadata.evidence import explained
from verify.rules.interface import Context, FieldDifference

_VERSIONS = ("1.0", "1.1", "1.2", "2.0", "2.1", "2.2", "2.3", "2.4", "2.5")
"""In order; 2.0 was never adopted, but was written for years by tools that meant 1.2."""

_KNOWN_TO_ALL = _VERSIONS.index("2.1")

_DECIDING = {
    "requires-dist": "1.2",
    "requires-python": "1.2",
    "requires-external": "1.2",
    "provides-dist": "1.2",
    "obsoletes-dist": "1.2",
    "requires": "1.1",
    "provides": "1.1",
    "obsoletes": "1.1",
    "supported-platform": "1.1",
    "provides-extra": "2.0",
}
"""The fields that some installer acts on, and the version that specified or first had them."""


def metadata_version(difference: FieldDifference, _context: Context) -> Finding | None:
    """Explain another known version that gives every field the same meaning."""
    if difference.field != "metadata-version":
        return None
    versions = [*difference.published, *difference.rebuilt]
    if len(versions) != 2 or not set(versions) <= set(_VERSIONS):
        return None
    ours, theirs = map(_VERSIONS.index, versions)
    names = {name for file in difference.files for name in file.by_name()} & _DECIDING.keys()
    if any(_VERSIONS.index(_DECIDING[name]) > min(ours, theirs) for name in names):
        return None
    if names and ours > max(_KNOWN_TO_ALL, theirs):
        return None
    return explained(
        difference,
        "metadata.metadata-version",
        "METADATA follows another version of the specification, with the same meaning.",
    )
