"""Rule `native.differs`: native code on both sides, not the same bytes.

Another compiler, another build path, or another program: the bytes alone do not tell.
"""

from verify.archive.facts import unexplained
from verify.finding import Finding
from verify.rules.evidence import binary_facts
from verify.rules.interface import Context, Difference
from verify.rules.kinds import is_native


def native_differs(difference: Difference, _context: Context) -> Finding | None:
    """Name native code that differs."""
    ours, theirs = difference.published, difference.rebuilt
    if ours is None or theirs is None or not is_native(difference.name, ours):
        return None
    return unexplained(
        "native.differs",
        "The published native code differs from the rebuilt one.",
        member=difference.name,
        published_size=ours.content.size,
        published_sha256=ours.content.sha256,
        rebuilt_size=theirs.content.size,
        rebuilt_sha256=theirs.content.sha256,
        published_facts=binary_facts(ours),
        rebuilt_facts=binary_facts(theirs),
    )
