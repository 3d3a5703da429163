"""When a recipe has auditwheel repair the wheel, with what, and what a stranger's may not say."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

from builders.errors import BuildFault
from builders.native_flags import is_post_step
from builders.platform_tags import Platforms, read_platforms
from builders.recipe import (
    BackendCall,
    LockedFile,
    Recipe,
    SourceFile,
    recipe_from_json,
    recipe_to_json,
)
from builders.releases import refuse_own_releases
from tests.support.native import wheel_of
from verify.errors import UsageFault

TOOL = LockedFile(
    name=canonicalize_name("auditwheel"),
    version="6.0.0",
    filename="auditwheel-6.0.0-py3-none-any.whl",
    sha256="a" * 64,
)
RECIPE = Recipe(
    source=SourceFile(
        name=canonicalize_name("thing"), version="1.0", filename="thing-1.0.tar.gz", sha256="b" * 64
    ),
    python="3.11",
    sandbox="bubblewrap",
    image=None,
    as_of=datetime(2024, 5, 1, tzinfo=UTC),
    backend=BackendCall(mode="pep517", backend="setuptools.build_meta"),
    requirements=(),
    post_steps=("repair manylinux2014_x86_64", "retag manylinux2014_x86_64"),
    repair_tools=(TOOL,),
)


@pytest.mark.parametrize(
    ("tags", "platform"),
    [
        ("manylinux_2_17_x86_64.manylinux2014_x86_64", "manylinux2014_x86_64"),
        ("manylinux2014_x86_64", "manylinux2014_x86_64"),
        (
            "manylinux_2_5_x86_64.manylinux1_x86_64.manylinux_2_12_x86_64.manylinux2010_x86_64",
            "manylinux2010_x86_64",
        ),
        ("manylinux_2_28_x86_64", "manylinux_2_28_x86_64"),
        ("manylinux_2_9_x86_64.manylinux_2_28_x86_64", "manylinux_2_28_x86_64"),
    ],
)
def test_a_wheel_with_copied_libraries_is_repaired_for_its_newest_platform(
    tags: str, platform: str
) -> None:
    named = tuple(tags.split("."))
    platforms = Platforms(filename=named, wheel=named, has_libs=True)
    assert platforms.post_steps[0] == f"repair {platform}"
    assert all(map(is_post_step, platforms.post_steps))


@pytest.mark.parametrize("tags", ["linux_x86_64", "musllinux_1_2_x86_64"])
def test_where_no_glibc_is_named_nothing_is_repaired(tags: str) -> None:
    platforms = Platforms(filename=(tags,), wheel=(tags,), has_libs=True)
    assert not [step for step in platforms.post_steps if step.startswith("repair")]


def _has_libs(folder: Path, member: str) -> bool:
    found = read_platforms(
        wheel_of(folder, {member: b""}),
        "example-1.0-cp311-cp311-manylinux2014_x86_64.whl",
        ["cp311-cp311-manylinux2014_x86_64"],
    )
    assert found is not None
    return found.has_libs


@pytest.mark.parametrize("file", ["libz-0badc0de.so.1.2.7", "libopenblas-0badc0de.3.23.so"])
def test_libraries_in_the_wheels_own_folder_were_copied(file: str, tmp_path: Path) -> None:
    assert _has_libs(tmp_path, f"example.libs/{file}")


@pytest.mark.parametrize(
    "member", ["example.libs/", "example.libs/LICENSE", "example/libz.so.1", "other.libs/libz.so.1"]
)
def test_anything_else_was_not(member: str, tmp_path: Path) -> None:
    assert not _has_libs(tmp_path, member)


@pytest.mark.parametrize(
    "step",
    [
        "repair",
        "repair ",
        "repair win_amd64",
        "repair manylinux2014_x86_64 manylinux1_x86_64",
        "repair manylinux2014_x86_64;id",
        "repair --lib-sdir",
        "repair ../x",
    ],
)
def test_no_other_word_is_a_repair(step: str) -> None:
    assert not is_post_step(step)
    with pytest.raises(UsageFault):
        recipe_from_json({**recipe_to_json(RECIPE), "post_steps": [step]})


def test_a_recipe_keeps_its_tools_by_hash() -> None:
    assert recipe_from_json(recipe_to_json(RECIPE)) == RECIPE
    other = replace(RECIPE, repair_tools=(replace(TOOL, sha256="c" * 64),))
    assert other.digest != RECIPE.digest


def test_recipes_without_such_tools_say_nothing_of_them() -> None:
    assert "repair_tools" not in recipe_to_json(replace(RECIPE, repair_tools=()))


def test_no_tool_is_of_the_release_that_is_rebuilt() -> None:
    own = replace(
        TOOL, name=RECIPE.source.name, version="1.0", filename="thing-1.0-py3-none-any.whl"
    )
    refuse_own_releases(RECIPE)
    with pytest.raises(BuildFault, match="own rebuild"):
        refuse_own_releases(replace(RECIPE, repair_tools=(own,)))


def test_no_tool_is_another_file_than_its_name_says() -> None:
    with pytest.raises(BuildFault):
        refuse_own_releases(replace(RECIPE, repair_tools=(replace(TOOL, version="6.1.0"),)))
