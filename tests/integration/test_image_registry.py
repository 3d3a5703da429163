"""Published build images: chosen by day at a real registry, pulled by digest, and built in."""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import docker
import pytest

from builders.debian import archive_path
from builders.definition import definition
from builders.errors import BuildFault
from builders.images import find_pulled_image, pull_image
from builders.manylinux import preferred_image
from builders.recipe import recipe_to_json
from builders.registry import Registry, RegistryFault, parse_registry
from builders.registry_images import OpenImage
from builders.registry_root import pull_root
from builders.rootfs import root_archive
from builders.sandbox.inside import name_of
from builders.sandbox.interface import Limits, SandboxFault
from builders.toolchains import open_toolchain
from tests.integration.test_native_builds import HINTS, MANYLINUX, NATIVE, Native
from tests.support.command import Ran, assert_valid, truewheel
from tests.support.image_registry import (
    NOT_THERE,
    ONLY_THERE,
    ImageRegistry,
    Layers,
    push_layers,
)
from tests.support.ports import free_port
from tests.support.publishing import Published, Publisher
from tests.support.sandboxes import run_command
from verify.events import silent
from verify.workbench import Settings, Workbench

REPOSITORY = "pypa/manylinux2014_x86_64"
DAY = datetime(2024, 5, 1, 12, tzinfo=UTC)
OLD, CHOSEN, TOO_NEW = "2024-01-02-ccccccc", "2024-04-28-aaaaaaa", "2024-05-20-bbbbbbb"

KEPT = ("environments", "files", "images", "pages", "toolchains", "uv",
        "interpreters-1.json", "verified-1.json")  # fmt: skip
"""What a cache may have from earlier runs, none of which is about these images."""

SOURCE = replace(
    NATIVE,
    files={
        **NATIVE.files,
        "src/once.c": f"#include <{ONLY_THERE}>\nint once(int x) {{ return ONLY_THERE * x; }}\n",
    },
)
"""It can be built in the image alone."""


@dataclass(frozen=True, kw_only=True)
class Served:
    """A registry, what it holds, and the digest of the image that is to be chosen."""

    registry: ImageRegistry
    layers: Layers
    digest: str


