"""Fetches an image by digest and unpacks it as a root, where no engine does that."""

import gzip
import hashlib
import json
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from builders.registry import CHUNK, Registry, RegistryFault
from builders.registry_layers import MAX_BYTES, merge
from builders.registry_manifest import Blob, read_configuration, read_environment, read_manifest
from builders.registry_resolve import refuse_other_machines
from builders.root_tree import SHOWN as SHOWN_OF_OURS
from builders.sandbox.bwrap_command import Root
from builders.store import Store
from builders.unpack import Shown
from verify.events import Listener, Notice

KIND = "pulled"
ABOUT = "image.json"
SHOWN = Shown(
    paths=SHOWN_OF_OURS.paths | {"opt"},
    linkable=SHOWN_OF_OURS.linkable,
)
"""Of an image that builds: interpreters and toolsets are below /opt."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PulledRoot:
    """An unpacked image in the cache.

    Attributes:
        root: with the manifest's digest.
        environment: where its toolset is, as variables.
    """

    root: Root
    environment: Mapping[str, str]


def find_pulled_root(digest: str, cache_root: Path) -> PulledRoot | None:
    """The unpacked image of a digest; None where the cache has none, or a damaged one."""
    tree = Store(cache_root).find_tree(KIND, _key(digest))
    if tree is None:
        return None
    try:
        about = json.loads((tree / ABOUT).read_bytes())
        environment = read_environment(about["environment"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    return PulledRoot(root=Root(path=tree / "root", digest=digest), environment=environment)


def pull_root(
    registry: Registry, repository: str, digest: str, *, cache_root: Path, listener: Listener
) -> PulledRoot:
    """The unpacked image of a manifest's digest, fetched unless the cache has it.

    Raises:
        RegistryFault: it is not to be had, or not what the digest says, or holds what it must not.
        StoreError: the cache cannot be written.
    """
    store = Store(cache_root)
    with store.alone(KIND, _key(digest)):
        if found := find_pulled_root(digest, cache_root):
            return found
        listener(
            Notice(message=f"fetching the image {registry.name.reference(repository, digest)}")
        )
        store.forget_tree(KIND, _key(digest))  # it is damaged, or there is none
        with store.new_tree(KIND, _key(digest)) as draft:
            _fetch(registry, repository, digest, draft)
    if found := find_pulled_root(digest, cache_root):
        return found
    raise RegistryFault(f"the image {digest} is gone from the cache right after it was unpacked")


def _fetch(registry: Registry, repository: str, digest: str, draft: Path) -> None:
    manifest = read_manifest(registry.manifest(repository, digest))
    wanted = manifest.configuration
    configuration = read_configuration(registry.small_blob(repository, wanted.digest, wanted.size))
    refuse_other_machines(configuration.system, configuration.architecture)
    if len(configuration.layers) != len(manifest.layers):
        raise RegistryFault("the image has other layers than its configuration says")
    layers: list[Path] = []
    left = MAX_BYTES
    for number, (layer, unpacked) in enumerate(
        zip(manifest.layers, configuration.layers, strict=True)
    ):
        path = draft / f"layer-{number}.tar"
        left -= _layer(registry, repository, layer, unpacked, path, left)
        layers.append(path)
    merge(layers, draft / "root", SHOWN)
    for path in layers:
        path.unlink()
    entries = [f"{name}={value}" for name, value in configuration.environment.items()]
    text = json.dumps({"environment": entries}, indent=1)
    (draft / ABOUT).write_text(text, encoding="utf-8")


def _layer(  # noqa: PLR0913, PLR0917 - what and where from, where to, how much
    registry: Registry, repository: str, layer: Blob, unpacked: str, path: Path, limit: int
) -> int:
    """Fetch a layer to a tar archive without compression; gives its size in bytes."""
    packed = path.with_suffix(".packed")
    with packed.open("w+b") as file:
        registry.blob(repository, layer.digest, layer.size, file)
        file.seek(0)
        digest, size = hashlib.sha256(), 0
        with path.open("xb") as target:
            for chunk in _unpacked(file, is_gzip=layer.is_gzip):
                size += len(chunk)
                if size > limit:
                    raise RegistryFault("the image is too large")
                digest.update(chunk)
                target.write(chunk)
    packed.unlink()
    if f"sha256:{digest.hexdigest()}" != unpacked:
        raise RegistryFault(f"the layer {layer.digest} unpacks to something else than it should")
    return size


def _unpacked(file: BinaryIO, *, is_gzip: bool) -> Iterator[bytes]:
    if not is_gzip:
        while chunk := file.read(CHUNK):
            yield chunk
        return
    try:
        with gzip.open(file) as content:
            while chunk := content.read(CHUNK):
                yield chunk
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise RegistryFault(f"a layer of the image is damaged: {error}") from error


def _key(digest: str) -> str:
    return digest.removeprefix("sha256:")
