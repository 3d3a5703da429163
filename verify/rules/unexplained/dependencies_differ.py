"""Rule `metadata.dependencies-differ`: METADATA asks for other packages than the rebuild's.

Build tools drift in how they write requirements, so this is not dangerous by itself; but a
dependency is code that gets installed, so it is named apart from the rest of METADATA.
"""

from verify.archive.facts import unexplained
from verify.distinfo.metadata import parse_headers
from verify.finding import Finding
from verify.rules.interface import Context, Difference, Side
from verify.rules.text import diff_lines

_FIELDS = ("requires-dist", "requires-external", "requires-python")
_MAX_LISTED = 40
_WIDTH = 200


def dependencies_differ(difference: Difference, context: Context) -> Finding | None:
    """Name requirements that were added or removed."""
    ours, theirs = difference.published, difference.rebuilt
    if ours is None or theirs is None or not context.in_dist_info(difference, "METADATA"):
        return None
    published, rebuilt = _requirements(ours), _requirements(theirs)
    if published == rebuilt:
        return None
    return unexplained(
        "metadata.dependencies-differ",
        "The published METADATA has other requirements than the rebuilt one.",
        member=difference.name,
        added=_listed(published - rebuilt),
        removed=_listed(rebuilt - published),
        diff=diff_lines(ours, theirs),
    )


def _requirements(side: Side) -> set[tuple[str, str]]:
    headers = parse_headers(side.data() or b"")
    return {(field, value) for field, value in headers.fields if field in _FIELDS}


def _listed(requirements: set[tuple[str, str]]) -> list[str]:
    return [f"{field}: {value}"[:_WIDTH] for field, value in sorted(requirements)[:_MAX_LISTED]]
