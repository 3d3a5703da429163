"""Talking to a person: results to standard output, progress and notes to standard error."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from reports.printable import printable
from verify.cli.options import Output
from verify.events import Event, Listener, Note, Notice, Step, Transfer, silent

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

NARROWEST = 20
"""Columns that results are laid out for at least; what is wider than a terminal, it wraps."""
STAGE_WORDS = {
    "fetch": "fetching",
    "resolve": "preparing to build",
    "build": "rebuilding",
    "compare": "comparing",
    "explain": "explaining",
}


def result_console(output: Output, *, stderr: bool = False) -> "Console":
    """The console for results; paths and hashes are never wrapped."""
    from rich.console import Console  # noqa: PLC0415 - JSON output does without rich

    console = Console(
        stderr=stderr,
        no_color=output.no_color or None,
        soft_wrap=True,
        highlight=False,
        emoji=False,
        markup=False,
    )
    # Where COLUMNS is 0 rich would print nothing, and into a few columns no table fits.
    console.width = max(console.width, NARROWEST)
    return console


def say_error(message: str, hint: str | None) -> None:
    """One clear error for a person, with what to do about it; it may hold hostile names."""
    print(f"truewheel: error: {_lines(message)}", file=sys.stderr)  # noqa: T201 - the command line
    if hint:
        print(f"  hint: {_lines(hint)}", file=sys.stderr)  # noqa: T201 - the command line


def _lines(text: str) -> str:
    return "\n".join(map(printable, text.split("\n")))


@contextmanager
def progress(output: Output) -> Iterator[Listener]:
    """A listener that shows work under way on a terminal, notices anywhere, and notes with -v."""
    if output.quiet:
        yield silent
        return
    if not sys.stderr.isatty():
        yield _notes_and_notices if output.verbose else _notices
        return
    from rich.console import Console  # noqa: PLC0415 - only a terminal needs it
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn  # noqa: PLC0415

    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    console = Console(stderr=True, no_color=output.no_color or None)
    with Progress(*columns, console=console, transient=True) as bar:
        yield _Live(bar, verbose=output.verbose)


def _notices(event: Event) -> None:
    if isinstance(event, Notice):
        print(f"truewheel: {event.message}", file=sys.stderr)  # noqa: T201 - the command line


def _notes_and_notices(event: Event) -> None:
    _notices(event)
    if isinstance(event, Note):
        print(event.message, file=sys.stderr)  # noqa: T201 - this is the command line


class _Live:
    """Shows one line: the stage of the wheel at hand, and the bytes of a download."""

    def __init__(self, bar: "Progress", *, verbose: bool) -> None:
        self._bar = bar
        self._verbose = verbose
        self._task = bar.add_task("starting", total=None)

    def __call__(self, event: Event) -> None:
        match event:
            case Step():
                self._show(f"{STAGE_WORDS.get(event.stage, event.stage)} {event.subject}")
            case Transfer():
                total = f" of {event.total / 1e6:.1f}" if event.total else ""
                self._show(f"downloading {event.filename}: {event.done / 1e6:.1f}{total} MB")
            case Note():
                if self._verbose:
                    self._bar.console.print(event.message, markup=False)
            case Notice():
                self._bar.console.print(f"truewheel: {event.message}", markup=False)

    def _show(self, text: str) -> None:
        from rich.markup import escape  # noqa: PLC0415 - only a terminal needs it

        self._bar.update(self._task, description=escape(text))
