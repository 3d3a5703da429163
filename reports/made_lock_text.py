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
    if entry.sdist is not None:
        console.print(Text(f"  {printable(entry.sdist.told)}"))
    for gap in entry.gaps:
        console.print(Text(f"  for {gap.target}: {printable(gap.why)}"))
    for result in entry.refused:
        render_result(result, console, verbose=verbose)


def _closing_line(lock: MadeLock, output: str | None, *, changed: bool) -> Text:
    total = "1 package" if len(lock.entries) == 1 else f"{len(lock.entries)} packages"
    unverified = sum(
        entry.sdist is not None and entry.sdist.check is None for entry in lock.entries
    )
    if not lock.closes:
        count = len(lock.open_entries)
        text = f"{total}, {count} without a trusted wheel"
        if output is None:
            return Text(f"{text}: nothing is written.", style="bold red")
        return Text(
            f"{text}: {printable(output)} is partial, and no installer takes it.", "bold red"
        )
    worth, style = "all trusted", "bold green"
    if unverified:
        worth = f"{unverified} with a source that nothing was compared with, the others trusted"
        style = "bold yellow"
    if output is None:
        return Text(f"{total}, {worth}.", style=style)
    what = "written" if changed else "unchanged"
    return Text(f"{total}, {worth}: {printable(output)} {what}.", style=style)
