"""Wheels for another platform than their rebuild: native code of theirs cannot be rebuilt here.

Two wheels are for different platforms if their file names say so, all of their tags. A wheel for
`any` platform is compared with everything, and so is one with a tag that is not known.
"""

import re
from dataclasses import dataclass

from verify.distinfo.locate import parse_name
from verify.rules.interface import Context, Side
from verify.rules.kinds import ELF_MAGIC, is_mach_o, is_portable_executable

_TAGS = (
    (re.compile(r"(?:manylinux[0-9]+|manylinux_[0-9]+_[0-9]+|linux)_(\w+)"), "Linux"),
    (re.compile(r"musllinux_[0-9]+_[0-9]+_(\w+)"), "Linux with musl"),
    (re.compile(r"(win(?:32|_amd64|_arm64|_arm32|_ia64))"), "Windows"),
    (re.compile(r"(macosx)_[0-9]+_[0-9]+_\w+"), "macOS"),
)
"""Platform tags (platform compatibility tags, PEP 600, PEP 656): the machine, and the system."""

_MACHINES = {
    "x86_64": 62,
    "i686": 3,
    "i386": 3,
    "aarch64": 183,
    "armv7l": 40,
    "armv6l": 40,
    "ppc64le": 21,
    "ppc64": 21,
    "s390x": 22,
    "riscv64": 243,
    "loongarch64": 258,
}
"""`e_machine` by what tags for Linux call a machine (ELF gABI)."""

_READ = frozenset(_MACHINES[name] for name in ("x86_64", "i686", "aarch64"))
"""Linkers for the others lay out files in ways that are not known here."""

_ELF_HEAD = 20


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class Platform:
    """What a wheel is for: the system, and its machine as the tag has it."""

    system: str
    machine: str

    def __str__(self) -> str:
        """In words."""
        return self.system if self.system == "macOS" else f"{self.system} ({self.machine})"


@dataclass(frozen=True, kw_only=True, slots=True)
class Platforms:
    """The platforms of two wheels that are for different ones."""

    published: frozenset[Platform]
    rebuilt: frozenset[Platform]

    def has_home_for(self, side: Side) -> bool:
        """Whether a published file is native code for one of its wheel's platforms."""
        return _is_home(self.published, side)

    def __str__(self) -> str:
        """A clause about the published wheel."""
        ours, theirs = (
            " and ".join(map(str, sorted(side))) for side in (self.published, self.rebuilt)
        )
        return f"is for {ours}, the rebuild for {theirs}"


def may_be_read(head: bytes) -> bool:
    """Whether an ELF file that begins so is for a machine whose files are read here."""
    return len(head) >= _ELF_HEAD and _machine(head) in _READ


def is_at_home(side: Side, context: Context) -> bool:
    """Whether a published file is native code for a platform that its wheel is for."""
    return _is_home(_platforms(context.published.identity.filename), side)


def different_platforms(context: Context) -> Platforms | None:
    """What the two wheels are for; None where they may be for the same, or it is not known."""
    ours, theirs = (
        _platforms(archive.identity.filename) for archive in (context.published, context.rebuilt)
    )
    if not ours or not theirs or ours & theirs:
        return None
    return Platforms(published=ours, rebuilt=theirs)


def _platforms(filename: str) -> frozenset[Platform]:
    """The platforms in a wheel's file name; none for `any`, or if one is not known."""
    name = parse_name(filename)
    tags = {tag.platform for tag in name.tags} if name else set()
    found = {tag: _platform(tag) for tag in tags}
    return frozenset() if None in found.values() else frozenset(filter(None, found.values()))


def _platform(tag: str) -> Platform | None:
    for pattern, system in _TAGS:
        if match := pattern.fullmatch(tag):
            return Platform(system=system, machine=match[1])
    return None


def _is_home(platforms: frozenset[Platform], side: Side) -> bool:
    return any(_fits(side, platform) for platform in platforms)


def _fits(side: Side, platform: Platform) -> bool:
    if platform.system == "Windows":
        return is_portable_executable(side)
    if platform.system == "macOS":
        return is_mach_o(side)
    head = side.head()
    if not head.startswith(ELF_MAGIC) or len(head) < _ELF_HEAD:
        return False
    return _machine(head) == _MACHINES.get(platform.machine)


def _machine(head: bytes) -> int:
    return int.from_bytes(head[18:20], "little" if head[5] == 1 else "big")
