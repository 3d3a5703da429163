"""Flags that say what a source means: the build's own, whatever a published file was made with."""

import re

from builders.compiler_wrapper.arguments import SEPARATE

TYPE_CHECKING = False  # typing.TYPE_CHECKING without typing, which 2.7 lacks
if TYPE_CHECKING:
    from typing import List

# What a source means, how its data are laid out and what is undefined in it, see `meaning`. The
# first list is for the build alone; of the second, a published file may name more than it has.
MEANING = re.compile(
    r"(?:-Ofast|-f(?:no-)?(?:"
    r"(?:un)?signed-(?:char|bitfields)|short-(?:enums|wchar)|pack-struct|reg-struct-return"
    r"|abi-version|strict-(?:enums|volatile-bitfields)|gnu89-inline|ms-extensions|plan9-extensions"
    r"|permissive|freestanding|hosted|threadsafe-statics|merge-all-constants|split-stack|trapv"
    r"|(?:fast|associative|reciprocal|rounding|trapping)-math|finite-math-only|math-errno"
    r"|unsafe-math-optimizations|signaling-nans|signed-zeros|cx-(?:fortran-rules|limited-range)"
    r")(?:=[0-9]+)?"
    r"|-f(?:no-wrapv(?:-pointer)?|strict-(?:overflow|aliasing)|delete-null-pointer-checks"
    r"|aggressive-loop-optimizations))\Z"
)
DEFINED = re.compile(
    r"-f(?:wrapv(?:-pointer)?|no-(?:strict-(?:overflow|aliasing)|delete-null-pointer-checks"
    r"|aggressive-loop-optimizations))\Z"
)
WRAPPING = frozenset(("-fwrapv", "-fno-strict-overflow"))


def meaning(arguments, exact):
    # type: (List[str], List[str]) -> List[str]
    """What stays of a build's own flags beside the exact ones, and is stronger.

    The published file does not say what its source means: with characters that have no sign, or
    without a promise that numbers wrap, a check in the source can come to nothing. CPython promised
    the latter by one flag, and by another one since 3.12, so one of them will do.
    """
    found, is_value = [], False
    for argument in arguments:
        if not is_value and (MEANING.match(argument) or DEFINED.match(argument)):
            found.append(argument)
        is_value = not is_value and argument in SEPARATE
    is_wrapping = not WRAPPING.isdisjoint(exact)
    return [flag for flag in found if not (is_wrapping and flag in WRAPPING)]
