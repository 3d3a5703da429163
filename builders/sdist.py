"""Reading the few files that plan a build out of an sdist, whatever the archive tries.

tarfile reads extended headers (PAX, GNU long names, sparse maps) into memory, as long as they say
they are. So it reads through a stream that is told where headers start, and that counts what is
read from there on; tarfile seeks before it reads anything else.
"""

import bz2
import gzip
import io
import lzma
import re
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, cast

from builders.errors import BuildFault, FailureCode

MAX_UNPACKED = 4 * 1024**3
MAX_MEMBERS = 200_000

MAX_FILE = 512 * 1024
"""Bytes of a planning file; pyproject.toml files of a hundred kilobytes exist."""

MAX_HEADER = 1024 * 1024
"""Bytes of the headers of one member together, and of one read."""

MAX_GLOBAL_HEADERS = 100
"""Entries of global PAX headers, which are kept to the end; git archives have one."""

PIECE = 64 * 1024
"""Bytes of a file that are read at once."""

READ_FILE = "pyproject.toml"
CONFIG_FILE = "setup.cfg"
BUILD_FILES = frozenset({READ_FILE, "setup.py"})
"""Of which the root of a source has one."""

_READ_FILES = frozenset({READ_FILE, CONFIG_FILE})

FAULTS = (
    tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError,
    ValueError, RuntimeError, MemoryError, OverflowError,
)  # fmt: skip
"""What broken archives raise; RuntimeError is also RecursionError and NotImplementedError."""

_PAX_DIGITS = re.compile(rb"[0-9]{64}")


def planning_files(sdist: Path) -> dict[str, bytes]:
    """The planning files at the archive's root: pyproject.toml, setup.cfg, and setup.py as empty.

    The root is the archive's one directory, or the archive itself if it has files there that build.

    Raises:
        BuildFault: the archive is broken or beyond bounds.
    """
    reader = _zip_files if sdist.suffix == ".zip" else _tar_files
    with _faults_told(sdist):
        found: dict[int, dict[str, bytes]] = {0: {}, 1: {}}
        for depth, name, content in reader(sdist):
            found[depth][name] = content
        return found[0] if found[0].keys() & BUILD_FILES else found[1]


@dataclass(frozen=True, kw_only=True, slots=True)
class SdistFile:
    """A regular file of an sdist.

    Attributes:
        name: its path in the archive, as the archive spells it.
        pieces: its content, to be had before the next file is asked for; raises BuildFault.
    """

    name: str
    pieces: Callable[[], Iterator[bytes]]


def all_files(sdist: Path, *, limit: int) -> Generator[SdistFile]:
    """Every regular file of an sdist, in the archive's order.

    Args:
        sdist: the archive.
        limit: bytes that the archive may unpack to, as far as it is read.

    Raises:
        BuildFault: the archive is broken or beyond bounds, which may show only on the way.
    """
    reader = _zip_streams if sdist.suffix == ".zip" else _tar_streams
    budget = _Budget(limit)

    def pieces(opened: Callable[[], IO[bytes]]) -> Iterator[bytes]:
        with _faults_told(sdist), opened() as stream:
            while piece := stream.read(PIECE):
                budget.spend(len(piece))
                yield piece

    with _faults_told(sdist):
        for name, opened in reader(sdist, limit):
            yield SdistFile(name=name, pieces=partial(pieces, opened))


class _Budget:
    """Bytes that may still be read; what a sparse file leaves out counts, too."""

    def __init__(self, limit: int) -> None:
        self._left = limit

    def spend(self, size: int) -> None:
        self._left -= size
        if self._left < 0:
            raise ValueError("unpacks to too many bytes")


@contextmanager
def _faults_told(sdist: Path) -> Iterator[None]:
    try:
        yield
    except FAULTS as error:
        said = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise BuildFault(
            f"{sdist.name} cannot be read: {str(said)[:300]}", code=FailureCode.BAD_SOURCE
        ) from error


def _root_file(name: str) -> tuple[int, str] | None:
    """Depth and name: `(1, "setup.py")` for `anything-1.0/setup.py`, None for what lies deeper."""
    above, _, base = name.removeprefix("./").rpartition("/")
    is_known = base in BUILD_FILES or base in _READ_FILES
    return (int(bool(above)), base) if is_known and "/" not in above else None


def _tar_files(sdist: Path) -> Iterator[tuple[int, str, bytes]]:
    with _decompressed(sdist) as unpacked:
        stream = _Forward(unpacked, MAX_UNPACKED)
        with tarfile.TarFile(fileobj=cast("IO[bytes]", stream), mode="r") as archive:
            for member in _members(archive, stream):
                place = _root_file(member.name)
                if place is not None and member.isreg():
                    is_read = place[1] in _READ_FILES
                    yield *place, _tar_content(archive, member) if is_read else b""


