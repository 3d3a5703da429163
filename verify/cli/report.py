"""`truewheel report`: results that are there already, as HTML, SARIF and other formats."""

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reports.as_json import JSONObject, dump
from reports.printable import printable
from reports.renderers.interface import Document
from reports.renderers.registry import available
from reports.renderers.trend import EarlierRun, earlier_run, trend_since, with_trend
from reports.renderers.writing import Reports, render_all
from verify.cli.console import say_error
from verify.cli.exits import Exit
from verify.cli.options import Output, cache_option, ledger_option, output_options
from verify.cli.results_file import read_document
from verify.errors import TruewheelError, UsageFault
from verify.ledger.places import NOWHERE, resolve

if TYPE_CHECKING:
    from verify.finding import JSONValue

ALL = "all"
_DEFAULT = ("html",)


@click.command("report")
@click.argument(
    "results", metavar="[RESULTS.json]", type=click.Path(path_type=Path), required=False
)
@click.option(
    "-o",
    "--output",
    "folder",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Where the report goes; an earlier one is replaced, other files stay.",
)
@click.option(
    "--format",
    "formats",
    multiple=True,
    metavar="NAME|all",
    show_default="html",
    help="html, json, jsonl, sarif, csv, markdown, junit, cyclonedx, or a plugin's; repeatable.",
)
@click.option(
    "--run",
    type=click.IntRange(min=1),
    metavar="N",
    help="A run of the ledger, of a batch or a check; the latest batch by default.",
)
@click.option(
    "--previous",
    metavar="FILE|none",
    help="Results to compare with; by default the run before of the same batch in the ledger.",
)
@ledger_option
@cache_option
@output_options
def command(  # noqa: PLR0913 - click passes each option by name
    *,
    results: Path | None,
    folder: Path,
    formats: tuple[str, ...],
    run: int | None,
    previous: str | None,
    ledger: str | None,
    cache_root: Path,
    output: Output,
) -> Exit:
    """Write the report of what --json printed, a file or - for standard input.

    Without a file it is made of the ledger: of the latest batch, or of the run of a number. It
    judges nothing: it exits with 0 once the report is written.
    """
    chosen = available() if ALL in formats else formats or _DEFAULT
    if results is None:
        document, before = _of_ledger(resolve(ledger, cache_root), run)
    elif run is not None:
        raise UsageFault("--run is about the ledger; it goes without a file of results")
    else:
        document, before = read_document(results), None
    if previous is not None:
        before = None if previous == NOWHERE else earlier_run(read_document(Path(previous)))
    if before is not None:
        document = with_trend(document, trend_since(document, before))
    return _shown(_written(document, folder, chosen), folder, output)


def _written(document: Document, folder: Path, formats: Sequence[str]) -> Reports:
    try:
        return render_all(document, folder, formats)
    except OSError as error:
        raise TruewheelError(
            f"the report cannot be written to {folder}: {error.strerror}",
            hint="make room, check permissions, or choose another folder",
        ) from error


def _of_ledger(where: str | None, run: int | None) -> tuple[Document, EarlierRun | None]:
    if where is None:
        raise UsageFault("there is no ledger to make a report of", hint="give a file of results")
    from verify.cli.earlier_runs import recalled  # noqa: PLC0415 - a database, only if need be

    return recalled(where, run)


def _shown(reports: Reports, folder: Path, output: Output) -> Exit:
    if output.as_json:
        click.echo(dump(_document(reports, folder)))
    else:
        for report in reports.written:
            click.echo(f"{report.format:<10} {printable(str(report.path))}")
    for failed in reports.failed:
        say_error(failed.error.message, failed.error.hint)
    if not reports.failed:
        return Exit.TRUSTED
    is_usage = all(isinstance(failed.error, UsageFault) for failed in reports.failed)
    return Exit.USAGE if is_usage else Exit.FAILED


def _document(reports: Reports, folder: Path) -> JSONObject:
    """`truewheel.report/1`."""
    document: dict[str, JSONValue] = {
        "schema": "truewheel.report/1",
        "folder": str(folder),
        "reports": [
            {
                "format": report.format,
                "path": str(report.path),
                "sha256": sha256(report.path.read_bytes()).hexdigest(),
                "files": report.files,
            }
            for report in reports.written
        ],
    }
    if reports.failed:
        document["failed"] = [
            {"format": one.format, "message": one.error.message, "hint": one.error.hint}
            for one in reports.failed
        ]
    return document
