"""`truewheel lock`: `--check` judges a lock that is there."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import click

from reports.as_json import dump
from verify.check import check
from verify.cli.bench import open_bench
from verify.cli.console import progress, result_console, say_error
from verify.cli.exits import Exit
from verify.cli.lock_making import STDIN, Making, make, python_version
from verify.cli.options import Output, Work, ledger_option, output_options, work_options
from verify.errors import TruewheelError, UsageFault
from verify.index.select import Target
from verify.lock.inputs.interface import Lock
from verify.lock.inputs.locks import KNOWN, read_lock
from verify.lock.inputs.reading import read_file
from verify.lock.making.targets import lock_targets
from verify.lock.making.wanted import Selection
from verify.lock.rejudge import Tools, rejudge, require_same_index
from verify.lock.results import LockReport, Outcome, Standing
from verify.lock.revision import written_at
from verify.lock.since import older_lock
from verify.lock.sources import source_rules
from verify.results import Failure
from verify.workbench import Workbench

FORMATS = ("text", "json", "sarif", "github")

NO_VARIABLES: Mapping[str, str] = {}
"""A lock comes from whoever wrote the change: its URLs get no secret of the environment."""


@click.command("lock")
@click.argument("inputs", nargs=-1, type=click.Path(path_type=Path), metavar="INPUT...")
@click.option(
    "-o",
    "--output",
    "place",
    type=click.Path(path_type=Path),
    metavar="OUTPUT",
    help="Where to write the lock: a requirements file, or *.toml for pylock.toml.",
)
@click.option("--extra", "extras", multiple=True, help="An extra of pyproject.toml.")
@click.option("--group", "groups", multiple=True, help="A dependency group of pyproject.toml.")
@click.option(
    "--python-version",
    "pythons",
    multiple=True,
    metavar="X.Y[.Z]",
    help="Lock, or check, for this Python; may be repeated.",
)
@click.option(
    "--platform",
    "platforms",
    multiple=True,
    metavar="TAG",
    help="... and for this platform tag; may be repeated.",
)
@click.option("--universal", is_flag=True, help="Resolve for every platform, with markers.")
@click.option(
    "--sdist",
    "sdists",
    multiple=True,
    metavar="NAME",
    help="Lock also the sdist that NAME's wheel was rebuilt from; may be repeated.",
)
@click.option("--sdists", "all_sdists", is_flag=True, help="... and those of all projects.")
@click.option("--upgrade", is_flag=True, help="Take the newest versions, not OUTPUT's.")
@click.option("--partial", is_flag=True, help="Write what is trusted; no installer takes it.")
@click.option(
    "--check",
    "checked",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Judge an existing lock, hash by hash.",
)
@click.option(
    "--since",
    metavar="REV|FILE",
    help="With --check: judge only what was added since a git revision, or an older copy.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    default=None,
    help="With --check: how to print the results; text by default.",
)
@ledger_option
@work_options
@output_options
def command(  # noqa: PLR0913 - click passes each option by name
    *,
    inputs: tuple[Path, ...],
    place: Path | None,
    extras: tuple[str, ...],
    groups: tuple[str, ...],
    pythons: tuple[str, ...],
    platforms: tuple[str, ...],
    universal: bool,
    sdists: tuple[str, ...],
    all_sdists: bool,
    upgrade: bool,
    partial: bool,
    checked: Path | None,
    since: str | None,
    form: str | None,
    ledger: str | None,
    work: Work,
    output: Output,
) -> Exit:
    """Write a lock that holds only hashes of trusted wheels, or judge one that is there.

    INPUT is a requirements file, a pyproject.toml or a pylock.toml. Everything that it needs is
    pinned, and for each target the wheel that pip would install is rebuilt from its source. Nothing
    is written unless all of it is trusted. --check judges every hash of a requirements.txt,
    pylock.toml, uv.lock, poetry.lock or pdm.lock.

    Exits with 0 if every wheel is trusted, 1 if one was judged and is not, or if the lock holds a
    hash that no file of the release has, or none at all; 3 if nothing was distrusted but something
    is undetermined; 4 if truewheel itself failed.
    """
    if checked is None:
        if not inputs or since or form:
            raise UsageFault(
                "nothing to do" if not inputs else "--since and --format go with --check",
                hint="truewheel lock requirements.in -o requirements.txt, or"
                f" truewheel lock --check FILE; it reads {KNOWN}",
            )
        making = Making(
            inputs=inputs,
            output=None if place == STDIN else place,
            selection=Selection(extras=extras, groups=groups),
            pythons=pythons,
            platforms=platforms,
            universal=universal,
            upgrade=upgrade,
            partial=partial,
            sdists=sdists,
            all_sdists=all_sdists,
        )
        return make(making, ledger=ledger, work=work, output=output)
    writing = (inputs, place, extras, groups, universal, sdists, all_sdists, upgrade, partial)
    if any(writing):
        raise UsageFault(
            "--check judges one lock, and writes none",
            hint="it goes with --since, --format, --python-version and --platform",
        )
    chosen, targets = _form(form, output), _targets(pythons, platforms)
    lock = read_lock(checked, read_file, NO_VARIABLES)
    old = older_lock(checked, lock, since, NO_VARIABLES) if since else None
    with (
        progress(output) as listener,
        closing(open_bench(work, listener, ledger=ledger)) as bench,
    ):
        report = replace(check_lock(lock, old, targets, bench), since=since)
    require_same_index(report)
    _show(report, chosen, output)
    return Exit.FAILED if report.failure else exit_for_lock(report.outcomes)


def check_lock(
    lock: Lock, old: Lock | None, targets: Sequence[Target], bench: Workbench
) -> LockReport:
    """All outcomes up to the end or the tool's failure, whichever comes first."""
    written = written_at(Path(lock.path))
    done: list[Outcome] = []
    failure = None
    try:
        tools = Tools(
            index=bench.index,
            urls=bench.config.urls,
            judge=lambda subject: check(subject, bench),
            sources=source_rules(bench),
        )
        bench.begin_run([lock.path])
        for outcome in rejudge(lock, tools, old=old, written=written, targets=targets):
            done.append(outcome)  # noqa: PERF402 - list() would lose what came before an error
        bench.end_run()
    except UsageFault:
        raise
    except TruewheelError as error:
        failure = Failure(message=error.message, hint=error.hint)
    return LockReport(
        lock=lock,
        written=written,
        outcomes=tuple(done),
        failure=failure,
        policy=bench.policy_id,
    )


