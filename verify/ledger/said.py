"""What a run said of one wheel, as the bytes of a row and back.

What judging found out stands with the verdict already, and takes most of the room: only the rest is
kept with the run, which is what the listing and the policy of that day said.
"""

from dataclasses import dataclass, replace

from verify.ledger.stored import packed, unpacked
from verify.results import CheckResult, Judgement

FORMAT = 1
"""Of the bytes; of another one nothing is read."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Row:
    format: int
    result: CheckResult


def pack_said(result: CheckResult, *, has_verdict: bool) -> bytes:
    """The bytes of a row; `has_verdict` is whether the ledger keeps a verdict on the wheel."""
    if has_verdict:
        result = replace(result, diff=None, recipe=None, attempts=())
    return packed(_Row(format=FORMAT, result=result))


def unpack_said(data: bytes, judgement: Judgement | None) -> CheckResult | None:
    """The result, None where it cannot be read.

    Args:
        data: the bytes of a row.
        judgement: what is remembered of the same key. It may be of a later day: of one that came
            to another verdict nothing is taken, and what differed is not known any more.
    """
    row = unpacked(_Row, data)
    if row is None or row.format != FORMAT:
        return None
    result = row.result
    if judgement is None or not _is_of(judgement, result):
        return result
    return replace(
        result,
        diff=judgement.diff,
        recipe=judgement.recipe,
        attempts=judgement.attempts,
    )


def _is_of(judgement: Judgement, result: CheckResult) -> bool:
    same = (judgement.verdict, judgement.reason) == (result.verdict, result.reason)
    return same and not (result.diff or result.recipe or result.attempts)
