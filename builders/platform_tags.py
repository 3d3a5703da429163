"""The platform tags of a wheel for Linux, and what a recipe does to a built wheel to have them."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from builders.native_flags import DIRECTORIES, EMPTY_LIBS, NAME, REPAIR, RETAG, is_platforms
from builders.shared_objects import is_shared_object
from verify.archive.errors import ArchiveError
from verify.archive.reader import Archive

_MAX_RECORD = 16 * 1024**2

_GLIBC = re.compile(r"manylinux(?:1|2010|2014|_[0-9]{1,2}_[0-9]{1,3})(?=_[a-z0-9_]{2,20})")
_LEGACY = {"manylinux1": (2, 5), "manylinux2010": (2, 12), "manylinux2014": (2, 17)}
"""Older names of versions of glibc (PEP 600); old releases of auditwheel know no others."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Platforms:
    """The platform tags of a wheel for Linux; a tool like auditwheel writes others than a build.

    Attributes:
        filename: in the file name, in order.
        wheel: in the WHEEL file, in order.
        has_empty_libs: whether the tool left an empty directory for libraries.
        has_directories: whether each directory has an entry of its own.
        has_libs: whether the tool copied libraries.
        is_as_built: whether RECORD has the lines of a backend: auditwheel writes it with CRLF.
    """

    filename: tuple[str, ...]
    wheel: tuple[str, ...]
    has_empty_libs: bool = False
    has_directories: bool = False
    has_libs: bool = False
    is_as_built: bool = False

    def are_of(self, machine: str) -> bool:
        """Whether they all are of glibc's Linux on a machine (`uname -m`)."""
        own = re.compile(rf"(?:manylinux(?:[0-9]+|_[0-9]+_[0-9]+)|linux)_{re.escape(machine)}")
        return all(map(own.fullmatch, self.filename))

    @property
    def post_steps(self) -> tuple[str, ...]:
        """What a recipe does to a wheel after its build; nothing where no tool changed it."""
        if all(platform.startswith("linux_") for platform in self.filename):
            return ()
        texts = dict.fromkeys((".".join(self.filename), ".".join(self.wheel)))
        is_changed = self.has_empty_libs or self.has_directories or self.has_libs
        if self.is_as_built and not is_changed:
            return (" ".join((NAME, *texts)),)
        retag = " ".join((RETAG, *texts))
        libs = (EMPTY_LIBS,) if self.has_empty_libs else ()
        repair = (f"{REPAIR} {self._newest}",) if self.has_libs and self._newest else ()
        return (*repair, retag, *libs, *((DIRECTORIES,) if self.has_directories else ()))

    @property
    def _newest(self) -> str | None:
        """The platform with the newest C library, as every auditwheel knows it; None for musl's."""
        found = [name for name in self.filename if _GLIBC.match(name)]
        return max(found, key=lambda name: (_glibc(name), _is_legacy(name)), default=None)


def read_platforms(archive: Archive, filename: str, wheel_tags: Iterable[str]) -> Platforms | None:
    """The platform tags of a wheel for Linux; None for another one, or where WHEEL lacks one.

    Args:
        archive: the wheel.
        filename: its file name.
        wheel_tags: the `Tag` values of its WHEEL file, in order.
    """
    named = tuple(filename.removesuffix(".whl").rpartition("-")[2].split("."))
    listed = tuple(dict.fromkeys(tag.rpartition("-")[2] for tag in wheel_tags))
    # A file may be named by some of its tags; that it is, is judged by itself (verify.distinfo).
    if not is_platforms(named) or not is_platforms(listed) or not {*named} <= {*listed}:
        return None
    libs = f"{filename.partition('-')[0]}.libs/"
    names = [member.name for member in archive.members]
    folders = {name[: at + 1] for name in names for at, end in enumerate(name) if end == "/"}
    return Platforms(
        filename=named,
        wheel=listed,
        has_empty_libs=[name for name in names if name.startswith(libs)] == [libs],
        has_directories=folders <= {*names},
        has_libs=any(name.startswith(libs) and is_shared_object(name) for name in names),
        is_as_built=_is_as_built(archive),
    )


def _is_as_built(archive: Archive) -> bool:
    """Whether RECORD ends its lines as a backend does, not as the csv module does."""
    names = [name for name in archive.by_name if re.fullmatch(r"[^/]+\.dist-info/RECORD", name)]
    try:
        return len(names) == 1 and b"\r\n" not in archive.read(names[0], limit=_MAX_RECORD)
    except ArchiveError:
        return False


def _is_legacy(platform: str) -> bool:
    return platform.startswith(tuple(_LEGACY))


def _glibc(platform: str) -> tuple[int, ...]:
    """The version of glibc that a platform tag stands for."""
    policy = platform[: match.end()] if (match := _GLIBC.match(platform)) else ""
    return _LEGACY.get(policy) or tuple(map(int, re.findall("[0-9]+", policy)))
