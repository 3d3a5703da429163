"""Reading the few files of an sdist that plan a build. Its code runs in a sandbox only, later."""

import bz2
import gzip
import io
import lzma
import tarfile
import tomllib
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from builders.errors import BuildFault, FailureCode

MAX_UNPACKED = 4 * 1024**3
MAX_FILE = 4 * 1024**2
MAX_MEMBERS = 200_000
PLANNING_FILES = frozenset({"pyproject.toml", "setup.py", "setup.cfg", "PKG-INFO"})

LEGACY_BACKEND = "setuptools.build_meta:__legacy__"
LEGACY_REQUIRES = ("setuptools", "wheel")


@dataclass(frozen=True, kw_only=True, slots=True)
class BuildSystem:
    """The [build-system] table of PEP 518 and PEP 517, or the default where there is none.

    Attributes:
        declared: whether the source has the table; without it, direct `setup.py` calls were usual.
    """

    requires: tuple[str, ...]
    backend: str
    backend_path: tuple[str, ...]
    declared: bool


def read_build_system(sdist: Path) -> BuildSystem:
    """The build system that an sdist declares.

    Raises:
        BuildFault: the archive is broken or beyond bounds, or its pyproject.toml is invalid.
    """
    files = _planning_files(sdist)
    if "pyproject.toml" not in files and "setup.py" not in files:
        raise BuildFault(
            f"{sdist.name} has neither pyproject.toml nor setup.py at its root",
            code=FailureCode.BAD_SOURCE,
        )
    try:
        table = tomllib.loads(files.get("pyproject.toml", b"").decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise BuildFault(
            f"pyproject.toml of {sdist.name} is invalid: {error}", code=FailureCode.BAD_SOURCE
        ) from error
    return _build_system(table.get("build-system"), sdist.name)


def _build_system(table: object, where: str) -> BuildSystem:
    if table is None:
        return BuildSystem(
            requires=LEGACY_REQUIRES, backend=LEGACY_BACKEND, backend_path=(), declared=False
        )
    if not isinstance(table, dict):
        raise BuildFault(f"[build-system] of {where} is no table", code=FailureCode.BAD_SOURCE)
    backend = table.get("build-backend", LEGACY_BACKEND)
    if not isinstance(backend, str) or not backend:
        raise BuildFault(f"build-backend of {where} is no name", code=FailureCode.BAD_SOURCE)
    return BuildSystem(
        requires=_strings(table.get("requires", list(LEGACY_REQUIRES)), "requires", where),
        backend=backend,
        backend_path=_strings(table.get("backend-path", []), "backend-path", where),
        declared=True,
    )


def _strings(value: object, key: str, where: str) -> tuple[str, ...]:
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return tuple(value)
    raise BuildFault(f"{key} of {where} is no list of strings", code=FailureCode.BAD_SOURCE)


def _planning_files(sdist: Path) -> dict[str, bytes]:
    """Contents of the planning files at the archive's root, by name."""
    reader = _zip_files if sdist.suffix == ".zip" else _tar_files
    try:
        return dict(reader(sdist))
    except (
        tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError,
        ValueError, NotImplementedError, RuntimeError, MemoryError, OverflowError,
    ) as error:  # fmt: skip
        raise BuildFault(
            f"{sdist.name} cannot be read: {error}", code=FailureCode.BAD_SOURCE
        ) from error


def _root_file(name: str) -> str | None:
    """`setup.py` for `anything-1.0/setup.py`, None for what lies elsewhere."""
    parts = name.removeprefix("./").split("/")
    return parts[1] if len(parts) == 2 and parts[1] in PLANNING_FILES else None


def _tar_files(sdist: Path) -> Iterator[tuple[str, bytes]]:
    # Stream mode never seeks, so headers with negative or looping offsets (CVE-2019-20907,
    # CVE-2025-8194) cannot make it read the same place twice.
    with (
        _decompressed(sdist) as stream,
        tarfile.open(fileobj=_Bounded(stream), mode="r|") as archive,
    ):
        for count, member in enumerate(archive):
            if count > MAX_MEMBERS:
                raise ValueError("too many members")
            name = _root_file(member.name)
            if name is not None and member.isreg():
                if member.size > MAX_FILE:
                    raise ValueError(f"{member.name} is too large")
                content = archive.extractfile(member)
                yield name, content.read() if content else b""


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


class _Bounded(io.RawIOBase):
    """A stream that refuses to unpack more than MAX_UNPACKED bytes."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._left = MAX_UNPACKED

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        chunk = self._stream.read(size)
        self._left -= len(chunk)
        if self._left < 0:
            raise ValueError("unpacks to too many bytes")
        return chunk


def _zip_files(sdist: Path) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(sdist) as archive:
        for info in archive.infolist()[:MAX_MEMBERS]:
            name = _root_file(info.filename)
            if name is not None and not info.is_dir():
                if info.file_size > MAX_FILE:
                    raise ValueError(f"{info.filename} is too large")
                with archive.open(info) as content:
                    yield name, content.read(MAX_FILE)
