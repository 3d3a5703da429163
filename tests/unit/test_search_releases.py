"""Other releases of a requirement, from a real index on loopback."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from packaging.utils import NormalizedName

from builders.errors import BuildFault, FailureCode
from builders.recipe import LockedFile
from builders.search.releases import Releases
from tests.support.index_server import NOT_LISTED, IndexServer, ServedFile
from tests.support.searching import NOW, RECIPE, index_at
from verify.index.interface import IndexFault

TOOL, OTHER = NormalizedName("tool"), NormalizedName("other")
DAY = datetime(2023, 5, 1, tzinfo=UTC)


@pytest.fixture
def server() -> Iterator[IndexServer]:
    with IndexServer() as started:
        yield started


def served(filename: str, **more: object) -> ServedFile:
    values: Mapping[str, object] = {"content": filename.encode(), "upload_time": DAY, **more}
    return ServedFile(filename=filename, **values)  # type: ignore[arg-type]  # by name


def tool(version: str, tag: str = "py3-none-any", **more: object) -> ServedFile:
    return served(f"tool-{version}-{tag}.whl", **more)


def versions(server: IndexServer, folder: Path, python: str = "3.11") -> list[str]:
    releases = Releases(index_at(server.url, folder))
    return [str(version) for version in releases.versions(TOOL, python, NOW)]


def test_versions_are_given_youngest_first_and_each_once(
    server: IndexServer, tmp_path: Path
) -> None:
    server.add("tool", [tool("1.9"), tool("1.10"), tool("1.9", "py2-none-any"), tool("1.2")])
    assert versions(server, tmp_path) == ["1.10", "1.9", "1.2"]


@pytest.mark.parametrize(
    "file",
    [
        tool("2.0", upload_time=NOW + timedelta(seconds=1)),
        tool("2.0", upload_time=None),
        tool("2.0", yanked="broken"),
        tool("2.0", yanked=""),
        tool("2.0rc1"),
        tool("2.0.dev1"),
        tool("2.0", requires_python=">=3.12"),
        tool("2.0", requires_python="nonsense"),
        tool("2.0", "cp312-cp312-manylinux_2_17_x86_64"),
        tool("2.0", "py3-none-win_amd64"),
        tool("2.0", "py2-none-any"),
        served("tool-2.0.tar.gz"),
    ],
    ids=[
        "later", "no-time", "yanked", "yanked-for-no-reason", "candidate", "development",
        "newer-python", "nonsense", "native", "windows", "python-2", "sdist",
    ],
)  # fmt: skip
def test_versions_that_were_not_to_be_had_are_left_out(
    file: ServedFile, server: IndexServer, tmp_path: Path
) -> None:
    server.add("tool", [file, tool("1.0")])
    assert versions(server, tmp_path) == ["1.0"]


def test_a_version_uploaded_at_that_very_moment_counts(server: IndexServer, tmp_path: Path) -> None:
    server.add("tool", [tool("1.0", upload_time=NOW)])
    assert versions(server, tmp_path) == ["1.0"]


@pytest.mark.parametrize(
    ("python", "expected"), [("3.9", ["1.0"]), ("3.10", ["2.0", "1.0"]), ("2.7", [])]
)
def test_versions_fit_the_python(
    python: str, expected: list[str], server: IndexServer, tmp_path: Path
) -> None:
    server.add("tool", [tool("2.0", requires_python=">=3.10.2"), tool("1.0", requires_python=">3")])
    assert versions(server, tmp_path, python) == expected


def test_a_project_that_the_index_lacks_has_no_versions(
    server: IndexServer, tmp_path: Path
) -> None:
    assert versions(server, tmp_path) == []


def test_an_index_that_is_down_is_no_empty_answer(tmp_path: Path) -> None:
    with IndexServer() as gone:
        url = gone.url
    with pytest.raises(IndexFault):
        list(Releases(index_at(url, tmp_path)).versions(TOOL, "3.11", NOW))


# Recipes with other releases.


def locked(file: ServedFile) -> LockedFile:
    name, version, _rest = file.filename.split("-", 2)
    return LockedFile(
        name=NormalizedName(name),
        version=version,
        filename=file.filename,
        sha256=hashlib.sha256(file.content).hexdigest(),
    )


WITH_TOOL = replace(RECIPE, requirements=(locked(tool("1.0")),))


def test_a_release_takes_the_place_of_another(server: IndexServer, tmp_path: Path) -> None:
    server.add("tool", [tool("1.0"), tool("0.9"), tool("2.0")])
    found = Releases(index_at(server.url, tmp_path)).replaced(WITH_TOOL, {TOOL: "0.9"})
    assert found == replace(WITH_TOOL, requirements=(locked(tool("0.9")),))


def test_a_further_release_is_added_in_its_place(server: IndexServer, tmp_path: Path) -> None:
    server.add("other", [served("other-3.0-py3-none-any.whl")])
    found = Releases(index_at(server.url, tmp_path)).replaced(WITH_TOOL, {OTHER: "3.0"})
    assert [file.filename for file in found.requirements] == [
        "other-3.0-py3-none-any.whl",
        "tool-1.0-py3-none-any.whl",
    ]


def test_what_is_there_already_is_not_asked_for(server: IndexServer, tmp_path: Path) -> None:
    releases = Releases(index_at(server.url, tmp_path))
    assert releases.replaced(WITH_TOOL, {TOOL: "1.0"}) == WITH_TOOL
    assert releases.replaced(WITH_TOOL, {}) == WITH_TOOL
    assert server.requests == []


def test_the_wheel_that_fits_the_python_is_taken(server: IndexServer, tmp_path: Path) -> None:
    native = tool("2.0", "cp312-cp312-manylinux_2_17_x86_64")
    fitting = tool("2.0", "py3-none-any")
    server.add("tool", [served("tool-2.0.tar.gz"), native, tool("2.0", "py2-none-any"), fitting])
    found = Releases(index_at(server.url, tmp_path)).replaced(WITH_TOOL, {TOOL: "2.0"})
    assert found.requirements == (locked(fitting),)


def test_the_order_of_a_listing_does_not_choose_the_wheel(
    server: IndexServer, tmp_path: Path
) -> None:
    """As pip and uv choose: of two that fit, the one with the more particular tag."""
    native, pure = tool("2.0", "cp311-cp311-manylinux_2_17_x86_64"), tool("2.0")
    for at, listing in enumerate(([native, pure], [pure, native])):
        server.add("tool", listing)
        releases = Releases(index_at(server.url, tmp_path / str(at)))
        found = releases.replaced(WITH_TOOL, {TOOL: "2.0"})
        assert found.requirements == (locked(native),)


@pytest.mark.parametrize(
    "file",
    [
        tool("2.0", upload_time=NOW + timedelta(seconds=1)),
        tool("2.0", upload_time=None),
        tool("2.0", listed_sha256=NOT_LISTED),
        tool("2.0", requires_python=">=3.12"),
        tool("2.0", "cp312-cp312-manylinux_2_17_x86_64"),
        served("tool-2.0.tar.gz"),
        tool("2.0.1"),
    ],
    ids=["later", "no-time", "no-hash", "newer-python", "native", "sdist", "another"],
)
def test_a_release_that_was_not_to_be_had_is_refused(
    file: ServedFile, server: IndexServer, tmp_path: Path
) -> None:
    server.add("tool", [file, tool("1.0")])
    with pytest.raises(BuildFault, match=r"no wheel of tool 2\.0") as caught:
        Releases(index_at(server.url, tmp_path)).replaced(WITH_TOOL, {TOOL: "2.0"})
    assert caught.value.code is FailureCode.NO_BUILD_REQUIREMENTS


@pytest.mark.parametrize("version", ["1.0", "1.0.0"])
def test_the_release_under_test_never_enters_its_own_build(
    version: str, server: IndexServer, tmp_path: Path
) -> None:
    server.add("example", [served(f"example-{version}-py3-none-any.whl")])
    releases = Releases(index_at(server.url, tmp_path))
    with pytest.raises(BuildFault, match="its own rebuild"):
        releases.replaced(WITH_TOOL, {NormalizedName("example"): version})
