"""Requirements that others wrote: checked before the resolver, a file or a marker sees them."""

import platform
from collections.abc import Iterable
from typing import Protocol

from packaging.markers import UndefinedComparison, UndefinedEnvironmentName
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import Specifier
from packaging.utils import canonicalize_name
from packaging.version import Version

from builders.errors import BuildFault, FailureCode
from builders.sandbox.interface import Interpreter
from verify.index.filenames import SDIST_SUFFIXES

MAX_LENGTH = 8192
"""Characters of one requirement; the longest honest markers take some hundreds."""

MAX_PARENTHESES = 50
"""The parser recurses per parenthesis; a fixed bound does not depend on the stack left."""

ARCHIVE_SUFFIXES = tuple(
    suffix.lower()
    for suffix in (*SDIST_SUFFIXES, ".whl", ".egg", ".tar.zst", ".tlz", ".tar.lz", ".tzst")
)
"""Names that end so are valid (PEP 508), and uv reads such a line as the path of a file."""

UNREADABLE = (
    InvalidRequirement,
    UndefinedComparison,
    UndefinedEnvironmentName,
    ValueError,  # a version of more digits than Python turns into an int (CVE-2020-10735)
    RecursionError,
)
"""What packaging raises for requirements and markers that mean nothing."""


class Versioned(Protocol):
    """A file of a release, as recipes lock it."""

    @property
    def name(self) -> str:
        """Normalized project name."""

    @property
    def version(self) -> str:
        """PEP 440 version."""


def checked_requirement(text: str) -> str:
    """A requirement in packaging's spelling: one line, one project of the index, nothing else.

    Raises:
        BuildFault: it is invalid, or more than a name with versions and a marker.
    """
    if len(text) > MAX_LENGTH or text.count("(") > MAX_PARENTHESES:
        raise _refused(text, "is longer or deeper than any honest one")
    try:
        requirement = Requirement(text.strip())
        requirement.specifier.contains("1")
        if requirement.marker is not None:
            requirement.marker.evaluate(_markers((3, 0), "3.0.0"))
        line = str(requirement)
    except UNREADABLE as error:
        raise _refused(text, f"is invalid: {_first_line(error)}") from error
    # uv expands ${VARIABLES} and joins lines that end with a backslash.
    if not line.isprintable() or "\\" in line or "${" in line:
        raise _refused(text, "has characters that no requirement needs")
    if requirement.url is not None:
        raise _refused(text, "is a URL, whose past cannot be asked for")
    if requirement.name.lower().endswith(ARCHIVE_SUFFIXES):
        raise _refused(text, "is named like a file")
    return line


def _first_line(error: Exception) -> str:
    lines = str(error).splitlines()
    return lines[0][:200] if lines else type(error).__name__


def _refused(text: str, why: str) -> BuildFault:
    return BuildFault(
        f"build requirement {text[:200]!r} {why}", code=FailureCode.NO_BUILD_REQUIREMENTS
    )


def all_locked(
    requirements: Iterable[str], locked: Iterable[Versioned], python: Interpreter
) -> bool:
    """Whether locked files already satisfy all requirements for an interpreter of the sandbox."""
    have = {file.name: file.version for file in locked}
    environment = _markers(python.version, python.release)
    try:
        return all(_satisfied(Requirement(text), have, environment) for text in requirements)
    except UNREADABLE:
        return False


def _satisfied(requirement: Requirement, have: dict[str, str], environment: dict[str, str]) -> bool:
    if requirement.marker is not None and not requirement.marker.evaluate(environment):
        return True
    version = have.get(canonicalize_name(requirement.name))
    return version is not None and requirement.specifier.contains(version, prereleases=True)


def is_older_than_asked(
    requirements: Iterable[str], name: str, version: str, python: tuple[int, int]
) -> bool:
    """Whether a release is older than requirements on its project ask for, or is ruled out.

    One that is newer than they allow is neither.

    Args:
        requirements: checked lines, on any projects.
        name: of the project, normalized.
        version: of the release.
        python: (major, minor) of the interpreter that their markers are about.
    """
    environment = _markers(python, f"{python[0]}.{python[1]}.99")
    try:
        asked = [
            requirement
            for requirement in map(Requirement, requirements)
            if canonicalize_name(requirement.name) == name
            and (requirement.marker is None or requirement.marker.evaluate(environment))
        ]
        return not all(
            _lowest(clause).contains(version, prereleases=True)
            for requirement in asked
            for clause in requirement.specifier
            if clause.operator not in {"<", "<="}
        )
    except UNREADABLE:
        return True


def rules_out_from(requirements: Iterable[str], lowest: str) -> bool:
    """Whether requirements, for every Python, ask for releases before a lowest one (`name>=X`)."""
    floor = Requirement(lowest)
    version = Version(next(iter(floor.specifier)).version)
    try:
        return any(
            clause.operator in {"<", "<=", "==", "~="}
            and Version(clause.version.removesuffix(".*")) <= version
            and not clause.contains(version)
            for requirement in map(Requirement, requirements)
            if canonicalize_name(requirement.name) == floor.name and requirement.marker is None
            for clause in requirement.specifier
        )
    except UNREADABLE:
        return False


def _lowest(clause: Specifier) -> Specifier:
    """What a clause asks for at least."""
    if clause.operator in {"==", "~="}:
        return Specifier(f">={clause.version.removesuffix('.*')}")
    return clause


def _markers(version: tuple[int, int], release: str) -> dict[str, str]:
    """Every variable of PEP 508 as the sandbox has it; none is left to the host's Python.

    Kernel release and version are empty: a recipe does not name them.
    """
    return {
        "implementation_name": "cpython",
        "implementation_version": release,
        "os_name": "posix",
        "platform_machine": platform.machine(),
        "platform_python_implementation": "CPython",
        "platform_release": "",
        "platform_system": "Linux",
        "platform_version": "",
        "python_full_version": release,
        "python_version": f"{version[0]}.{version[1]}",
        "sys_platform": "linux",
        "extra": "",
    }
