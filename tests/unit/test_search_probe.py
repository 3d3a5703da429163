"""Which eras are asked, in which order; and what a failed build of a compiling backend means."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders.backends import read_failure
from builders.errors import BuildFault, FailureCode
from builders.search.probe import MAX_PROBES, _order, writable


def asked(count: int, scores: list[int]) -> list[int]:
    """The order for eras that would score so."""
    known: dict[int, int] = {}
    order = []
    for at in _order(count, known):
        order.append(at)
        known[at] = scores[at]
    return order


@given(data=st.data(), count=st.integers(0, 100))
def test_every_era_is_asked_once_at_most_and_not_too_many(data: st.DataObject, count: int) -> None:
    scores = data.draw(st.lists(st.integers(0, 9), min_size=count, max_size=count))
    order = asked(count, scores)
    assert len(order) == len(set(order)) <= max(MAX_PROBES, count // 4 + 6)
    assert set(order) <= set(range(count))


def test_the_youngest_are_asked_first_then_every_fourth() -> None:
    assert asked(20, [9] * 20)[:10] == [0, 1, 2, 3, 4, 5, 6, 10, 14, 18]


@given(best=st.integers(6, 39))
def test_an_era_is_found_by_way_of_its_nearer_neighbours(best: int) -> None:
    scores = [abs(best - at) for at in range(40)]
    assert best in asked(40, scores)


@given(best=st.integers(0, 25))
def test_an_era_that_no_other_is_near_to_is_found_where_there_are_not_too_many(best: int) -> None:
    assert best in asked(26, [0 if at == best else 5 for at in range(26)])


def test_no_release_is_asked_for_a_license_that_neither_source_nor_rebuild_has() -> None:
    published = dict.fromkeys(("METADATA", "LICENSE", "COPYING.txt", "DESCRIPTION.rst"), b"")
    there = published.keys() - {"LICENSE"}
    assert writable(published, {"METADATA": b""}, {"COPYING.txt", "setup.py"}).keys() == there
    assert writable(published, {"METADATA": b""}, {"LICENSE", "COPYING.txt"}) == published
    # One that the rebuild has may be left out of it, or be another.
    assert writable(published, published, set()) == published
    nested = {"licenses/LICENSE": b"", "licenses/a/NOTICE": b""}
    assert writable(nested, {}, {"NOTICE"}).keys() == {"licenses/a/NOTICE"}


def test_a_failed_build_of_a_compiling_backend_is_unsupported_and_says_what_is_missing() -> None:
    fault = BuildFault("the build ended", code=FailureCode.BUILD_FAILED, log="no cargo")
    read = read_failure(fault, "maturin")
    assert read.code is FailureCode.UNSUPPORTED
    assert "a Rust toolchain" in read.message
    assert read.log == "no cargo"


@pytest.mark.parametrize(
    "line",
    [
        "warning You don't appear to have an internet connection. Try the --offline flag",
        "npm ERR! code EAI_AGAIN",
        "npm error code ENOTFOUND",
        "FileNotFoundError: [Errno 2] No such file or directory: 'npm'",
    ],
)
def test_a_build_that_asks_the_registry_of_node_is_unsupported(line: str) -> None:
    log = f"running bdist_wheel\n{line}\nand more"
    fault = BuildFault("the build ended", code=FailureCode.BUILD_FAILED, log=log)
    read = read_failure(fault, "setuptools.build_meta")
    assert read.code is FailureCode.UNSUPPORTED
    assert read.message.startswith("the build needs Node.js")
    # Not where somebody only speaks of it.
    quoted = BuildFault("the build ended", code=FailureCode.BUILD_FAILED, log=f"saw {line}")
    assert read_failure(quoted, "setuptools.build_meta") is quoted


def test_other_failures_are_what_they_are() -> None:
    failed = BuildFault("the build ended", code=FailureCode.BUILD_FAILED)
    slow = BuildFault("the build took too long", code=FailureCode.TIMEOUT)
    assert read_failure(failed, "setuptools.build_meta") is failed
    assert read_failure(slow, "mesonpy") is slow
