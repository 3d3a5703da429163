"""Rule `native.reaches-further`, for a bundled library whose rebuilt counterpart has another name.

Finds: a library that a repair tool copied into the published wheel under a name with another hash
than the one that the rebuild got, and that imports, loads, looks for, runs on loading or names what
the rebuild's does not (see `native_reaches_further`).

Dangerous because: another release of a library may do all kinds of things otherwise, but the
rebuild has the same library, and whoever adds something to it needs one of these.
"""

from dataclasses import replace

from verify.finding import Finding
from verify.rules.dangerous.native_reaches_further import native_reaches_further
from verify.rules.interface import Context, Difference
from verify.rules.kinds import is_native


def bundled_reaches_further(difference: Difference, context: Context) -> Finding | None:
    """Find what a bundled library reaches for and the rebuild's library of that stem does not."""
    pair = rebuilt_library(difference, context)
    return None if pair is None else native_reaches_further(pair, context)


def rebuilt_library(difference: Difference, context: Context) -> Difference | None:
    """A bundled library beside the rebuild's own of the same stem; None where there is none."""
    ours = difference.published
    if ours is None or difference.rebuilt is not None or not is_native(difference.name, ours):
        return None
    if difference.name not in context.libraries.bundled:
        return None
    other = context.differences.get(context.libraries.counterpart(difference.name) or "")
    if other is None or other.published is not None or other.rebuilt is None:
        return None
    return replace(difference, rebuilt=other.rebuilt)
