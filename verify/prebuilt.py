"""Signal `release.prebuilt-binary`: compiled code that stands ready-made in a release's source.

Found by content, whatever a file is called. A verdict says that a wheel is what its source builds
to; where the source holds a binary and the build copies it, that binary was compiled by nobody who
could be watched, and the wheel may still be identical. So this stands beside the verdict.

Weighs more: a file that the wheel holds with the same bytes (`in_wheel`). Weighs less: one that the
wheel does not hold, such as test data; a build may yet change it, link it in, or take code from it.
What lies in an archive inside the source is not looked for.
"""

import hashlib
import struct
from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from builders.errors import BuildFault
from builders.sdist import SdistFile, all_files
from verify.archive.errors import ArchiveError
from verify.archive.reader import Archive, read_archive
from verify.finding import Finding, FindingClass, JSONValue
from verify.signals import PREBUILT_BINARY

if TYPE_CHECKING:
    from verify.archive.member import Member

MAX_SEARCHED = 1024**3
"""Bytes that a source may unpack to and be searched to its end; some ten seconds."""

MAX_LISTED = 40
"""Binaries that are named, those first that the wheel holds; all are counted."""

_MAX_NAMES = 5
_MAX_WIDTH = 200

_MAGICS = (
    (b"\x7fELF", "ELF"),
    (b"\xfe\xed\xfa\xce", "Mach-O"),
    (b"\xfe\xed\xfa\xcf", "Mach-O"),
    (b"\xce\xfa\xed\xfe", "Mach-O"),
    (b"\xcf\xfa\xed\xfe", "Mach-O"),
    (b"!<arch>\n", "static library"),
    (b"!<thin>\n", "static library"),
    (b"BC\xc0\xde", "LLVM bitcode"),
    (b"\xde\xc0\x17\x0b", "LLVM bitcode"),
    (b"\0asm", "WebAssembly"),
    (b"dex\n0", "Android bytecode"),
)
"""First bytes, from the formats' specifications."""

_UNIVERSAL_OR_JAVA = b"\xca\xfe\xba\xbe"
_OLDEST_JAVA = 45
"""Version of the first class files; a universal binary holds fewer files than that."""

_FIRST_ENTRY = b"PK\x03\x04"
_JAVA_FOLDER = b"META-INF/"

_CODE_AT = (8, 12, 16)
"""Where bytecode begins in a `.pyc` file: until Python 3.2, until 3.6, and since 3.7."""
_CODE = frozenset({0x63, 0xE3})
"""A code object, with and without a mark that it may be referred to (`Python/marshal.c`)."""

_COFF_MACHINES = frozenset({0x014C, 0x8664, 0xAA64, 0x01C4})
"""x86, x86-64, ARM64, ARM (PE format, "Machine Types")."""


def prebuilt_binaries(source: Path, wheel: Path) -> tuple[Finding, ...]:
    """The signal, once for all binaries in a source; nothing for a source without any.

    Args:
        source: the sdist, which may hold anything.
        wheel: the published one.
    """
    found = _Found(wheel=wheel)
    fault = None
    try:
        with closing(all_files(source, limit=MAX_SEARCHED)) as files:
            for file in files:
                found.look(file)
    except BuildFault as error:
        fault = error.message
    return found.told(fault)


def binary_kind(head: bytes) -> str | None:
    """What compiled format a file is of by its first bytes (some hundred will do); None for none.

    Formats whose marks could begin a text as well need more than their mark.
    """
    plain = next((kind for magic, kind in _MAGICS if head.startswith(magic)), None)
    if plain is not None:
        return plain
    if head.startswith(_UNIVERSAL_OR_JAVA):
        count = int.from_bytes(head[4:8], "big")
        return "Java class" if count & 0xFFFF >= _OLDEST_JAVA else "Mach-O, universal"
    if head.startswith(b"MZ") and not _is_text(head):
        return "PE (Windows)"
    if head.startswith(_FIRST_ENTRY) and head[30:].startswith(_JAVA_FOLDER):
        return "Java archive"
    if head[2:4] == b"\r\n" and not _is_text(head) and _holds_code(head):
        return "Python bytecode"
    return "COFF object" if _is_coff(head) else None


def _is_text(head: bytes) -> bool:
    return all(byte >= 0x20 or byte in b"\t\n\f\r" for byte in head) and 0x7F not in head


def _holds_code(head: bytes) -> bool:
    return any(head[at] in _CODE for at in _CODE_AT if at < len(head))


