"""A batch at a terminal: the worst first, a line for each wheel that is trusted, then the sums."""

from collections import Counter

from rich.console import Console
from rich.text import Text

from reports.lock_text import STYLE
from reports.printable import printable
from reports.terminal import VERDICT_STYLE, render_result
from verify.batch.results import BatchRemark, BatchReport, BatchResult
from verify.lock.results import Standing
from verify.verdict import Verdict

WORST_FIRST = (
    *(Verdict.SUSPICIOUS, Verdict.DIFFERENT, Verdict.UNDETERMINED),
    *(Verdict.EQUIVALENT, Verdict.REGENERATED, Verdict.IDENTICAL),
)


def render_batch(report: BatchReport, console: Console, *, verbose: bool = False) -> None:
    """Print the results; each in full with `verbose`."""
    order = {verdict: at for at, verdict in enumerate(WORST_FIRST)}
    for result in sorted(
        report.results, key=lambda each: (each.check.trusted, order[each.check.verdict])
    ):
        if verbose:
            render_result(result.check, console, verbose=True)
        else:
            _line(result, console)
    for remark in report.remarks:
        if verbose or remark.remark.standing is not Standing.NOTED:
            _remark(remark, console)
    for one in report.inputs:
        for fault in one.faults:
            console.print(Text(f"not read: {printable(fault.message)}", style="bold magenta"))
            if fault.hint:
                console.print(Text(f"  hint: {printable(fault.hint)}"))
    _sums(report, console)


def _line(result: BatchResult, console: Console) -> None:
    check = result.check
    line = Text(f"{check.verdict.value:<13}", style=VERDICT_STYLE[check.verdict])
    line.append(printable(check.wheel.filename if check.wheel else check.requirement), "bold")
    if not check.trusted:
        why = f"{check.reason}: {check.detail}" if check.reason else "; ".join(check.reasons)
        line.append(f"  {printable(why)}", "default")
    elif check.warnings:
        line.append(f"  {printable('; '.join(check.warnings))}", "dim")
    console.print(line)


def _remark(remark: BatchRemark, console: Console) -> None:
    told = remark.remark
    line = Text(f"{told.standing.value:<13}", style=STYLE[told.standing])
    line.append(printable(told.filename or told.package), "bold")
    line.append(f"  {printable(str(told.where))}", "dim")
    console.print(line)
    for finding in told.findings:
        console.print(Text(f"  {finding.rule}: {printable(finding.summary)}"))


def _sums(report: BatchReport, console: Console) -> None:
    count = Counter(result.check.verdict for result in report.results)
    parts = ", ".join(f"{count[verdict]} {verdict}" for verdict in WORST_FIRST if count[verdict])
    total = len(report.results)
    trusted = sum(result.check.trusted for result in report.results)
    wheels = "1 wheel is" if total == 1 else f"{total} wheels are"
    console.print(f"{trusted} of {wheels} trusted{f': {parts}' if parts else ''}.")
    remembered = sum(result.check.judged_at is not None for result in report.results)
    more = [
        (remembered, "remembered"),
        (report.resumed, "finished before the batch broke off"),
        (report.skipped, "left out as asked for"),
        (sum(len(one.faults) for one in report.inputs), "not read"),
    ]
    more += [(number, f"not judged ({why})") for why, number in _left(report).items()]
    told = [f"{number} {what}" for number, what in more if number]
    if told:
        console.print(f"{'; '.join(told)}.")


def _left(report: BatchReport) -> dict[str, int]:
    return dict(sorted(Counter(left.why.value for left in report.left).items()))
