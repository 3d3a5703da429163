"""What a lock is made for: interpreters and platforms, in the words of uv, of markers and tags."""

import platform as machine
import re
import sys
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, cast

from packaging.markers import Environment, Marker, default_environment

from verify.errors import UsageFault
from verify.index.select import Target

_FAMILY = re.compile(r"(manylinux|musllinux|macosx)_(\d+)_(\d+)_(\w+)")
_LEGACY = {"manylinux1": "2_5", "manylinux2010": "2_12", "manylinux2014": "2_17"}
_LEGACY_TAG = re.compile(r"(manylinux1|manylinux2010|manylinux2014)_(\w+)")
_WINDOWS = {"win_amd64": "x86_64", "win_arm64": "aarch64", "win32": "i686"}
_PATCHES = (*range(40), 99)
"""Patch releases of one minor version of Python, and one that is newer than any."""

_TELLING: tuple[Literal["python_version", "sys_platform", "platform_machine"], ...] = (
    "python_version",
    "sys_platform",
    "platform_machine",
)
_DARWIN_ARCH = {"arm64": "aarch64", "x86_64": "x86_64"}


@dataclass(frozen=True, kw_only=True)
class LockTarget:
    """One interpreter on one platform.

    Attributes:
        python: (major, minor).
        patch: its patch release; None for all of them.
        platform: a platform tag; None for the running machine.
    """

    python: tuple[int, int]
    patch: int | None = None
    platform: str | None = None

    def __str__(self) -> str:
        """For people, e.g. `CPython 3.11 on manylinux_2_28_x86_64`."""
        return f"CPython {self.python_name} on {self.platform_name}"

    @property
    def python_name(self) -> str:
        """`X.Y`, or `X.Y.Z` of one patch release."""
        patch = "" if self.patch is None else f".{self.patch}"
        return f"{self.python[0]}.{self.python[1]}{patch}"

    @property
    def platform_name(self) -> str:
        """The platform tag, also of the running machine."""
        return self.platform or f"{sys.platform}_{machine.machine()}".lower()

    @cached_property
    def wheels(self) -> Target:
        """As the choice of wheels has it."""
        is_running = self.platform is None and self.python == sys.version_info[:2]
        return Target(python=None if is_running else self.python, platform=self.platform)

    @property
    def uv_platform(self) -> str | None:
        """Uv's name of the platform; None for the running machine.

        Raises:
            UsageFault: uv has none for it.
        """
        if self.platform is None:
            return None
        return _uv_platform(self.platform)

    def admits(self, marker: Marker | None, *, extra: str = "") -> bool:
        """Whether a marker holds there, for any patch release of the interpreter.

        A package that 3.11.3 has no use for any more is locked for those who are at 3.11.2.
        """
        if marker is None:
            return True
        if self.patch is not None:
            return self._holds(marker, self.patch, extra)
        if not is_of_patches(marker):
            return self._holds(marker, _PATCHES[-1], extra)
        return any(self._holds(marker, patch, extra) for patch in _PATCHES)

    def _holds(self, marker: Marker, patch: int, extra: str) -> bool:
        full = f"{self.python[0]}.{self.python[1]}.{patch}"
        environment = {**self._environment, "python_full_version": full}
        environment["implementation_version"] = full
        environment["extra"] = extra
        return marker.evaluate(cast("dict[str, str]", environment))

    @property
    def marker(self) -> Marker:
        """What an environment must be for a lock of this target to be meant for it."""
        told = [f"{name} == '{self._environment[name]}'" for name in _TELLING]
        if self.patch is not None:
            told.append(f"python_full_version == '{self.python_name}'")
        return Marker(" and ".join(told))

    @cached_property
    def _environment(self) -> Environment:
        """PEP 508's environment; of another platform what its tag tells."""
        environment = default_environment()
        environment["python_version"] = f"{self.python[0]}.{self.python[1]}"
        if (self.platform, self.python) == (None, tuple(sys.version_info[:2])):
            return environment
        environment["implementation_name"] = "cpython"
        environment["platform_python_implementation"] = "CPython"
        if self.platform is None:
            return environment
        return _on_platform(environment, self.platform)


def is_of_patches(marker: Marker) -> bool:
    """Whether patch releases of one Python may differ in it."""
    text = str(marker)
    return "python_full_version" in text or "implementation_version" in text


def lock_targets(
    pythons: tuple[tuple[int, ...], ...], platforms: tuple[str, ...]
) -> tuple[LockTarget, ...]:
    """Every interpreter on every platform; the running ones where none is named.

    Args:
        pythons: (major, minor) each, or with the patch release.
        platforms: their tags.

    Raises:
        UsageFault: a platform is none.
    """
    running = sys.version_info[:2]
    targets = tuple(
        LockTarget(
            python=(python[0], python[1]),
            patch=python[2] if len(python) > 2 else None,
            platform=platform,
        )
        for python in dict.fromkeys(pythons or (running,))
        for platform in dict.fromkeys(platforms or (None,))
    )
    for target in targets:
        target.wheels.tags()
        _ = target.uv_platform
    return targets


def _on_platform(environment: Environment, platform: str) -> Environment:
    arch = platform.rpartition("_")[2]
    if platform.endswith("x86_64"):
        arch = "x86_64"
    if platform.startswith("win"):
        system, os_name, sys_platform = "Windows", "nt", "win32"
        arch = {"amd64": "AMD64", "arm64": "ARM64"}.get(arch, "x86")
    elif platform.startswith("macosx"):
        system, os_name, sys_platform = "Darwin", "posix", "darwin"
    else:
        system, os_name, sys_platform = "Linux", "posix", "linux"
    environment["os_name"] = os_name
    environment["sys_platform"] = sys_platform
    environment["platform_system"] = system
    environment["platform_machine"] = arch
    environment["platform_release"] = environment["platform_version"] = ""
    return environment


def _uv_platform(platform: str) -> str:
    platform = platform.lower().replace("-", "_").replace(".", "_")
    legacy, family = _LEGACY_TAG.fullmatch(platform), _FAMILY.fullmatch(platform)
    if legacy:
        return f"{legacy[2]}-manylinux_{_LEGACY[legacy[1]]}"
    if family and family[1] == "macosx" and family[4] in _DARWIN_ARCH:
        return f"{_DARWIN_ARCH[family[4]]}-apple-darwin"
    if family and family[1] == "manylinux":
        return f"{family[4]}-manylinux_{family[2]}_{family[3]}"
    if family and family[1] == "musllinux":
        return f"{family[4]}-unknown-linux-musl"
    if platform in _WINDOWS:
        return f"{_WINDOWS[platform]}-pc-windows-msvc"
    if platform.startswith("linux_"):
        return f"{platform.removeprefix('linux_')}-unknown-linux-gnu"
    raise UsageFault(
        f"{platform!r} is no platform that dependencies can be resolved for",
        hint="write one like manylinux_2_28_x86_64, macosx_11_0_arm64 or win_amd64",
    )
