"""Building, finding and listing images in a real engine."""

import hashlib
import io
import json
import tarfile
import uuid
from dataclasses import replace
from pathlib import Path

import docker
import pytest

from builders.definition import definition
from builders.image_archive import ImageArchive
from builders.images import BuiltImage, build_image, find_image, list_images
from builders.sandbox.docker import DockerSandbox
from builders.sandbox.interface import SandboxFault
from tests.support.sandboxes import run_command


def test_a_built_image_is_found_and_listed_as_current(
    engine_client: docker.DockerClient, image: BuiltImage
) -> None:
    assert find_image(engine_client, definition()) == image
    assert image in list_images(engine_client)
    assert image.current
    assert image.reference == f"truewheel/bookworm:{definition().digest[:16]}"


def test_building_again_does_nothing(
    engine_client: docker.DockerClient, image: BuiltImage, kept_cache: Path
) -> None:
    events: list[object] = []
    again = build_image(engine_client, definition(), cache_root=kept_cache, listener=events.append)
    assert again == image
    assert events == []


def test_the_image_id_is_a_function_of_root_and_labels(
    engine_client: docker.DockerClient, tmp_path: Path
) -> None:
    """With a root of its own: the one that the image was built from may be in another cache."""
    layer = tmp_path / "layer.tar"
    with tarfile.open(layer, "w") as tar:
        tar.addfile(tarfile.TarInfo("empty"))
    archive = ImageArchive(
        layer=layer,
        reference=f"truewheel/law:{uuid.uuid4().hex[:12]}",
        machine="x86_64",
        labels={"one": "1"},
    )
    for _ in engine_client.api.load_image(archive.stream()):  # type: ignore[no-untyped-call] # in stubs
        pass
    try:
        loaded = engine_client.images.get(archive.reference)
        assert loaded.id == f"sha256:{hashlib.sha256(archive.configuration()).hexdigest()}"
        assert loaded.labels == archive.labels
    finally:
        engine_client.images.remove(archive.reference)
    changed = replace(archive, labels={"one": "1", "more": "1"})
    assert changed.configuration() != archive.configuration()


def test_the_image_names_the_interpreter_that_it_holds(
    image: BuiltImage, docker_sandbox: DockerSandbox
) -> None:
    (python,) = image.interpreters
    run = run_command(docker_sandbox, str(python.executable), "--version")
    assert run.output.decode() == f"Python {python.release}\n"
    assert python.headers


def test_the_image_holds_no_setuid_program(docker_sandbox: DockerSandbox) -> None:
    run = run_command(docker_sandbox, "/usr/bin/find", "/usr", "-perm", "/6000", "-type", "f")
    assert (run.outcome.exit_code, run.output) == (0, b"")


def test_an_unknown_image_is_a_fault() -> None:
    with pytest.raises(SandboxFault, match="there is no image 'other'"):
        definition("other")


def test_another_definition_is_not_found(engine_client: docker.DockerClient) -> None:
    other = replace(definition(), packages=("python3",))
    assert other.digest != definition().digest
    assert find_image(engine_client, other) is None


def test_an_archive_holds_manifest_configuration_and_layer(tmp_path: Path) -> None:
    layer = tmp_path / "root.tar"
    layer.write_bytes(bytes(1024) + b"odd")
    archive = ImageArchive(layer=layer, reference="truewheel/x:1", machine="x86_64", labels={})
    with tarfile.open(fileobj=io.BytesIO(b"".join(archive.stream()))) as tar:
        contents = {member.name: file.read() for member in tar if (file := tar.extractfile(member))}
    (entry,) = json.loads(contents["manifest.json"])
    assert entry["RepoTags"] == ["truewheel/x:1"]
    assert contents[entry["Layers"][0]] == layer.read_bytes()
    configuration = json.loads(contents[entry["Config"]])
    digest = hashlib.sha256(layer.read_bytes()).hexdigest()
    assert configuration["rootfs"]["diff_ids"] == [f"sha256:{digest}"]
    assert configuration["architecture"] == "amd64"
