"""Interpreters that a test needs beside the one that runs it; CI's machine has them all."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from builders.interpreters import host_interpreters


def needs_python(*versions: tuple[int, int]) -> pytest.MarkDecorator:
    """Skip where the machine lacks one of the CPythons (major, minor), and name it."""
    missing = ", ".join(
        f"{major}.{minor}" for major, minor in versions if (major, minor) not in _found()
    )
    return pytest.mark.skipif(bool(missing), reason=f"there is no CPython {missing} on PATH")


@cache
def _found() -> frozenset[tuple[int, int]]:
    with TemporaryDirectory() as cache_root:
        return frozenset(python.version for python in host_interpreters(Path(cache_root)))
