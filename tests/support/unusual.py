"""Releases that the obvious recipe does not rebuild: what was done is not in the source.

Those of one day share their build environment as far as they can.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from packaging.utils import NormalizedName

from builders.search.choices import Choices
from tests.support.publishing import Source

SETUPTOOLS = NormalizedName("setuptools")

DAY = datetime(2022, 3, 1, 12, tzinfo=UTC)
"""With setuptools 60.9.3, which writes another METADATA than 59.6.0."""

WHEEL_37 = "bdist_wheel (0.37.1)"

OLD_DAY = datetime(2018, 4, 10, tzinfo=UTC)
WHEEL_31 = "bdist_wheel (0.31.0)"

WINDOWS_DAY = datetime(2024, 2, 1, 12, tzinfo=UTC)
WHEEL_42 = "bdist_wheel (0.42.0)"
"""From 0.38 on, wheel writes METADATA as text, which has other line ends on Windows."""


@dataclass(frozen=True, kw_only=True)
class Unusual:
    """A release, what its maintainer chose, and what a search says that was right.

    Attributes:
        told: the last attempt's choices; a version stands for any that does the same.
        attempts: how many it takes.
    """

    source: Source
    choices: Choices
    told: tuple[str, ...]
    attempts: int
    day: datetime = DAY


def setup_py(name: str, more: str = "", **changes: str) -> Source:
    """A source with a setup.py alone; `changes` are further arguments of `Source`."""
    text = f"name={name!r}, version='1.0', packages=[{name!r}], description='About {name}.'"
    return Source(
        name=name,
        files={
            "setup.py": f"from setuptools import setup\n\nsetup({text}{more})\n",
            f"{name}/__init__.py": f'"""About {name}."""\n',
            f"{name}/core.py": "VALUE = 1\n" * 20,
            "LICENSE": "Do what you want.\n",
        },
        **{"generator": WHEEL_37, **changes},
    )


NAMESPACE = Source(
    name="spaced",
    files={
        "setup.py": "from setuptools import setup\n\n"
        "setup(name='spaced', version='1.0', packages=['space', 'space.part'],\n"
        "      namespace_packages=['space'])\n",
        "space/__init__.py": "__import__('pkg_resources').declare_namespace(__name__)\n",
        "space/part/__init__.py": "VALUE = 1\n",
    },
    generator=WHEEL_37,
)

TABLE = setup_py("tabled", generator=WHEEL_31)
TABLE = replace(
    TABLE,
    files={**TABLE.files, "pyproject.toml": '[build-system]\nrequires = ["setuptools", "wheel"]\n'},
)

PLACEHOLDER = Source(
    name="placed",
    version="1.2",
    files={
        "pyproject.toml": '[build-system]\nrequires = ["poetry-core>=1.0.0"]\n'
        'build-backend = "poetry.core.masonry.api"\n\n'
        '[tool.poetry]\nname = "placed"\nversion = "0.0.0"\ndescription = "About it."\n'
        'authors = ["Somebody <somebody@example.org>"]\n\n'
        '[tool.other]\nversion = "0.0.0"\n',
        "placed/__init__.py": "VALUE = 1\n",
        "PKG-INFO": "Metadata-Version: 2.1\nName: placed\nVersion: 1.2\n",
    },
    generator="poetry-core 1.9.0",
)

DESCRIBED = replace(
    setup_py("told"),
    files={
        **setup_py("told").files,
        "PKG-INFO": "Metadata-Version: 2.1\nName: told\nVersion: 1.0\n\n# Told\n\nMore.\n",
    },
)

UNIVERSAL = Unusual(
    source=setup_py("universal"),
    choices=Choices(mode="setup.py", setup_options=("--universal",)),
    told=("setup.py --universal",),
    attempts=2,
)

PLACED = Unusual(
    source=PLACEHOLDER,
    choices=Choices(version="1.2"),
    told=("version 1.2 in pyproject.toml",),
    attempts=2,
    day=datetime(2024, 3, 1, tzinfo=UTC),
)

UNUSUAL: Mapping[str, Unusual] = {
    "an older setuptools": Unusual(
        source=setup_py("aged"),
        choices=Choices(versions={SETUPTOOLS: "59.6.0"}),
        told=("setuptools",),
        attempts=2,
    ),
    "a setuptools from before its own backend": Unusual(
        source=setup_py("elder", generator="bdist_wheel (0.33.6)"),
        choices=Choices(versions={SETUPTOOLS: "38.5.2"}),
        told=("setuptools",),
        attempts=2,
        day=datetime(2019, 12, 9, 12, tzinfo=UTC),
    ),
    "requirements without a backend, for a setuptools without the usual one": Unusual(
        source=TABLE, choices=Choices(), told=(), attempts=1, day=OLD_DAY
    ),
    "other requirements and a description as Python 2 sees them": Unusual(
        source=setup_py(
            "by_two",
            ", install_requires=['b'] + ['a'] * (__import__('sys').version_info[0] == 2), "
            "long_description='\\nMore about it.\\n'",
            generator=WHEEL_31,
        ),
        choices=Choices(python=(2, 7), mode="setup.py", setup_options=("--universal",)),
        told=("CPython 2.7", "setup.py --universal"),
        attempts=2,
        day=OLD_DAY,
    ),
    "universal": UNIVERSAL,
    "universal, by an older setuptools": Unusual(
        source=setup_py("both"),
        choices=Choices(
            mode="setup.py", setup_options=("--universal",), versions={SETUPTOOLS: "59.6.0"}
        ),
        told=("setup.py --universal", "setuptools"),
        attempts=3,
    ),
    "with requirements sorted": Unusual(
        source=setup_py("sorted_ones", ", install_requires=['b', 'c', 'a']"),
        choices=Choices(sorted_requires=True),
        told=("requirements sorted as by Debian's setuptools",),
        attempts=2,
    ),
    "without its extension module": Unusual(
        source=setup_py(
            "halved",
            ", ext_modules=[] if __import__('platform').python_implementation() == 'PyPy' "
            "else [__import__('setuptools').Extension('h', [], optional=True)]",
        ),
        choices=Choices(pypy=True),
        told=("told that it runs on PyPy",),
        attempts=2,
    ),
    "a tag for one Python": Unusual(
        source=setup_py("tagged"),
        choices=Choices(mode="setup.py", setup_options=("--python-tag=py36",)),
        told=("setup.py --python-tag=py36",),
        attempts=2,
    ),
    "a tag for the stable ABI": Unusual(
        source=setup_py(
            "stable",
            ", ext_modules=[__import__('setuptools').Extension('h', ['none.c'], optional=True)]",
        ),
        choices=Choices(mode="setup.py", setup_options=("--py-limited-api=cp38",)),
        told=("setup.py --py-limited-api=cp38",),
        attempts=2,
    ),
    "a description whose file is only in the checkout": Unusual(
        source=DESCRIBED,
        choices=Choices(description=True),
        told=("the description of the source's PKG-INFO",),
        attempts=2,
    ),
    "on Windows": Unusual(
        source=setup_py("windows", generator=WHEEL_42),
        choices=Choices(line_ends="crlf"),
        told=("line ends of Windows",),
        attempts=1,
        day=WINDOWS_DAY,
    ),
    "a namespace package by another Python": Unusual(
        source=NAMESPACE, choices=Choices(python=(3, 7)), told=("CPython 3.7",), attempts=1
    ),
    "a program that is named after another Python": Unusual(
        source=setup_py(
            "programmed",
            ", entry_points={'console_scripts': ["
            "'tool%d.%d = programmed:main' % __import__('sys').version_info[:2]]}",
        ),
        choices=Choices(python=(3, 7)),
        told=("CPython 3.7",),
        attempts=2,
    ),
    "extras in the order of another seed": Unusual(
        source=setup_py(
            "extras",
            ", extras_require={name: ['x'] for name in ('test', 'docs', 'lint')}",
            generator=WHEEL_31,
        ),
        choices=Choices(hash_seed=1234),
        told=("hash seed 15",),
        attempts=2,
        day=OLD_DAY,
    ),
    "a version that a plugin computes": PLACED,
    "a tool that the source rules out": Unusual(
        source=Source(
            name="by_newer",
            files={
                "pyproject.toml": '[build-system]\nrequires = ["flit_core >=3.2,<3.8"]\n'
                'build-backend = "flit_core.buildapi"\n\n'
                '[project]\nname = "by_newer"\nversion = "1.0"\ndescription = "About it."\n',
                "by_newer.py": "VALUE = 1\n",
            },
            generator="flit 3.9.0",
        ),
        choices=Choices(versions={NormalizedName("flit-core"): "3.9.0"}),
        told=("flit-core",),
        attempts=2,
        day=datetime(2023, 7, 1, 12, tzinfo=UTC),
    ),
}
