"""What one attempt decides; everything else of a recipe follows from source, index and day."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from packaging.utils import NormalizedName

from builders.recipe import Recipe

PEP517, SETUP_PY = "pep517", "setup.py"
LF, CRLF = "lf", "crlf"

USUAL_UMASK = "022"

UMASKS = ("002", USUAL_UMASK, "027")
"""Those that people have; a recipe that a person gives may have no other."""

UNIVERSAL = ("--universal",)

INSTALL_TOO = ("install", "--root=/build/installed")
"""A second command, into a directory that is thrown away: what `setup.py` sees of `install`."""

MAX_TAG = 100
"""Characters; wheels for a dozen Pythons have fewer."""

PYTHON_TAG = r"(?:py[23]|(?:py|cp)(?:2[67]|3[0-9]|3[12][0-9]))"
"""Interpreters that there were; a tag is data of the published wheel that reaches the build."""

STABLE_ABI = r"cp3(?:[2-9]|[1-9][0-9])"
"""CPythons that have a stable ABI (PEP 384)."""

_TAG_OPTION = re.compile(rf"--python-tag={PYTHON_TAG}(?:\.{PYTHON_TAG})*")
_STABLE_OPTION = re.compile(rf"--py-limited-api={STABLE_ABI}")


def is_known_options(options: tuple[str, ...]) -> bool:
    """Whether these are options that a search may have come to."""
    if len(options) == 1 and _TAG_OPTION.fullmatch(options[0]):
        return len(options[0]) <= MAX_TAG + len("--python-tag=")
    if len(options) == 1 and _STABLE_OPTION.fullmatch(options[0]):
        return True
    return options in {(), UNIVERSAL, INSTALL_TOO}


@dataclass(frozen=True, kw_only=True, slots=True)
class Choices:
    """One candidate, as far as somebody decided; what is None or empty follows from the hints.

    Attributes:
        python: (major, minor).
        as_of: the moment as of which build requirements are resolved, never later than the upload.
        mode: how the wheel is asked for, `pep517` or `setup.py`.
        setup_options: of `bdist_wheel`, in mode `setup.py`.
        versions: releases that take the place of those that the resolver chose.
        line_ends: what a text file gets that the build writes: `lf`, or `crlf` as on Windows.
        umask: octal digits, one of UMASKS.
        version, pypy, sorted_requires: see `BackendCall`.
        description: that of the source's PKG-INFO, where a build finds none.
        switches: variables of the environment that the source's build scripts read, and values.
        requires: build requirements that the source does not declare, as PEP 508 lines.
        libraries: names of those that are linked statically.
        lines: see `builders.native_flags.LINES`.
        hash_seed: of the strings of the Python that builds, below 2**32; None for the usual one.
        own_compiler: the sandbox's compiler and the interpreter's flags, whatever the hints say.
        recipe: one that a person gave, to start from.
    """

    python: tuple[int, int] | None = None
    as_of: datetime | None = None
    mode: str | None = None
    setup_options: tuple[str, ...] = ()
    versions: Mapping[NormalizedName, str] = field(default_factory=dict)
    line_ends: str = LF
    umask: str | None = None
    version: str | None = None
    pypy: bool = False
    sorted_requires: bool = False
    description: bool = False
    switches: Mapping[str, str] = field(default_factory=dict)
    requires: tuple[str, ...] = ()
    libraries: tuple[str, ...] = ()
    lines: str = ""
    hash_seed: int | None = None
    own_compiler: bool = False
    recipe: Recipe | None = None

    @property
    def told(self) -> tuple[str, ...]:
        """What was decided, in words."""
        options = " ".join(self.setup_options)
        words = [
            self.recipe and "the given recipe",
            self.python and f"CPython {self.python[0]}.{self.python[1]}",
            self.as_of and f"requirements as of {self.as_of.isoformat()}",
            self.mode and f"{self.mode} {options}".strip(),
            self.sorted_requires and "requirements sorted as by Debian's setuptools",
            self.description and "the description of the source's PKG-INFO",
            self.pypy and "told that it runs on PyPy",
            self.version and f"version {self.version} in pyproject.toml",
            self.line_ends != LF and "line ends of Windows",
            self.umask and f"umask {self.umask}",
            self.own_compiler and "the sandbox's own compiler",
            *(
                f"{name}={value} in the environment"
                for name, value in sorted(self.switches.items())
            ),
            self.hash_seed is not None and f"hash seed {self.hash_seed}",
            *(f"the library {name}" for name in self.libraries),
            self.lines and f"other numbers of lines: {self.lines}",
            *(f"{line} as a build requirement" for line in self.requires),
            *(f"{name} {version}" for name, version in sorted(self.versions.items())),
        ]
        return tuple(word for word in words if word)

    @property
    def key(self) -> tuple[object, ...]:
        """Equal for equal candidates; a mapping has no hash."""
        versions = tuple(sorted(self.versions.items()))
        given = self.recipe.digest if self.recipe else None
        return (given, self.python, self.as_of, self.mode, self.setup_options, versions,
                self.line_ends, self.umask, self.version, self.pypy,
                self.sorted_requires, self.description, self.own_compiler,
                tuple(sorted(self.switches.items())), self.requires, self.libraries,
                self.lines, self.hash_seed)  # fmt: skip
