"""Modules that another release of Cython translated: when it is asked for, and which one."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from packaging.utils import NormalizedName

from builders.native_hints.python_release import cython_releases
from builders.search.choices import Choices
from builders.search.scripts import NOTHING, Scripts
from builders.search.translators import is_translated_otherwise, with_cython
from tests.support.index_server import IndexServer
from tests.support.searching import (
    RECIPE,
    info,
    profile,
    requiring,
    searched,
    tried,
    wheel,
    wheel_file,
)

MODULE = "example/core.cpython-311-x86_64-linux-gnu.so"
OTHER = "example/other.cpython-311-x86_64-linux-gnu.so"
ASKING = Scripts(tools=(NormalizedName("cython"), NormalizedName("numpy")))


def by(release: str, name: str = MODULE, more: bytes = b"") -> Mapping[str, bytes | None]:
    """A module that names a release of Cython."""
    return {name: b"\x7fELF\0_cython_%s\0%s" % (release.encode("ascii"), more)}


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"\0_cython_3_0_8\0", {"3.0.8"}),
        (b"\0_cython_3_0_8.cython_function_or_method\0", {"3.0.8"}),
        (b"_cython_0_29_36\0 and _cython_3_1_0a1\0", {"0.29.36", "3.1.0a1"}),
        (b"_cython_3\0", set()),
        (b"_cython_3_0_8 \0", set()),
        (b"cython 3.0.8\0", set()),
    ],
)
def test_releases_that_a_module_names(data: bytes, found: set[str]) -> None:
    assert cython_releases(data) == found


@pytest.mark.parametrize(
    ("published", "rebuilt", "expected"),
    [
        (by("3_0_8"), by("3_0_6"), True),
        (by("3_0_8"), {MODULE: b"\x7fELF"}, True),
        (by("3_0_8"), by("3_0_8", more=b"x"), False),
        # What names none was not translated, or says nothing.
        ({MODULE: b"\x7fELF"}, by("3_0_6"), False),
        # A module that one of the two lacks is missing for another reason.
        (by("3_0_8"), by("3_0_6", OTHER), False),
        (by("3_0_8", "example/core.txt"), by("3_0_6", "example/core.txt"), False),
        ({}, {}, False),
    ],
)
def test_another_release_is_one_that_the_rebuilt_module_does_not_name(
    published: Mapping[str, bytes | None],
    rebuilt: Mapping[str, bytes | None],
    expected: bool,  # noqa: FBT001 - of a table
) -> None:
    assert is_translated_otherwise(profile(published), profile(rebuilt)) is expected


def test_cython_is_asked_for_where_a_script_takes_it_if_it_is_there() -> None:
    published, before = profile(by("3_0_8")), tried(by("3_0_6"), Choices(requires=("pbr",)))
    assert [*with_cython(published, before, ASKING)] == [{"requires": ("pbr", "cython")}]


def test_cython_is_not_asked_for_where_it_is_or_where_nothing_takes_it() -> None:
    published, before = profile(by("3_0_8")), tried(by("3_0_6"))
    has_one = tried(by("3_0_6"), recipe=requiring("cython==3.0.6"))
    assert [*with_cython(published, before, NOTHING)] == []
    assert [*with_cython(published, has_one, ASKING)] == []
    assert [*with_cython(published, tried(by("3_0_8", more=b"x")), ASKING)] == []


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with IndexServer() as server:
        yield server.url


def test_what_the_same_release_translated_is_nearer_and_is_refined(
    tmp_path: Path, url: str
) -> None:
    tags = {info("WHEEL"): wheel_file("py2-none-any", "py3-none-any")}
    search = searched(profile({**by("3_0_8"), **tags}), tmp_path / "cache", url, ())
    for folder in ("first", "second"):
        (tmp_path / folder).mkdir()
    asked = search.propose()
    assert asked is not None
    other = search.learn(asked, RECIPE, wheel(tmp_path / "first", by("3_0_6")))
    same = Choices(requires=("cython",))
    again = search.learn(same, RECIPE, wheel(tmp_path / "second", by("3_0_8", more=b"x")))
    assert other == again
    left = [choices.requires for choices in iter(search.propose, None)]
    assert left
    assert {*left} == {("cython",)}
