"""The platform that build environments are made for: the sandbox's, which is this machine's."""

import platform
from functools import cache

from packaging.tags import Tag, compatible_tags, cpython_tags

GLIBC_MINOR = 28
"""Build requirements may need glibc up to 2.28, which every supported image and host has."""


OLDEST_FOR_UV = 17
"""The oldest minor version of glibc that uv resolves for."""


def uv_platform(glibc: int = GLIBC_MINOR) -> str:
    """Uv's name of the platform, e.g. `x86_64-manylinux_2_28`; it knows few versions of glibc."""
    known = GLIBC_MINOR if glibc >= GLIBC_MINOR else OLDEST_FOR_UV
    return f"{platform.machine()}-manylinux_2_{known}"


@cache
def environment_tags(python: tuple[int, int], glibc: int = GLIBC_MINOR) -> tuple[Tag, ...]:
    """Wheel tags that a build environment accepts, best first; `glibc` is its minor version."""
    arch = platform.machine()
    newest = min(glibc, GLIBC_MINOR)
    platforms = [f"manylinux_2_{minor}_{arch}" for minor in range(newest, 16, -1)]
    platforms += [f"manylinux2014_{arch}"] if newest >= 17 else []
    if arch in {"x86_64", "i686"}:
        platforms += [f"manylinux_2_{minor}_{arch}" for minor in range(min(newest, 16), 4, -1)]
        platforms += [f"manylinux2010_{arch}"] if newest >= 12 else []
        platforms += [f"manylinux1_{arch}"] if newest >= 5 else []
    platforms += [f"linux_{arch}"]
    interpreter = f"cp{python[0]}{python[1]}"
    return (
        *cpython_tags(python, platforms=platforms),
        *compatible_tags(python, interpreter=interpreter, platforms=platforms),
    )
