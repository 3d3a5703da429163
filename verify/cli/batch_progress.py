"""A batch under way: what runs, the verdicts so far and the time left; plain lines elsewhere."""

import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from reports.batch_text import WORST_FIRST
from reports.printable import printable
from reports.terminal import VERDICT_STYLE
from verify.batch.interface import Job, Progress, Unshown
from verify.cli.console import STAGE_WORDS
from verify.cli.options import Output
from verify.results import CheckResult

if TYPE_CHECKING:
    from rich.console import Group
    from rich.live import Live

    from verify.verdict import Verdict

REFRESHES = 4
"""Of the live view in a second."""


@contextmanager
def batch_progress(output: Output) -> Iterator[Progress]:
    """Who shows a batch, on standard error."""
    if output.quiet:
        yield Unshown()
        return
    if not sys.stderr.isatty():
        yield Lines()
        return
    from rich.console import Console  # noqa: PLC0415 - only a terminal needs it
    from rich.live import Live  # noqa: PLC0415

    console = Console(stderr=True, no_color=output.no_color or None)
    view = View()
    with Live(
        console=console,
        transient=True,
        refresh_per_second=REFRESHES,
        get_renderable=view.rendered,
    ) as live:
        view.live = live
        yield view


class Lines(Unshown):
    """One line for each wheel, as it is finished: for logs."""

    def __init__(self) -> None:
        self._total = self._done = 0

    def begin(self, total: int) -> None:
        """See `Progress`."""
        self._total, self._done = total, 0

    def finished(self, result: CheckResult, left: float | None) -> None:
        """See `Progress`."""
        self._done += 1
        name = result.wheel.filename if result.wheel else result.requirement
        rest = f", {duration(left)} left" if left else ""
        reason = f" ({result.reason})" if result.reason else ""
        said = f"{result.verdict}{reason} {printable(name)}"
        _say(f"[{self._done}/{self._total}{rest}] {said}")

    def notice(self, message: str) -> None:
        """See `Progress`."""
        _say(printable(message))


class View:
    """A block of lines at the end of a terminal."""

    def __init__(self) -> None:
        self.live: Live | None = None
        self._total = self._done = 0
        self._counts: Counter[Verdict] = Counter()
        self._running: dict[int, tuple[str, str, float]] = {}
        self._left: float | None = None
        self._since = time.monotonic()

    def begin(self, total: int) -> None:
        """See `Progress`."""
        self._total, self._done = total, 0

    def started(self, job: Job) -> None:
        """See `Progress`."""
        self._running[job.number] = printable(job.name), "beginning", time.monotonic()

    def stage(self, job: Job, name: str) -> None:
        """See `Progress`."""
        if job.number in self._running:
            shown, _, since = self._running[job.number]
            self._running[job.number] = shown, STAGE_WORDS.get(name, name), since

    def ended(self, job: Job) -> None:
        """See `Progress`."""
        self._running.pop(job.number, None)

    def finished(self, result: CheckResult, left: float | None) -> None:
        """See `Progress`."""
        self._done += 1
        self._counts[result.verdict] += 1
        self._left = left

    def notice(self, message: str) -> None:
        """See `Progress`."""
        if self.live is not None:
            self.live.console.print(f"truewheel: {printable(message)}", markup=False)

    def rendered(self) -> "Group":
        """The block as it is now."""
        from rich.console import Group  # noqa: PLC0415 - only a terminal needs it
        from rich.text import Text  # noqa: PLC0415

        now = time.monotonic()
        head = Text(f"{self._done} of {self._total}", style="bold")
        for verdict in WORST_FIRST:
            if self._counts[verdict]:
                head.append(f"  {self._counts[verdict]} {verdict}", VERDICT_STYLE[verdict])
        left = f", {duration(self._left)} left" if self._left else ""
        head.append(f"  {duration(now - self._since)}{left}", "dim")
        lines = [
            Text(f"  {stage} {name}  {duration(now - since)}", no_wrap=True, overflow="ellipsis")
            for name, stage, since in self._running.values()
        ]
        return Group(head, *lines)


def duration(seconds: float) -> str:
    """For people: `1:02:03` or `2:03`."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _say(text: str) -> None:
    print(f"truewheel: {text}", file=sys.stderr, flush=True)  # noqa: T201 - the command line