def _tar_streams(sdist: Path, limit: int) -> Iterator[tuple[str, Callable[[], IO[bytes]]]]:
    with _decompressed(sdist) as unpacked:
        stream = _Forward(unpacked, limit)
        with tarfile.TarFile(fileobj=cast("IO[bytes]", stream), mode="r") as archive:

            def opened(member: tarfile.TarInfo) -> IO[bytes]:
                stream.expect_content()
                return archive.extractfile(member) or io.BytesIO()

            for member in _members(archive, stream):
                if member.isreg():
                    yield member.name, partial(opened, member)


def _members(archive: tarfile.TarFile, stream: "_Forward") -> Iterator[tarfile.TarInfo]:
    for _ in range(MAX_MEMBERS):
        stream.expect_header()
        member = archive.next()
        if member is None:
            return
        # Else every header stays in memory to the end.
        archive.members.clear()  # type: ignore[attr-defined] # an attribute typeshed leaves out
        if len(archive.pax_headers) > MAX_GLOBAL_HEADERS:
            raise ValueError("too many global headers")
        yield member
    raise ValueError("too many members")


def _tar_content(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    if member.size > MAX_FILE:
        raise ValueError(f"{member.name} is too large")
    content = archive.extractfile(member)
    return content.read() if content else b""


def _decompressed(sdist: Path) -> IO[bytes]:
    with sdist.open("rb") as file:
        magic = file.read(6)
    if magic.startswith(b"\x1f\x8b"):
        return cast("IO[bytes]", gzip.open(sdist))
    if magic.startswith(b"BZh"):
        return bz2.open(sdist)
    if magic == b"\xfd7zXZ\x00":
        return lzma.open(sdist)
    return sdist.open("rb")


class _Forward(io.RawIOBase):
    """A stream that only goes forward, and is read in small pieces.

    Without a way back, headers with negative or looping offsets (CVE-2019-20907, CVE-2025-8194)
    cannot make tarfile read the same place twice.
    """

    def __init__(self, stream: IO[bytes], limit: int) -> None:
        self._stream = stream
        self._limit = limit
        self._at = 0
        self._left = MAX_HEADER
        self._is_content = False

    def expect_header(self) -> None:
        """Allow MAX_HEADER bytes from here on, as every seek does."""
        self._left = MAX_HEADER
        self._is_content = False

    def expect_content(self) -> None:
        """Take what is read up to the next header for content, which tarfile does not parse."""
        self._is_content = True

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        if whence != io.SEEK_SET or offset < self._at:
            raise ValueError("it refers back to itself")
        if offset > self._limit:
            raise ValueError("unpacks to too many bytes")
        while self._at < offset:
            skipped = self._stream.read(min(offset - self._at, MAX_HEADER))
            if not skipped:
                break
            self._at += len(skipped)
        self._left = MAX_HEADER
        return self._at

    def read(self, size: int = -1) -> bytes:
        self._left -= size
        if size < 0 or self._left < 0:
            raise ValueError("a header is too large")
        chunk = self._stream.read(size)
        # tarfile's search for hdrcharset takes quadratic time in a run of digits (CVE-2024-6232).
        is_parsed = size > tarfile.BLOCKSIZE and not self._is_content
        if is_parsed and _PAX_DIGITS.search(chunk):
            raise ValueError("a header has an absurd number")
        self._at += len(chunk)
        if self._at > self._limit:
            raise ValueError("unpacks to too many bytes")
        return chunk


def _zip_files(sdist: Path) -> Iterator[tuple[int, str, bytes]]:
    with zipfile.ZipFile(sdist) as archive:
        for info in archive.infolist()[:MAX_MEMBERS]:
            place = _root_file(info.filename)
            if place is not None and not info.is_dir():
                yield *place, _zip_content(archive, info) if place[1] in _READ_FILES else b""


def _zip_streams(sdist: Path, _limit: int) -> Iterator[tuple[str, Callable[[], IO[bytes]]]]:
    with zipfile.ZipFile(sdist) as archive:
        infos = archive.infolist()
        if len(infos) > MAX_MEMBERS:
            raise ValueError("too many members")
        for info in infos:
            # What else there is may want any amount of memory.
            if info.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
                raise ValueError("a member is packed otherwise than ZIP archives are")
            if not info.is_dir():
                yield info.filename, partial(archive.open, info)


def _zip_content(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    if info.file_size > MAX_FILE:
        raise ValueError(f"{info.filename} is too large")
    with archive.open(info) as content:
        return content.read(MAX_FILE)
