import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from packaging.utils import canonicalize_name

from builders.recipe import (
    BackendCall,
    LockedFile,
    Recipe,
    SourceFile,
    recipe_from_json,
    recipe_to_json,
)
from verify.errors import UsageFault

SHA256 = "ab" * 32


def recipe(*, nested: Recipe | None = None) -> Recipe:
    return Recipe(
        source=SourceFile(
            name=canonicalize_name("thing"),
            version="1.0",
            filename="thing-1.0.tar.gz",
            sha256=SHA256,
        ),
        python="3.11",
        sandbox="bubblewrap",
        image=None,
        as_of=datetime(2024, 12, 4, 17, 35, tzinfo=UTC),
        backend=BackendCall(mode="pep517", backend="setuptools.build_meta"),
        requirements=(
            LockedFile(
                name=canonicalize_name("setuptools"),
                version="75.6.0",
                filename="setuptools-75.6.0-py3-none-any.whl",
                sha256=SHA256,
                recipe=nested,
            ),
        ),
        environment={"SOURCE_DATE_EPOCH": "1733333724"},
    )


def test_a_recipe_survives_json_with_its_nested_recipes() -> None:
    value = replace(recipe(nested=recipe()), runtime=SHA256)
    assert recipe_from_json(json.loads(json.dumps(recipe_to_json(value)))) == value


def test_equal_recipes_have_one_digest_and_different_ones_two() -> None:
    assert recipe().digest == recipe().digest
    assert recipe().digest != replace(recipe(), python="3.12").digest
    assert recipe().digest != replace(recipe(), sandbox="docker").digest
    assert recipe().digest != recipe(nested=recipe()).digest
    assert recipe().digest != replace(recipe(), runtime=SHA256).digest


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        {},
        {"schema": "truewheel.recipe/2"},
        {**recipe_to_json(recipe()), "source": None},
        {**recipe_to_json(recipe()), "source": {"name": "x", "version": "1", "filename": "f",
                                                "sha256": "../../etc/passwd"}},
        {**recipe_to_json(recipe()), "environment": ["PATH"]},
        {**recipe_to_json(recipe()), "as_of": "yesterday"},
        {**recipe_to_json(recipe()), "runtime": "0"},
        {**recipe_to_json(recipe()), "requirements": [1]},
    ],
)  # fmt: skip
def test_anything_else_is_refused_with_one_error(document: object) -> None:
    with pytest.raises(UsageFault, match="no recipe"):
        recipe_from_json(document)


@pytest.mark.parametrize(
    "environment",
    [
        {"SOURCE_DATE_EPOCH": "1733333724", "CFLAGS": "-O2 -g", "CC": "gcc"},
        {"SETUPTOOLS_SCM_PRETEND_VERSION_FOR_THING": "1.0", "CMAKE_ARGS": "-DX=ON"},
    ],
)
def test_options_of_build_tools_are_accepted(environment: dict[str, str]) -> None:
    document = {**recipe_to_json(recipe()), "environment": environment}
    assert recipe_from_json(document).environment == environment


@pytest.mark.parametrize(
    "change",
    [
        {"environment": {"PATH": "/build"}},
        {"environment": {"LD_PRELOAD": "x"}},
        {"compiler_flags": {"PYTHONPATH": "x"}},
        {"environment": {"CC\n": "x"}},
        {"environment": {"SOURCE_DATE_EPOCH": "-1"}},
        {"config_settings": {"a": "\0"}},
        {"umask": "9"},
        {"python": "3"},
        {"as_of": "2024-01-01T00:00:00"},
        {"backend": {"mode": "shell", "backend": "b", "backend_path": []}},
        {"backend": {"mode": "pep517", "backend": "b", "backend_path": ["x"] * 101}},
    ],
)
def test_values_that_would_escape_a_recipe_are_refused(change: dict[str, object]) -> None:
    with pytest.raises(UsageFault, match="no recipe"):
        recipe_from_json({**recipe_to_json(recipe()), **change})


def test_bottomless_nesting_is_refused() -> None:
    value = recipe()
    for _ in range(40):
        value = recipe(nested=value)
    with pytest.raises(UsageFault, match="nest too deep"):
        recipe_from_json(recipe_to_json(value))
