"""A made lock at a terminal: what is not trusted in full, the rest as one line."""

from rich.console import Console
from rich.text import Text

from reports.printable import printable
from reports.terminal import render_result
from verify.lock.making.closing import LockEntry
from verify.lock.making.lock import MadeLock


def render_made_lock(
    lock: MadeLock, console: Console, *, output: str | None, changed: bool, verbose: bool = False
) -> None:
    """Print what keeps it from closing, what changed at the index, and what became of it."""
    for entry in lock.entries:
        if verbose or entry.gaps:
            _render(entry, console, verbose=verbose)
    for change in lock.changes:
        console.print(Text(f"  {change.rule}  {printable(change.summary)}", style="yellow"))
    console.print(_closing_line(lock, output, changed=changed))


def _render(entry: LockEntry, console: Console, *, verbose: bool) -> None:
    line = Text(printable(str(entry.pin)), style="bold")
    line.append("  not locked" if entry.gaps else "  locked", "bold red" if entry.gaps else "green")
    console.print(line)
    for wheel in entry.wheels:
        console.print(Text(f"  {printable(wheel.file.filename)}  {wheel.check.verdict}"))
    for gap in entry.gaps:
        console.print(Text(f"  for {gap.target}: {printable(gap.why)}"))
    for result in entry.refused:
        render_result(result, console, verbose=verbose)


def _closing_line(lock: MadeLock, output: str | None, *, changed: bool) -> Text:
    total = f"{len(lock.entries)} packages"
    if not lock.closes:
        count = len(lock.open_entries)
        text = f"{total}, {count} without a trusted wheel"
        if output is None:
            return Text(f"{text}: nothing is written.", style="bold red")
        return Text(
            f"{text}: {printable(output)} is partial, and no installer takes it.", "bold red"
        )
    if output is None:
        return Text(f"{total}, all trusted.", style="bold green")
    what = "written" if changed else "unchanged"
    return Text(f"{total}, all trusted: {printable(output)} {what}.", style="bold green")
