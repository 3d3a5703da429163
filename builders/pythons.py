"""Choosing the interpreter that a wheel was most likely built with."""

import re
import tomllib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.resources import files

from packaging.specifiers import SpecifierSet

from builders.errors import BuildFault, FailureCode
from builders.hints import Hints
from builders.sandbox.interface import Interpreter
from builders.search.choices import Choices

ADOPTION = timedelta(days=120)
"""How long after a CPython release its use for building releases is assumed."""

_CPYTHON = re.compile(r"cp([0-9])([0-9]{1,12})")
_X_Y = re.compile(r"([0-9])\.([0-9]{1,2})\b")
_PYTHON_2 = frozenset({"py2", "py27"})


def choose_python(hints: Hints, as_of: datetime, available: Sequence[Interpreter]) -> Interpreter:
    """The interpreter for a rebuild.

    A wheel for one CPython needs that one, a wheel for Python 2 alone needs 2.7. One for a stable
    ABI takes that whose headers it says it was compiled with, else the oldest. Any other takes
    the newest version that was in use at `as_of` and satisfies Requires-Python, else the nearest
    newer one, else the newest of all.

    Raises:
        BuildFault: none of the available interpreters will do.
    """
    required = _required_version(hints)
    if required is not None:
        usable = [python for python in available if python.version == required]
        stated = _stated_version(hints)
        if _is_stable_abi(hints) and stated is not None and stated > required:
            usable = [python for python in available if python.version == stated] or usable
        if not usable and _is_stable_abi(hints):
            # Its oldest Python is there no more; a newer one compiles the same interface.
            return _oldest_from(required, hints, available)
    else:
        usable = [p for p in available if p.version >= (3, 0) and is_allowed(p, hints)]
    if not usable:
        raise BuildFault(_missing(hints, required, available), code=FailureCode.UNSUPPORTED)
    in_use = [p for p in usable if released(p.version) + ADOPTION <= as_of]
    if in_use:
        return max(in_use, key=lambda python: python.version)
    return min(usable, key=lambda python: python.version)


def _stated_version(hints: Hints) -> tuple[int, int] | None:
    """The CPython that the wheel's own debug information names."""
    match = _X_Y.match((hints.native and hints.native.python) or "")
    return match and (int(match[1]), int(match[2]))


def _is_stable_abi(hints: Hints) -> bool:
    return any(tag.abi == "abi3" for tag in hints.tags)


def _oldest_from(
    required: tuple[int, int], hints: Hints, available: Sequence[Interpreter]
) -> Interpreter:
    newer = [python for python in available if python.version > required]
    if not newer:
        raise BuildFault(_missing(hints, required, available), code=FailureCode.UNSUPPORTED)
    return min(newer, key=lambda python: python.version)


def chosen_python(choices: Choices, available: Sequence[Interpreter]) -> Interpreter | None:
    """The interpreter that the search decided on; None where it left that open.

    Raises:
        BuildFault: the sandbox has no such interpreter.
    """
    if choices.python is None:
        return None
    for python in available:
        if python.version == choices.python:
            return python
    wanted = f"CPython {choices.python[0]}.{choices.python[1]}"
    raise BuildFault(f"the sandbox has no {wanted}", code=FailureCode.UNSUPPORTED)


def _required_version(hints: Hints) -> tuple[int, int] | None:
    """The version a `cpXY` tag names; of an abi3 wheel's the lowest, which it was built with.

    `bdist_wheel` writes the tag `py2` where Python 2 runs it, and the wheel is not universal.
    """
    versions = [
        (int(match[1]), int(match[2]))
        for tag in hints.tags
        if (match := _CPYTHON.fullmatch(tag.interpreter)) is not None
    ]
    interpreters = {tag.interpreter for tag in hints.tags}
    if interpreters and interpreters <= _PYTHON_2:
        return (2, 7)
    return min(versions, default=None)


def is_allowed(python: Interpreter, hints: Hints) -> bool:
    """Whether a wheel's Requires-Python has an interpreter; one that means nothing has all."""
    if hints.requires_python is None:
        return True
    try:
        return SpecifierSet(hints.requires_python).contains(python.release, prereleases=True)
    except ValueError:  # not only InvalidSpecifier: a number may have too many digits
        return True


def _missing(
    hints: Hints, required: tuple[int, int] | None, available: Sequence[Interpreter]
) -> str:
    wanted = (
        f"CPython {required[0]}.{required[1]}"
        if required
        else f"a CPython that satisfies {hints.requires_python}"
    )
    have = ", ".join(sorted(f"{p.version[0]}.{p.version[1]}" for p in available)) or "none"
    return f"the wheel was built with {wanted}, which the sandbox lacks (it has: {have})"


@cache
def _releases() -> dict[tuple[int, int], datetime]:
    text = files("builders.knowledge").joinpath("pythons.toml").read_text(encoding="utf-8")
    return {
        (int(major), int(minor)): datetime(day.year, day.month, day.day, tzinfo=UTC)
        for version, day in tomllib.loads(text)["released"].items()
        for major, minor in [version.split(".")]
    }


def released(version: tuple[int, int]) -> datetime:
    """When a CPython minor version came out; far in the future for one the table lacks."""
    return _releases().get(version, datetime.max.replace(tzinfo=UTC) - ADOPTION)
