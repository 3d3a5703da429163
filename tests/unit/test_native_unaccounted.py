"""How much code is not accounted for: whole functions, or nothing that could be said."""

from functools import cache

import pytest

from tests.support.elf import compiled
from verify.native.checks.case import Problem
from verify.native.compare import compare_native
from verify.native.module import read_module
from verify.native.unaccounted import unaccounted_code

SOURCE = """
static const int primes[] = {2, 3, 5, 7};
static volatile long state[2] = {3, 3};
int one(int x) { return x * primes[x & 3] + 1; }
int two(int x) { return x * primes[x & 3] - state[1]; }
int three(int x) { return x ^ 5; }
"""


@cache
def built(source: str, *flags: str) -> bytes:
    return compiled(source, "-O1", *flags)


def unaccounted(old: str, new: str) -> int | None:
    """Of a file that was compiled from another source than the rebuilt one."""
    assert old in SOURCE
    rebuilt = built(SOURCE, "-Wl,--emit-relocs")
    return compare_native(built(SOURCE.replace(old, new)), rebuilt).unaccounted


def test_what_is_relinked_leaves_nothing() -> None:
    assert unaccounted("+ 1", "+ 1") == 0


def test_a_function_counts_whole_however_little_of_it_changed() -> None:
    comparison = compare_native(
        built(SOURCE.replace("x ^ 5", "x ^ 6")), built(SOURCE, "-Wl,--emit-relocs")
    )
    (function,) = comparison.surface.differing
    assert (function.name, comparison.unaccounted) == ("three", function.published)
    assert unaccounted("x ^ 5", "x ^ 5 ^ state[0]") == unaccounted("x ^ 5", "state[0] ^ x ^ 5")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("{2, 3, 5, 7}", "{2, 3, 5, 9}"),
        ("{3, 3}", "{3, 4}"),
        ("int three", "int four"),
        ("x ^ 5", "system(0)"),
        ("int three", "__attribute__((constructor)) int three"),
    ],
    ids=["constants", "data", "exports", "imports", "loading"],
)
def test_where_more_than_code_changed_nothing_can_be_said(old: str, new: str) -> None:
    assert unaccounted(old, new) is None


def test_unwinding_says_nothing_new_of_a_function_that_counts_and_too_much_of_another() -> None:
    first, second = read_module(built(SOURCE)).pieces[:2]
    code = Problem(part="code", summary="other instructions", functions=(first,))
    same, other, all_ = (
        Problem(part="unwinding", summary="other frames", functions=functions)
        for functions in ((first,), (second,), None)
    )
    assert unaccounted_code([same, code]) == first.size
    assert unaccounted_code([code, other]) is None
    assert unaccounted_code([code, all_]) is None


def test_what_only_the_rebuild_has_is_no_code_to_read() -> None:
    assert unaccounted_code([Problem(part="code", summary="only there", functions=())]) == 0
