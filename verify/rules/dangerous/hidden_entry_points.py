"""Rule `entry-points.hidden`: plugins and projects declared where nobody looks for them.

Finds: where only the published wheel has it or it differs, a member that is installed into
- another dist-info directory than the wheel's own, whatever it is;
- `entry_points.txt` of an `.egg-info` directory, or an own one by way of a data scheme.

Dangerous because: frameworks go through every such directory of the environment and load the entry
points in it, and tools take each for an installed project; installers and the other rules look only
at the one dist-info directory in the root of the wheel.
"""

import re

from verify.archive.facts import dangerous
from verify.finding import Finding
from verify.rules.evidence import content_facts
from verify.rules.imports import library_path
from verify.rules.interface import Context, Difference

_DIST_INFO = re.compile(r"[^/]+\.dist-info/.+")
_ENTRY_POINTS = re.compile(r"[^/]+\.egg-info/entry_points\.txt")


def hidden_entry_points(difference: Difference, context: Context) -> Finding | None:
    """Find metadata of installed projects outside of the wheel's dist-info directory."""
    ours = difference.published
    if ours is None or ours.member.is_dir or not _is_hidden(difference.name, context):
        return None
    return dangerous(
        "entry-points.hidden",
        "The published wheel declares an installed project or entry points besides its own.",
        member=difference.name,
        difference=difference.kind.value,
        **content_facts(ours),
    )


def _is_hidden(name: str, context: Context) -> bool:
    path = library_path(name)
    if path is None or (context.dist_info and name.startswith(f"{context.dist_info}/")):
        return False
    folded = path.casefold()
    return bool(_DIST_INFO.fullmatch(folded) or _ENTRY_POINTS.fullmatch(folded))
