from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from packaging.utils import NormalizedName

from builders.search.choices import Choices, is_known_options
from tests.support.searching import RECIPE

A, B = NormalizedName("a"), NormalizedName("b")
MOMENT = datetime(2024, 5, 1, 12, tzinfo=UTC)

ONE_BY_ONE = {
    "python": Choices(python=(3, 7)),
    "as_of": Choices(as_of=MOMENT),
    "mode": Choices(mode="setup.py"),
    "setup_options": Choices(setup_options=("--universal",)),
    "versions": Choices(versions={A: "1.0"}),
    "line_ends": Choices(line_ends="crlf"),
    "umask": Choices(umask="002"),
    "version": Choices(version="1.0"),
    "pypy": Choices(pypy=True),
    "sorted_requires": Choices(sorted_requires=True),
    "description": Choices(description=True),
    "switches": Choices(switches={"EXAMPLE_USE_C": "1"}),
    "requires": Choices(requires=("a",)),
    "libraries": Choices(libraries=("yaml",)),
    "lines": Choices(lines="a:-12"),
    "hash_seed": Choices(hash_seed=0),
    "own_compiler": Choices(own_compiler=True),
    "recipe": Choices(recipe=RECIPE),
}


def test_every_field_makes_another_candidate() -> None:
    assert set(ONE_BY_ONE) == {field.name for field in fields(Choices)}
    keys = {choices.key for choices in (Choices(), *ONE_BY_ONE.values())}
    assert len(keys) == len(ONE_BY_ONE) + 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Choices(), Choices()),
        (Choices(versions={A: "1", B: "2"}), Choices(versions={B: "2", A: "1"})),
        (Choices(recipe=RECIPE), Choices(recipe=replace(RECIPE))),
        (
            Choices(as_of=MOMENT),
            Choices(as_of=MOMENT.astimezone(timezone(timedelta(hours=2)))),
        ),
    ],
)
def test_equal_candidates_have_one_key(one: Choices, other: Choices) -> None:
    assert one.key == other.key
    assert hash(one.key) == hash(other.key)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Choices(versions={A: "1"}), Choices(versions={A: "1.0"})),
        (Choices(versions={A: "1"}), Choices(versions={B: "1"})),
        (Choices(setup_options=("a", "b")), Choices(setup_options=("b", "a"))),
        (Choices(setup_options=("a b",)), Choices(setup_options=("a", "b"))),
        (Choices(recipe=RECIPE), Choices(recipe=replace(RECIPE, python="3.12"))),
        (Choices(python=(3, 1)), Choices(python=(3, 11))),
    ],
)
def test_different_candidates_have_two_keys(one: Choices, other: Choices) -> None:
    assert one.key != other.key


def test_nothing_chosen_tells_nothing() -> None:
    assert Choices().told == ()


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("python", "CPython 3.7"),
        ("as_of", "requirements as of 2024-05-01T12:00:00+00:00"),
        ("mode", "setup.py"),
        ("versions", "a 1.0"),
        ("line_ends", "line ends of Windows"),
        ("umask", "umask 002"),
        ("sorted_requires", "requirements sorted as by Debian's setuptools"),
        ("pypy", "told that it runs on PyPy"),
        ("version", "version 1.0 in pyproject.toml"),
        ("recipe", "the given recipe"),
    ],
)
def test_what_was_chosen_is_told_in_words(name: str, told: str) -> None:
    assert ONE_BY_ONE[name].told == (told,)


def test_all_that_was_chosen_is_told_in_one_order() -> None:
    choices = Choices(
        python=(3, 7),
        mode="setup.py",
        setup_options=("--universal", "--build-number=7"),
        versions={B: "2", A: "1"},
        line_ends="crlf",
    )
    assert choices.told == (
        "CPython 3.7",
        "setup.py --universal --build-number=7",
        "line ends of Windows",
        "a 1",
        "b 2",
    )


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--universal",),
        ("--python-tag=py2.py3",),
        ("--py-limited-api=cp36",),
        ("--py-limited-api=cp310",),
    ],
)
def test_a_search_may_come_to_these_options(options: tuple[str, ...]) -> None:
    assert is_known_options(options)


@pytest.mark.parametrize(
    "options",
    [
        ("--py-limited-api=cp36", "--universal"),
        ("--py-limited-api=cp36 --egg-base=x",),
        ("--py-limited-api=",),
        ("--py-limited-api=cp27",),
        ("--py-limited-api=cp31",),
        ("--py-limited-api=cp36\n",),
        ("--plat-name=any",),
    ],
)
def test_no_search_comes_to_these_options(options: tuple[str, ...]) -> None:
    assert not is_known_options(options)
