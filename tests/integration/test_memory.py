"""`truewheel diff` in bounded memory, however large a member is."""

import base64
import hashlib
import io
import json
import subprocess
import sys
import zipfile
import zlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tests.support.command import COMMAND
from tests.support.wheels import (
    FILENAME,
    RECORD,
    Entry,
    entries,
    honest_files,
    pack,
    with_record,
    write,
)

MEBIBYTE = 1024**2
LARGE = "example/weights.bin"
ZEROS = bytes(MEBIBYTE)
NOISE = hashlib.shake_256(b"noise").digest(MEBIBYTE)
"""Deflate looks back 32 KiB at most, so that repeating this does not make it compressible."""

MOST = 200 * MEBIBYTE
GROWTH = 20 * MEBIBYTE
"""Bytes of memory that any diff may hold, and that a larger member may add."""

# The kernel's peak of a child starts at that of its parent, so the parent must be a small process.
PEAK = """\
import json, resource, subprocess, sys
done = subprocess.run(sys.argv[1:], stdin=subprocess.DEVNULL, capture_output=True)
print(json.dumps({
    "code": done.returncode,
    "document": json.loads(done.stdout),
    "peak": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024,
}))
"""


@dataclass(frozen=True, kw_only=True)
class Diffed:
    """What `truewheel diff` said, and the bytes of memory that it held at most."""

    code: int
    document: Any
    peak: int


class SparseFile(io.FileIO):
    """A file with holes where whole mebibytes of zeros are written."""

    def write(self, data: Any, /) -> int:  # noqa: ANN401 - whatever is a buffer
        if data != ZEROS:
            return super().write(data)
        self.seek(len(data), io.SEEK_CUR)
        return len(data)


def diff(published: Path, rebuilt: Path) -> Diffed:
    command = (*COMMAND, "diff", "--json", str(published), str(rebuilt))
    done = subprocess.run(
        [sys.executable, "-c", PEAK, *command], check=True, capture_output=True, timeout=900
    )
    return Diffed(**json.loads(done.stdout))


def write_wheel(path: Path, pieces: tuple[bytes, ...], *, day: int, level: int = 0) -> Path:
    """An honest wheel with one large member, written by `zipfile` piece by piece.

    RECORD is behind it: of what starts beyond 2 GiB `zipfile` writes two versions needed.
    """
    path.parent.mkdir(parents=True)
    files = with_record(honest_files())
    files[RECORD] += record_row(pieces).encode()
    with SparseFile(path, "w+") as file, zipfile.ZipFile(file, "w") as archive:
        record = files.pop(RECORD)
        for name, data in files.items():
            archive.writestr(header(name, day), data)
        with archive.open(header(LARGE, day, level), "w", force_zip64=True) as member:
            for piece in pieces:
                member.write(piece)
        archive.writestr(header(RECORD, day), record)
    return path


@cache
def record_row(pieces: tuple[bytes, ...]) -> str:
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
    encoded = base64.urlsafe_b64encode(digest.digest()).rstrip(b"=").decode()
    return f"{LARGE},sha256={encoded},{sum(map(len, pieces))}\n"


def header(name: str, day: int, level: int = 0) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, (2024, 1, day, 0, 0, 0))
    info.external_attr = 0o100644 << 16
    if level:
        info.compress_type = zipfile.ZIP_DEFLATED
        info._compresslevel = level  # type: ignore[attr-defined]  # `open` takes it from nowhere else
    return info


def diff_of_two_days(folder: Path, pieces: tuple[bytes, ...], level: int = 0) -> Diffed:
    """The peak for two wheels that differ in their dates and, if packed, in their level."""
    published = write_wheel(folder / "published" / FILENAME, pieces, day=1, level=level)
    rebuilt = write_wheel(folder / "rebuilt" / FILENAME, pieces, day=2, level=level and 6)
    found = diff(published, rebuilt)
    assert (found.code, found.document["verdict"]) == (0, "regenerated")
    published.unlink()
    rebuilt.unlink()
    return found


def test_memory_does_not_grow_with_a_stored_member(tmp_path: Path) -> None:
    small = diff_of_two_days(tmp_path / "small", (ZEROS,) * 100)
    large = diff_of_two_days(tmp_path / "large", (ZEROS,) * 3072)
    assert large.peak < MOST
    assert large.peak < small.peak + GROWTH


def test_memory_does_not_grow_with_a_member_that_is_packed_again(tmp_path: Path) -> None:
    small = diff_of_two_days(tmp_path / "small", (NOISE,) * 8, level=1)
    large = diff_of_two_days(tmp_path / "large", (NOISE,) * 80, level=1)
    assert large.peak < MOST
    assert large.peak < small.peak + GROWTH


def test_bomb_is_refused_in_bounded_memory(tmp_path: Path) -> None:
    """Three gibibytes of zeros in three mebibytes."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    piece = packer.compress(ZEROS) + packer.flush(zlib.Z_FULL_FLUSH)
    crc, size = 0, 3072 * MEBIBYTE
    for _ in range(3072):
        crc = zlib.crc32(ZEROS, crc)
    bomb = Entry(
        name=LARGE,
        stream=piece * 3072 + packer.flush(),
        local={"crc": crc, "size": size},
        central={"crc": crc, "size": size},
    )
    published = write(tmp_path / "published", pack([*entries(), bomb]))
    found = diff(published, write(tmp_path / "rebuilt", pack(entries())))
    assert (found.code, found.document["verdict"]) == (1, "suspicious")
    assert {"archive.bomb"} <= {each["rule"] for each in found.document["findings"]}
    assert found.peak < MOST
