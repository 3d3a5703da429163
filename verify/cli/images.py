"""`truewheel images`: the root file systems of the sandboxes."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import click

from builders.definition import DEFAULT_IMAGE, EXPLAIN_IMAGE, Definition, definitions
from builders.images import BuiltImage, build_image, list_images
from builders.root_tree import KeptRoot, build_root, list_roots
from builders.sandbox.docker_client import connect
from builders.sandbox.interface import NoSandboxError
from reports.as_json import JSONObject, dump
from verify.cli.console import progress
from verify.cli.exits import Exit
from verify.cli.options import Output, cache_option, output_options
from verify.errors import UsageFault
from verify.events import Listener

Image = BuiltImage | KeptRoot

AUTO, DOCKER, BUBBLEWRAP = "auto", "docker", "bubblewrap"


@click.group("images")
def command() -> None:
    """Build and list the images that builds and diffoscope run in."""


@command.command("build")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option(
    "--sandbox",
    type=click.Choice([AUTO, DOCKER, BUBBLEWRAP]),
    default=AUTO,
    show_default=True,
    help="Which sandbox is to have them.",
)
@cache_option
@output_options
def build(*, names: tuple[str, ...], sandbox: str, cache_root: Path, output: Output) -> Exit:
    """Build the images NAME unless they are there.

    `bookworm`, the default, is what builds run in; `explain` is what --explain runs diffoscope in.
    """
    known = definitions()
    unknown = sorted(set(names) - set(known))
    if unknown:
        raise UsageFault(
            f"there is no image {unknown[0]!r}", hint=f"known are: {', '.join(sorted(known))}"
        )
    wanted = [known[name] for name in names or (DEFAULT_IMAGE,)]
    with progress(output) as listener:
        maker = _Maker(sandbox=sandbox, cache_root=cache_root, listener=listener)
        built = tuple(maker.make(definition) for definition in wanted)
    _show(built, output)
    return Exit.TRUSTED


@command.command("list")
@cache_option
@output_options
def list_command(*, cache_root: Path, output: Output) -> Exit:
    """List the images that the engine has, and those that bubblewrap has in the cache."""
    roots = list_roots(cache_root)
    try:
        images = list_images(connect())
    except NoSandboxError:
        if not roots:
            raise
        images = ()
    _show((*images, *roots), output)
    return Exit.TRUSTED


@dataclass(frozen=True, kw_only=True, slots=True)
class _Maker:
    sandbox: str
    cache_root: Path
    listener: Listener

    def make(self, definition: Definition) -> Image:
        """The image in the engine; for bubblewrap, or where no engine answers, as a directory."""
        if self.sandbox == BUBBLEWRAP:
            return self._root(definition)
        try:
            client = connect()
        except NoSandboxError:
            if self.sandbox == DOCKER or definition.name != EXPLAIN_IMAGE:
                raise
            return self._root(definition)
        return build_image(client, definition, cache_root=self.cache_root, listener=self.listener)

    def _root(self, definition: Definition) -> KeptRoot:
        if definition.name != EXPLAIN_IMAGE:
            raise UsageFault(
                f"bubblewrap needs no image {definition.name}: builds see the host's /usr there",
                hint="use --sandbox docker, or leave the option out",
            )
        return build_root(definition, cache_root=self.cache_root, listener=self.listener)


def _show(images: Iterable[Image], output: Output) -> None:
    if output.as_json:
        click.echo(dump(_document(images)))
        return
    rows = [_row(image) for image in images]
    click.echo("\n".join(rows or ["no images yet; build them with: truewheel images build"]))


def _row(image: Image) -> str:
    state = "current" if image.current else "outdated"
    pythons = ", ".join(_pythons(image))
    holds = f"  CPython {pythons}" if pythons else ""
    size = f"{image.size / 1e6:.0f} MB"
    return f"{image.reference}  {_kind(image)}  {_digest(image)}  {size}{holds}  {state}"


def _document(images: Iterable[Image]) -> JSONObject:
    """`truewheel.images/1`."""
    return {
        "schema": "truewheel.images/1",
        "images": [
            {
                "reference": image.reference,
                "sandbox": _kind(image),
                "id": _digest(image),
                "current": image.current,
                "size": image.size,
                "pythons": list(_pythons(image)),
            }
            for image in images
        ],
    }


def _kind(image: Image) -> str:
    return DOCKER if isinstance(image, BuiltImage) else BUBBLEWRAP


def _digest(image: Image) -> str:
    return image.image_id if isinstance(image, BuiltImage) else image.root.digest


def _pythons(image: Image) -> tuple[str, ...]:
    """The interpreters that builds can use."""
    found = image.interpreters if isinstance(image, BuiltImage) else ()
    return tuple(python.release for python in found)
