"""The platform tags of a published wheel, and what a recipe does to a built one to have them."""

import zipfile
from pathlib import Path

import pytest

from builders.native_flags import is_post_step
from builders.platform_tags import Platforms, read_platforms
from tests.support.native import wheel_of
from verify.archive.reader import read_archive

MANYLINUX = ("manylinux_2_17_x86_64", "manylinux2014_x86_64")


def platforms_of(folder: Path, filename: str, *tags: str) -> Platforms | None:
    return read_platforms(wheel_of(folder, {"example/a.py": b""}), filename, tags)


def test_tags_keep_the_order_of_the_file_name_and_that_of_wheel(tmp_path: Path) -> None:
    name = f"example-1.0-cp311-cp311-{'.'.join(sorted(MANYLINUX))}.whl"
    found = platforms_of(tmp_path, name, *(f"cp311-cp311-{platform}" for platform in MANYLINUX))
    assert found is not None
    assert found.are_of("x86_64")
    assert not found.are_of("aarch64")
    (step,) = found.post_steps
    assert step.split(" ") == ["retag", ".".join(sorted(MANYLINUX)), ".".join(MANYLINUX)]


@pytest.mark.parametrize(
    ("platforms", "tags"),
    [
        ("win_amd64", ("cp311-cp311-win_amd64",)),
        ("macosx_11_0_arm64", ("cp311-cp311-macosx_11_0_arm64",)),
        ("any", ("py3-none-any",)),
        ("manylinux2014_x86_64", ("cp311-cp311-manylinux1_x86_64",)),
        ("manylinux1_x86_64.manylinux2014_x86_64", ("cp311-cp311-manylinux1_x86_64",)),
        ("manylinux2014_x86_64", ()),
        ("manylinux2014_x86_64.win32", ("a-b-manylinux2014_x86_64", "a-b-win32")),
        ("manylinux2014_$(id)", ("a-b-manylinux2014_$(id)",)),
        ("manylinux2014_x86_64 x", ("a-b-manylinux2014_x86_64 x",)),
    ],
)
def test_other_tags_are_none_that_a_step_writes(
    platforms: str, tags: tuple[str, ...], tmp_path: Path
) -> None:
    assert platforms_of(tmp_path, f"example-1.0-cp311-cp311-{platforms}.whl", *tags) is None


def test_a_file_that_is_named_by_one_of_its_tags_has_them_all_in_wheel(tmp_path: Path) -> None:
    tags = [f"cp311-cp311-{platform}" for platform in MANYLINUX]
    found = platforms_of(tmp_path, "e-1.0-cp311-cp311-manylinux2014_x86_64.whl", *tags)
    assert found is not None
    assert found.post_steps == (f"retag manylinux2014_x86_64 {'.'.join(MANYLINUX)}",)


def test_musl_is_no_platform_of_ours(tmp_path: Path) -> None:
    name, tag = "e-1.0-cp311-cp311-musllinux_1_1_x86_64.whl", "cp311-cp311-musllinux_1_1_x86_64"
    found = platforms_of(tmp_path, name, tag)
    assert found is not None
    assert not found.are_of("x86_64")


def test_a_wheel_as_built_takes_no_step(tmp_path: Path) -> None:
    found = platforms_of(tmp_path, "e-1.0-cp311-cp311-linux_x86_64.whl", "cp311-cp311-linux_x86_64")
    assert found is not None
    assert found.are_of("x86_64")
    assert found.post_steps == ()


@pytest.mark.parametrize(
    ("record", "more", "word"),
    [
        (b"example/a.py,,\n", (), "name"),
        (b"example/a.py,,\r\n", (), "retag"),
        (b"example/a.py,,\n", ("example.libs/",), "retag"),
        (b"example/a.py,,\n", ("example/", "example-1.0.dist-info/"), "retag"),
    ],
)
def test_by_its_record_a_wheel_is_as_built_or_repaired(
    record: bytes, more: tuple[str, ...], word: str, tmp_path: Path
) -> None:
    wheel = tmp_path / "example-1.0-cp311-cp311-manylinux_2_17_x86_64.whl"
    with zipfile.ZipFile(wheel, "w") as file:
        file.writestr("example/a.py", b"")
        file.writestr("example-1.0.dist-info/RECORD", record)
        for name in more:
            file.writestr(name, b"")
    tag = "cp311-cp311-manylinux_2_17_x86_64"
    found = read_platforms(read_archive(wheel), wheel.name, [tag])
    assert found is not None
    assert found.post_steps[0] == f"{word} manylinux_2_17_x86_64"
    assert all(map(is_post_step, found.post_steps))
