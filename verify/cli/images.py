"""`truewheel images`: the root file systems of the container sandbox."""

from pathlib import Path

import click

from builders.definition import definitions
from builders.images import BuiltImage, build_image, list_images
from builders.sandbox.docker_client import connect
from reports.as_json import JSONObject, dump
from verify.cli.console import progress
from verify.cli.exits import Exit
from verify.cli.options import Output, cache_option, output_options
from verify.errors import UsageFault


@click.group("images")
def command() -> None:
    """Build and list the images that builds run in."""


@command.command("build")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@cache_option
@output_options
def build(*, names: tuple[str, ...], cache_root: Path, output: Output) -> Exit:
    """Build the images NAME (default: all) unless the engine has them."""
    known = definitions()
    unknown = sorted(set(names) - set(known))
    if unknown:
        raise UsageFault(
            f"there is no image {unknown[0]!r}", hint=f"known are: {', '.join(sorted(known))}"
        )
    client = connect()
    with progress(output) as listener:
        built = tuple(
            build_image(client, known[name], cache_root=cache_root, listener=listener)
            for name in names or sorted(known)
        )
    _show(built, output)
    return Exit.TRUSTED


@command.command("list")
@output_options
def list_command(*, output: Output) -> Exit:
    """List the images that the engine has."""
    _show(list_images(connect()), output)
    return Exit.TRUSTED


def _show(images: tuple[BuiltImage, ...], output: Output) -> None:
    if output.as_json:
        click.echo(dump(_document(images)))
        return
    if not images:
        click.echo("no images yet; build them with: truewheel images build")
    for image in images:
        pythons = ", ".join(python.release for python in image.interpreters)
        state = "current" if image.current else "outdated"
        size = f"{image.size / 1e6:.0f} MB"
        click.echo(f"{image.reference}  {image.image_id}  {size}  CPython {pythons}  {state}")


def _document(images: tuple[BuiltImage, ...]) -> JSONObject:
    """`truewheel.images/1`."""
    return {
        "schema": "truewheel.images/1",
        "images": [
            {
                "reference": image.reference,
                "id": image.image_id,
                "current": image.current,
                "size": image.size,
                "pythons": [python.release for python in image.interpreters],
            }
            for image in images
        ],
    }
