"""Which remembered verdicts answer a check."""

from dataclasses import replace

import pytest

from tests.support.remembering import EFFORT, make_judgement, make_remembered
from verify.ledger.answers import answers
from verify.ledger.interface import Effort
from verify.results import Attempt
from verify.verdict import Reason, Verdict

JUDGED = [verdict for verdict in Verdict if verdict is not Verdict.UNDETERMINED]

MORE = {
    "attempts": replace(EFFORT, attempts=9),
    "time for the search": replace(EFFORT, search_seconds=601.0),
    "time for a build": replace(EFFORT, build_seconds=901.0),
    "memory": replace(EFFORT, memory_bytes=2**33),
}
LESS = Effort(attempts=1, search_seconds=0.0, build_seconds=1.0, memory_bytes=2**26, offline=True)


@pytest.mark.parametrize("verdict", JUDGED)
@pytest.mark.parametrize("asked", [EFFORT, LESS])
def test_a_verdict_answers_who_asks_for_no_more(verdict: Verdict, asked: Effort) -> None:
    assert answers(make_remembered(verdict), asked)


@pytest.mark.parametrize("reason", Reason)
def test_no_undetermined_verdict_ever_answers(reason: Reason) -> None:
    judgement = make_judgement(Verdict.UNDETERMINED, reason=reason)
    assert not answers(make_remembered(judgement=judgement), LESS)


@pytest.mark.parametrize("what", MORE)
@pytest.mark.parametrize("verdict", JUDGED)
def test_who_asks_for_more_gets_more_unless_nothing_is_better(verdict: Verdict, what: str) -> None:
    assert answers(make_remembered(verdict), MORE[what]) == (verdict is Verdict.IDENTICAL)


def test_what_was_judged_offline_answers_only_offline() -> None:
    kept = make_remembered(effort=replace(EFFORT, offline=True))
    assert answers(kept, replace(EFFORT, offline=True))
    assert not answers(kept, EFFORT)


@pytest.mark.parametrize("verdict", JUDGED)
def test_a_search_that_the_index_broke_off_is_done_again(verdict: Verdict) -> None:
    kept = make_remembered(judgement=make_judgement(verdict, broken_off=True))
    assert answers(kept, LESS) == (verdict is Verdict.IDENTICAL)


@pytest.mark.parametrize("reason", Reason)
def test_a_bad_verdict_is_not_kept_up_where_the_machine_fell_short(reason: Reason) -> None:
    failed = Attempt(recipe=None, verdict=Verdict.UNDETERMINED, reason=reason)
    passing = {Reason.UNSUPPORTED, Reason.TIMEOUT, Reason.LIMIT_EXCEEDED}
    for verdict in (Verdict.DIFFERENT, Verdict.SUSPICIOUS):
        kept = make_remembered(judgement=make_judgement(verdict, attempts=(failed,)))
        assert answers(kept, EFFORT) == (reason not in passing)
    good = make_judgement(Verdict.EQUIVALENT, attempts=(failed,))
    assert answers(make_remembered(judgement=good), EFFORT)
