"""Rule `code.differs`: Python source that is not what the rebuild holds.

No difference in source is harmless by its look: a comment can be an encoding declaration, a
docstring can be the program. Unexplained, with the lines that differ and what they reach for.
"""

from verify.archive.facts import unexplained
from verify.finding import Finding
from verify.rules.interface import Context, Difference
from verify.rules.kinds import is_source
from verify.rules.text import changes, shown
from verify.rules.touches import touches


def code_differs(difference: Difference, _context: Context) -> Finding | None:
    """Name a module that differs."""
    ours, theirs = difference.published, difference.rebuilt
    if ours is None or theirs is None or not is_source(difference.name):
        return None
    found = changes(ours, theirs)
    return unexplained(
        "code.differs",
        "The published Python source differs from the rebuilt one.",
        member=difference.name,
        published_sha256=ours.content.sha256,
        rebuilt_sha256=theirs.content.sha256,
        published_size=ours.content.size,
        rebuilt_size=theirs.content.size,
        diff=shown(found),
        **touches(found.added() if found else ()),
    )