def exit_for_lock(outcomes: Iterable[Outcome]) -> Exit:
    """1 if anything is distrusted, 3 if anything is undetermined, else 0."""
    standings = {outcome.standing for outcome in outcomes}
    if Standing.DISTRUSTED in standings:
        return Exit.DISTRUSTED
    return Exit.UNDETERMINED if Standing.UNDETERMINED in standings else Exit.TRUSTED


def _targets(pythons: tuple[str, ...], platforms: tuple[str, ...]) -> tuple[Target, ...]:
    """The targets that were asked for, none for all."""
    if not (pythons or platforms):
        return ()
    chosen = lock_targets(tuple(map(python_version, pythons)), platforms)
    return tuple(target.wheels for target in chosen)


def _form(form: str | None, output: Output) -> str:
    if output.as_json and form not in {None, "json"}:
        raise UsageFault(f"--json and --format {form} contradict each other")
    return form or ("json" if output.as_json else "text")


def _show(report: LockReport, form: str, output: Output) -> None:
    if report.failure is not None:
        say_error(report.failure.message, report.failure.hint)
    match form:
        case "json":
            from reports.lock_json import lock_check_document  # noqa: PLC0415 - as needed

            click.echo(dump(lock_check_document(report)))
        case "sarif":
            from reports.lock_sarif import lock_sarif  # noqa: PLC0415 - as needed

            click.echo(dump(lock_sarif(report)))
        case "github":
            from reports.lock_github import lock_annotations  # noqa: PLC0415 - as needed

            for line in lock_annotations(report):
                click.echo(line)
        case _:
            from reports.lock_text import render_lock  # noqa: PLC0415 - JSON does without rich

            render_lock(report, result_console(output), verbose=output.verbose)
