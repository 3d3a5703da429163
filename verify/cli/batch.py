"""`truewheel batch`: many wheels, in parallel, resumable."""

import os
import signal
import sys
from collections.abc import Callable, Collection, Sequence
from contextlib import closing, nullcontext
from pathlib import Path

import click

from reports.as_json import JSONObject, dump
from verify.batch.crew import LocalCrew, cores
from verify.batch.inputs import STDIN, Choice, Input, read_inputs
from verify.batch.installed import default_environment
from verify.batch.interface import Crew
from verify.batch.journal import Journal, job_of
from verify.batch.results import BatchReport
from verify.batch.run import Order, Tools, run_batch
from verify.batch.worker import Setup
from verify.cli.batch_progress import batch_progress
from verify.cli.bench import open_bench
from verify.cli.console import result_console, say_error
from verify.cli.exits import Exit, exit_for
from verify.cli.explain import prepare_folder
from verify.cli.lock_making import python_version
from verify.cli.options import Output, Work, batch_work_options, ledger_option, output_options
from verify.errors import UsageFault
from verify.events import Event, Notice
from verify.index.select import Target
from verify.lock.making.targets import lock_targets
from verify.lock.results import Standing
from verify.workbench import Workbench

ACTIVE = "active"
"""`--installed` without a value."""

SPARE_SECONDS = 900.0
"""For all that is no build and no search: fetching, resolving, comparing, compilers made once."""


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
        closing(open_bench(work, _told(progress.notice), ledger=ledger)) as bench,
        _journal(bench, job, named) as journal,
    ):
        tools = Tools(
            bench=bench,
            journal=journal,
            crew=_crew(bench, jobs or cores(), wheel_timeout or _patience(work)),
            progress=progress,
        )
        report = run_batch(order, tools)
    _show(report, output, folder, chosen)
    return exit_for_batch(report)


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


def _crew(bench: Workbench, size: int, seconds: float) -> Callable[[Collection[str]], Crew]:
    def crew(accepted: Collection[str]) -> Crew:
        setup = Setup(settings=bench.settings, accepted=accepted)
        return LocalCrew(size=size, setup=setup, seconds=seconds)

    return crew


def _formats(folder: Path | None, formats: tuple[str, ...]) -> tuple[str, ...]:
    """What to write; asked before any work."""
    if folder is None:
        if formats:
            raise UsageFault("--format goes with --report DIR")
        return ()
    from reports.renderers.registry import available, renderers  # noqa: PLC0415 - as needed

    chosen = formats or available()
    renderers(chosen)  # one that is not there is told before any work
    return tuple(chosen)


def _show(report: BatchReport, output: Output, folder: Path | None, formats: Sequence[str]) -> None:
    if report.failure is not None:
        say_error(report.failure.message, report.failure.hint)
    if report.interrupted:
        say_error("interrupted", "the same command goes on with what is left")
    from reports.batch_json import batch_document  # noqa: PLC0415 - after the work

    document = batch_document(report)
    if folder is not None:
        _write(document, folder, formats, output)
    if output.as_json:
        click.echo(dump(document))
        return
    from reports.batch_text import render_batch  # noqa: PLC0415 - JSON output does without rich

    render_batch(report, result_console(output), verbose=output.verbose)


def _write(document: JSONObject, folder: Path, formats: Sequence[str], output: Output) -> None:
    from reports.renderers.writing import render_all  # noqa: PLC0415 - as needed

    for written in render_all(document, folder, formats):
        if not output.quiet:
            print(f"truewheel: {written.format}: {written.path}", file=sys.stderr)  # noqa: T201
