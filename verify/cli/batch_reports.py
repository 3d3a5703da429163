"""What is told of a batch, and the reports that are written of it."""

import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reports.as_json import JSONObject, dump
from reports.printable import printable
from verify.batch.results import BatchReport
from verify.cli.console import result_console, say_error
from verify.cli.options import Output
from verify.errors import TruewheelError, UsageFault

if TYPE_CHECKING:
    from reports.renderers.trend import EarlierRun

AGAIN = "truewheel report writes it again, of what the ledger has"


@dataclass(frozen=True, kw_only=True, slots=True)
class Reports:
    """The reports that a person asked for.

    Attributes:
        folder: where to write them, None for none.
        formats: their names; none for all.
    """

    folder: Path | None
    formats: tuple[str, ...]

    def chosen(self) -> tuple[str, ...]:
        """The formats to write; asked before any work.

        Raises:
            UsageFault: there is no such format, or no folder for it.
        """
        if self.folder is None:
            if self.formats:
                raise UsageFault("--format goes with --report DIR")
            return ()
        from reports.renderers.registry import available, renderers  # noqa: PLC0415 - as needed

        if self.formats:
            renderers(self.formats)  # one that is not there is told before any work
        return self.formats or available()


def run_before(where: str | None, run: int | None) -> "EarlierRun | None":
    """The run that this one is compared with; what the ledger does not tell is no failure."""
    if where is None or run is None:
        return None
    from verify.cli import earlier_runs  # noqa: PLC0415 - after the work

    with suppress(TruewheelError):
        return earlier_runs.run_before(where, run)
    return None


def show(
    report: BatchReport,
    before: "EarlierRun | None",
    output: Output,
    folder: Path | None,
    formats: Sequence[str],
) -> bool:
    """Tell what came of the batch; whether all of its reports could be written."""
    if report.failure is not None:
        say_error(report.failure.message, report.failure.hint)
    if report.interrupted:
        say_error("interrupted", "the same command goes on with what is left")
    from reports.batch_json import batch_document  # noqa: PLC0415 - after the work
    from reports.renderers.trend import trend_since, with_trend  # noqa: PLC0415

    document, trend = batch_document(report), None
    if before is not None:
        trend = trend_since(document, before)
        document = with_trend(document, trend)
    is_written = folder is None or _write(document, folder, formats, output)
    if output.as_json:
        click.echo(dump(document))
        return is_written
    from reports.batch_text import render_batch  # noqa: PLC0415 - JSON output does without rich

    render_batch(report, result_console(output), verbose=output.verbose, trend=trend)
    return is_written


def _write(document: JSONObject, folder: Path, formats: Sequence[str], output: Output) -> bool:
    """Write the reports; what keeps one of them from it is told, and does not end the batch."""
    from reports.renderers.writing import render_all  # noqa: PLC0415 - as needed

    try:
        reports = render_all(document, folder, formats)
    except OSError as error:
        say_error(f"the report cannot be written: {error}", AGAIN)
        return False
    if reports.written and not output.quiet:
        names = ", ".join(
            written.path.relative_to(folder).as_posix() for written in reports.written
        )
        print(f"truewheel: report in {printable(str(folder))}: {names}", file=sys.stderr)  # noqa: T201
    for failed in reports.failed:
        say_error(failed.error.message, failed.error.hint)
    return not reports.failed
