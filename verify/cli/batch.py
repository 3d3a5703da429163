"""`truewheel batch`: many wheels, in parallel, resumable."""

import os
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import closing, nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reports.as_json import JSONObject, dump
from reports.printable import printable
from verify.batch.crew import cores
from verify.batch.inputs import STDIN, Choice, Input, read_inputs
from verify.batch.installed import default_environment
from verify.batch.journal import Journal, job_of
from verify.batch.results import BatchReport
from verify.batch.run import Order, Tools, run_batch
from verify.cli.batch_crew import dask_crew, local_crew
from verify.cli.batch_progress import batch_progress
from verify.cli.bench import open_bench
from verify.cli.console import result_console, say_error
from verify.cli.exits import Exit, exit_for
from verify.cli.explain import prepare_folder
from verify.cli.lock_making import python_version
from verify.cli.options import (
    Output,
    Work,
    batch_work_options,
    evidence_option,
    ledger_option,
    output_options,
)
from verify.errors import TruewheelError, UsageFault
from verify.events import Event, Notice
from verify.index.select import Target
from verify.lock.making.targets import lock_targets
from verify.lock.results import Standing
from verify.workbench import Workbench

if TYPE_CHECKING:
    from reports.renderers.trend import EarlierRun

ACTIVE = "active"
"""`--installed` without a value."""

SPARE_SECONDS = 900.0
"""For all that is no build and no search: fetching, resolving, comparing, compilers made once."""


AGAIN = "truewheel report writes it again, of what the ledger has"


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
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    metavar="N",
    help="Wheels that are judged at once; as many as there are cores by default.",
)
@click.option(
    "--python-version",
    "pythons",
    multiple=True,
    metavar="X.Y",
    help="Choose wheels as pip would for X.Y, of locks also; may be repeated.",
)
@click.option(
    "--platform",
    "platforms",
    multiple=True,
    metavar="TAG",
    help="... and for this platform tag; may be repeated.",
)
@click.option("--wheel", "glob", metavar="GLOB", help="Of requirements: wheels by file name.")
@click.option("--all-wheels", is_flag=True, help="Of requirements: every wheel of the release.")
@click.option(
    "--limit", type=click.IntRange(min=0), metavar="N", help="Judge at most N wheels this time."
)
@click.option(
    "--budget",
    type=click.FloatRange(min=0),
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
    type=click.FloatRange(min=1),
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
    type=click.FloatRange(min=0),
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    help="Time after which a wheel is given up that no worker can judge.",
)
@evidence_option
@ledger_option
@batch_work_options
@output_options
def command(  # noqa: PLR0913 - click passes each option by name
    *,
    inputs: tuple[Path, ...],
    installed: tuple[str, ...],
    folder: Path | None,
    formats: tuple[str, ...],
    jobs: int | None,
    pythons: tuple[str, ...],
    platforms: tuple[str, ...],
    glob: str | None,
    all_wheels: bool,
    limit: int | None,
    budget: float | None,
    only_undetermined: bool,
    changed: bool,
    wheel_timeout: float | None,
    dask: str | None,
    dask_wait: float,
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
    if not inputs and not installed:
        raise UsageFault(
            "nothing to judge",
            hint="truewheel batch requirements.txt uv.lock, or truewheel batch --installed",
        )
    choice = Choice(targets=_targets(pythons, platforms), glob=glob, all_wheels=all_wheels)
    chosen = _formats(folder, formats)
    prepare_folder(folder)
    read = _readable(read_inputs(inputs, [_environment(name) for name in installed], choice))
    order = Order(
        inputs=read,
        limit=limit,
        budget=budget,
        only_undetermined=only_undetermined,
        changed=changed,
    )
    modes = [("--only-undetermined", only_undetermined), ("--changed", changed)]
    named = [*map(str, inputs), *(f"--installed={name}" for name in installed)]
    named += [mode for mode, is_on in modes if is_on]
    job = job_of([sorted({_absolute(path) for path in inputs}), sorted(installed), repr(choice)])
    with (
        batch_progress(output) as progress,
        closing(
            open_bench(work, _told(progress.notice), evidence=evidence, ledger=ledger)
        ) as bench,
        _journal(bench, job, named) as journal,
    ):
        seconds = wheel_timeout or _patience(work)
        crew = local_crew(bench, jobs or cores(), seconds)
        if dask is not None:
            crew = dask_crew(bench, crew, dask, seconds=seconds, patience=dask_wait)
        tools = Tools(
            bench=bench,
            journal=journal,
            crew=crew,
            builds_here=dask is None,
            progress=progress,
        )
        report = run_batch(order, tools)
        before = _before(bench.settings.ledger, report.run)
    is_written = _show(report, before, output, folder, chosen)
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


def _readable(inputs: tuple[Input, ...]) -> tuple[Input, ...]:
    """The same inputs.

    Raises:
        UsageFault: none of them says anything.
    """
    faults = [fault for one in inputs for fault in one.faults]
    if faults and not any(one.asks for one in inputs):
        more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        raise UsageFault(f"no input can be read: {faults[0].message}{more}", hint=faults[0].hint)
    return inputs


def _targets(pythons: tuple[str, ...], platforms: tuple[str, ...]) -> tuple[Target, ...]:
    if not (pythons or platforms):
        return ()
    chosen = lock_targets(tuple(map(python_version, pythons)), platforms)
    return tuple(target.wheels for target in chosen)


def _environment(name: str) -> Path:
    return default_environment(os.environ) if name == ACTIVE else Path(name)


def _absolute(path: Path) -> str:
    return str(path if path == STDIN else path.absolute())


def _patience(work: Work) -> float:
    """Seconds that one wheel may take: no honest one takes longer."""
    return 2 * work.search_seconds + 4 * work.timeout + SPARE_SECONDS


def _told(notice: Callable[[str], None]) -> Callable[[Event], None]:
    def listener(event: Event) -> None:
        if isinstance(event, Notice):
            notice(event.message)

    return listener


def _journal(
    bench: Workbench, job: str, named: Sequence[str]
) -> "closing[Journal] | nullcontext[None]":
    where = bench.settings.ledger
    return nullcontext() if where is None else closing(Journal(where, job, named))


def _formats(folder: Path | None, formats: tuple[str, ...]) -> tuple[str, ...]:
    """What to write; asked before any work."""
    if folder is None:
        if formats:
            raise UsageFault("--format goes with --report DIR")
        return ()
    from reports.renderers.registry import available, renderers  # noqa: PLC0415 - as needed

    if formats:
        renderers(formats)  # one that is not there is told before any work
    return formats or available()


def _before(where: str | None, run: int | None) -> "EarlierRun | None":
    """The run that this one is compared with; what the ledger does not tell is no failure."""
    if where is None or run is None:
        return None
    from verify.cli.earlier_runs import run_before  # noqa: PLC0415 - after the work

    with suppress(TruewheelError):
        return run_before(where, run)
    return None


def _show(
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
