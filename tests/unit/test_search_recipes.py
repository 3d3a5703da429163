import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders.recipe import BackendCall, Recipe, recipe_from_json, recipe_to_json
from tests.support.searching import RECIPE
from verify.cli.recipe_file import read_recipe
from verify.errors import UsageFault
from verify.finding import JSONValue

WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)

CALLS = st.builds(
    BackendCall,
    mode=st.sampled_from(["pep517", "setup.py"]),
    backend=WORDS,
    setup_options=st.lists(WORDS, max_size=3).map(tuple),
    version=st.none() | st.from_regex(r"[0-9A-Za-z.!+_-]{1,100}", fullmatch=True),
    pypy=st.booleans(),
    sorted_requires=st.booleans(),
)

CHOSEN = replace(
    RECIPE,
    backend=BackendCall(
        mode="setup.py",
        backend="setuptools.build_meta:__legacy__",
        setup_options=("--universal", "--python-tag=py2.py3"),
        version="1.0.post1",
        pypy=True,
        sorted_requires=True,
    ),
    line_ends="crlf",
)


def document(recipe: Recipe) -> dict[str, JSONValue]:
    value = json.loads(json.dumps(recipe_to_json(recipe)))
    assert isinstance(value, dict)
    return value


@given(CALLS, st.sampled_from(["lf", "crlf"]))
def test_what_was_chosen_survives_json(call: BackendCall, line_ends: str) -> None:
    recipe = replace(RECIPE, backend=call, line_ends=line_ends)
    read = recipe_from_json(document(recipe))
    assert read == recipe
    assert read.digest == recipe.digest


def test_every_choice_makes_another_digest() -> None:
    one_by_one = [
        replace(RECIPE, line_ends="crlf"),
        replace(RECIPE, backend=replace(RECIPE.backend, mode="setup.py")),
        replace(RECIPE, backend=replace(RECIPE.backend, setup_options=("--universal",))),
        replace(RECIPE, backend=replace(RECIPE.backend, version="1.0")),
        replace(RECIPE, backend=replace(RECIPE.backend, pypy=True)),
        replace(RECIPE, backend=replace(RECIPE.backend, sorted_requires=True)),
    ]
    assert len({recipe.digest for recipe in (RECIPE, CHOSEN, *one_by_one)}) == 8


def test_an_older_document_without_choices_is_read_as_none_made() -> None:
    old = document(RECIPE)
    backend = old["backend"]
    assert isinstance(backend, dict)
    for name in ("setup_options", "version", "pypy", "sorted_requires"):
        del backend[name]
    del old["line_ends"]
    assert recipe_from_json(old) == RECIPE


@pytest.mark.parametrize(
    "change",
    [
        {"line_ends": "cr"},
        {"line_ends": None},
        {"line_ends": "crlf\n"},
        {"line_ends": ["crlf"]},
    ],
)
def test_other_line_ends_are_refused(change: dict[str, JSONValue]) -> None:
    with pytest.raises(UsageFault, match="no recipe"):
        recipe_from_json({**document(CHOSEN), **change})


@pytest.mark.parametrize(
    "change",
    [
        {"version": '1.0"\nbuild = "x'},
        {"version": "1.0\n"},
        {"version": ""},
        {"version": "1" * 101},
        {"version": 1},
        {"version": "1.0 "},
        {"pypy": 1},
        {"pypy": None},
        {"pypy": "true"},
        {"sorted_requires": 0},
        {"setup_options": "--universal"},
        {"setup_options": None},
        {"setup_options": [1]},
        {"setup_options": ["\0"]},
        {"setup_options": ["x"] * 101},
        {"setup_options": ["x" * 4097]},
        {"mode": "setup.cfg"},
    ],
)
def test_values_that_no_search_chooses_are_refused(change: dict[str, JSONValue]) -> None:
    whole = document(CHOSEN)
    backend = whole["backend"]
    assert isinstance(backend, dict)
    with pytest.raises(UsageFault, match="no recipe"):
        recipe_from_json({**whole, "backend": {**backend, **change}})


def test_a_recipe_is_read_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "recipe.json"
    path.write_text(json.dumps(recipe_to_json(CHOSEN)), encoding="utf-8")
    assert read_recipe(path) == CHOSEN


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"\xff\xfe", b"[" * 200_000, b"null", b"[]", b'{"schema": "truewheel.recipe/2"}'],
)
def test_a_file_that_is_no_recipe_is_a_usage_fault(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "recipe.json"
    path.write_bytes(content)
    with pytest.raises(UsageFault):
        read_recipe(path)


def test_a_file_that_is_missing_or_far_too_large_is_a_usage_fault(tmp_path: Path) -> None:
    path = tmp_path / "recipe.json"
    with pytest.raises(UsageFault, match="cannot be read"):
        read_recipe(path)
    with path.open("wb") as file:
        file.truncate(17 * 1024**2)
    with pytest.raises(UsageFault, match="too large"):
        read_recipe(path)
