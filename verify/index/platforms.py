"""The platform tags that a machine accepts, from one that a person names."""

import re
from collections.abc import Iterator

from packaging.tags import mac_platforms

from verify.errors import UsageFault

# PEP 513, PEP 571, PEP 599: names from before the glibc version was part of the tag (PEP 600).
_LEGACY_MANYLINUX = {"manylinux1": 5, "manylinux2010": 12, "manylinux2014": 17}
# A `linux_*` platform names no C library version; this one is newer than any that wheels are built
# against, so all manylinux wheels of the architecture are accepted.
_NEWEST_GLIBC = 60
# PEP 571: glibc 2.5 is the oldest that wheels were built against, and only for Intel processors.
_OLDEST_GLIBC = {"x86_64": 5, "i686": 5}
_OLDEST_OTHER_GLIBC = 17

# All but these name the system and what it runs on; `linux` alone would fit no wheel at all.
_OF_ONE_WORD = {"any", "win32"}
_TAG = re.compile(r"[a-z0-9_]{1,64}")
_LEGACY = re.compile(r"(manylinux1|manylinux2010|manylinux2014)_(\w+)")
_VERSIONED = re.compile(r"(manylinux|musllinux|macosx)_(\d{1,2})_(\d{1,2})_(\w+)")


def platform_tags_for(platform: str) -> tuple[str, ...]:
    """All platform tags that a machine described by `platform` accepts, the best first.

    `manylinux_2_28_x86_64` accepts every older manylinux tag of its architecture, `linux_x86_64`
    all of them, `musllinux_1_2_x86_64` and `macosx_11_0_arm64` the older ones of their kind;
    anything else (`win_amd64`) itself.

    Raises:
        UsageFault: it is no platform tag.
    """
    platform = platform.lower().replace("-", "_").replace(".", "_")
    if not _TAG.fullmatch(platform) or not ("_" in platform or platform in _OF_ONE_WORD):
        raise UsageFault(
            f"{platform!r} is not a platform tag",
            hint="write one like manylinux_2_28_x86_64, macosx_11_0_arm64 or win_amd64",
        )
    return tuple(_expanded(platform))


def _expanded(platform: str) -> Iterator[str]:
    legacy, versioned = _LEGACY.fullmatch(platform), _VERSIONED.fullmatch(platform)
    if legacy:
        return _manylinux(_LEGACY_MANYLINUX[legacy[1]], legacy[2])
    if versioned:
        major, minor = int(versioned[2]), int(versioned[3])
        return _versioned(versioned[1], major, minor, versioned[4])
    if platform.startswith("linux_"):
        return _manylinux(_NEWEST_GLIBC, platform.removeprefix("linux_"))
    return iter((platform,))


def _versioned(family: str, major: int, minor: int, arch: str) -> Iterator[str]:
    if family == "macosx":
        return mac_platforms((major, minor), arch)
    if family == "musllinux":
        return _musllinux(major, minor, arch)
    if major != 2:
        raise UsageFault(f"manylinux_{major}_{minor}_{arch} is not a platform: glibc is at 2.x")
    return _manylinux(minor, arch)


def _manylinux(newest: int, arch: str) -> Iterator[str]:
    names = {minor: name for name, minor in _LEGACY_MANYLINUX.items()}
    oldest = _OLDEST_GLIBC.get(arch, _OLDEST_OTHER_GLIBC)
    for minor in range(newest, oldest - 1, -1):
        yield f"manylinux_2_{minor}_{arch}"
        if minor in names:
            yield f"{names[minor]}_{arch}"
    yield f"linux_{arch}"


def _musllinux(major: int, newest: int, arch: str) -> Iterator[str]:
    for minor in range(newest, -1, -1):
        yield f"musllinux_{major}_{minor}_{arch}"
    yield f"linux_{arch}"
