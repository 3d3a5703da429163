"""Which remembered verdicts answer a check, and which are only remembered.

A verdict that was reached under better conditions than now is as good as one found out now. One
that better conditions could change is found out again.
"""

from verify.ledger.interface import Effort, Remembered
from verify.results import Judgement
from verify.verdict import Reason, Verdict

PASSING = frozenset({Reason.UNSUPPORTED, Reason.TIMEOUT, Reason.LIMIT_EXCEEDED})
"""Reasons of a failed attempt that lie with the machine: what it has, and how quick it is."""


def answers(remembered: Remembered, asked: Effort) -> bool:
    """Whether trying again with this effort could bring nothing new."""
    judgement = remembered.judgement
    if judgement.verdict is Verdict.IDENTICAL:
        return True  # nothing is better
    return is_settled(judgement) and remembered.effort.covers(asked)


def is_settled(judgement: Judgement) -> bool:
    """Whether another try with the same means would come to the same.

    `undetermined` never is. Most of its reasons lie with the index, the sandbox or the machine; the
    few that lie with the two files (`bad-wheel`, `bad-source`) are also what a full disk or too
    little memory looks like, and are found out again in no time.
    """
    if judgement.verdict is Verdict.UNDETERMINED or judgement.broken_off:
        return False
    if judgement.verdict in {Verdict.DIFFERENT, Verdict.SUSPICIOUS}:
        return not any(attempt.reason in PASSING for attempt in judgement.attempts)
    return True
