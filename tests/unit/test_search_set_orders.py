"""The seed that brings what METADATA shows of sets into the published order: by real Pythons."""

import os
import subprocess
import sys
import time

import pytest

from builders.search.set_orders import seed_for_metadata
from builders.search.string_hashes import (
    hash_of_bytes,
    hash_of_tuple,
    key_of,
    rounds_of,
)

PYTHON = sys.version_info[:2]
EXTRAS = ("docs", "lint", "publish", "testing", "mit_\u00e4")
NONE: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())


def in_order(names: tuple[str, ...], seed: int) -> tuple[str, ...]:
    """A set as this Python gives it under a seed."""
    code = "import sys; print(*set(sys.argv[1:]), sep='\\n')"
    environment = {**os.environ, "PYTHONHASHSEED": str(seed), "PYTHONUTF8": "1"}
    ended = subprocess.run(
        [sys.executable, "-c", code, *names],
        env=environment, capture_output=True, encoding="utf-8", check=True,
    )  # fmt: skip
    return tuple(ended.stdout.split())


@pytest.mark.parametrize("seed", [3, 4])
def test_a_seed_is_found_that_gives_the_extras_in_the_published_order(seed: int) -> None:
    published, rebuilt = in_order(EXTRAS, seed), in_order(EXTRAS, 0)
    assert published != rebuilt
    found = seed_for_metadata((published, rebuilt), NONE, PYTHON)
    assert found is not None
    assert in_order(EXTRAS, found) == published


def test_clauses_are_hashed_as_by_cpython_3_7() -> None:
    """The numbers are those that CPython 3.6 and 3.7 print, the last two under the seed 5."""
    assert hash_of_tuple(()) == 3527539
    assert hash_of_tuple((1, 2)) == 3713081631934410656
    assert hash_of_tuple((1, 2, 3)) == 2528502973977326415
    key, rounds = key_of(5), rounds_of((3, 7))
    operator, version = (hash_of_bytes(text, key, rounds) for text in (b"<", b"5.0"))
    assert operator == 12034797417329689786
    assert hash_of_tuple((operator, version)) == 9059472697304655043


def test_a_seed_is_found_that_gives_clauses_in_the_published_order() -> None:
    """Of a wheel that was published in 2017; which seeds do, setuptools 36.2.2 has shown."""
    published = ("a", "b (<3.6.0,>=3.5.0.2)", "c (>=4.0.2,<5.0)", "d (>dev)")
    rebuilt = ("a", "b (<3.6.0,>=3.5.0.2)", "c (<5.0,>=4.0.2)", "d (>dev)")
    assert seed_for_metadata(NONE, (published, rebuilt), (3, 6)) == 5
    # Since then a tuple has another hash, and clauses are sorted.
    assert seed_for_metadata(NONE, (published, rebuilt), (3, 8)) is None
    assert seed_for_metadata(NONE, (published, rebuilt), (2, 7)) is None


def test_what_is_no_matter_of_a_seed_gives_none() -> None:
    assert seed_for_metadata(NONE, NONE, PYTHON) is None
    assert seed_for_metadata((EXTRAS, EXTRAS), NONE, PYTHON) is None
    assert seed_for_metadata((EXTRAS, EXTRAS[1:]), NONE, PYTHON) is None
    assert seed_for_metadata((("a", "a"), ("a", "a")), NONE, PYTHON) is None
    other = (("a (<2,>=1)",), ("a (<2,>=0)",))
    assert seed_for_metadata(NONE, other, (3, 6)) is None


@pytest.mark.parametrize(
    "names",
    [tuple(f"e{at}" for at in range(7)), ("a" * 5_000, "b"), ("a" * 101, "b")],
)
def test_what_would_take_long_is_not_looked_for(names: tuple[str, ...]) -> None:
    started = time.process_time()
    assert seed_for_metadata((names, names[::-1]), NONE, PYTHON) is None
    many = tuple(f"p{at} (<2,>=1)" for at in range(33))
    other = tuple(f"p{at} (>=1,<2)" for at in range(33))
    assert seed_for_metadata(NONE, (many, other), (3, 6)) is None
    assert time.process_time() - started < 1


def test_an_order_that_no_seed_gives_is_seen_at_once() -> None:
    """The same two clauses in both orders."""
    published, rebuilt = ("a (<2,>=1)", "b (>=1,<2)"), ("a (<2,>=1)", "b (<2,>=1)")
    started = time.process_time()
    assert seed_for_metadata(NONE, (published, rebuilt), (3, 6)) is None
    assert time.process_time() - started < 1


def test_an_order_that_no_seed_seems_to_give_ends_in_time() -> None:
    published = tuple(f"p{at} (<{at}.5,>={at})" for at in range(32))
    rebuilt = tuple(f"p{at} (>={at},<{at}.5)" for at in range(32))
    started = time.process_time()
    assert seed_for_metadata(NONE, (published, rebuilt), (3, 6)) is None
    assert time.process_time() - started < 20


def test_the_same_set_many_times_is_looked_at_once() -> None:
    """Three sets that no seed gives together, behind many that every second seed gives."""
    same = tuple(f"p{at} (<{'1' * 40}.7,>={'1' * 40}.8)" for at in range(29))
    circle = (f"q (>={'1' * 40}.8,!=9)", f"r (!=9,<{'1' * 40}.7)")
    published, rebuilt = same + circle, (*same, circle[0], f"r (<{'1' * 40}.7,!=9)")
    started = time.process_time()
    assert seed_for_metadata(NONE, (published, rebuilt), (3, 6)) is None
    assert time.process_time() - started < 8
