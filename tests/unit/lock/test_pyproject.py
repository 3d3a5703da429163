"""pyproject.toml as an input."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from verify.lock.inputs.interface import InputFault, SourceKind
from verify.lock.inputs.pyproject import ProjectInput, read_pyproject
from verify.lock.inputs.reading import read_file

DEMO = """\
[project]
name = "De.Mo"
requires-python = ">=3.11"
dependencies = [
    "first>=1",
    "far @ https://example.org/far-1.zip#sha256=%s",
]

[project.optional-dependencies]
fast = ["quick; os_name == 'posix'"]
All = ["de-mo[fast]", "more"]

[dependency-groups]
test = ["checker", {include-group = "Base"}]
base = ["common"]
"""


def read(
    folder: Path, text: str, *, extras: tuple[str, ...] = (), groups: tuple[str, ...] = ()
) -> ProjectInput:
    path = folder / "pyproject.toml"
    path.write_text(text)
    return read_pyproject(path, read_file, extras=extras, groups=groups)


def demo(folder: Path, **asked: tuple[str, ...]) -> ProjectInput:
    return read(folder, DEMO % ("a" * 64), **asked)


def test_dependencies_have_their_places_and_hashes(tmp_path: Path) -> None:
    project = demo(tmp_path)
    first, far = project.asked
    assert (project.name, str(project.requires_python)) == ("de-mo", ">=3.11")
    assert (first.text, first.where.line, first.where.column) == ("first>=1", 5, 5)
    assert (far.kind, far.where.line) == (SourceKind.URL, 6)
    assert [str(each.value) for each in far.hashes] == [f"sha256:{'a' * 64}"]


def test_an_extra_may_ask_for_other_extras_of_the_project(tmp_path: Path) -> None:
    asked = demo(tmp_path, extras=("all",)).asked
    assert [each.text for each in asked[2:]] == ["more", "quick; os_name == 'posix'"]


def test_a_group_includes_others(tmp_path: Path) -> None:
    asked = demo(tmp_path, groups=("test",)).asked
    assert [each.text for each in asked[2:]] == ["checker", "common"]


def test_a_project_without_a_package_has_groups_alone(tmp_path: Path) -> None:
    project = read(tmp_path, "[dependency-groups]\nx = ['a']\n", groups=("x",))
    assert (project.name, [each.text for each in project.asked]) == (None, ["a"])


@pytest.mark.parametrize(
    ("text", "asked", "line", "said"),
    [
        ("[project]\nname = 'x'\ndynamic = ['dependencies']\n", {}, 3, "are dynamic"),
        (
            "[project]\ndynamic = ['optional-dependencies']\n",
            {"extras": ("x",)},
            2,
            "its optional-dependencies are dynamic",
        ),
        ("[tool.poetry.dependencies]\na = '1'\n", {}, None, "in Poetry's own form"),
        ("[build-system]\n", {}, None, "has no [project] table"),
        ("[project]\ndependencies = ['a', 'b ><']\n", {}, 2, "'b ><' is no requirement"),
        ("[project]\ndependencies = 'a'\n", {}, 1, "is no array of strings"),
        ("[project]\nrequires-python = 'three'\n", {}, 2, "is no version specifier"),
        ("[project]\n", {"extras": ("x",)}, None, "has no extra 'x'; it has none"),
        ("[project]\n", {"groups": ("x",)}, 1, "Dependency group 'x' not found"),
        (
            "[project]\n[dependency-groups]\na=[{include-group='b'}]\nb=[{include-group='a'}]",
            {"groups": ("a",)},
            2,
            "Cyclic dependency group",
        ),
        ("[project]\n[dependency-groups]\na=['x ><']", {"groups": ("a",)}, 2, "Expected"),
        ("[project]\ndependencies = [", {}, 2, "is no TOML"),
    ],
)
def test_what_is_wrong_is_told(
    tmp_path: Path,
    text: str,
    asked: Mapping[str, tuple[str, ...]],
    line: int | None,
    said: str,
) -> None:
    with pytest.raises(InputFault) as caught:
        read(tmp_path, text, **asked)
    error = caught.value
    assert (error.where.line, said in error.message) == (line, True), error.message
