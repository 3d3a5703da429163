"""`truewheel batch`: many wheels, in parallel, resumable."""

import signal
from collections.abc import Callable
from contextlib import closing, nullcontext
from pathlib import Path

import click

from verify.batch.journal import Journal
from verify.batch.results import BatchReport
from verify.batch.run import Tools, run_batch
from verify.cli.batch_crew import Hiring
from verify.cli.batch_inputs import ACTIVE, Named, Share
from verify.cli.batch_progress import batch_progress
from verify.cli.batch_reports import Reports, run_before, show
from verify.cli.bench import open_bench
from verify.cli.exits import Exit, exit_for
from verify.cli.explain import prepare_folder
from verify.cli.options import (
    Output,
    Work,
    batch_work_options,
    evidence_option,
    gathered,
    jobs_option,
    ledger_option,
    output_options,
)
from verify.cli.seconds import Seconds
from verify.cli.targets import target_options
from verify.errors import UsageFault
from verify.events import Event, Notice
from verify.lock.results import Standing
from verify.workbench import Workbench


@click.command("batch")
@click.argument("inputs", nargs=-1, type=click.Path(path_type=Path), metavar="INPUT...")
@click.option(
    "--installed",
    multiple=True,
    is_flag=False,
    flag_value=ACTIVE,
    metavar="[PYTHON|VENV]",
    help="What is installed there; without a value, in the active environment.",
)
@click.option(
    "--report",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Write the reports there.",
)
@click.option(
    "--format",
    "formats",
    multiple=True,
    metavar="NAME",
    help="A format for --report; may be repeated. All of them by default.",
)
@jobs_option
@target_options(metavar="X.Y", purpose="Choose wheels as pip would for X.Y, of locks also")
@click.option("--wheel", "glob", metavar="GLOB", help="Of requirements: wheels by file name.")
@click.option("--all-wheels", is_flag=True, help="Of requirements: every wheel of the release.")
@click.option(
    "--limit", type=click.IntRange(min=0), metavar="N", help="Judge at most N wheels this time."
)
@click.option(
    "--budget",
    type=Seconds(min=0),
    metavar="SECONDS",
    help="Begin no further wheel after that time.",
)
@click.option(
    "--only-undetermined",
    is_flag=True,
    help="Only what earlier runs of this batch did not come to a verdict on.",
)
@click.option("--changed", is_flag=True, help="Only what earlier runs of this batch did not have.")
@click.option(
    "--wheel-timeout",
    type=Seconds(min=1),
    metavar="SECONDS",
    help="Wall time after which a wheel is given up, whatever is done with it.",
)
@click.option(
    "--dask",
    metavar="ADDRESS",
    help="Have wheels judged by the workers of this scheduler: tcp://HOST:PORT.",
)
@click.option(
    "--dask-wait",
    type=Seconds(min=0),
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    help="Time after which a wheel is given up that no worker can judge.",
)
@evidence_option
@ledger_option
@batch_work_options
@output_options
@gathered("named", Named)
@gathered("share", Share)
@gathered("hiring", Hiring)
@gathered("reports", Reports)
def command(  # noqa: PLR0913 - click passes each option by name
    *,
    named: Named,
    share: Share,
    hiring: Hiring,
    reports: Reports,
    evidence: str | None,
    ledger: str | None,
    work: Work,
    output: Output,
) -> int:
    """Judge many wheels: of requirement files, locks, folders of them, lists, an environment.

    INPUT is a requirements file whose requirements are pinned, any lock that `truewheel lock
    --check` reads, a folder, a list as .csv or .json, or - for standard input. Every wheel is
    judged once. What cannot be read is listed, and the rest goes on. The same command goes on where
    it was broken off.

    Exits with 0 if every wheel is trusted, 1 if one was judged and is not, 3 if nothing was
    distrusted but something is undetermined, was not read or not judged, 4 if truewheel itself
    failed.
    """
    if not named.inputs and not named.installed:
        raise UsageFault(
            "nothing to judge",
            hint="truewheel batch requirements.txt uv.lock, or truewheel batch --installed",
        )
    choice = named.choice()
    formats = reports.chosen()
    prepare_folder(reports.folder)
    order = share.order(named.read(choice))
    with (
        batch_progress(output) as progress,
        closing(
            open_bench(work, _told(progress.notice), evidence=evidence, ledger=ledger)
        ) as bench,
        _journal(bench, named.job(choice), (*named.as_said, *share.as_said)) as journal,
    ):
        bench.require_config()
        tools = Tools(
            bench=bench,
            journal=journal,
            crew=hiring.crew(bench, work),
            builds_here=hiring.dask is None,
            progress=progress,
        )
        report = run_batch(order, tools)
        before = run_before(bench.settings.ledger, report.run)
    is_written = show(report, before, output, reports.folder, formats)
    return exit_for_batch(report) if is_written or report.interrupted else Exit.FAILED


def exit_for_batch(report: BatchReport) -> int:
    """The contract's code; what was not read or not judged is as good as undetermined."""
    if report.interrupted:
        return 128 + signal.SIGINT
    if report.failure is not None:
        return Exit.FAILED
    code = exit_for(result.check for result in report.results)
    standings = {remark.remark.standing for remark in report.remarks}
    if code is Exit.DISTRUSTED or Standing.DISTRUSTED in standings:
        return Exit.DISTRUSTED
    is_open = report.left or any(one.faults for one in report.inputs)
    return Exit.UNDETERMINED if is_open or Standing.UNDETERMINED in standings else code


def _told(notice: Callable[[str], None]) -> Callable[[Event], None]:
    def listener(event: Event) -> None:
        if isinstance(event, Notice):
            notice(event.message)

    return listener


def _journal(
    bench: Workbench, job: str, named: tuple[str, ...]
) -> "closing[Journal] | nullcontext[None]":
    where = bench.settings.ledger
    return nullcontext() if where is None else closing(Journal(where, job, named))
