"""Names: the fast path must never pass what a check would report."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verify.archive.folding import alias_twins, folded
from verify.archive.names import _is_plain, _single

TRICKY = st.text(alphabet="aZ9_-+./\\: \0\u202e\u00e9nulcom1", max_size=12)


@given(name=TRICKY | st.text(max_size=30))
def test_plain_names_pass_every_check(name: str) -> None:
    if _is_plain(name):
        assert list(_single(name)) == []


@given(name=st.text(alphabet="aB\u00c9\u00e9e\u0301\u017f\ufb01;1?. ", max_size=8))
def test_folding_is_idempotent_and_blind_to_case(name: str) -> None:
    assert folded(folded(name)) == folded(name)
    assert folded(name.upper()) == folded(name.upper().lower())


def test_ordinary_names_take_the_fast_path() -> None:
    for name in ("example/__init__.py", "a-1.0.dist-info/RECORD", "x/contrib/.gitignore.d/y+z/"):
        assert _is_plain(name) == (name != "x/contrib/.gitignore.d/y+z/")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a/x.py", "A/X.PY"),
        ("\u00e9", "e\u0301"),
        ("x.py", "x.py;1"),
        ("x.py", "x.py;"),
        ("x.py", "x.py. ;12. "),
        ("a /x", "a/x"),
        ("x_.py", "x?.py"),
        ("a_b/x", 'a"b/x'),
    ],
)
def test_names_that_some_reader_merges_have_one_key(one: str, other: str) -> None:
    assert folded(one) == folded(other)


@pytest.mark.parametrize("name", ["../x", "./x", "a/../x", "x;a", "x.1", ".x", "a;1b/x"])
def test_names_that_no_reader_cuts_keep_their_form(name: str) -> None:
    assert folded(name) == name


@pytest.mark.parametrize(
    ("alias", "name"),
    [
        ("a/longna~1.py", "a/long_name.py"),
        ("longdi~1/x.py", "long directory/x.py"),
        ("lo1a2b~1.htm", "long.page.html"),
        ("config~1", ".configuration"),
    ],
)
def test_short_alias_of_another_name_is_seen(alias: str, name: str) -> None:
    assert list(alias_twins([name, alias])) == [(alias, name)]


@pytest.mark.parametrize(
    "names", [["x~1.py"], ["long.py", "x~1.py"], ["a/x~1.py", "b/xy.py"], ["x.py", "x.py~", "x~"]]
)
def test_names_that_are_no_alias_of_another_one_are_left_alone(names: list[str]) -> None:
    assert list(alias_twins(names)) == []


def test_folding_a_hostile_name_takes_linear_time() -> None:
    start = time.process_time()
    for name in (";" * 65_000 + "x", ";1" * 30_000 + "x", ". " * 30_000 + "x", "?" * 65_000):
        folded(name)
    assert time.process_time() - start < 2
