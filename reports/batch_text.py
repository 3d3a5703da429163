"""A batch at a terminal: the worst first, a line for each wheel that is trusted, then the sums."""

from collections import Counter
from collections.abc import Iterator

from rich.console import Console
from rich.text import Text

from reports.lock_text import STYLE
from reports.printable import printable
from reports.renderers.results import Trend, What
from reports.renderers.words import TELLING, WHAT, since
from reports.terminal import VERDICT_STYLE, render_result
from verify.batch.results import BatchRemark, BatchReport, BatchResult
from verify.lock.results import Standing
from verify.results import CheckResult
from verify.verdict import Verdict

WORST_FIRST = (
    *(Verdict.SUSPICIOUS, Verdict.DIFFERENT, Verdict.UNDETERMINED),
    *(Verdict.EQUIVALENT, Verdict.REGENERATED, Verdict.IDENTICAL),
)

MAX_TRUSTED = 20
"""Wheels that are trusted, up to which a terminal has a line for each."""

UNSUPPORTED = "unsupported"
"""The reason of an attempt for which this machine lacks something."""

MAX_LOST = 20
"""Wheels that are named which are not trusted any more."""


def render_batch(
    report: BatchReport, console: Console, *, verbose: bool = False, trend: Trend | None = None
) -> None:
    """Print the results, each in full with `verbose`, and what changed since the run before."""
    _results(report, console, verbose=verbose)
    for remark in report.remarks:
        if verbose or remark.remark.standing is not Standing.NOTED:
            _remark(remark, console)
    for one in report.inputs:
        for fault in one.faults:
            console.print(Text(f"not read: {printable(fault.message)}", style="bold magenta"))
            if fault.hint:
                console.print(Text(f"  hint: {printable(fault.hint)}"))
    _sums(report, console)
    if trend is not None:
        _since(trend, console)


def _results(report: BatchReport, console: Console, *, verbose: bool) -> None:
    order = {verdict: at for at, verdict in enumerate(WORST_FIRST)}
    results = sorted(
        report.results, key=lambda each: (each.check.trusted, order[each.check.verdict])
    )
    trusted = sum(each.check.trusted for each in results)
    # At a terminal, what matters would be gone from the screen.
    are_left_out = console.is_terminal and not verbose and trusted > MAX_TRUSTED
    for result in results:
        if verbose:
            render_result(result.check, console, verbose=True)
        elif not (are_left_out and result.check.trusted):
            _line(result, console)
    if are_left_out:
        console.print(Text(f"{'':<13}and {trusted:,} that are trusted (-v lists them)", "dim"))


def _line(result: BatchResult, console: Console) -> None:
    """One line; at a terminal, what is said of a wheel stands below its name."""
    check = result.check
    line = Text(f"{check.verdict.value:<13}", style=VERDICT_STYLE[check.verdict])
    line = Text.assemble(line, (printable(_name(check)), "bold"))
    words = _words(check)
    if words:
        line.append(f"\n{'':<13}" if console.is_terminal else "  ")
        line.append(printable(words), "dim" if check.trusted else "")
    console.print(line)


def _name(check: CheckResult) -> str:
    return check.wheel.filename if check.wheel else check.requirement


def _words(check: CheckResult) -> str:
    """What a person has to know beside the verdict, which is there already."""
    if check.trusted:
        return "; ".join(check.warnings)
    if check.reason:
        return f"{check.reason}: {check.detail}"
    reasons = [words for words in check.reasons if words != f"the verdict is {check.verdict}"]
    return "; ".join([*_found(check), *_not_tried(check), *reasons])


def _found(check: CheckResult) -> Iterator[str]:
    """How much, and the first of it: findings are in the order of their weight.

    What is unlike in RECORD follows from other members.
    """
    findings = [f for f in check.diff.findings if f.kind in TELLING] if check.diff else []
    count = Counter(finding.kind for finding in findings)
    if findings:
        counts = [f"{count[kind]:,} {kind.value}" for kind in TELLING if count[kind]]
        members = [finding for finding in findings if not _is_record(finding.member)]
        first = next(iter(members), findings[0])
        where = f" of {first.member}" if first.member else ""
        yield f"{', '.join(counts)}, first {first.rule}{where}"


def _is_record(member: str | None) -> bool:
    return (member or "").endswith(".dist-info/RECORD")


def _not_tried(check: CheckResult) -> Iterator[str]:
    """What the search would have tried, if this machine had it."""
    details = {a.detail: None for a in check.attempts if a.reason == UNSUPPORTED and a.detail}
    for detail in details:
        yield f"not tried: {detail}"


def _remark(remark: BatchRemark, console: Console) -> None:
    told = remark.remark
    line = Text.assemble(
        (f"{told.standing.value:<13}", STYLE[told.standing]),
        (printable(told.filename or told.package), "bold"),
        (f"  {printable(str(told.where))}", "dim"),
    )
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


def _since(trend: Trend, console: Console) -> None:
    """One line, and one for each wheel that is not trusted any more."""
    words = since(trend)
    console.print(f"{words[:1].upper()}{words[1:]}.")
    lost = [change for change in trend.changes if What.NEWLY_DISTRUSTED in change.what]
    for change in lost[:MAX_LOST]:
        if change.before and change.after:
            before, after = change.before.verdict, change.after.verdict
            line = Text.assemble(
                "  ",
                (printable(change.label), "bold"),
                f"  {WHAT[What.NEWLY_DISTRUSTED]}: ",
                (before.value, VERDICT_STYLE[before]),
                " before, now ",
                (after.value, VERDICT_STYLE[after]),
            )
            console.print(line)
    if len(lost) > MAX_LOST:
        console.print(f"  and {len(lost) - MAX_LOST:,} more.")


def _left(report: BatchReport) -> dict[str, int]:
    return dict(sorted(Counter(left.why.value for left in report.left).items()))
