import re
import tomllib
from importlib.resources import files

import pytest

from builders.generators import generator_pins, nearest_pins


@pytest.mark.parametrize(
    ("line", "pins"),
    [
        ("bdist_wheel (0.37.1)", ("wheel==0.37.1", "setuptools<70.1")),
        ("setuptools (75.6.0)", ("setuptools==75.6.0",)),
        ("flit 3.9.0", ("flit-core==3.9.0",)),
        ("flit 2.0", ("flit-core==2.0",)),
        ("flit 1.2.1", ("flit==1.2.1",)),
        ("flit 0.13", ("flit==0.13",)),
        ("flit 10.0", ("flit-core==10.0",)),
        ("poetry-core 1.9.0", ("poetry-core==1.9.0",)),
        ("poetry 1.0.5", ("poetry-core==1.0.5", "poetry==1.0.5")),
        ("hatchling 1.24.2", ("hatchling==1.24.2",)),
        ("pdm-backend (2.1.8)", ("pdm-backend==2.1.8",)),
        ("uv 0.8.3", ("uv-build==0.8.3",)),
    ],
)
def test_a_known_generator_pins_its_backend(line: str, pins: tuple[str, ...]) -> None:
    assert generator_pins(line).pins == pins


@pytest.mark.parametrize(
    "line",
    [None, "", "hatchling", "hatchling 1.0 extra", "bdist_wheel (x)", "flit ../../etc", "Flit 3.9"],
)
def test_anything_else_pins_nothing(line: str | None) -> None:
    assert generator_pins(line).pins == ()


def test_a_version_is_written_in_its_normal_form_so_no_line_can_smuggle_a_requirement() -> None:
    assert generator_pins("flit 3.9.0RC1").pins == ("flit-core==3.9.0rc1",)
    assert generator_pins("flit 3.9,setuptools").pins == ()


def test_every_entry_of_the_table_compiles_and_names_its_version() -> None:
    text = files("builders.knowledge").joinpath("generators.toml").read_text(encoding="utf-8")
    entries = tomllib.loads(text)["generator"]
    assert len(entries) >= 10
    for entry in entries:
        assert "version" in re.compile(entry["pattern"]).groupindex
        assert entry["pins"]


@pytest.mark.parametrize(
    ("line", "pins"),
    [
        ("flit 1.2.dev0", ("flit>=1,<1.2",)),
        ("setuptools (70.3.0.post20240710)", ("setuptools>=70,<=70.3.0",)),
        ("bdist_wheel (0.38.0.dev0)", ("wheel>=0,<0.38.0", "setuptools<70.1")),
        ("hatchling 1.24.2+local", ("hatchling>=1,<=1.24.2",)),
        ("hatchling 1!2.0rc1", ("hatchling>=1!2,<1!2.0",)),
        ("bdist_wheel (0.37.1)", ()),
        ("a tool 1.0", ()),
    ],
)
def test_of_a_version_that_nobody_published_the_release_before_it_is_nearest(
    line: str, pins: tuple[str, ...]
) -> None:
    assert nearest_pins(generator_pins(line).pins) == pins
