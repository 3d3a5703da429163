"""`truewheel report`: results that are there already, as HTML, SARIF and other formats."""

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

import click

from reports.as_json import JSONObject, dump
from reports.printable import printable
from reports.renderers.registry import available
from reports.renderers.writing import Written, render_all
from verify.cli.exits import Exit
from verify.cli.options import Output, output_options
from verify.cli.results_file import read_document

ALL = "all"
_DEFAULT = ("html",)


@click.command("report")
@click.argument("results", metavar="RESULTS.json", type=click.Path(path_type=Path))
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
@output_options
def command(*, results: Path, folder: Path, formats: tuple[str, ...], output: Output) -> Exit:
    """Write the report of what --json printed, a file or - for standard input.

    It judges nothing: it exits with 0 once the report is written.
    """
    chosen = available() if ALL in formats else formats or _DEFAULT
    document = read_document(results)
    _show(render_all(document, folder, chosen), folder, output)
    return Exit.TRUSTED


def _show(written: Sequence[Written], folder: Path, output: Output) -> None:
    if output.as_json:
        click.echo(dump(_document(written, folder)))
        return
    for report in written:
        click.echo(f"{report.format:<10} {printable(str(report.path))}")


def _document(written: Sequence[Written], folder: Path) -> JSONObject:
    """`truewheel.report/1`."""
    return {
        "schema": "truewheel.report/1",
        "folder": str(folder),
        "reports": [
            {
                "format": report.format,
                "path": str(report.path),
                "sha256": sha256(report.path.read_bytes()).hexdigest(),
                "files": report.files,
            }
            for report in written
        ],
    }
