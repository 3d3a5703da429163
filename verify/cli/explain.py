"""`--explain`: diffoscope's reports, beside results that never depend on them."""

import os
import sys
from dataclasses import dataclass
from functools import wraps
from pathlib import Path

import click

from reports.printable import printable
from verify.cli.console import progress
from verify.cli.options import SANDBOXES, Callback, Output, cache_option, with_options
from verify.errors import UsageFault
from verify.results import CheckReport, ExplanationReport, ExplanationStatus


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """One report that was asked for: where to write it, and where diffoscope is to run."""

    target: Path
    sandbox: str
    cache_root: Path
    offline: bool

    def prepare(self) -> None:
        """Make sure, before any work, that the report can be written.

        Raises:
            UsageFault: it cannot.
        """
        from verify.explaining.report_file import clear  # noqa: PLC0415 - few ask for reports

        clear(self.target)

    def attach(self, published: Path, rebuilt: Path, output: Output) -> ExplanationReport:
        """The report, told to the person as well; never raises."""
        from verify.explaining.explainer import Explainer  # noqa: PLC0415 - few ask for reports

        with progress(output) as listener:
            explainer = Explainer(
                choice=self.sandbox,
                cache_root=self.cache_root,
                listener=listener,
                offline=self.offline,
            )
            report = explainer.explain(published, rebuilt, self.target)
        _tell(report, published.name, output)
        return report


def explain_options(command: Callback) -> Callback:
    """`--explain PATH` and what it needs; the command takes them as one `explain` or None."""

    @wraps(command)
    def collected(
        *, explain: Path | None, sandbox: str, offline: bool, cache_root: Path, **rest: object
    ) -> object:
        request = explain and Request(
            target=explain, sandbox=sandbox, cache_root=cache_root, offline=offline
        )
        return command(explain=request, **rest)

    options = (
        click.option(
            "--explain",
            type=click.Path(path_type=Path),
            metavar="PATH",
            help="Also write diffoscope's HTML report; its failure changes no verdict.",
        ),
        click.option(
            "--sandbox",
            type=click.Choice(SANDBOXES),
            default="auto",
            show_default=True,
            help="With --explain: where diffoscope runs.",
        ),
        click.option("--offline", is_flag=True, help="With --explain: fetch nothing."),
        cache_option,
    )
    return with_options(collected, *options)


def explain_folder_option(command: Callback) -> Callback:
    """`--explain DIR`; the command takes it as `explain`."""
    return click.option(
        "--explain",
        type=click.Path(path_type=Path),
        metavar="DIR",
        help="Write diffoscope's HTML report on each wheel that is rebuilt but not trusted.",
    )(command)


def prepare_folder(folder: Path | None) -> None:
    """Make the folder for reports, before any work.

    Raises:
        UsageFault: it cannot be made or written to.
    """
    if folder is None:
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageFault(f"cannot make the folder {folder}: {error.strerror}") from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise UsageFault(f"cannot write to the folder {folder}: it is closed to you")


def tell_reports(report: CheckReport, output: Output) -> None:
    """Tell the person about each report of a check."""
    for result in report.results:
        if result.explanation is not None:
            name = result.wheel.filename if result.wheel else result.requirement
            _tell(result.explanation, name, output)


def _tell(report: ExplanationReport, name: str, output: Output) -> None:
    """On standard error; a failure is told even with -q, because it was asked for a report."""
    if report.status is ExplanationStatus.FAILED:
        _say(f"no explanation of {name}: {report.detail}; the verdict stands as it is")
        if report.hint:
            _say(f"  hint: {report.hint}")
    elif report.status is ExplanationStatus.WRITTEN and not output.quiet:
        _say(f"{name} is explained in {report.path}")
        if report.detail:
            _say(f"  {report.detail}")
    elif output.verbose and not output.quiet:
        _say(f"no explanation of {name}: {report.detail}")


def _say(text: str) -> None:
    mark = "" if text.startswith(" ") else "truewheel: "
    print(f"{mark}{printable(text)}", file=sys.stderr)  # noqa: T201 - the command line
