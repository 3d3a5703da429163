"""Rule `code.only-published`: Python source that the rebuild does not have.

An added module is what a slip in packaging looks like (a stale build directory, a file that the
sdist forgot), and also what an attack looks like: unexplained, for a person to read.
"""

from verify.archive.facts import unexplained
from verify.finding import Finding
from verify.rules.interface import Context, Difference
from verify.rules.kinds import is_source
from verify.rules.text import count_lines, first_lines, numbered_lines
from verify.rules.touches import touches


def code_only_published(difference: Difference, _context: Context) -> Finding | None:
    """Name a module that only the published wheel has."""
    ours = difference.published
    if ours is None or difference.rebuilt is not None or not is_source(difference.name):
        return None
    return unexplained(
        "code.only-published",
        "The published wheel holds Python source that the rebuild does not have.",
        member=difference.name,
        size=ours.content.size,
        sha256=ours.content.sha256,
        lines=count_lines(ours),
        first_lines=first_lines(ours),
        **touches(numbered_lines(ours)),
    )