def _is_coff(head: bytes) -> bool:
    """An object file of Windows: its header has no magic number, but little choice."""
    if len(head) < 20:
        return False
    machine, sections, _time, table, _count, optional, _flags = struct.unpack_from("<HHIIIHH", head)
    return machine in _COFF_MACHINES and 0 < sections < 0xFF00 and optional == 0 and table > 0


@dataclass(frozen=True, kw_only=True, slots=True)
class _Binary:
    name: str
    kind: str
    sha256: str
    size: int
    in_wheel: tuple[str, ...]

    def to_json(self) -> dict[str, JSONValue]:
        return {
            "name": self.name[:_MAX_WIDTH],
            "kind": self.kind,
            "sha256": self.sha256,
            "size": self.size,
            "in_wheel": [name[:_MAX_WIDTH] for name in self.in_wheel[:_MAX_NAMES]],
        }


@dataclass(kw_only=True)
class _Found:
    """What the files so far have come to."""

    wheel: Path
    copied: list[_Binary] = field(default_factory=list)
    others: list[_Binary] = field(default_factory=list)
    copies: int = 0
    rest: int = 0

    def look(self, file: SdistFile) -> None:
        """Take in one file; all of it is read only if its beginning is a binary's."""
        pieces = file.pieces()
        head = next(pieces, b"")
        kind = binary_kind(head[:4096])
        if kind is None:
            return
        digest, size = hashlib.sha256(head), len(head)
        for piece in pieces:
            digest.update(piece)
            size += len(piece)
        names = self._holders.named(digest.hexdigest(), size)
        binary = _Binary(
            name=file.name, kind=kind, sha256=digest.hexdigest(), size=size, in_wheel=names
        )
        self.copies += bool(names)
        self.rest += not names
        kept = self.copied if names else self.others
        if len(kept) < MAX_LISTED:
            kept.append(binary)

    @cached_property
    def _holders(self) -> "_WheelContents":
        return _WheelContents(self.wheel)

    def told(self, fault: str | None) -> tuple[Finding, ...]:
        """The signal; where the source could not be read to its end, that is one as well."""
        if not self.copies and not self.rest and fault is None:
            return ()
        listed = (self.copied + self.others)[:MAX_LISTED]
        evidence: dict[str, JSONValue] = {
            "binaries": [binary.to_json() for binary in listed],
            "copied_into_wheel": self.copies,
            "only_in_source": self.rest,
        }
        if fault is not None:
            evidence["not_searched"] = fault
        return (
            Finding(
                rule=PREBUILT_BINARY,
                kind=FindingClass.NOTE,
                summary="; ".join(self._clauses(fault)),
                evidence=evidence,
            ),
        )

    def _clauses(self, fault: str | None) -> Iterator[str]:
        if self.copies:
            yield (
                f"the wheel holds {_counted(self.copies)} byte for byte as "
                f"{'they stand' if self.copies > 1 else 'it stands'} ready-made in the source"
            )
        if self.rest:
            yield f"the source holds {_counted(self.rest)} that the wheel does not hold as such"
        if fault is not None:
            yield f"the source could not be searched to its end: {fault}"


def _counted(count: int) -> str:
    return "1 binary" if count == 1 else f"{count:,} binaries"


class _WheelContents:
    """Which members of a wheel have certain bytes; only those of the right size are inflated."""

    def __init__(self, wheel: Path) -> None:
        self._archive = _readable(wheel)
        self._known: dict[int, dict[str, list[str]]] = {}
        self._by_size: dict[int, list[Member]] = {}
        for member in self._archive.members if self._archive else ():
            self._by_size.setdefault(member.size, []).append(member)

    def named(self, sha256: str, size: int) -> tuple[str, ...]:
        """The names of the members with this content."""
        if self._archive is None:
            return ()
        if size not in self._known:
            self._known[size] = _by_digest(self._archive, self._by_size.get(size, ()))
        return tuple(self._known[size].get(sha256, ()))


def _readable(wheel: Path) -> Archive | None:
    """None for a wheel that is dangerous for that alone."""
    try:
        archive = read_archive(wheel, inflate_members=False)
    except ArchiveError:
        return None
    rules = {finding.rule for finding in archive.findings}
    return None if rules & {"archive.bomb", "archive.overlap"} else archive


def _by_digest(archive: Archive, members: Iterable["Member"]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for member in members:
        with suppress(ArchiveError):  # a finding of the comparison
            found.setdefault(archive.content(member).sha256, []).append(member.name)
    return found
