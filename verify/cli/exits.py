"""Exit codes, as DESIGN's contract lists them; only the command line knows them."""

from collections.abc import Iterable
from enum import IntEnum

from verify.policy.defaults import TRUSTED_VERDICTS
from verify.results import CheckResult
from verify.verdict import Verdict


class Exit(IntEnum):
    """What a process says to the one that started it."""

    TRUSTED = 0
    DISTRUSTED = 1
    USAGE = 2
    UNDETERMINED = 3
    FAILED = 4


def exit_for(results: Iterable[CheckResult]) -> Exit:
    """0 all trusted; 1 a wheel was judged and is not trusted; 3 at least one is undetermined."""
    untrusted = [result for result in results if not result.trusted]
    if any(result.verdict is not Verdict.UNDETERMINED for result in untrusted):
        return Exit.DISTRUSTED
    return Exit.UNDETERMINED if untrusted else Exit.TRUSTED


def exit_for_verdict(verdict: Verdict) -> Exit:
    """The code of one bare comparison, which no policy has looked at."""
    if verdict is Verdict.UNDETERMINED:
        return Exit.UNDETERMINED
    return Exit.TRUSTED if verdict in TRUSTED_VERDICTS else Exit.DISTRUSTED
