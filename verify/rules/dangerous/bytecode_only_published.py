"""Rule `code.bytecode-only-published`: compiled Python without a counterpart in the rebuild.

Finds: a `.pyc` or `.pyo` member that the rebuild does not have.

Dangerous because: the interpreter can run it in place of the source beside it that people read.
"""

from verify.archive.facts import dangerous
from verify.finding import Finding
from verify.rules.interface import Context, Difference
from verify.rules.kinds import is_bytecode


def bytecode_only_published(difference: Difference, _context: Context) -> Finding | None:
    """Find bytecode that only the published wheel has."""
    ours = difference.published
    if ours is None or difference.rebuilt is not None or not is_bytecode(difference.name):
        return None
    return dangerous(
        "code.bytecode-only-published",
        "The published wheel holds Python bytecode that the rebuild does not have.",
        member=difference.name,
        size=ours.content.size,
        sha256=ours.content.sha256,
    )
