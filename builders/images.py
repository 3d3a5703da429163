"""The images of the Docker sandbox: building, finding and listing them in an engine."""

import json
import platform
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path, PurePosixPath
from typing import Any

import docker
import docker.errors

from builders.debian import INSTALL_HINT, TOOL
from builders.definition import Definition, definitions
from builders.image_archive import ImageArchive, context_archive
from builders.rootfs import archived_interpreters, root_archive
from builders.sandbox.bwrap_command import ETC
from builders.sandbox.docker_client import ENGINE_ERRORS
from builders.sandbox.interface import Interpreter, SandboxFault
from verify.events import Listener, Note, Notice

LABEL = "org.truewheel"
DEFINITION_LABEL = f"{LABEL}.definition"
INTERPRETERS_LABEL = f"{LABEL}.interpreters"
BASE_LABEL = f"{LABEL}.base"
_NO_TAG = "<none>:<none>"


@dataclass(frozen=True, kw_only=True, slots=True)
class BuiltImage:
    """An image that an engine has.

    Attributes:
        reference: name and tag, e.g. `truewheel/bookworm:0123456789abcdef`.
        image_id: `sha256:...`, a function of root file system and labels.
        current: whether it belongs to a definition as this version of truewheel has it.
        interpreters: the CPythons inside, newest first.
        size: in bytes, as the engine counts.
    """

    reference: str
    image_id: str
    current: bool
    interpreters: tuple[Interpreter, ...]
    size: int


def find_image(client: docker.DockerClient, definition: Definition) -> BuiltImage | None:
    """Return the image of a definition, None where the engine does not have it.

    Raises:
        SandboxFault: the engine does not answer.
    """
    try:
        image = client.images.get(definition.reference)
    except docker.errors.ImageNotFound:
        return None
    except ENGINE_ERRORS as error:
        raise SandboxFault(f"the container engine failed: {error}") from error
    found = _described(image.attrs or {}, definition.reference)
    return found if found.current else None


def list_images(client: docker.DockerClient) -> tuple[BuiltImage, ...]:
    """Return every image of truewheel in the engine, current or not, by reference.

    Raises:
        SandboxFault: the engine does not answer.
    """
    try:
        listed = client.api.images(filters={"label": DEFINITION_LABEL})
        images = [_looked_at(client, each["Id"]) for each in listed]
    except ENGINE_ERRORS as error:
        raise SandboxFault(f"the container engine failed: {error}") from error
    found = [
        _described(attributes, tag)
        for attributes in images
        for tag in attributes.get("RepoTags") or ()
        if tag != _NO_TAG
    ]
    return tuple(sorted(found, key=lambda image: image.reference))


def _looked_at(client: docker.DockerClient, image_id: str) -> Mapping[str, Any]:
    """What the engine says of an image; nothing of one that was removed since it was listed."""
    try:
        return client.images.get(image_id).attrs or {}
    except docker.errors.ImageNotFound:
        return {}


def build_image(
    client: docker.DockerClient, definition: Definition, *, cache_root: Path, listener: Listener
) -> BuiltImage:
    """Return the image of a definition, built if the engine does not have it yet.

    By mmdebstrap where that is installed; else by the engine itself from `Containerfile`, for
    which it must reach an image registry.

    Raises:
        SandboxFault: neither way works.
    """
    if found := find_image(client, definition):
        return found
    try:
        if shutil.which(TOOL):
            _load(client, definition, cache_root=cache_root, listener=listener)
        else:
            _build_from_registry(client, definition, listener)
    except ENGINE_ERRORS as error:
        hint = f"without an image registry: {INSTALL_HINT}"
        raise SandboxFault(f"cannot build {definition.reference}: {error}", hint=hint) from error
    found = find_image(client, definition)
    if found is None:
        raise SandboxFault(f"the engine took {definition.reference} but does not have it")
    return found


def _load(
    client: docker.DockerClient, definition: Definition, *, cache_root: Path, listener: Listener
) -> None:
    layer = root_archive(definition, cache_root=cache_root, listener=listener)
    listener(Note(message=f"loading {definition.reference} into the container engine"))
    archive = ImageArchive(
        layer=layer,
        reference=definition.reference,
        machine=platform.machine(),
        labels=_labels(definition, archived_interpreters(layer)),
    )
    loading = client.api.load_image(archive.stream())  # type: ignore[no-untyped-call] # in stubs
    for progress in loading:
        if "error" in progress:
            raise SandboxFault(f"the engine refused {definition.reference}: {progress['error']}")


