"""What a failed build of a backend that compiles says: that its tools are missing, or not that."""

import pytest

from builders.backends import read_failure
from builders.errors import BuildFault, FailureCode

MESON = 'The Meson build system\nC compiler for the host machine: cc (gcc 10.2.1 "cc")\n'
CMAKE = (
    "-- The C compiler identification is GNU 10.2.1\n"
    "-- The CXX compiler identification is unknown\n"
)


def failed(log: str) -> BuildFault:
    return BuildFault("it ended", code=FailureCode.BUILD_FAILED, log=log)


@pytest.mark.parametrize(
    ("backend", "log"),
    [
        ("mesonpy", MESON + "../meson.build:14:14: ERROR: Git command failed\n"),
        ("mesonpy", "C++ compiler for the host machine: c++\n"),
        ("scikit_build_core.build", CMAKE + "CMake Error at CMakeLists.txt:1\n"),
        ("skbuild", CMAKE),
    ],
)
def test_where_a_compiler_was_found_it_is_the_build_that_failed(backend: str, log: str) -> None:
    fault = failed(log)
    assert read_failure(fault, backend) is fault


@pytest.mark.parametrize(
    ("backend", "log"),
    [
        ("mesonpy", ""),
        ("mesonpy", "../meson.build:1:0: ERROR: Unknown compiler(s): [['cc'], ['gcc']]\n"),
        ("mesonpy", "no C compiler for the host machine: cc\n"),
        ("scikit_build_core.build", "-- The C compiler identification is unknown\n"),
        ("maturin", MESON),
    ],
)
def test_else_its_tools_are_missing(backend: str, log: str) -> None:
    read = read_failure(failed(log), backend)
    assert read.code is FailureCode.UNSUPPORTED
    assert read.log == log
