"""How much code is not accounted for, where nothing but code is left: what a limit can be set to.

Another number than the review surface, which is for a reader: to that, a function that uses another
variable of the same content reads the same. Here it counts whole.
"""

from collections.abc import Sequence

from verify.native.checks.case import Problem

_CODE, _UNWINDING = "code", "unwinding"


def unaccounted_code(problems: Sequence[Problem]) -> int | None:
    """Bytes of the published functions that problems are about.

    None if one is about anything else: data, imports, what is done on loading, or how a function is
    unwound of which the code is accounted for.
    """
    about = {
        piece.start: piece.size
        for problem in problems
        if problem.part == _CODE
        for piece in problem.functions or ()
    }
    for problem in problems:
        if problem.functions is None or problem.part not in {_CODE, _UNWINDING}:
            return None
        if any(piece.start not in about for piece in problem.functions):
            return None
    return sum(about.values())