def _build_from_registry(
    client: docker.DockerClient, definition: Definition, listener: Listener
) -> None:
    listener(Note(message=f"building {definition.reference} on {definition.base}"))
    name, _, tag = definition.base.partition(":")
    digests: list[str] = (client.images.pull(name, tag).attrs or {})["RepoDigests"]
    digest = digests[0].rpartition("@")[2]
    containerfile = (files("containers") / "Containerfile").read_bytes()
    context = {
        "Containerfile": containerfile,
        **{f"etc/{name}": text for name, text in ETC.items()},
    }
    client.images.build(
        fileobj=context_archive(context),
        custom_context=True,
        dockerfile="Containerfile",
        tag=definition.reference,
        rm=True,
        labels={**_labels(definition, ()), BASE_LABEL: f"{name}@{digest}"},
        buildargs={
            "BASE": name,
            "DIGEST": digest,
            "PACKAGES": " ".join(definition.packages),
            "DIRECTORIES": " ".join(definition.directories),
        },
    )


def _labels(definition: Definition, interpreters: tuple[Interpreter, ...]) -> dict[str, str]:
    inside = [
        {"release": python.release, "executable": str(python.executable)} for python in interpreters
    ]
    return {DEFINITION_LABEL: definition.digest, INTERPRETERS_LABEL: json.dumps(inside)}


def _described(attributes: Mapping[str, Any], reference: str) -> BuiltImage:
    labels = (attributes.get("Config") or {}).get("Labels") or {}
    digest = labels.get(DEFINITION_LABEL, "")
    return BuiltImage(
        reference=reference,
        image_id=str(attributes.get("Id", "")),
        current=any(digest == known.digest for known in definitions().values()),
        interpreters=tuple(_labelled_interpreters(labels.get(INTERPRETERS_LABEL, "[]"))),
        size=int(attributes.get("Size", 0)),
    )


def _labelled_interpreters(label: str) -> Iterator[Interpreter]:
    for entry in json.loads(label):
        major, minor, *_ = (int(part) for part in entry["release"].split("."))
        yield Interpreter(
            version=(major, minor),
            release=entry["release"],
            executable=PurePosixPath(entry["executable"]),
            headers=True,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class PulledImage:
    """An image of a registry that an engine has.

    Attributes:
        image_id: the engine's own name of it, `sha256:...`.
        system, machine: what it runs on, in Go's words.
        environment: the entries of its environment, `NAME=VALUE`.
    """

    image_id: str
    system: str
    machine: str
    environment: tuple[str, ...]


def find_pulled_image(client: docker.DockerClient, digest: str) -> PulledImage | None:
    """Return the image of a manifest's digest, from whichever registry it came; else None.

    Raises:
        SandboxFault: the engine does not answer.
    """
    try:
        for image in client.api.images():
            names = image.get("RepoDigests") or ()
            if any(str(name).endswith(f"@{digest}") for name in names):
                attributes = _looked_at(client, image["Id"])
                return _pulled(attributes) if attributes else None
    except ENGINE_ERRORS as error:
        raise SandboxFault(f"the container engine failed: {error}") from error
    return None


def pull_image(client: docker.DockerClient, reference: str, *, listener: Listener) -> PulledImage:
    """Return the image `NAME@sha256:...`, whose every blob the engine checks while it pulls.

    Raises:
        SandboxFault: the engine cannot pull it.
    """
    listener(Notice(message=f"the container engine pulls {reference}"))
    digest = reference.rpartition("@")[2]
    try:
        for progress in client.api.pull(reference, stream=True, decode=True):
            if "error" in progress:
                raise SandboxFault(f"the engine cannot pull {reference}: {progress['error']}")
    except ENGINE_ERRORS as error:
        raise SandboxFault(f"the engine cannot pull {reference}: {error}") from error
    found = find_pulled_image(client, digest)
    if found is None:
        raise SandboxFault(f"the engine pulled {reference} but does not have it")
    return found


def _pulled(attributes: Mapping[str, Any]) -> PulledImage:
    config = attributes.get("Config") or {}
    return PulledImage(
        image_id=str(attributes["Id"]),
        system=str(attributes.get("Os")),
        machine=str(attributes.get("Architecture")),
        environment=tuple(map(str, config.get("Env") or ())),
    )
