"""The shared libraries of both wheels: what each is called, what it loads, and who loads it.

Repair tools copy a library into `NAME.libs/`, `pkg/.libs/` or `pkg/.dylibs/`, give it a name with
the beginning of the original file's sha256 (auditwheel makes `libz-2f1d0a3c.so.1.2.7` of
`libz.so.1.2.7`), and have whatever needs it ask for that name. Here it is told which of the
published wheel's files have that shape and follow from what the rebuild loads, too. That is a
description and no proof: a file of this shape may hold anything.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from verify.archive.errors import ArchiveError

if TYPE_CHECKING:
    from verify.archive.member import Member
    from verify.archive.reader import Archive
    from verify.native.elf import Elf

MAX_FILE = 64 * 1024**2
"""Bytes of a file that is looked into."""

MAX_BYTES = 256 * 1024**2
"""Bytes of all of them together, in each wheel."""

MAX_FILES = 2000

MAX_NEEDED = 200
"""Libraries that one file loads; what loads more is left out, so that nothing follows from it."""

_SHARED = re.compile(r"[^/]+\.so(?:\.[0-9][^/]*)?", re.ASCII)
_FOLDER = re.compile(r"(?:[^/]+\.libs|(?:[^/]+/)*\.(?:libs|dylibs)(?:_[^/]+)?)", re.ASCII)
"""`NAME.libs` of auditwheel; `.libs` and `.dylibs` below a package; `.libs_NAME` of early ones."""

_HASHED = re.compile(r"([^.]+)-([0-9a-f]{8})\.(.+)", re.ASCII)
"""auditwheel's `copylib`: the hash stands before the first dot."""

_NEVER_COPIED = re.compile(
    r"lib(?:c|m|dl|rt|pthread|util|resolv|mvec|anl|nss_\w+|gcc_s|stdc\+\+|python[\w.]*)"
    r"|ld-linux[\w-]*",
    re.ASCII,
)
"""Stems of the parts of glibc, of GCC's runtimes and of the interpreter, which no repair tool
copies: the first two are in every policy of manylinux (auditwheel's `manylinux-policy.json`)."""

_STEM = re.compile(r"(.+?)(?:-[0-9a-f]{6,16})?\.so(?:\.\d+[a-z]?)*", re.ASCII)
"""OpenSSL's files were called `libssl.so.1.0.2k`. Other tools write hashes of other lengths."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Library:
    """One shared object of a wheel, as far as the loader goes by it.

    Attributes:
        name: of the member.
        soname: what it calls itself, None for an extension module.
        needed: the libraries that it loads, in order.
    """

    name: str
    soname: str | None
    needed: tuple[str, ...]


def original_name(file: str) -> tuple[str, str | None]:
    """The name that a bundled library had, and the hash in its name; None where there is none."""
    match = _HASHED.fullmatch(file)
    return (f"{match[1]}.{match[3]}", match[2]) if match else (file, None)


def stem(library: str) -> str:
    """What is left of a library's name without hash and version: `libz` of `libz-2f1d0a3c.so.1`."""
    match = _STEM.fullmatch(original_name(library)[0])
    return match[1] if match else library


class Libraries:
    """What both wheels load, read when first asked for.

    Args:
        published, rebuilt: the two archives.
    """

    def __init__(self, published: "Archive", rebuilt: "Archive") -> None:
        self._archives = (published, rebuilt)

    @cached_property
    def published(self) -> Mapping[str, Library]:
        """Those of the published wheel, by member; what cannot be relied on is left out."""
        return {library.name: library for library in _read(self._archives[0])}

    @cached_property
    def rebuilt(self) -> Mapping[str, Library]:
        """Those of the rebuilt wheel."""
        return {library.name: library for library in _read(self._archives[1])}

    @cached_property
    def bundled(self) -> Mapping[str, tuple[str, ...]]:
        """The published wheel's bundled libraries, and by what members each is needed, sorted.

        Such a library lies where repair tools put it, calls itself what its file is called, is no
        part of the C library, and is in the published wheel alone. It is loaded by code that the
        rebuild has as well and that loads a library of the same stem there; or by another library
        of which all this is true.
        """
        candidates = {
            library.soname: name
            for name, library in self.published.items()
            if name not in self.rebuilt and _is_like_a_copy(library)
        }
        needed_by: dict[str, set[str]] = {}
        waiting = [name for name in self.published if name in self.rebuilt]
        seen = set(waiting)
        while waiting:
            name = waiting.pop()
            for soname in self._asked(name):
                target = candidates.get(soname)
                if target is None:
                    continue
                needed_by.setdefault(target, set()).add(name)
                if target not in seen:
                    seen.add(target)
                    waiting.append(target)
        return {name: tuple(sorted(users)) for name, users in needed_by.items()}

    def _asked(self, name: str) -> Iterator[str]:
        """What a published file loads; of one that was rebuilt, what it loads there as well."""
        ours = self.published[name]
        theirs = self.rebuilt.get(name)
        known = None if theirs is None else set(map(stem, theirs.needed))
        return (asked for asked in ours.needed if known is None or stem(asked) in known)

    def counterpart(self, name: str) -> str | None:
        """The rebuilt wheel's own library of the same stem; None without exactly one."""
        found = self._rebuilt_by_stem.get(stem(_file(name)), ())
        return found[0] if len(found) == 1 else None

    @cached_property
    def _rebuilt_by_stem(self) -> Mapping[str, list[str]]:
        found: dict[str, list[str]] = {}
        for name, library in self.rebuilt.items():
            if library.soname is not None:
                found.setdefault(stem(_file(name)), []).append(name)
        return found


def _is_like_a_copy(library: Library) -> bool:
    folder, _, file = library.name.rpartition("/")
    if library.soname != file or _NEVER_COPIED.fullmatch(stem(file)):
        return False
    return _FOLDER.fullmatch(folder) is not None


def _file(name: str) -> str:
    return name.rpartition("/")[2]


def _read(archive: "Archive") -> Iterator[Library]:
    left = MAX_BYTES
    for member in [m for m in archive.members if _SHARED.fullmatch(_file(m.name))][:MAX_FILES]:
        if member.size > min(MAX_FILE, left):
            continue
        left -= member.size
        library = _library(archive, member)
        if library is not None:
            yield library


def _library(archive: "Archive", member: "Member") -> Library | None:
    # Most wheels hold no native code.
    from verify.native.dynamic import read_dynamic  # noqa: PLC0415
    from verify.native.elf import UnreadableElfError  # noqa: PLC0415

    elf = read_member(archive, member.name)
    if elf is None:
        return None
    try:
        dynamic = read_dynamic(elf)
    except UnreadableElfError:
        return None
    if len(dynamic.needed) > MAX_NEEDED:
        return None
    return Library(name=member.name, soname=dynamic.soname, needed=dynamic.needed)


def read_member(archive: "Archive", name: str) -> "Elf | None":
    """A member as an ELF file; None for one that is none, or cannot be relied on."""
    from verify.native.elf import UnreadableElfError  # noqa: PLC0415
    from verify.native.elf_reader import read_elf  # noqa: PLC0415

    try:
        return read_elf(archive.read(name, limit=MAX_FILE))
    except (ArchiveError, UnreadableElfError):
        return None
