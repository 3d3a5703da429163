"""How `truewheel images` shows images, toolchains and exported files."""

from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

import click

from builders.image_file import Identity
from builders.images import BuiltImage
from builders.root_tree import KeptRoot
from builders.toolchains import KeptToolchain
from reports.as_json import JSONObject, dump
from verify.cli.options import Output

Image = BuiltImage | KeptRoot | KeptToolchain

AUTO, DOCKER, BUBBLEWRAP = "auto", "docker", "bubblewrap"
ANY = "any"
"""The sandbox of a toolchain, which every one can show."""


def show(images: Iterable[Image], output: Output) -> None:
    """Show what there is, as one document or a row for each."""
    if output.as_json:
        click.echo(dump(_document(images)))
        return
    for image in images:
        click.echo(_row(image))


def _row(image: Image) -> str:
    if isinstance(image, KeptToolchain):
        return _toolchain_row(image)
    state = "current" if image.current else "outdated"
    pythons = ", ".join(_pythons(image))
    holds = f"  CPython {pythons}" if pythons else ""
    return f"{image.reference}  {_kind(image)}  {_digest(image)}  {_size(image)}{holds}  {state}"


def _toolchain_row(kept: KeptToolchain) -> str:
    state = f"{_digest(kept)}  {_size(kept)}" if kept.toolchain else "not made yet"
    definition = kept.definition
    return f"{definition.reference}  {_kind(kept)}  GCC {definition.compiler}  {state}"


def _size(image: Image) -> str:
    return f"{image.size / 1e6:.0f} MB"


def _document(images: Iterable[Image]) -> JSONObject:
    """`truewheel.images/1`."""
    every = tuple(images)
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
            for image in every
            if not isinstance(image, KeptToolchain)
        ],
        "toolchains": [
            {
                "name": kept.definition.name,
                "reference": kept.definition.reference,
                "compiler": kept.definition.compiler,
                "suite": kept.definition.suite,
                "place": str(kept.definition.place),
                "made": kept.toolchain is not None,
                "id": _digest(kept) if kept.toolchain else None,
                "size": kept.size if kept.toolchain else None,
            }
            for kept in every
            if isinstance(kept, KeptToolchain)
        ],
    }


def show_file(identity: Identity, path: Path, output: Output) -> None:
    """Show what an exported file holds."""
    if output.as_json:
        document = {"schema": "truewheel.image-file/1", "file": str(path), **asdict(identity)}
        click.echo(dump(document))
        return
    size = f"{identity.size / 1e6:.0f} MB"
    click.echo(f"{identity.name}  sha256:{identity.sha256}  {size}  {path}")


def _kind(image: Image) -> str:
    kinds = {BuiltImage: DOCKER, KeptRoot: BUBBLEWRAP, KeptToolchain: ANY}
    return kinds[type(image)]


def _digest(image: Image) -> str:
    if isinstance(image, KeptToolchain):
        return f"sha256:{image.toolchain.digest}" if image.toolchain else ""
    return image.image_id if isinstance(image, BuiltImage) else image.root.digest


def _pythons(image: BuiltImage | KeptRoot) -> tuple[str, ...]:
    """The interpreters that builds can use."""
    found = image.interpreters if isinstance(image, BuiltImage) else ()
    return tuple(python.release for python in found)
