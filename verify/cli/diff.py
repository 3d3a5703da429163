"""`truewheel diff`: compare two wheel files."""

from pathlib import Path

import click

from reports.as_json import diff_document, dump
from reports.printable import printable
from verify.cli.console import result_console
from verify.cli.exits import Exit, exit_for_verdict
from verify.cli.explain import Request, explain_options
from verify.cli.options import Output, accounting_option, output_options
from verify.compare.engine import compare
from verify.results import Diff

EXISTING = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("diff")
@click.argument("published", type=EXISTING)
@click.argument("rebuilt", type=EXISTING)
@accounting_option
@click.option(
    "--disassemble",
    metavar="GLOB",
    help="Show native functions of such names that differ, whole and side by side.",
)
@explain_options
@output_options
def command(  # noqa: PLR0913 - click passes each option by name
    *,
    published: Path,
    rebuilt: Path,
    accounting: bool,
    disassemble: str | None,
    explain: Request | None,
    output: Output,
) -> Exit:
    """Compare two wheel files; no network, no build.

    Exits with 0 if PUBLISHED is what REBUILT accounts for, 1 if not, 3 if REBUILT cannot be read.

    --explain runs diffoscope in a sandbox, in an image that is built on first use (which takes the
    network).
    """
    if explain:
        explain.prepare()
    diff = compare(published, rebuilt)
    if disassemble is not None:
        diff = _disassembled(diff, published, rebuilt, disassemble)
    report = explain.attach(published, rebuilt, output) if explain else None
    if output.as_json:
        click.echo(dump(diff_document(diff, report)))
    else:
        from reports.terminal import render_diff  # noqa: PLC0415 - JSON output does without rich

        console = result_console(output)
        render_diff(
            diff,
            console,
            verbose=output.verbose,
            accounting=accounting,
            functions=disassemble is not None,
        )
    return exit_for_verdict(diff.verdict)


def _disassembled(diff: Diff, published: Path, rebuilt: Path, pattern: str) -> Diff:
    """With the functions that were asked for; a word on standard error if there are none."""
    from verify.compare.disassembled import has_functions, with_functions  # noqa: PLC0415 - rare

    shown = with_functions(diff, published, rebuilt, pattern)
    if not has_functions(shown):
        click.echo(printable(f"no native function that differs is called {pattern}"), err=True)
    return shown
