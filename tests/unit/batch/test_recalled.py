"""What a run said, told again: as it was said, and nothing that it did not say."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from reports.batch_json import batch_document
from tests.support.remembering import MOMENT, WHEEL, make_judgement, make_key, make_remembered
from verify.batch.inputs import Input
from verify.batch.interface import LockRemark
from verify.batch.journal import Journal
from verify.batch.recalled import NoRunError, latest_run, previous_run
from verify.batch.results import BatchRemark, BatchReport, BatchResult, Left, LeftOver, Place
from verify.finding import Finding, FindingClass, RuleName
from verify.ledger.interface import RunEntry
from verify.ledger.said import pack_said
from verify.ledger.store import Ledger
from verify.lock.inputs.interface import InputFault, Location
from verify.lock.results import Standing
from verify.results import CheckedWheel, CheckResult, Failure, PolicyId
from verify.verdict import Reason, Verdict

JUDGEMENT = make_judgement()
KEY = make_key()
WHERE = Location(path="requirements.txt", line=3, column=None)
FINDING = Finding(
    rule=RuleName("lock.unknown-hash"), kind=FindingClass.NOTE, summary="\ud800\u202e"
)

JUDGED = CheckResult(
    requirement="thing==1.0",
    wheel=CheckedWheel(filename=WHEEL, sha256=KEY.wheel_sha256, size=1200, upload_time=MOMENT),
    source=None,
    verdict=JUDGEMENT.verdict,
    reason=JUDGEMENT.reason,
    detail=JUDGEMENT.detail,
    trusted=False,
    reasons=("it differs",),
    signals=(FINDING,),
    diff=JUDGEMENT.diff,
    recipe=JUDGEMENT.recipe,
    attempts=JUDGEMENT.attempts,
    waiver={"owner": "me"},
    judged_at=MOMENT,
)
UNFOUND = CheckResult(
    requirement="nowhere==1.0",
    wheel=None,
    source=None,
    verdict=Verdict.UNDETERMINED,
    reason=Reason.UNKNOWN_PROJECT,
    detail="no",
    trusted=False,
    reasons=(),
)
PLACES = (Place(source=0, where=WHERE), Place(source=1, where=Location(path="uv.lock")))
REPORT = BatchReport(
    run=1,
    inputs=(
        Input(
            path="requirements.txt",
            kind="requirements.txt",
            faults=(InputFault(WHERE, "is odd", hint="make it even"),),
        ),
        Input(path="none.txt", kind=None),
    ),
    results=(
        BatchResult(check=JUDGED, asked=PLACES),
        BatchResult(check=UNFOUND, asked=PLACES[:1]),
    ),
    remarks=(
        BatchRemark(
            source=1,
            remark=LockRemark(
                package="thing",
                filename=None,
                where=WHERE,
                standing=Standing.DISTRUSTED,
                findings=(FINDING,),
            ),
        ),
    ),
    left=(LeftOver(requirement="a==1", wheel=None, why=Left.LIMIT, asked=PLACES[:1]),),
    resumed=1,
    skipped=2,
    failure=Failure(message="no disk", hint=None),
    policy=PolicyId(digest="ab" * 32, source=None),
)
WHOLE = replace(REPORT, skipped=0, left=())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.sqlite"


@pytest.fixture
def ledger(path: Path) -> Iterator[Ledger]:
    with closing(Ledger.open(str(path))) as opened:
        opened.record(make_remembered())
        yield opened


def entry(result: CheckResult) -> RunEntry:
    key = KEY.digest if result.diff else None
    return RunEntry(
        requirement=result.requirement,
        wheel=result.wheel.filename if result.wheel else None,
        key=key,
        verdict=result.verdict.value,
        reason=result.reason.value if result.reason else None,
        trusted=result.trusted,
        remembered=result.judged_at is not None,
        wheel_sha256=result.wheel.sha256 if result.wheel else None,
        said=pack_said(result, has_verdict=key is not None),
    )


def noted(
    path: Path, report: BatchReport = REPORT, *, ends: bool = True, killed: bool = False
) -> None:
    with closing(Journal(str(path), "12" * 32, ["requirements.txt"])) as journal:
        journal.begin(report)
        journal.note(
            (number, entry(each.check), each.asked)
            for number, each in enumerate(report.results, start=1)
        )
        if not killed:
            journal.keep(report)
        if ends and not killed:
            journal.end()


def test_a_run_is_told_as_it_was(path: Path, ledger: Ledger) -> None:
    noted(path)
    told = latest_run(ledger)
    assert batch_document(told) == batch_document(REPORT)
    assert told.results == REPORT.results


def test_of_a_run_that_was_killed_what_it_had_noted_is_told(path: Path, ledger: Ledger) -> None:
    noted(path, replace(REPORT, failure=None), killed=True)
    told = latest_run(ledger)
    assert (told.interrupted, told.left, told.results) == (True, (), REPORT.results)


def test_what_was_judged_otherwise_since_is_not_taken_for_what_was_said(
    path: Path, ledger: Ledger
) -> None:
    noted(path)
    ledger.record(make_remembered(judgement=make_judgement(Verdict.IDENTICAL)))
    told = latest_run(ledger).results[0].check
    assert (told.verdict, told.diff, told.recipe) == (Verdict.DIFFERENT, None, None)
    assert told.reasons == JUDGED.reasons


def test_a_verdict_that_is_gone_or_damaged_takes_nothing_else_along(
    path: Path, ledger: Ledger
) -> None:
    noted(path)
    for change in ("UPDATE truewheel_verdicts SET body = x'00'", "DELETE FROM truewheel_verdicts"):
        with closing(sqlite3.connect(path)) as raw, raw:
            raw.execute(change)
        told = latest_run(ledger).results
        bare = replace(JUDGED, diff=None, recipe=None, attempts=())
        assert [each.check for each in told] == [bare, UNFOUND]


def test_what_another_version_noted_is_told_in_short(path: Path, ledger: Ledger) -> None:
    noted(path)
    for said in ("NULL", "x'00'"):
        with closing(sqlite3.connect(path)) as raw, raw:
            raw.execute(f"UPDATE truewheel_run_entries SET said = {said}, asked = NULL")  # noqa: S608
            raw.execute("UPDATE truewheel_runs SET body = NULL")
        told = latest_run(ledger)
        first, second = (each.check for each in told.results)
        assert (first.verdict, first.wheel) == (
            Verdict.DIFFERENT,
            CheckedWheel(filename=WHEEL, sha256=KEY.wheel_sha256, size=None),
        )
        assert (second.verdict, second.reason) == (UNFOUND.verdict, UNFOUND.reason)
        assert [one.path for one in told.inputs] == ["requirements.txt"]


def test_a_check_is_told_by_its_number_and_is_never_the_latest_batch(
    path: Path, ledger: Ledger
) -> None:
    noted(path)
    run = ledger.begin_run(["thing==1.0"], tool="1", rules="2")
    ledger.note(run, 1, entry(JUDGED))
    assert latest_run(ledger).run == 1
    told = latest_run(ledger, run=run)
    assert (told.run, [each.check for each in told.results]) == (run, [JUDGED])


def test_a_run_that_is_not_there_is_a_usage_error(path: Path, ledger: Ledger) -> None:
    with pytest.raises(NoRunError, match="has no batch"):
        latest_run(ledger)
    noted(path)
    with pytest.raises(NoRunError, match="has no run 7"):
        latest_run(ledger, run=7)
    with pytest.raises(NoRunError, match="has no run 7"):
        previous_run(ledger, 7)


def test_the_run_before_is_the_latest_of_the_same_batch_that_ended(
    path: Path, ledger: Ledger
) -> None:
    noted(path, WHOLE)
    assert previous_run(ledger, 1) is None
    noted(path, WHOLE, ends=False)
    ledger.end_run(ledger.begin_run(["a"], tool="1", rules="2", job="34" * 32))
    noted(path)  # left some out
    noted(path, WHOLE)
    before = previous_run(ledger, 5)
    assert before is not None
    assert (before.number, before.total, before.trusted) == (1, 2, 0)
    assert before.by_verdict == {"different": 1, "undetermined": 1}
    assert before.entries[WHEEL, KEY.wheel_sha256].verdict == "different"
    assert before.entries["nowhere==1.0", None].verdict == "undetermined"
