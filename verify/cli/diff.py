"""`truewheel diff`: compare two wheel files."""

from pathlib import Path

import click

from reports.as_json import diff_document, dump
from verify.cli.console import result_console
from verify.cli.exits import Exit, exit_for_verdict
from verify.cli.explain import Request, explain_options
from verify.cli.options import Output, accounting_option, output_options
from verify.compare.engine import compare

EXISTING = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("diff")
@click.argument("published", type=EXISTING)
@click.argument("rebuilt", type=EXISTING)
@accounting_option
@explain_options
@output_options
def command(
    *, published: Path, rebuilt: Path, accounting: bool, explain: Request | None, output: Output
) -> Exit:
    """Compare two wheel files; no network, no build.

    Exits with 0 if PUBLISHED is what REBUILT accounts for, 1 if not, 3 if REBUILT cannot be read.

    --explain runs diffoscope in a sandbox, in an image that is built on first use (which takes the
    network).
    """
    if explain:
        explain.prepare()
    diff = compare(published, rebuilt)
    report = explain.attach(published, rebuilt, output) if explain else None
    if output.as_json:
        click.echo(dump(diff_document(diff, report)))
    else:
        from reports.terminal import render_diff  # noqa: PLC0415 - JSON output does without rich

        console = result_console(output)
        render_diff(diff, console, verbose=output.verbose, accounting=accounting)
    return exit_for_verdict(diff.verdict)
