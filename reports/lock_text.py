"""A judged lock at a terminal: what is not trusted first by place, then one closing line."""

from collections import Counter

from rich.console import Console
from rich.text import Text

from reports.lock_messages import COMMON, messages
from reports.printable import printable
from reports.terminal import render_result
from verify.lock.results import LockReport, Outcome, Standing

STYLE = {
    Standing.TRUSTED: "bold green",
    Standing.DISTRUSTED: "bold red",
    Standing.UNDETERMINED: "bold magenta",
    Standing.NOTED: "dim",
}


def render_lock(report: LockReport, console: Console, *, verbose: bool = False) -> None:
    """Print the outcomes in the lock's order; notes and trusted wheels in full with `verbose`."""
    for outcome in report.outcomes:
        _render(outcome, console, verbose=verbose)
    count = Counter(outcome.standing for outcome in report.outcomes)
    parts = ", ".join(f"{count[standing]} {standing}" for standing in Standing if count[standing])
    total = "1 entry" if len(report.outcomes) == 1 else f"{len(report.outcomes)} entries"
    since = f" added since {printable(report.since)}" if report.since else ""
    console.print(
        f"{total}{since} in {printable(report.lock.path)}: {parts or 'nothing to judge'}."
    )


def _render(outcome: Outcome, console: Console, *, verbose: bool) -> None:
    told = list(messages(outcome))
    if outcome.standing is Standing.NOTED and not verbose and _is_common(outcome):
        return
    line = Text(f"{printable(str(outcome.where))}: ", style="dim")
    line.append(printable(outcome.filename or str(outcome.package)), style="bold")
    line.append(f"  {outcome.standing}", style=STYLE[outcome.standing])
    if outcome.check is not None:
        line.append(f"  {outcome.check.verdict}", style="dim")
    console.print(line)
    check = outcome.check
    if check is not None and (verbose or outcome.standing is not Standing.TRUSTED):
        render_result(check, console, verbose=verbose)
        told = [message for message in told if message.rule.startswith("lock.")]
    for message in told:
        console.print(Text(f"  {message.rule}: {printable(message.text)}"))


def _is_common(outcome: Outcome) -> bool:
    return {finding.rule for finding in outcome.findings} <= COMMON
