"""`truewheel timeline`: when a project's files were uploaded, and what came late."""

import os
from datetime import timedelta
from pathlib import Path

import click
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from reports.as_json import dump
from reports.timeline_json import timeline_document
from verify.cli.chosen_policy import chosen_policy
from verify.cli.console import progress, result_console
from verify.cli.exits import Exit
from verify.cli.options import Asked, Output, index_options, output_options
from verify.cli.picture import prepare_picture, write_picture
from verify.errors import UsageFault
from verify.events import Listener, Step
from verify.index.client import open_index
from verify.index.config import load_config
from verify.index.interface import ProjectNotFoundError
from verify.signals import Thresholds
from verify.subject import parse_requirement
from verify.timeline.timeline import Timeline, timeline_of

_DAY = timedelta(days=1)
_MOST_DAYS = 36_500


@click.command("timeline")
@click.argument("project", metavar="NAME[==VERSION]")
@click.option(
    "--last",
    type=click.IntRange(min=0, max=1000),
    default=1,
    show_default=True,
    metavar="N",
    help="Without a version: how many releases are shown file by file.",
)
@click.option(
    "--late-after",
    type=click.IntRange(min=0, max=_MOST_DAYS),
    show_default="the policy's",
    metavar="DAYS",
    help="A wheel this long after its source (or before it) is late.",
)
@click.option(
    "--silent-for",
    type=click.IntRange(min=0, max=_MOST_DAYS),
    show_default="the policy's",
    metavar="DAYS",
    help="So long without an upload is a silence.",
)
@click.option(
    "--svg",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Also write the picture of what is shown in detail.",
)
@index_options
@output_options
def command(  # noqa: PLR0913 - click passes each option by name
    *,
    project: str,
    last: int,
    late_after: int | None,
    silent_for: int | None,
    svg: Path | None,
    asked: Asked,
    output: Output,
) -> Exit:
    """Show when a project's files were uploaded, and what came late.

    It judges nothing: it exits with 0 whatever it shows, with 2 if there is no such project or
    version, with 4 if an index failed.
    """
    requirement = parse_requirement(project)
    version = _version(requirement)
    rules = chosen_policy().rules_for(canonicalize_name(requirement.name), version).rules
    thresholds = Thresholds(
        late_after=_DAY * (rules.late_after_days if late_after is None else late_after),
        silent_for=_DAY * (rules.silent_for_days if silent_for is None else silent_for),
    )
    if svg is not None:
        prepare_picture(svg)
    with progress(output) as listener:
        listener(Step(stage="fetch", subject=requirement.name))
        timeline = _timeline(requirement.name, version, last, thresholds, asked, listener)
    if svg is not None:
        _write(timeline, svg)
    _show(timeline, output)
    return Exit.TRUSTED


def _version(requirement: Requirement) -> Version | None:
    """The version that is pinned, None for the whole project.

    Raises:
        UsageFault: something else than NAME or NAME==VERSION was given.
    """
    clauses = list(requirement.specifier)
    if not (clauses or requirement.extras or requirement.marker):
        return None
    if len(clauses) == 1 and clauses[0].operator in {"==", "==="}:
        try:
            pinned = Version(clauses[0].version)
        except InvalidVersion:
            pass
        else:
            if not (requirement.extras or requirement.marker):
                return pinned
    raise UsageFault(
        f"{str(requirement)!r} is neither a project nor one release of it",
        hint="write NAME or NAME==VERSION",
    )


def _timeline(  # noqa: PLR0913, PLR0917 - what the command line has to say
    name: str,
    version: Version | None,
    last: int,
    thresholds: Thresholds,
    asked: Asked,
    listener: Listener,
) -> Timeline:
    config = load_config(
        index_url=asked.index_url,
        extra_index_urls=asked.extra_index_urls,
        environ=dict(os.environ),
        cwd=Path.cwd(),
    )
    index = open_index(
        config, cache_root=asked.cache_root, offline=asked.offline, listener=listener
    )
    try:
        listing = index.project(name)
    except ProjectNotFoundError as error:
        raise UsageFault(error.message, hint=error.hint) from error
    timeline = timeline_of(listing, index, thresholds, version=version, last=last)
    if timeline is None:
        raise UsageFault(
            f"{listing.name} has no release {version}",
            hint=f"truewheel timeline {listing.name} lists its releases",
        )
    return timeline


def _write(timeline: Timeline, target: Path) -> None:
    from reports.timeline_svg import timeline_svg  # noqa: PLC0415 - few ask for a picture

    write_picture(timeline_svg(timeline), target)


def _show(timeline: Timeline, output: Output) -> None:
    if output.as_json:
        click.echo(dump(timeline_document(timeline)))
        return
    from reports.timeline import render_timeline  # noqa: PLC0415 - JSON output does without rich

    render_timeline(timeline, result_console(output), verbose=output.verbose)
