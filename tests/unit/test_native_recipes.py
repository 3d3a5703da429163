"""What native hints lead to: a toolchain, an interpreter; and what a stranger's recipe may say."""

from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest
from packaging.tags import parse_tag
from packaging.utils import NormalizedName
from packaging.version import Version

from builders.compilers import toolchain_name, toolchain_names
from builders.errors import BuildFault
from builders.hints import Hints
from builders.native_hints.hints import NativeHints, read_native_hints
from builders.pythons import choose_python
from builders.recipe import recipe_from_json, recipe_to_json
from builders.sandbox.interface import Interpreter
from builders.toolchains import toolchain_names as made_toolchains
from tests.support.native import wheel_of, written
from tests.support.searching import NOW, RECIPE
from verify.errors import UsageFault


def hints_of(folder: Path) -> NativeHints:
    """The hints of a wheel with a shared object."""
    found = read_native_hints(wheel_of(folder, {"example/m.so": written(folder)}))
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("version", "name"),
    [
        ("10.2.1", "gcc-10"),
        ("12.2.1", "gcc-12"),
        ("14.2.1", "gcc-14"),
        ("9.3.1", "gcc-9"),
        ("11.2.1", "gcc-11"),
        ("13.3.1", "gcc-13"),
        ("8.3.1", "gcc-10"),
        ("4.8.2", None),
        ("4.8.5", None),
        ("1.0.0", None),
        ("99.0.0", None),
        ("", None),
        (None, None),
    ],
)
def test_a_compiler_leads_to_the_nearest_toolchain(version: str | None, name: str | None) -> None:
    assert toolchain_name(version) == name


def test_every_toolchain_that_is_led_to_can_be_made() -> None:
    assert toolchain_names() == {*made_toolchains()}


def python(minor: int) -> Interpreter:
    return Interpreter(
        version=(3, minor), release=f"3.{minor}.0", executable=PurePosixPath("/usr/bin/python3")
    )


def wheel_for(tag: str, native: NativeHints | None = None) -> Hints:
    return Hints(
        name=NormalizedName("example"),
        version=Version("1.0"),
        tags=frozenset(parse_tag(tag)),
        generator=None,
        newest=None,
        requires_python=None,
        native=native,
    )


@pytest.mark.parametrize(
    ("stated", "chosen"), [("3.9.18", 9), ("3.9", 9), ("3.6", 7), ("3.12", 7), (None, 7)]
)
def test_a_stable_abi_takes_the_python_whose_headers_it_names(
    stated: str | None, chosen: int, tmp_path: Path
) -> None:
    native = replace(hints_of(tmp_path), python=stated)
    wheel = wheel_for("cp37-abi3-manylinux1_x86_64", native)
    assert choose_python(wheel, NOW, [*map(python, (6, 7, 9, 11))]).version == (3, chosen)
    bound = wheel_for("cp37-cp37m-manylinux1_x86_64", native)
    assert choose_python(bound, NOW, [*map(python, (6, 7, 9, 11))]).version == (3, 7)


@pytest.mark.parametrize(("have", "chosen"), [((7, 8, 11), 7), ((8, 9, 11), 8), ((6, 11), 11)])
def test_a_stable_abi_takes_the_oldest_python_from_its_own_on(
    have: tuple[int, ...], chosen: int
) -> None:
    found = choose_python(wheel_for("cp37-abi3-manylinux1_x86_64"), NOW, [*map(python, have)])
    assert found.version == (3, chosen)


@pytest.mark.parametrize("tag", ["cp37-abi3-manylinux1_x86_64", "cp37-cp37m-manylinux1_x86_64"])
def test_without_a_python_that_fits_nothing_is_built(tag: str) -> None:
    with pytest.raises(BuildFault, match=r"CPython 3\.7"):
        choose_python(wheel_for(tag), NOW, [python(6)])


def test_another_abi_takes_no_other_python() -> None:
    with pytest.raises(BuildFault, match=r"CPython 3\.7"):
        choose_python(wheel_for("cp37-cp37m-manylinux1_x86_64"), NOW, [python(8)])


# A recipe may be a stranger's.


@pytest.mark.parametrize(
    "change",
    [
        {"compiler_flags": {"": "-O2 -fplugin=/x.so"}},
        {"compiler_flags": {"CFLAGS": "-O2;id"}},
        {"compiler_flags": {"../a.c": "-O2"}},
        {"compiler_flags": {"link": "-O2"}},
        {"compiler_flags": {"link": "-Wl,-rpath,/x"}},
        {"compiler_flags": {"": "-pthread"}},
        {"compiler_flags": {"": "-O2" + " -g" * 1000}},
        {"compiler_flags": {f"{at}.c": "-O2" for at in range(1001)}},
        {"compiler_flags": {"": 3}},
        {"compiler_flags": {"python": ""}},
        {"compiler_flags": {"python": "3.11"}},
        {"compiler_flags": {"python": "3.11.6 -DX"}},
        {"compiler_flags": {"python": "2.7.18"}},
        {"compiler_flags": {"python": "3.11.0a7"}},
        {"compiler_flags": {"": "-O2 -funsigned-char"}},
        {"compiler_flags": {"order": "../a.c b.c"}},
        {"compiler_flags": {"order": "a.c $(id).c"}},
        {"compiler_flags": {"order": "a.c " * 1001}},
        {"compiler_flags": {"runtime": "python-release"}},
        {"build_paths": {"": "relative"}},
        {"build_paths": {"": "/a=b"}},
        {"build_paths": {"*": "/a"}},
        {"build_paths": {"link": "/a"}},
        {"build_paths": {"python": "relative"}},
        {"build_paths": {"python": "/a=/b"}},
        {"build_paths": {"../a.c": "/a"}},
        {"toolchain": {"name": "../x", "digest": "0"}},
        {"toolchain": {"name": "gcc-10"}},
        {"toolchain": "gcc-10"},
        {"post_steps": ["retag"]},
        {"post_steps": ["retag linux_x86_64;id"]},
        {"post_steps": ["retag win_amd64"]},
        {"post_steps": ["name win_amd64"]},
        {"post_steps": ["name"]},
        {"post_steps": ["description x"]},
        {"post_steps": ["retag ../x"]},
        {"post_steps": ["retag linux_x86_64 linux_x86_64 linux_x86_64"]},
        {"post_steps": ["retag linux_x86_64", "retag linux_x86_64"]},
        {"post_steps": ["empty-libs x"]},
        {"post_steps": ["sh -c id"]},
    ],
)
def test_a_recipe_brings_no_other_flags_paths_or_steps(change: dict[str, object]) -> None:
    with pytest.raises(UsageFault, match="no recipe"):
        recipe_from_json({**recipe_to_json(RECIPE), **change})


def test_a_recipe_of_before_there_were_toolchains_is_read() -> None:
    document = recipe_to_json(RECIPE)
    del document["toolchain"], document["build_paths"]
    assert recipe_from_json(document) == RECIPE
