"""Rule `code.binary-only-published`: native code without a counterpart in the rebuild.

Finds: a member that is native code by name or by its first bytes, where the rebuild has no such
member, or has one that is not native code. Not told here are libraries that a repair tool copied
into the wheel for what the rebuild loads as well (`native.bundled-library`), and the native code of
a wheel for another platform than the rebuild's (`native.unsupported`).

Dangerous because: nobody reads it, and the source did not build to it.
"""

from verify.archive.facts import dangerous, head
from verify.finding import Finding
from verify.rules.evidence import binary_facts
from verify.rules.interface import Context, Difference
from verify.rules.kinds import is_native
from verify.rules.unexplained.native_unsupported import is_elsewhere


def binary_only_published(difference: Difference, context: Context) -> Finding | None:
    """Find native code that only the published wheel has."""
    ours, theirs = difference.published, difference.rebuilt
    if ours is None or not is_native(difference.name, ours):
        return None
    if theirs is not None and is_native(difference.name, theirs):
        return None
    if theirs is None and difference.name in context.libraries.bundled:
        return None
    if is_elsewhere(difference, ours, context):
        return None
    return dangerous(
        "code.binary-only-published",
        "The published wheel holds native code that the rebuild does not have.",
        member=difference.name,
        size=ours.content.size,
        sha256=ours.content.sha256,
        head=head(ours.head()),
        **binary_facts(ours),
    )
