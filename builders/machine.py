"""The platform that build environments are made for: the sandbox's, which is this machine's."""

import platform
from functools import cache

from packaging.tags import Tag, compatible_tags, cpython_tags

GLIBC_MINOR = 28
"""Build requirements may need glibc up to 2.28, which every supported image and host has."""


def uv_platform() -> str:
    """Uv's name of the platform, e.g. `x86_64-manylinux_2_28`."""
    return f"{platform.machine()}-manylinux_2_{GLIBC_MINOR}"


@cache
def environment_tags(python: tuple[int, int]) -> tuple[Tag, ...]:
    """Wheel tags that a build environment accepts, best first."""
    arch = platform.machine()
    platforms = [f"manylinux_2_{minor}_{arch}" for minor in range(GLIBC_MINOR, 16, -1)]
    platforms += [f"manylinux2014_{arch}"]
    if arch in {"x86_64", "i686"}:
        platforms += [f"manylinux_2_{minor}_{arch}" for minor in range(16, 4, -1)]
        platforms += [f"manylinux2010_{arch}", f"manylinux1_{arch}"]
    platforms += [f"linux_{arch}"]
    interpreter = f"cp{python[0]}{python[1]}"
    return (
        *cpython_tags(python, platforms=platforms),
        *compatible_tags(python, interpreter=interpreter, platforms=platforms),
    )
