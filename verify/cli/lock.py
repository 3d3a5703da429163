"""`truewheel lock`: write a lock of trusted hashes, or `--check` one that is there."""

from pathlib import Path

import click

from verify.cli.exits import Exit
from verify.cli.lock_checking import FORMATS, Checking, check
from verify.cli.lock_making import Making, make
from verify.cli.options import (
    Output,
    Work,
    gathered,
    ledger_option,
    output_options,
    work_options,
)
from verify.cli.targets import Targets, target_options
from verify.errors import UsageFault
from verify.lock.inputs.locks import KNOWN


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
@target_options(metavar="X.Y[.Z]", purpose="Lock, or check, for this Python")
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
@gathered("making", Making)
def command(  # noqa: PLR0913 - click passes each option by name
    *,
    making: Making,
    targets: Targets,
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
        if not making.inputs or since or form:
            raise UsageFault(
                "nothing to do" if not making.inputs else "--since and --format go with --check",
                hint="truewheel lock requirements.in -o requirements.txt, or"
                f" truewheel lock --check FILE; it reads {KNOWN}",
            )
        return make(making, targets, ledger=ledger, work=work, output=output)
    if making.is_asked:
        raise UsageFault(
            "--check judges one lock, and writes none",
            hint="it goes with --since, --format, --python-version and --platform",
        )
    checking = Checking(path=checked, since=since, form=form)
    return check(checking, targets, ledger=ledger, work=work, output=output)
