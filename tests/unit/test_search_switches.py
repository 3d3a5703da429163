"""Extension modules that only the builder's environment asks for: what is tried, in which order."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from packaging.utils import NormalizedName

from builders.errors import BuildFault, FailureCode
from builders.recipe import recipe_from_json, recipe_to_json
from builders.search.choices import Choices
from builders.search.refine import linked_inside
from builders.search.scripts import Scripts, Switch
from builders.search.search import Search
from builders.search.switches import (
    MAX_CHANGES,
    missing_extensions,
    with_extensions,
    with_libraries,
)
from builders.switch_names import is_switch, rank
from tests.support.index_server import IndexServer
from tests.support.native import run
from tests.support.searching import RECIPE, profile, requiring, searched, tried, wheel
from verify.errors import UsageFault

MODULE = "example/core.cpython-311-x86_64-linux-gnu.so"
NATIVE: Mapping[str, bytes | None] = {MODULE: b"\x7fELF"}

MYPYC = Switch(name="EXAMPLE_USE_MYPYC", values=("1", "true"))
ASKING = Scripts(
    switches=(Switch(name="EXAMPLE_BUILD", values=("1",)), MYPYC),
    tools=(NormalizedName("mypy"),),
    pins=('mypy==1.6.1; python_version >= "3.8"', 'mypy==1.4.1; python_version < "3.8"'),
)


@pytest.mark.parametrize(
    ("rebuilt", "missing"),
    [
        ({}, {"example/core"}),
        ({MODULE: b"other"}, set()),
        ({"example/core.abi3.so": b"x"}, set()),
        ({"example/other.abi3.so": b"x"}, {"example/core"}),
    ],
)
def test_a_module_is_missing_whatever_its_tag(
    rebuilt: Mapping[str, bytes | None], missing: set[str]
) -> None:
    assert missing_extensions(profile(NATIVE), profile(rebuilt)) == missing


def test_a_bundled_library_is_no_extension_module() -> None:
    assert not missing_extensions(profile({"example.libs/libz-1234.so.1": b"x"}), profile())


def test_the_likeliest_switch_comes_first_and_has_the_tool_that_it_needs() -> None:
    found = [*with_extensions(tried(), ASKING)]
    assert found == [
        {"switches": {"EXAMPLE_USE_MYPYC": "1"}, "requires": ("mypy==1.6.1",)},
        {"switches": {"EXAMPLE_BUILD": "1"}, "requires": ("mypy==1.6.1",)},
        {"requires": ("mypy==1.6.1",)},
        {"switches": {"EXAMPLE_USE_MYPYC": "1"}, "requires": ("mypy",)},
        {"switches": {"EXAMPLE_USE_MYPYC": "true"}, "requires": ("mypy==1.6.1",)},
        {"switches": {"EXAMPLE_BUILD": "1"}, "requires": ("mypy",)},
    ]
    assert len(found) == MAX_CHANGES


def test_a_tool_that_is_there_is_not_asked_for_again() -> None:
    found = next(with_extensions(tried(recipe=requiring("mypy==1.0")), ASKING))
    assert found == {"switches": {"EXAMPLE_USE_MYPYC": "1"}, "requires": ()}


def test_lists_that_contradict_each_other_name_no_release() -> None:
    scripts = replace(ASKING, pins=("mypy==1.6.1", "mypy==1.5.0"))
    assert next(with_extensions(tried(), scripts))["requires"] == ("mypy",)


def test_what_the_source_sets_for_its_own_wheels_comes_before_all() -> None:
    scripts = replace(ASKING, published_with={"CIBUILDWHEEL": "1", "MYPYC_OPT_LEVEL": "3"})
    first = next(with_extensions(tried(), scripts))
    assert first["switches"] == {"CIBUILDWHEEL": "1", "MYPYC_OPT_LEVEL": "3"}


def test_a_switch_that_is_on_stays_and_is_not_tried_again() -> None:
    choices = Choices(switches={"EXAMPLE_USE_MYPYC": "1"}, requires=("mypy",))
    recipe = requiring("mypy==1.0")
    assert [*with_extensions(tried(choices=choices, recipe=recipe), ASKING)] == [
        {
            "switches": {"EXAMPLE_USE_MYPYC": "1", "EXAMPLE_BUILD": "1"},
            "requires": ("mypy",),
        }
    ]


MISSED = "src/x.c:1:10: fatal error: yaml.h: No such file or directory\n 1 | #include <yaml.h>\n"


@pytest.mark.parametrize(
    ("log", "found"),
    [
        (MISSED, [{"libraries": ("yaml",)}]),
        ("/usr/bin/ld: cannot find -lyaml: No such file or directory", [{"libraries": ("yaml",)}]),
        ("cannot find -lyamlother", []),
        ("fatal error: other.h: No such file or directory", []),
        ("yaml.h is fine", []),
    ],
)
def test_a_library_that_the_build_missed_is_offered(log: str, found: list[object]) -> None:
    assert [*with_libraries(Choices(), log)] == found
    assert [*with_libraries(Choices(libraries=("yaml",)), log)] == []


# The search.


@pytest.fixture
def search(tmp_path: Path) -> Iterator[Search]:
    with IndexServer() as server:
        yield searched(profile(NATIVE), tmp_path / "cache", server.url)


NO_TOOL = "Traceback\nModuleNotFoundError: No module named 'mypyc'\n"
OLD_NO_TOOL = "ImportError: No module named Cython.Build\n"
STRANGE = "ModuleNotFoundError: No module named 'requests'\n"


def failed(log: str, code: FailureCode = FailureCode.BUILD_FAILED) -> BuildFault:
    return BuildFault("it failed", code=code, log=log)


@pytest.mark.parametrize(
    ("log", "next_one"),
    [
        (NO_TOOL, ("mypy as a build requirement",)),
        (OLD_NO_TOOL, ("cython as a build requirement",)),
        (MISSED, ("the library yaml",)),
        (STRANGE, None),
        ("print('No module named mypyc')", None),
    ],
)
@pytest.mark.parametrize("recipe", [RECIPE, None])
def test_what_a_build_missed_is_tried_next(
    log: str, next_one: tuple[str, ...] | None, recipe: object, search: Search
) -> None:
    assert search.propose() == Choices()
    search.fail(RECIPE if recipe else None, failed(log))
    found = search.propose()
    assert (found and found.told) == next_one
    if found:  # once is enough
        search.fail(None, failed(log))
        assert search.propose() is None


def test_what_ran_out_of_time_missed_nothing(search: Search) -> None:
    search.propose()
    search.fail(None, failed(NO_TOOL, FailureCode.TIMEOUT))
    assert search.propose() is None


def test_a_rebuild_with_the_module_is_better_than_one_without(
    search: Search, tmp_path: Path
) -> None:
    """Both differ in one member, and what the log said of a library is no longer of interest."""
    first = search.propose()
    assert first is not None
    search.learn(first, RECIPE, wheel(tmp_path), MISSED)
    second = search.propose()
    assert second is not None
    assert second.libraries == ("yaml",)
    search.learn(second, RECIPE, wheel(tmp_path, {MODULE: b"other"}), MISSED)
    assert search.propose() is None


# What a recipe may say.


@pytest.mark.parametrize(
    "variables",
    [
        {"EXAMPLE_USE_MYPYC": "1"},
        {"REQUIRE_SPEEDUPS": "yes"},
        {"PYTHONHASHSEED": "0"},
        {"PYTHONHASHSEED": "4294967295"},
    ],
)
def test_a_switch_and_a_seed_survive_json(variables: dict[str, str]) -> None:
    recipe = replace(RECIPE, environment=variables, libraries={"yaml": "ab" * 32})
    assert recipe_from_json(recipe_to_json(recipe)) == recipe


@pytest.mark.parametrize(
    "variables",
    [
        {"EXAMPLE_USE_MYPYC": "/bin/sh"},
        {"EXAMPLE_USE_MYPYC": "0"},
        {"EXAMPLE_USE_MYPYC": "-x"},
        {"EXAMPLE_USE_MYPYC": ""},
        {"LD_PRELOAD": "1"},
        {"PYTHONHASHSEED": "random"},
        {"PYTHONHASHSEED": "4294967296"},
        {"PYTHONHASHSEED": "01"},
        {"PYTHONSTARTUP": "1"},
        {"PATH": "1"},
    ],
)
def test_other_variables_are_refused(variables: dict[str, str]) -> None:
    document = recipe_to_json(replace(RECIPE, environment=variables))
    with pytest.raises(UsageFault, match="no recipe"):
        recipe_from_json(document)


@pytest.mark.parametrize("libraries", [{"yaml": "1"}, {"../x": "ab" * 32}, ["yaml"], {"YAML": 1}])
def test_other_libraries_are_refused(libraries: object) -> None:
    with pytest.raises(UsageFault, match="no recipe"):
        recipe_from_json({**recipe_to_json(RECIPE), "libraries": libraries})


def test_a_library_and_a_switch_make_another_recipe() -> None:
    recipes = (
        RECIPE,
        replace(RECIPE, libraries={"yaml": "ab" * 32}),
        replace(RECIPE, environment={"USE_C": "1"}),
        replace(RECIPE, environment={"PYTHONHASHSEED": "1"}),
    )
    assert len({recipe.digest for recipe in recipes}) == len(recipes)


def test_names_about_extension_modules_weigh_most() -> None:
    names = ("EXAMPLE_USE_MYPYC", "USE_CYTHON", "CIBUILDWHEEL", "EXAMPLE_BUILD")
    assert [rank(name) for name in names] == [3, 3, 2, 1]
    assert all(is_switch(name, "1") for name in names)


# Libraries that a rebuilt module loads and a published one has inside.


def linked(folder: Path, needed: str | None) -> bytes:
    """An extension module that does or does not load a library of that name."""
    folder.mkdir()
    (folder / "a.c").write_text("int f(void) { return 1; }\n")
    words = ["-shared", "-fPIC", "a.c", "-o", "a.so"]
    if needed is not None:
        run("gcc", *words[:-1], needed, f"-Wl,-soname,{needed}", cwd=folder)
        words += ["-Wl,--no-as-needed", f"./{needed}"]
    run("gcc", *words, cwd=folder)
    return (folder / "a.so").read_bytes()


@pytest.mark.parametrize(
    ("published", "rebuilt", "found"),
    [
        (None, "libffi.so.7", [{"libraries": ("ffi",)}]),
        ("libffi.so.7", None, []),
        ("libffi.so.7", "libffi.so.7", []),
        (None, "libother.so.7", []),
    ],
)
def test_a_library_is_linked_into_a_module_that_has_it_inside(
    published: str | None, rebuilt: str | None, found: list[object], tmp_path: Path
) -> None:
    ours, theirs = linked(tmp_path / "a", published), linked(tmp_path / "b", rebuilt)
    attempt = tried({MODULE: theirs + b"\0"})
    assert [*linked_inside(profile({MODULE: ours}), attempt)] == found
    chosen = replace(attempt, choices=Choices(libraries=("ffi",)))
    assert [*linked_inside(profile({MODULE: ours}), chosen)] == []


def test_what_is_no_library_has_none_inside() -> None:
    assert [*linked_inside(profile(NATIVE), tried({MODULE: b"other"}))] == []
