"""`truewheel images`: the root file systems of the sandboxes, and the toolchains beside them."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import click

from builders.definition import (
    DEFAULT_IMAGE,
    EXPLAIN_IMAGE,
    Definition,
    ToolchainDefinition,
    definitions,
    toolchain_definitions,
)
from builders.image_file import export_image, import_image
from builders.images import build_image, list_images
from builders.root_tree import KeptRoot, build_root, list_roots
from builders.rootfs import root_archive
from builders.sandbox.docker_client import connect
from builders.sandbox.interface import NoSandboxError
from builders.toolchains import (
    KeptToolchain,
    kept_toolchain,
    list_toolchains,
    open_toolchain,
    toolchain_archive,
)
from verify.cli.console import progress
from verify.cli.exits import Exit
from verify.cli.image_rows import AUTO, BUBBLEWRAP, DOCKER, Image, show, show_file
from verify.cli.options import Output, cache_option, output_options
from verify.drafts import require_place
from verify.errors import UsageFault
from verify.events import Listener


@click.group("images")
def command() -> None:
    """Build, list and carry the images that builds and diffoscope run in, and toolchains."""


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
    """Build the images or toolchains NAME unless they are there.

    `bookworm`, the default, is what builds run in; `explain` is what --explain runs diffoscope in;
    `gcc-9` to `gcc-14` are what native wheels are compiled with. Those that are not named are made
    when they are first needed.
    """
    wanted = [_defined(name) for name in names or (DEFAULT_IMAGE,)]
    with progress(output) as listener:
        maker = _Maker(sandbox=sandbox, cache_root=cache_root, listener=listener)
        built = tuple(maker.make(definition) for definition in wanted)
    show(built, output)
    return Exit.TRUSTED


@command.command("list")
@cache_option
@output_options
def list_command(*, cache_root: Path, output: Output) -> Exit:
    """List the images that the engine or bubblewrap has, and all toolchains, made or not."""
    roots = list_roots(cache_root)
    toolchains = list_toolchains(cache_root)
    try:
        images = list_images(connect())
    except NoSandboxError:
        if not roots and all(kept.toolchain is None for kept in toolchains):
            raise
        images = ()
    show((*images, *roots, *toolchains), output)
    return Exit.TRUSTED


@command.command("export")
@click.argument("name")
@click.option(
    "-o",
    "--output-file",
    "target",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file to write.",
)
@cache_option
@output_options
def export_command(*, name: str, target: Path, cache_root: Path, output: Output) -> Exit:
    """Write the image or toolchain NAME to one file, made first if need be.

    For machines that reach no Debian mirror, and for the day that a suite leaves the mirrors.
    """
    definition = _defined(name)
    require_place(target)
    with progress(output) as listener:
        make = _archive_maker(definition)
        archive = make(cache_root=cache_root, listener=listener)
        identity = export_image(definition, archive, target)
    show_file(identity, target, output)
    return Exit.TRUSTED


@command.command("import")
@click.argument("source", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path))
@cache_option
@output_options
def import_command(*, source: Path, cache_root: Path, output: Output) -> Exit:
    """Take in a FILE that `truewheel images export` wrote, and use it from now on.

    What it holds will compile what wheels are compared with: compare the digest that this prints
    with the one that the export printed.
    """
    with progress(output) as listener:
        identity = import_image(source, cache_root=cache_root)
        if identity.name in toolchain_definitions():
            open_toolchain(identity.name, cache_root=cache_root, listener=listener, offline=True)
    show_file(identity, source, output)
    return Exit.TRUSTED


def _defined(name: str) -> Definition | ToolchainDefinition:
    known: dict[str, Definition | ToolchainDefinition] = {}
    known |= definitions()
    known |= toolchain_definitions()
    if name not in known:
        raise UsageFault(
            f"there is no image {name!r}", hint=f"known are: {', '.join(sorted(known))}"
        )
    return known[name]


def _archive_maker(definition: Definition | ToolchainDefinition) -> partial[Path]:
    if isinstance(definition, ToolchainDefinition):
        return partial(toolchain_archive, definition)
    return partial(root_archive, definition)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Maker:
    sandbox: str
    cache_root: Path
    listener: Listener

    def make(self, definition: Definition | ToolchainDefinition) -> Image:
        """The image in the engine; for bubblewrap, or where no engine answers, as a directory."""
        if isinstance(definition, ToolchainDefinition):
            return self._toolchain(definition)
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

    def _toolchain(self, definition: ToolchainDefinition) -> KeptToolchain:
        open_toolchain(definition.name, cache_root=self.cache_root, listener=self.listener)
        return kept_toolchain(definition, self.cache_root)
