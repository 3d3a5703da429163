"""A batch's results as a person reads them, at a terminal and in a log."""

from collections.abc import Sequence
from dataclasses import replace
from io import StringIO

from rich.console import Console

from reports.batch_json import batch_document
from reports.batch_text import MAX_TRUSTED, render_batch
from reports.renderers.trend import EarlierRun, earlier_run, trend_since
from tests.support.noted import checked
from verify.batch.results import BatchReport, BatchResult
from verify.finding import RuleName
from verify.results import Attempt, CheckResult
from verify.verdict import Reason, Verdict


def batch(*results: CheckResult) -> BatchReport:
    asked = tuple(BatchResult(check=result, asked=()) for result in results)
    return BatchReport(run=2, inputs=(), results=asked)


def shown(
    report: BatchReport, *, terminal: bool, verbose: bool = False, before: EarlierRun | None = None
) -> Sequence[str]:
    stream = StringIO()
    console = Console(file=stream, force_terminal=terminal, color_system=None, soft_wrap=True)
    trend = trend_since(batch_document(report), before) if before else None
    render_batch(report, console, verbose=verbose, trend=trend)
    return stream.getvalue().splitlines()


ODD = replace(
    checked("odd", Verdict.DIFFERENT), reasons=("the verdict is different", "a signal refuses")
)
FIRST = "1 unexplained, first code.differs of odd.py"
GONE = replace(
    checked("gone", Verdict.UNDETERMINED), diff=None, reason=Reason.TIMEOUT, detail="too long"
)


def test_a_log_has_a_line_for_each_wheel_the_worst_first() -> None:
    assert shown(batch(checked("good"), GONE, ODD), terminal=False) == [
        f"different    odd-1.0-py3-none-any.whl  {FIRST}; a signal refuses",
        "undetermined gone-1.0-py3-none-any.whl  timeout: too long",
        "identical    good-1.0-py3-none-any.whl",
        "1 of 3 wheels are trusted: 1 different, 1 undetermined, 1 identical.",
    ]


def test_what_says_most_is_named_and_what_this_machine_lacks() -> None:
    assert ODD.diff is not None
    (found,) = ODD.diff.findings
    record = replace(found, rule=RuleName("member.differs"), member="odd-1.0.dist-info/RECORD")
    lacking = Attempt(
        recipe=None,
        verdict=Verdict.UNDETERMINED,
        reason="unsupported",
        detail="the sandbox has no CPython 3.4",
    )
    failed = replace(lacking, reason="build-failed", detail="it failed")
    both = replace(
        ODD,
        diff=replace(ODD.diff, findings=(record, found)),
        attempts=(failed, lacking, lacking),
        reasons=(),
    )
    line = "different    odd-1.0-py3-none-any.whl"
    alone = replace(both, diff=replace(ODD.diff, findings=(record,)), attempts=())
    assert shown(batch(both, alone), terminal=False)[:2] == [
        f"{line}  2{FIRST[1:]}; not tried: the sandbox has no CPython 3.4",
        f"{line}  1 unexplained, first member.differs of odd-1.0.dist-info/RECORD",
    ]


def test_at_a_terminal_what_is_said_of_a_wheel_stands_below_its_name() -> None:
    assert shown(batch(ODD), terminal=True)[:2] == [
        "different    odd-1.0-py3-none-any.whl",
        f"             {FIRST}; a signal refuses",
    ]


def test_many_trusted_wheels_do_not_push_the_others_off_the_screen() -> None:
    many = batch(ODD, *(checked(f"p{at}") for at in range(MAX_TRUSTED + 1)))
    lines = shown(many, terminal=True)
    assert len(lines) == 4
    assert lines[2].strip() == f"and {MAX_TRUSTED + 1} that are trusted (-v lists them)"
    assert len(shown(many, terminal=False)) == 1 + MAX_TRUSTED + 1 + 1
    assert any("p7-1.0" in line for line in shown(many, terminal=True, verbose=True))


def test_what_changed_is_said_last_and_names_what_is_not_trusted_any_more() -> None:
    before = earlier_run(batch_document(batch(checked("odd"), checked("good"))))
    assert shown(batch(ODD, checked("good")), terminal=False, before=before)[-2:] == [
        "Since run 2 (2 of 2 wheels trusted then): 1 not trusted any more, 1 worse.",
        "  odd-1.0-py3-none-any.whl  not trusted any more: identical before, now different",
    ]


def test_hostile_names_cannot_steer_the_terminal() -> None:
    wheel = replace(ODD, requirement="\x1b[2Jx", wheel=None, reasons=("\x1b]0;x\x07",))
    text = "".join(shown(batch(wheel), terminal=True))
    assert "\\x1b[2Jx" in text
    assert text.isprintable()
