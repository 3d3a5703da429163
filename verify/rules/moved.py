"""A file that moved: one name in the published wheel, another one in the rebuilt, equal bytes."""

from collections.abc import Callable

from verify.rules.interface import Context, Difference
from verify.rules.kinds import is_executable

_MAX_EQUAL = 64
"""Files of one content that are looked through; every license file of a monorepo, and more."""


def moved(
    difference: Difference,
    context: Context,
    *,
    key: Callable[[str], str | None],
    may_have_any_mode: bool = False,
) -> tuple[str, str] | None:
    """The published and the rebuilt name of a file that differs in its place only.

    Args:
        difference: one end of the move.
        context: where the other end is.
        key: what both names have in common; None for a name that does not take part.
        may_have_any_mode: whether nothing depends on which of the two is executable.

    Returns:
        None unless exactly one other file has this content and key, on the other side only. A mode
        that makes a program of one of the two is a difference of its own, unless it may be any.
    """
    side, own = difference.published or difference.rebuilt, key(difference.name)
    if side is None or own is None:
        return None
    equal = context.moved.get(side.content, ())
    if len(equal) > _MAX_EQUAL:
        return None
    pair = [other for other in equal if key(other.name) == own]
    ours = [other for other in pair if other.published]
    theirs = [other for other in pair if other.rebuilt]
    if len(ours) != 1 or len(theirs) != 1:
        return None
    published, rebuilt = ours[0].published, theirs[0].rebuilt
    if published is None or rebuilt is None:
        return None
    if is_executable(published) != is_executable(rebuilt) and not may_have_any_mode:
        return None
    return ours[0].name, theirs[0].name
