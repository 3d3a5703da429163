"""Rule `entry-points.changed`: programs and plugins that the source does not declare.

Finds: an `entry_points.txt` in which the published wheel has an entry that the rebuild does not
have, or has with another target, or that does not parse.

Dangerous because: installers make a program of each console or GUI entry, and frameworks load
plugin entries without being asked.
"""

from verify.archive.facts import dangerous
from verify.distinfo.entry_points import EntryPoint, parse_entry_points
from verify.finding import Finding
from verify.rules.interface import Context, Difference, Side

_MAX_LISTED = 40


def entry_points_changed(difference: Difference, context: Context) -> Finding | None:
    """Find entry points that only the published wheel declares."""
    if difference.published is None or not context.in_dist_info(difference, "entry_points.txt"):
        return None
    ours = _parsed(difference.published)
    theirs = _parsed(difference.rebuilt) if difference.rebuilt else frozenset[EntryPoint]()
    if ours is not None and theirs is not None and ours <= theirs:
        return None
    added = sorted((ours or frozenset()) - (theirs or frozenset()))
    return dangerous(
        "entry-points.changed",
        "The published wheel declares entry points that the rebuild does not have.",
        member=difference.name,
        parses=ours is not None,
        added=[f"[{group}] {name} = {target}"[:200] for group, name, target in added[:_MAX_LISTED]],
    )


def _parsed(side: Side) -> frozenset[EntryPoint] | None:
    data = side.data()
    return None if data is None else parse_entry_points(data)
