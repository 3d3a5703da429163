"""Rule `license-moved`: a license file is in another place of the dist-info directory.

Explains: a file directly in the dist-info directory on one side, below its `licenses/` directory
on the other, with the same last segment and equal bytes. The name is one that setuptools collects
by itself (`LICEN[CS]E*`, `COPYING*`, `NOTICE*`, `AUTHORS*`), and no other file of this name and
content moved. If the published one is in a directory below `licenses/`, both wheels have files in
a directory of this path (a vendored project), and it is the only such one, so that hardly a part of
the name is free.

Harmless because: PEP 639 moved these files and says that tools must not depend on the old place; no
installer opens them; and their bytes are the rebuilt ones.
"""

from itertools import islice

from verify.archive.facts import benign
from verify.finding import Finding
from verify.rules.interface import Context, Difference
from verify.rules.licenses import license_place
from verify.rules.moved import moved


def license_moved(difference: Difference, context: Context) -> Finding | None:
    """Explain either end of a license file's move."""

    def file(name: str) -> str | None:
        place = license_place(name, context.dist_info)
        return place and place[1]

    found = moved(difference, context, key=file)
    if found is None:
        return None
    # One end in each place; within `licenses/` nothing has a reason to move.
    ours, theirs = ((license_place(name, context.dist_info) or ("", ""))[0] for name in found)
    if bool(ours) == bool(theirs) or not _is_path_of_files(ours, context):
        return None
    return benign(
        "license-moved",
        "A license file is in another place of the dist-info directory, with equal bytes.",
        member=difference.name,
        published=found[0],
        rebuilt=found[1],
    )


def _is_path_of_files(place: str, context: Context) -> bool:
    path = place.removeprefix("licenses/")
    return not path or (context.holds_files(path) and _is_only_nested_one(context))


def _is_only_nested_one(context: Context) -> bool:
    """Whether at most one file below a directory in `licenses/` is in the published wheel alone."""
    prefix = f"{context.dist_info}/licenses/"
    nested = (
        difference
        for name, difference in context.differences.items()
        if name.startswith(prefix) and "/" in name[len(prefix) :] and difference.rebuilt is None
    )
    return len(list(islice(nested, 2))) < 2
