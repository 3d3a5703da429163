"""Manifests and configurations of images, as a registry gives them: read with bounds.

Sources: OCI image specification 1.1, "Image Manifest", "Image Index", "Image Configuration"; Docker
image manifest version 2, schema 2.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from builders.registry import DIGEST, RegistryFault, read_object

MAX_LAYERS = 200
MAX_COMPRESSED = 8 * 1024**3
"""Bytes of all layers together; the largest of the known images have less than one GiB."""

_INDEXES = frozenset(
    {
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
    }
)
_MANIFESTS = frozenset(
    {
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.v2+json",
    }
)
_LAYERS: Mapping[str, bool] = {
    "application/vnd.docker.image.rootfs.diff.tar": False,
    "application/vnd.docker.image.rootfs.diff.tar.gzip": True,
    "application/vnd.oci.image.layer.v1.tar": False,
    "application/vnd.oci.image.layer.v1.tar+gzip": True,
}
"""Whether each kind of layer is compressed with gzip."""

_TAKEN = ("PATH", "LD_LIBRARY_PATH", "PKG_CONFIG_PATH")
"""Where an image's own toolset is: what else its environment says is not about that."""

_PLACES = re.compile(r"(?:/[A-Za-z0-9._+-]+)+/?(?::(?:/[A-Za-z0-9._+-]+)+/?)*")


@dataclass(frozen=True, kw_only=True, slots=True)
class Blob:
    """Something in a registry, by what it is.

    Attributes:
        digest: `sha256:...`.
        size: in bytes.
        is_gzip: whether it is a layer that is compressed.
    """

    digest: str
    size: int
    is_gzip: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Manifest:
    """One image: its configuration and its layers, the lowest first."""

    configuration: Blob
    layers: tuple[Blob, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Configuration:
    """What an image says of itself.

    Attributes:
        architecture, system: in Go's words, e.g. `amd64` and `linux`.
        layers: `sha256:...` of each layer when unpacked, the lowest first.
        environment: where its toolset is, as variables.
    """

    architecture: str
    system: str
    layers: tuple[str, ...]
    environment: Mapping[str, str]


def chosen_manifest(data: bytes, architecture: str) -> str | None:
    """The digest of the manifest for one architecture in an index; None for what is no index.

    Raises:
        RegistryFault: it is neither, or an index without that architecture.
    """
    document = read_object(data)
    kind = document.get("mediaType")
    entries = document.get("manifests")
    if kind not in _INDEXES and not (kind is None and isinstance(entries, list)):
        return None
    if not document.keys().isdisjoint({"config", "layers"}):
        raise RegistryFault("the manifest is of two kinds")
    for entry in entries if isinstance(entries, list) else []:
        if _is_for(entry, architecture):
            return _digest(entry.get("digest"))
    raise RegistryFault(f"the image is not for linux/{architecture}")


def _is_for(entry: object, architecture: str) -> bool:
    platform = entry.get("platform") if isinstance(entry, dict) else None
    return isinstance(platform, dict) and (platform.get("os"), platform.get("architecture")) == (
        "linux",
        architecture,
    )


def read_manifest(data: bytes) -> Manifest:
    """An image's manifest.

    Raises:
        RegistryFault: it is none that can be read here, or of something too large.
    """
    document = read_object(data)
    kind, layers = document.get("mediaType"), document.get("layers")
    # What is both may be read as either (CVE-2021-41190).
    if (
        kind not in {*_MANIFESTS, None}
        or document.get("schemaVersion") != 2
        or ("manifests" in document)
    ):
        raise RegistryFault("the manifest is of a kind that is not understood")
    if not isinstance(layers, list) or not 0 < len(layers) <= MAX_LAYERS:
        raise RegistryFault("the manifest has no layers, or too many")
    found = Manifest(configuration=_blob(document.get("config")), layers=tuple(map(_layer, layers)))
    if sum(layer.size for layer in found.layers) > MAX_COMPRESSED:
        raise RegistryFault("the image is too large")
    return found


def read_configuration(data: bytes) -> Configuration:
    """An image's configuration.

    Raises:
        RegistryFault: it is none.
    """
    document = read_object(data)
    root, config = document.get("rootfs"), document.get("config") or {}
    layers = root.get("diff_ids") if isinstance(root, dict) else None
    if not isinstance(layers, list) or not isinstance(config, dict):
        raise RegistryFault("the image's configuration is none")
    return Configuration(
        architecture=str(document.get("architecture")),
        system=str(document.get("os")),
        layers=tuple(map(_digest, layers)),
        environment=read_environment(config.get("Env")),
    )


def read_environment(entries: object) -> dict[str, str]:
    """Those variables of an image that say where its toolset is, if they are plain paths."""
    texts = entries if isinstance(entries, list) else []
    pairs = (str(text).partition("=") for text in texts)
    return {
        name: value
        for name, _, value in pairs
        if name in _TAKEN and len(value) < 4096 and _PLACES.fullmatch(value)
    }


def _layer(entry: object) -> Blob:
    kind = entry.get("mediaType") if isinstance(entry, dict) else None
    if kind not in _LAYERS:
        raise RegistryFault(f"a layer is of a kind that is not understood: {str(kind)[:100]}")
    blob = _blob(entry)
    return Blob(digest=blob.digest, size=blob.size, is_gzip=_LAYERS[str(kind)])


def _blob(entry: Any) -> Blob:  # noqa: ANN401 - that is what JSON is
    size = entry.get("size") if isinstance(entry, dict) else None
    if not isinstance(size, int) or size < 0:
        raise RegistryFault("the manifest names something without a size")
    return Blob(digest=_digest(entry.get("digest")), size=size)


def _digest(value: object) -> str:
    if not isinstance(value, str) or DIGEST.fullmatch(value) is None:
        raise RegistryFault(f"{str(value)[:100]!r} is no digest")
    return value