@pytest.fixture(scope="module")
def served(kept_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("registry")
    registry = ImageRegistry(folder=folder, port=free_port())
    archive = archive_path(definition(), kept_cache)
    root = root_archive(definition(), cache_root=kept_cache, listener=silent)
    assert root == archive
    toolchain = open_toolchain("gcc-10", cache_root=kept_cache, listener=silent)
    registry.start()
    try:
        name = f"mirror/{REPOSITORY}"
        layers = push_layers(registry, name, root, toolchain, folder)
        digests = {tag: layers.publish(registry, name, tag) for tag in (OLD, CHOSEN, TOO_NEW)}
        layers.publish(registry, name, "latest")
        yield Served(registry=registry, layers=layers, digest=digests[CHOSEN])
    finally:
        registry.stop()


def new_cache(folder: Path, kept: Path) -> Path:
    folder.mkdir()
    for name in KEPT:
        if (kept / name).exists():
            (folder / name).symlink_to(kept / name)
    return folder


@pytest.fixture(scope="module")
def own_cache(kept_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return new_cache(tmp_path_factory.mktemp("own") / "cache", kept_cache)


def bench(
    cache: Path, registry: ImageRegistry, sandbox: str = "bubblewrap", *, offline: bool = False
) -> Workbench:
    settings = Settings(
        sandbox=sandbox,
        cache_root=cache,
        limits=Limits(wall_seconds=240.0),
        environ=tuple(os.environ.items()),
        cwd=cache,
        offline=offline,
        image_registry=parse_registry(f"{registry.name}/mirror"),
    )
    return Workbench(settings, silent)


@pytest.fixture(scope="module")
def published(
    served: Served, own_cache: Path, tmp_path_factory: pytest.TempPathFactory
) -> Published:
    served.registry.start()
    publisher = Publisher(cache=own_cache)
    object.__setattr__(publisher, "bench", bench(own_cache, served.registry))
    native = Native(publisher=publisher, hints=replace(HINTS, flags={
        **HINTS.flags, "python": "3.11.2", "link": "-Wl,--emit-relocs -Wl,--no-as-needed -pthread"
    }))  # fmt: skip
    return native.publish(tmp_path_factory.mktemp("published"), SOURCE)


def check(
    cache: Path, served: Served, published: Published, sandbox: str, *more: str
) -> tuple[Ran, dict[str, object]]:
    ran = truewheel(
        "check", "--json", "--fresh", "--sandbox", sandbox, "--attempts", "1",
        "--file", published.wheel, "--sdist", published.sdist,
        "--image-registry", f"{served.registry.name}/mirror/", *more,
        cache=cache,
    )  # fmt: skip
    assert "Traceback" not in ran.stderr
    assert_valid(ran.document)
    (result,) = ran.document["results"]
    return ran, result


def test_a_check_builds_in_the_newest_image_until_the_wheels_day_and_asks_for_it_once(
    served: Served, own_cache: Path, published: Published, sandbox_name: str
) -> None:
    served.registry.start()
    _, first = check(own_cache, served, published, sandbox_name)
    recipe = first["recipe"]
    assert isinstance(recipe, dict)
    assert recipe["build_image"] == {
        "repository": REPOSITORY,
        "tag": CHOSEN,
        "digest": served.digest,
        "python": "cp311-cp311",
    }
    assert (recipe["image"], recipe["toolchain"]) == (served.digest, None)
    assert "unused" not in recipe["preferred_image"]
    assert first["verdict"] in {"identical", "regenerated"}, first["diff"]
    served.registry.stop()
    _, second = check(own_cache, served, published, sandbox_name)
    assert second["recipe"] == recipe
    assert second["verdict"] == first["verdict"]


def test_a_recipe_is_replayed_in_its_image_or_not_at_all(
    served: Served, own_cache: Path, published: Published, tmp_path: Path
) -> None:
    served.registry.stop()
    assert published.recipe is not None
    file, empty = tmp_path / "recipe.json", tmp_path / "empty"
    file.write_text(json.dumps(recipe_to_json(published.recipe)))
    replay = ("rebuild", file, "--sandbox", "bubblewrap", "--fresh", "--json")
    here = truewheel(*replay, cache=own_cache)
    assert here.code == 0, here.stdout
    assert here.document["sha256"] == sha256(published.wheel.read_bytes()).hexdigest()
    elsewhere = truewheel(*replay, cache=empty)
    assert elsewhere.code == 3
    assert f"{served.digest}, which is not to be had here" in elsewhere.document["detail"]


def chosen(served: Served, cache: Path, sandbox: str, *, offline: bool = False) -> OpenImage:
    wanted = preferred_image(MANYLINUX, "10.2.1", DAY)
    assert wanted is not None
    return bench(cache, served.registry, sandbox, offline=offline).images.chosen(wanted)


def test_a_job_in_a_pulled_image_is_confined_and_finds_nothing_that_is_released(
    served: Served, own_cache: Path, published: Published, sandbox_name: str
) -> None:
    assert published.recipe is not None
    served.registry.start()
    image = chosen(served, own_cache, sandbox_name)
    (python,) = image.interpreters(("cp311",))
    assert (name_of(python), python.release) == ("cp311-cp311", "3.11.2")
    assert str(image.inside.toolset) == "/opt/rh/devtoolset-10/root/usr/bin"
    script = (
        "grep -E '^(Uid|Gid|Groups|CapInh|CapPrm|CapEff|CapBnd|CapAmb|NoNewPrivs|Seccomp):'"
        " /proc/self/status; umask; env | sort | tr '\\n' ' '; echo;"
        " ls -A /usr/local/bin /usr/lib/python3/dist-packages /opt/_internal/pipx"
        " /usr/lib/python3.11/ensurepip/_bundled /sys/class/net 2>&1; command -v perl;"
        " echo > /opt/new || echo > /usr/new || echo > /build/new && ls /build"
    )
    run = run_command(image.sandbox, "/bin/sh", "-c", script)
    lines = [line.split() for line in run.output.decode().splitlines()]
    facts = {words[0]: words[1:] for words in lines if words and words[0].endswith(":")}
    assert facts["Uid:"] == facts["Gid:"] == ["65534"] * 4
    assert {facts[f"Cap{kind}:"][0] for kind in ("Inh", "Prm", "Eff", "Bnd", "Amb")} == {"0" * 16}
    assert (facts["NoNewPrivs:"], facts["Seccomp:"]) == (["1"], ["2"])
    said = run.output.decode()
    assert "nat" not in said
    assert ".whl" not in said
    assert "perl" not in said
    assert "eth0" not in said
    assert said.endswith("new\n")
    assert run.outcome.log.lower().count("read-only file system") == 2


def test_a_check_whose_image_has_another_byte_takes_a_toolchain_and_says_so(
    served: Served, kept_cache: Path, published: Published, tmp_path: Path
) -> None:
    served.registry.start()
    cache = new_cache(tmp_path / "cache", kept_cache)
    blob = served.layers.blobs[0]["digest"]
    with served.registry.tampered(blob):
        ran, result = check(cache, served, published, "bubblewrap")
    recipe = result["recipe"]
    assert isinstance(recipe, dict)
    assert f"something else than the blob {blob}" in recipe["preferred_image"]["unused"]
    assert recipe["toolchain"]["name"] == "gcc-10"
    assert "build_image" not in recipe
    assert recipe["image"] is None
    # Which has not the header that the source takes.
    assert result["verdict"] == "undetermined"
    assert ran.stderr.count(f"not built in {REPOSITORY} of 2024-05-01") == 1
    assert not list((cache / "pulled").glob("[0-9a-f]*"))


@pytest.mark.parametrize("place", [1, 2])
def test_no_layer_may_have_another_byte(served: Served, tmp_path: Path, place: int) -> None:
    served.registry.start()
    blob = served.layers.blobs[place]["digest"]
    registry = Registry(parse_registry(f"{served.registry.name}/mirror"))
    with (
        served.registry.tampered(blob),
        pytest.raises(RegistryFault, match=f"something else than the blob {blob}"),
    ):
        pull_root(registry, REPOSITORY, served.digest, cache_root=tmp_path, listener=silent)
    assert not list((tmp_path / "pulled").glob("[0-9a-f]*"))


def test_an_engine_refuses_a_layer_with_one_other_byte(
    served: Served, engine_client: docker.DockerClient
) -> None:
    served.registry.start()
    name = parse_registry(f"{served.registry.name}/mirror").reference(REPOSITORY, served.digest)
    if found := find_pulled_image(engine_client, served.digest):
        engine_client.images.remove(found.image_id, force=True)
    with (
        served.registry.tampered(served.layers.blobs[2]["digest"]),
        pytest.raises(SandboxFault, match="cannot pull"),
    ):
        pull_image(engine_client, name, listener=silent)
    assert find_pulled_image(engine_client, served.digest) is None


def test_what_the_image_does_not_build_a_toolchain_does(
    served: Served, own_cache: Path, tmp_path: Path
) -> None:
    served.registry.start()
    needs_more = f"#include <{NOT_THERE}>\nint once(int x) {{ return Z_BEST_SPEED * x; }}\n"
    source = replace(NATIVE, files={**NATIVE.files, "src/once.c": needs_more})
    published = Native(publisher=Publisher(cache=own_cache)).publish(tmp_path, source)
    assert published.recipe is not None
    _, result = check(own_cache, served, published, "bubblewrap")
    attempts, recipe = result["attempts"], result["recipe"]
    assert isinstance(attempts, list)
    assert isinstance(recipe, dict)
    assert [attempt["reason"] for attempt in attempts] == ["build-failed", None]
    assert NOT_THERE in attempts[0]["log_tail"]
    assert recipe["toolchain"]["name"] == "gcc-10"
    assert recipe["preferred_image"]["unused"].startswith("the image does not build it: ")
    assert result["verdict"] == "equivalent", result["diff"]


def test_a_given_recipe_may_not_bring_an_image_along(
    served: Served, own_cache: Path, published: Published, tmp_path: Path
) -> None:
    served.registry.start()
    assert published.recipe is not None
    assert published.recipe.build_image is not None
    file = tmp_path / "recipe.json"
    for digest, reason in {served.digest: None, f"sha256:{'0' * 64}": "unsupported"}.items():
        image = replace(published.recipe.build_image, digest=digest)
        given = replace(published.recipe, image=digest, build_image=image)
        file.write_text(json.dumps(recipe_to_json(given)))
        _, result = check(own_cache, served, published, "bubblewrap", "--recipe", str(file))
        attempts: Any = result["attempts"]
        assert attempts[0]["chosen"] == ["the given recipe"]
        assert attempts[0]["reason"] == reason
    assert "names an image that no registry gave here" in attempts[0]["detail"]


def test_without_the_registry_nothing_is_chosen_that_is_not_known(
    served: Served, own_cache: Path, published: Published, tmp_path: Path
) -> None:
    assert published.recipe is not None
    served.registry.stop()
    cold = new_cache(tmp_path / "cache", own_cache)
    with pytest.raises(BuildFault, match="cannot be asked"):
        chosen(served, cold, "bubblewrap")
    with pytest.raises(BuildFault, match="no registry was asked for it yet"):
        chosen(served, cold, "bubblewrap", offline=True)
    for offline in (False, True):
        assert chosen(served, own_cache, "bubblewrap", offline=offline).digest == served.digest
