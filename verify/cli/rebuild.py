"""`truewheel rebuild`: replay a recipe."""

import hashlib
import shutil
from pathlib import Path

import click

from builders.errors import BuildFault
from builders.rebuild import Rebuild
from builders.recipe import Recipe, for_sandbox
from reports.as_json import dump, rebuild_document
from verify.cli.bench import open_bench
from verify.cli.console import progress
from verify.cli.exits import Exit
from verify.cli.options import CONFINED, Output, Work, output_options, work_options
from verify.cli.recipe_file import read_recipe
from verify.errors import UsageFault


@click.command("rebuild")
@click.argument("recipe", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "-o",
    "--output-dir",
    type=click.Path(file_okay=False, path_type=Path),
    help="Also copy the wheel there.",
)
@work_options
@output_options
def command(*, recipe: Path, output_dir: Path | None, work: Work, output: Output) -> Exit:
    """Replay RECIPE, a JSON file with the `recipe` of a result of `truewheel check --json`.

    A recipe is for one sandbox; an explicit --sandbox docker or bubblewrap replays it in that one.

    Exits with 0 if it gave a wheel, 3 if it does not build, 4 if truewheel itself failed.
    """
    parsed = read_recipe(recipe)
    with progress(output) as listener:
        bench = open_bench(work, listener)
        if work.sandbox in CONFINED:
            parsed = for_sandbox(parsed, bench.sandbox.name, bench.sandbox.image)
        try:
            rebuild = bench.rebuilder.rebuild(parsed, fresh=work.fresh)
        except BuildFault as fault:
            _say_failed(parsed, fault, output)
            return Exit.UNDETERMINED
    wheel = _copied(rebuild.wheel, output_dir)
    _say_built(rebuild, wheel, output)
    return Exit.TRUSTED


def _copied(wheel: Path, folder: Path | None) -> Path:
    if folder is None:
        return wheel
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return Path(shutil.copy(wheel, folder / wheel.name))
    except OSError as error:
        raise UsageFault(f"cannot write to {folder}: {error.strerror}") from error


def _say_built(rebuild: Rebuild, wheel: Path, output: Output) -> None:
    sha256 = hashlib.sha256(wheel.read_bytes()).hexdigest()
    if output.as_json:
        click.echo(dump(rebuild_document(rebuild.recipe.digest, wheel=wheel, sha256=sha256)))
        return
    click.echo(f"{wheel}\nsha256 {sha256}")
    if output.verbose:
        click.echo(rebuild.log, err=True)


def _say_failed(recipe: Recipe, fault: BuildFault, output: Output) -> None:
    if output.as_json:
        click.echo(dump(rebuild_document(recipe.digest, reason=fault.code, detail=fault.message)))
        return
    click.echo(f"no rebuild: {fault.code}: {fault.message}", err=True)
    if output.verbose:
        click.echo(fault.log, err=True)
