from datetime import UTC, datetime
from pathlib import PurePosixPath

import pytest
from packaging.tags import parse_tag
from packaging.utils import canonicalize_name
from packaging.version import Version

from builders.errors import BuildFault, FailureCode
from builders.hints import Hints
from builders.pythons import choose_python, released
from builders.sandbox.interface import Interpreter


def python(minor: int, major: int = 3) -> Interpreter:
    return Interpreter(
        version=(major, minor),
        release=f"{major}.{minor}.1",
        executable=PurePosixPath(f"/opt/python/{major}.{minor}/bin/python"),
    )


AVAILABLE = (python(13), python(12), python(11), python(9), python(6), python(7, major=2))


def hints(tag: str = "py3-none-any", requires_python: str | None = None) -> Hints:
    return Hints(
        name=canonicalize_name("thing"),
        version=Version("1.0"),
        tags=frozenset(parse_tag(tag)),
        generator=None,
        newest=None,
        requires_python=requires_python,
    )


def day(year: int, month: int) -> datetime:
    return datetime(year, month, 1, tzinfo=UTC)


def test_a_pure_wheel_takes_the_newest_python_in_use_on_its_day() -> None:
    assert choose_python(hints(), day(2023, 6), AVAILABLE).version == (3, 11)
    assert choose_python(hints(), day(2025, 6), AVAILABLE).version == (3, 13)


def test_a_python_counts_as_in_use_some_months_after_its_release() -> None:
    assert choose_python(hints(), day(2022, 12), AVAILABLE).version == (3, 9)


def test_requires_python_is_respected() -> None:
    assert choose_python(hints(requires_python="<3.10"), day(2025, 1), AVAILABLE).version == (3, 9)


def test_a_wheel_older_than_every_python_here_takes_the_oldest_of_them() -> None:
    assert choose_python(hints(), day(2012, 1), AVAILABLE).version == (3, 6)


@pytest.mark.parametrize(
    ("tag", "version"),
    [
        ("cp36-cp36m-manylinux1_x86_64", (3, 6)),
        ("cp311-cp311-linux_x86_64", (3, 11)),
        ("cp39-abi3-manylinux2014_x86_64", (3, 9)),
        ("cp27-cp27mu-manylinux1_x86_64", (2, 7)),
    ],
)
def test_a_wheel_for_one_cpython_takes_that_one(tag: str, version: tuple[int, int]) -> None:
    assert choose_python(hints(tag), day(2025, 1), AVAILABLE).version == version


@pytest.mark.parametrize(
    ("tag", "version"),
    [
        ("py2-none-any", (2, 7)),
        ("py27-none-any", (2, 7)),
        ("py2.py27-none-any", (2, 7)),
        ("cp27-none-any", (2, 7)),
        ("py2.py3-none-any", (3, 13)),
        ("py2.cp36-none-any", (3, 6)),
        ("py26-none-any", (3, 13)),
    ],
)
def test_only_a_wheel_for_python_2_alone_takes_python_2(tag: str, version: tuple[int, int]) -> None:
    assert choose_python(hints(tag), day(2025, 6), AVAILABLE).version == version


def test_a_missing_python_is_said_with_what_there_is() -> None:
    with pytest.raises(BuildFault, match=r"CPython 3\.8.*2\.7") as caught:
        choose_python(hints("cp38-cp38-linux_x86_64"), day(2025, 1), AVAILABLE)
    assert caught.value.code is FailureCode.UNSUPPORTED


def test_an_unknown_future_python_is_never_taken_for_in_use() -> None:
    assert released((3, 99)) > day(2100, 1)
    assert choose_python(hints(), day(2025, 6), (python(99), python(11))).version == (3, 11)
