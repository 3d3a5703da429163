"""The judging side of `truewheel lock`: a lock that is there, hash by hash."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import click

from reports.as_json import dump
from verify.check import check as check_subject
from verify.cli.bench import open_bench
from verify.cli.console import progress, result_console, say_error
from verify.cli.exits import Exit
from verify.cli.options import Output, Work
from verify.cli.targets import Targets
from verify.errors import TruewheelError, UsageFault
from verify.index.select import Target
from verify.lock.inputs.interface import Lock
from verify.lock.inputs.locks import read_lock
from verify.lock.inputs.reading import read_file
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


@dataclass(frozen=True, kw_only=True, slots=True)
class Checking:
    """What a person asked of a lock.

    Attributes:
        path: the lock.
        since: judge only what was added since a git revision, or an older copy.
        form: one of `FORMATS`; None for text, or for JSON where that is asked for.
    """

    path: Path
    since: str | None
    form: str | None


def check(
    checking: Checking, chosen: Targets, *, ledger: str | None, work: Work, output: Output
) -> Exit:
    """Judge a lock, and say what became of it."""
    form, targets = _form(checking.form, output), chosen.of_wheels()
    lock = read_lock(checking.path, read_file, NO_VARIABLES)
    since = checking.since
    old = older_lock(checking.path, lock, since, NO_VARIABLES) if since else None
    with (
        progress(output) as listener,
        closing(open_bench(work, listener, ledger=ledger)) as bench,
    ):
        report = replace(_report(lock, old, targets, bench), since=since)
    require_same_index(report)
    _show(report, form, output)
    return Exit.FAILED if report.failure else _exit(report.outcomes)


def _report(
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
            judge=lambda subject: check_subject(subject, bench),
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


def _exit(outcomes: Iterable[Outcome]) -> Exit:
    """1 if anything is distrusted, 3 if anything is undetermined, else 0."""
    standings = {outcome.standing for outcome in outcomes}
    if Standing.DISTRUSTED in standings:
        return Exit.DISTRUSTED
    return Exit.UNDETERMINED if Standing.UNDETERMINED in standings else Exit.TRUSTED


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
