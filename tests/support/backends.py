"""One small source for each build backend, with the tool and the day of a release made with it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from tests.support.publishing import Source


@dataclass(frozen=True, kw_only=True)
class Release:
    """A source and when its wheel was made."""

    source: Source
    day: datetime


def _day(year: int, month: int) -> datetime:
    return datetime(year, month, 1, 12, tzinfo=UTC)


def _build_system(backend: str, *requires: str, more: str = "") -> str:
    listed = ", ".join(f'"{requirement}"' for requirement in requires)
    return f'[build-system]\nrequires = [{listed}]\nbuild-backend = "{backend}"\n{more}\n'


def _package(name: str) -> Mapping[str, str]:
    return {
        f"{name}/__init__.py": f'"""About {name}."""\n\n__version__ = "1.0"\n',
        f"{name}/core.py": "VALUE = 1\n" * 20,
        "README.md": f"# {name}\n\nMore about it.\n",
        "LICENSE": "Do what you want.\n",
        "PKG-INFO": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
    }


def _project(name: str, more: str = "") -> str:
    return (
        f'[project]\nname = "{name}"\nversion = "1.0"\ndescription = "About {name}."\n'
        f'readme = "README.md"\nrequires-python = ">=3.8"\ndependencies = ["packaging>=20"]\n{more}'
    )


def _release(
    name: str,
    day: datetime,
    generator: str,
    pyproject: str,
    requires_python: str = ">=3.8",
    **files: str,
) -> Release:
    source = Source(
        name=name,
        files={**_package(name), "pyproject.toml": pyproject, **_named(files)},
        generator=generator,
        requires_python=requires_python,
    )
    return Release(source=source, day=day)


def _named(files: Mapping[str, str]) -> Mapping[str, str]:
    return {name.replace("_py", ".py"): text for name, text in files.items()}


_POETRY = """\
[tool.poetry]
name = "by_poetry"
version = "1.0"
description = "About by_poetry."
authors = ["Somebody <somebody@example.org>"]
readme = "README.md"

[tool.poetry.dependencies]
python = "^3.8"
packaging = ">=20"
"""

_SCM = """\
[project]
name = "by_scm"
dynamic = ["version"]
requires-python = ">=3.8"

[tool.setuptools]
packages = ["by_scm"]

[tool.setuptools_scm]
"""

_JUPYTER = """\
from jupyter_packaging import wrap_installers
from setuptools import setup

setup(
    name="by_jupyter",
    version="1.0",
    packages=["by_jupyter"],
    python_requires=">=3.8",
    cmdclass=wrap_installers(),
)
"""

_IN_TREE = """\
from setuptools import build_meta

get_requires_for_build_wheel = build_meta.get_requires_for_build_wheel


def build_wheel(folder, config_settings=None, metadata_directory=None):
    with open("in_tree/generated.py", "w") as file:
        file.write("GENERATED = True\\n")
    return build_meta.build_wheel(folder, config_settings, metadata_directory)
"""

RELEASES: Mapping[str, Release] = {
    "flit-core": _release(
        "by_flit",
        _day(2023, 7),
        "flit 3.9.0",
        _build_system("flit_core.buildapi", "flit_core >=3.2,<4") + _project("by_flit"),
    ),
    "hatchling": _release(
        "by_hatchling",
        _day(2024, 2),
        "hatchling 1.21.1",
        _build_system("hatchling.build", "hatchling") + _project("by_hatchling"),
    ),
    "poetry-core": _release(
        "by_poetry",
        _day(2024, 3),
        "poetry-core 1.9.0",
        _build_system("poetry.core.masonry.api", "poetry-core>=1.0.0") + _POETRY,
    ),
    "pdm-backend": _release(
        "by_pdm",
        _day(2024, 2),
        "pdm-backend (2.1.8)",
        _build_system("pdm.backend", "pdm-backend") + _project("by_pdm"),
    ),
    "pdm-pep517": _release(
        "by_old_pdm",
        _day(2023, 2),
        "pdm-pep517 1.0.6",
        _build_system("pdm.pep517.api", "pdm-pep517>=1.0") + _project("by_old_pdm"),
    ),
    "uv-build": _release(
        "by_uv",
        _day(2025, 8),
        "uv 0.8.0",
        _build_system("uv_build", "uv_build>=0.8,<0.9")
        + _project("by_uv", '[tool.uv.build-backend]\nmodule-root = ""\n'),
    ),
    "whey": _release(
        "by_whey",
        _day(2024, 2),
        "whey (0.0.24)",
        _build_system("whey", "whey") + _project("by_whey", "[tool.whey]\nlicense-key = 'MIT'\n"),
    ),
    "setuptools-scm": _release(
        "by_scm",
        _day(2024, 2),
        "bdist_wheel (0.42.0)",
        _build_system("setuptools.build_meta", "setuptools>=61", "setuptools_scm>=8") + _SCM,
    ),
    "jupyter-packaging": _release(
        "by_jupyter",
        _day(2023, 2),
        "bdist_wheel (0.38.4)",
        _build_system("jupyter_packaging.build_api", "jupyter_packaging~=0.12"),
        setup_py=_JUPYTER,
    ),
    "in-tree": _release(
        "in_tree",
        _day(2024, 2),
        "bdist_wheel (0.42.0)",
        _build_system("backend", "setuptools", more='backend-path = ["build_tools"]')
        + _project("in_tree", '[tool.setuptools]\npackages = ["in_tree"]\n'),
        **{"build_tools/backend_py": _IN_TREE},
    ),
}
