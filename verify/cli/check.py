"""`truewheel check`: fetch, rebuild, compare, judge."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import click

from reports.as_json import check_document, dump
from verify.check import check_all, check_file
from verify.cli.bench import open_bench
from verify.cli.console import progress, result_console, say_error
from verify.cli.exits import Exit, exit_for
from verify.cli.explain import explain_folder_option, prepare_folder, tell_reports
from verify.cli.options import (
    Output,
    Work,
    accounting_option,
    evidence_option,
    ledger_option,
    output_options,
    work_options,
)
from verify.cli.recipe_file import read_recipe
from verify.errors import TruewheelError, UsageFault
from verify.index.select import Target
from verify.results import CheckReport, CheckResult, Failure
from verify.subject import Choice, parse_requirements
from verify.workbench import Workbench

EXISTING = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("check")
@click.argument("requirements", nargs=-1, metavar="REQ...")
@click.option("--file", "wheel", type=EXISTING, help="A wheel on disk, instead of REQ.")
@click.option("--sdist", type=EXISTING, help="Its source, instead of the index's sdist.")
@click.option("--python-version", metavar="X.Y", help="Choose wheels as pip would for X.Y.")
@click.option("--platform", metavar="TAG", help="... and for this platform tag.")
@click.option("--wheel", "glob", metavar="GLOB", help="Choose wheels by file name.")
@click.option("--all-wheels", is_flag=True, help="Check every wheel of the release.")
@click.option("--recipe", type=EXISTING, help="Start from this recipe, not from the hints.")
@accounting_option
@explain_folder_option
@evidence_option
@ledger_option
@work_options
@output_options
def command(  # noqa: PLR0913 - click passes each option by name
    *,
    requirements: tuple[str, ...],
    wheel: Path | None,
    sdist: Path | None,
    python_version: str | None,
    platform: str | None,
    glob: str | None,
    all_wheels: bool,
    recipe: Path | None,
    accounting: bool,
    explain: Path | None,
    evidence: str | None,
    ledger: str | None,
    work: Work,
    output: Output,
) -> Exit:
    """Rebuild published wheels from their source and judge every difference.

    Without a choice, takes the wheel that pip would install here. Exits with 0 if every wheel is
    trusted, 1 if one was judged and is not, 3 if nothing was distrusted but one is undetermined,
    4 if truewheel itself failed.
    """
    if bool(requirements) == bool(wheel) or (sdist and not wheel):
        raise UsageFault(
            "give either requirements or --file WHEEL (and then maybe --sdist)",
            hint="truewheel check NAME==VERSION, or truewheel check --file W.whl --sdist S.tar.gz",
        )
    asked = parse_requirements(requirements)
    target = Target(python=_python(python_version), platform=platform)
    target.tags()  # an unknown platform is refused before any work starts
    choice = Choice(target=target, glob=glob, all_wheels=all_wheels)
    given = read_recipe(recipe) if recipe else None
    prepare_folder(explain)

    def run(bench: Workbench) -> Iterator[CheckResult]:
        if wheel is not None:
            yield check_file(wheel, sdist, bench)
        else:
            yield from check_all(asked, choice, bench)

    with (
        progress(output) as listener,
        closing(
            open_bench(
                work, listener, reports=explain, evidence=evidence, recipe=given, ledger=ledger
            )
        ) as bench,
    ):
        report = replace(_collect(run(bench)), policy=bench.policy_id)
    _show(report, output, accounting=accounting)
    tell_reports(report, output)
    return Exit.FAILED if report.failure else exit_for(report.results)


def _python(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    major, _, minor = text.partition(".")
    if not (major.isdecimal() and minor.isdecimal() and text.isascii()):
        raise UsageFault(f"{text!r} is no Python version", hint="write it as X.Y, e.g. 3.12")
    return int(major), int(minor)


def _collect(results: Iterator[CheckResult]) -> CheckReport:
    """All results up to the end or the tool's failure, whichever comes first."""
    done = []
    try:
        for result in results:
            done.append(result)  # noqa: PERF402 - list() would lose what came before an error
    except UsageFault:
        raise
    except TruewheelError as error:
        failure = Failure(message=error.message, hint=error.hint)
        return CheckReport(results=tuple(done), failure=failure)
    return CheckReport(results=tuple(done))


def _show(report: CheckReport, output: Output, *, accounting: bool) -> None:
    if report.failure is not None:
        say_error(report.failure.message, report.failure.hint)
    if output.as_json:
        click.echo(dump(check_document(report)))
        return
    from reports.terminal import render_check  # noqa: PLC0415 - JSON output does without rich

    console = result_console(output)
    render_check(report, console, verbose=output.verbose, accounting=accounting)
