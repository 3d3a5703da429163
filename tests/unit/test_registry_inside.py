"""What an image says that it has, what of it is taken, and what a recipe says of the image."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import PurePosixPath

import pytest

from builders.machine import environment_tags, uv_platform
from builders.recipe import BuildImage, for_sandbox, recipe_from_json, recipe_to_json
from builders.sandbox.docker_config import HIDDEN
from builders.sandbox.inside import Inside, name_of, read_inside
from builders.sandbox.interface import Job, SandboxFault
from builders.sandbox.pulled import ANY_PYTHON, FIRST, PulledConfig
from builders.sandbox.seccomp import filter_program
from tests.unit.test_builders_recipe import recipe
from verify.errors import UsageFault

DIGEST = f"sha256:{'1' * 64}"
IMAGE = BuildImage(
    repository="pypa/manylinux2014_x86_64", tag="2024-04-28-aaaaaaa", digest=DIGEST,
    python="cp311-cp311",
)  # fmt: skip

SAID = {
    "gcc": "/opt/rh/devtoolset-10/root/usr/bin/gcc",
    "compiler": "10.2.1",
    "glibc": "glibc 2.17",
    "pythons": {
        "cp27-cp27m": [[2, 7, 18], True],
        "cp27-cp27mu": [[2, 7, 18], True],
        "cp36-cp36m": [[3, 6, 15], True],
        "cp313-cp313": [[3, 13, 1], True],
        "cp313-cp313t": [[3, 13, 1], False],
    },
    "closed": ["/opt/_internal/cpython-3.6.15/lib/python3.6/site-packages", "/opt/_internal/pipx"],
}
PLACES = {"PATH": "/opt/rh/x/bin", "LD_LIBRARY_PATH": "/opt/rh/x/lib64"}


def inside(**changes: object) -> Inside:
    return read_inside(json.dumps({**SAID, **changes}), PLACES)


def names(found: Inside, *abis: str) -> list[str]:
    return [name_of(python) for python in found.interpreters(abis)]


def test_what_an_image_says_is_taken() -> None:
    found = inside()
    assert found.toolset == PurePosixPath("/opt/rh/devtoolset-10/root/usr/bin")
    assert (found.compiler, found.glibc) == ("10.2.1", 17)
    python = found.pythons["cp36-cp36m"]
    assert (python.version, python.release) == ((3, 6), "3.6.15")
    assert str(python.executable) == "/opt/python/cp36-cp36m/bin/python"
    assert python.environment == {"LD_LIBRARY_PATH": "/opt/rh/x/lib64"}
    assert str(found.closed[1]) == "/opt/_internal/pipx"


def test_of_several_builds_of_one_version_it_is_the_wheels_own() -> None:
    assert names(inside()) == ["cp313-cp313", "cp36-cp36m", "cp27-cp27mu"]
    assert names(inside(), "cp27m")[2] == "cp27-cp27m"
    assert names(inside(), "cp27mu")[2] == "cp27-cp27mu"
    assert names(inside(), "cp313t")[0] == "cp313-cp313t"
    only_free = {"cp313-cp313t": SAID["pythons"]["cp313-cp313t"]}  # type: ignore[index]
    assert names(inside(pythons=only_free)) == []


FAULTY = [
    {"gcc": ""},
    {"gcc": "gcc"},
    {"gcc": "/usr/bin/../x:/y"},
    {"compiler": "10.2.1; rm"},
    {"glibc": "musl 1.2"},
    {"pythons": {}},
    {"pythons": []},
    {"pythons": {"cp311-cp311": [[3, 12, 0], True]}},
    {"pythons": {"cp311-cp311": "x"}},
    {"pythons": {"../../usr/cp311-cp311": [[3, 11, 0], True]}},
    {"closed": ["/"]},
    {"closed": ["/opt/a:b"]},
    {"closed": [7]},
    {"closed": None},
]


@pytest.mark.parametrize("changes", FAULTY)
def test_an_image_that_says_something_else_is_a_fault(changes: dict[str, object]) -> None:
    with pytest.raises(SandboxFault):
        inside(**changes)


@pytest.mark.parametrize("text", ["", "[]", "7", "{}", "[" * 100_000])
def test_an_answer_that_is_none_is_a_fault(text: str) -> None:
    with pytest.raises(SandboxFault):
        read_inside(text, {})


def test_an_images_c_library_bounds_what_a_build_environment_may_need() -> None:
    def platforms(glibc: int) -> set[str]:
        return {tag.platform for tag in environment_tags((3, 11), glibc)}

    assert "manylinux_2_28_x86_64" in platforms(36)
    assert environment_tags((3, 11)) == environment_tags((3, 11), 28)
    assert {"manylinux2014_x86_64", "manylinux_2_17_x86_64"} <= platforms(17)
    assert "manylinux_2_18_x86_64" not in platforms(17)
    assert {"manylinux2010_x86_64", "manylinux_2_12_x86_64"} <= platforms(12)
    assert not {"manylinux2014_x86_64", "manylinux_2_13_x86_64"} & platforms(12)
    assert "manylinux1_x86_64" in platforms(5)
    assert uv_platform().endswith("manylinux_2_28")
    assert [uv_platform(glibc).rpartition("_")[2] for glibc in (5, 17, 24, 28, 34)] == [
        "17", "17", "17", "28", "28"
    ]  # fmt: skip


RECIPE = recipe()
IN_IMAGE = replace(RECIPE, image=DIGEST, build_image=IMAGE)


def test_a_recipe_names_the_image_and_is_another_one_by_it() -> None:
    document = recipe_to_json(IN_IMAGE)
    assert document["build_image"] == {
        "repository": "pypa/manylinux2014_x86_64",
        "tag": "2024-04-28-aaaaaaa",
        "digest": DIGEST,
        "python": "cp311-cp311",
    }
    assert recipe_from_json(json.loads(json.dumps(document))) == IN_IMAGE
    assert IN_IMAGE.digest != replace(RECIPE, image=DIGEST).digest
    assert "build_image" not in recipe_to_json(RECIPE)


def test_an_image_stays_when_a_recipe_goes_to_another_sandbox() -> None:
    moved = for_sandbox(IN_IMAGE, "docker", "sha256:own")
    assert (moved.sandbox, moved.image, moved.build_image) == ("docker", DIGEST, IMAGE)


@pytest.mark.parametrize(
    "changes",
    [
        {"digest": f"sha256:{'2' * 64}"},
        {"repository": "example.org:5000/pypa/x"},
        {"repository": "../x"},
        {"tag": "a b"},
        {"tag": "-x"},
        {"python": "../../bin"},
        {"python": "cp311"},
        {"repository": None},
    ],
)
def test_a_recipe_with_a_strange_image_is_refused(changes: dict[str, object]) -> None:
    document = recipe_to_json(IN_IMAGE)
    image = document["build_image"]
    assert isinstance(image, dict)
    with pytest.raises(UsageFault):
        recipe_from_json({**document, "build_image": {**image, **changes}})


def test_a_container_of_an_image_has_its_own_directory_and_shows_nothing_released() -> None:
    config = PulledConfig(closed=(PurePosixPath("/opt/_internal/pipx"),))
    job = Job(argv=("/bin/true",))
    host = config.host(job)
    assert host["tmpfs"]["/opt/_internal/pipx"] == HIDDEN
    assert host["tmpfs"]["/build"].endswith("uid=65534,gid=65534")
    assert (host["network_mode"], host["cap_drop"], host["read_only"]) == ("none", ["ALL"], True)
    command = config.command(job)
    assert command[: len(ANY_PYTHON)] == [*ANY_PYTHON]
    assert command[-2:] == ["930", "/bin/true"]


def first(*argv: str, seconds: int = 60) -> subprocess.CompletedProcess[str]:
    """Run the first process of a container, here as an ordinary one."""
    given = (filter_program().hex(), json.dumps({"ONE": "1"}), str(seconds), *argv)
    return subprocess.run(
        [sys.executable, "-E", "-s", "-S", "-c", FIRST, *given],
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_first_process_gives_a_job_its_environment_and_ends_as_it_does() -> None:
    script = 'umask; echo "$ONE$HOME"; grep ^Seccomp: /proc/self/status; exit 7'
    ran = first("/bin/sh", "-c", script)
    assert (ran.returncode, ran.stdout.split()) == (7, ["0022", "1", "Seccomp:", "2"])
    assert first("/bin/sh", "-c", "kill -9 $$").returncode == 137
    assert first("/bin/sh", "-c", "(sleep 0.2 &); exit 3").returncode == 3
    missing = first("/none")
    assert (missing.returncode, missing.stderr) == (127, "/none: No such file or directory\n")


def test_the_first_process_has_a_clock_of_its_own() -> None:
    ran = first("/bin/sh", "-c", "exec >&- 2>&-; exec sleep 600", seconds=1)
    assert ran.returncode == 137
