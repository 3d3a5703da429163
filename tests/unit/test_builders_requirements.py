from pathlib import PurePosixPath

import pytest
from packaging.utils import canonicalize_name

from builders.errors import BuildFault
from builders.recipe import LockedFile
from builders.requirements import all_locked, checked_requirement
from builders.sandbox.interface import Interpreter

PYTHON = Interpreter(version=(3, 6), release="3.6.15", executable=PurePosixPath("/opt/python3.6"))


def locked(name: str, version: str) -> LockedFile:
    return LockedFile(name=canonicalize_name(name), version=version, filename="x", sha256="ab" * 32)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("flit_core >=3,<4", "flit_core<4,>=3"),
        ('tomli; python_version < "3.11"', 'tomli; python_version < "3.11"'),
        ("setuptools_scm[toml]>=3.4\n", "setuptools_scm[toml]>=3.4"),
    ],
)
def test_an_honest_requirement_is_given_in_one_spelling(text: str, line: str) -> None:
    assert checked_requirement(text) == line


@pytest.mark.parametrize(
    "text",
    [
        "x===${HOME}",
        "x; os_name == '\\'",
        "Thing-1.0.TAR.GZ",
        "thing.zip",
        "x; " + "(" * 51 + "os_name == 'a'" + ")" * 51,
        "x; os_name == '" + "a" * 9000 + "'",
    ],
)
def test_what_the_resolver_would_read_as_something_else_is_refused(text: str) -> None:
    with pytest.raises(BuildFault):
        checked_requirement(text)


def test_markers_are_those_of_the_builds_python_on_linux() -> None:
    """Not of the interpreter that runs truewheel."""
    assert not all_locked(['dataclasses; python_version < "3.7"'], (), PYTHON)
    assert not all_locked(['x; implementation_version == "3.6.15"'], (), PYTHON)
    assert all_locked(['x; python_full_version >= "3.7"', 'y; os_name == "nt"'], (), PYTHON)


def test_a_locked_version_satisfies_what_it_is_contained_in() -> None:
    assert all_locked(["Some_Thing>=1"], [locked("some-thing", "1.5")], PYTHON)
    assert not all_locked(["some-thing>=2"], [locked("some-thing", "1.5")], PYTHON)
