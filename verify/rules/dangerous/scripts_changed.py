"""Rule `scripts.changed`: a program that the source does not build to.

Finds: a member under `NAME.data/scripts/` that only the published wheel has or that differs.

Dangerous because: it is installed on the user's PATH, executable, under any name it likes.
"""

from verify.archive.facts import dangerous
from verify.finding import Finding
from verify.rules.evidence import content_facts
from verify.rules.interface import Context, Difference
from verify.rules.kinds import is_script
from verify.rules.text import diff_lines


def scripts_changed(difference: Difference, _context: Context) -> Finding | None:
    """Find scripts that the rebuild does not have in this form."""
    ours, theirs = difference.published, difference.rebuilt
    if ours is None or ours.member.is_dir or not is_script(difference.name):
        return None
    return dangerous(
        "scripts.changed",
        "The published wheel installs a program that the rebuild does not have in this form.",
        member=difference.name,
        difference=difference.kind.value,
        diff=diff_lines(ours, theirs) if theirs else None,
        **content_facts(ours),
    )
