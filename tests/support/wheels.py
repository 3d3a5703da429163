"""Real wheels, and malformed ones, byte by byte.

The layouts are written here a second time, from APPNOTE, on purpose: a mistake in the product's own
would otherwise be made in its tests as well.
"""

import base64
import hashlib
import struct
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

FILENAME = "example-1.0-py3-none-any.whl"
DIST_INFO = "example-1.0.dist-info"
RECORD = f"{DIST_INFO}/RECORD"

REGULAR = 0o100644
LOCAL = "<4sHHHHHLLLHH"
CENTRAL = "<4sBBHHHHHLLLHHHHHLL"
END = "<4sHHHHLLH"


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A member to write; `local` and `central` replace header fields by name, lies included.

    `stream` replaces the packed bytes, `gap` is written before the local header, `descriptor`
    behind the data; an entry without `has_local` or `has_central` lacks that header.
    """

    name: str | bytes
    data: bytes = b""
    method: int = 8
    level: int = 6
    strategy: int = zlib.Z_DEFAULT_STRATEGY
    time: int = 0
    date: int = 0x21
    mode: int = REGULAR
    system: int = 3
    flags: int = 0
    stream: bytes | None = None
    descriptor: bytes = b""
    gap: bytes = b""
    local_extra: bytes = b""
    central_extra: bytes = b""
    comment: bytes = b""
    has_local: bool = True
    has_central: bool = True
    local_name: bytes | None = None
    local: Mapping[str, int] = field(default_factory=dict)
    central: Mapping[str, int] = field(default_factory=dict)

    @property
    def raw_name(self) -> bytes:
        return self.name if isinstance(self.name, bytes) else self.name.encode()

    @property
    def packed(self) -> bytes:
        if self.stream is not None:
            return self.stream
        return self.data if self.method == 0 else deflate(self.data, self.level, self.strategy)

    def fields(self) -> dict[str, int]:
        return {
            "needed": 20,
            "flags": self.flags,
            "method": self.method,
            "time": self.time,
            "date": self.date,
            "crc": zlib.crc32(self.data),
            "compressed": len(self.packed),
            "size": len(self.data),
        }


def deflate(data: bytes, level: int = 6, strategy: int = zlib.Z_DEFAULT_STRATEGY) -> bytes:
    packer = zlib.compressobj(level, zlib.DEFLATED, -15, 8, strategy)
    return packer.compress(data) + packer.flush()


def pack(
    entries: Iterable[Entry],
    *,
    comment: bytes = b"",
    before_directory: bytes = b"",
    before_end: bytes = b"",
    trailing: bytes = b"",
    end: Mapping[str, int] | None = None,
) -> bytes:
    """An archive of these entries; `end` replaces fields of the end record."""
    body, directory, count = b"", b"", 0
    for entry in entries:
        offset = len(body) + len(entry.gap)
        body += entry.gap
        if entry.has_local:
            body += _local(entry) + entry.packed + entry.descriptor
        if entry.has_central:
            directory += _central(entry, offset)
            count += 1
    body += before_directory
    values = {
        "disk": 0,
        "start_disk": 0,
        "here": count,
        "total": count,
        "size": len(directory),
        "offset": len(body),
        "comment": len(comment),
        **(end or {}),
    }
    record = struct.pack(END, b"PK\5\6", *values.values())
    return body + directory + before_end + record + comment + trailing


def _local(entry: Entry) -> bytes:
    name = entry.raw_name if entry.local_name is None else entry.local_name
    values = {**entry.fields(), **entry.local}
    header = struct.pack(LOCAL, b"PK\3\4", *values.values(), len(name), len(entry.local_extra))
    return header + name + entry.local_extra


def _central(entry: Entry, offset: int) -> bytes:
    values = {
        "made_by": 20,
        "system": entry.system,
        **entry.fields(),
        "name": len(entry.raw_name),
        "extra": len(entry.central_extra),
        "comment": len(entry.comment),
        "disk": 0,
        "internal": 0,
        "external": entry.mode << 16,
        "offset": offset,
        **entry.central,
    }
    header = struct.pack(CENTRAL, b"PK\1\2", *values.values())
    return header + entry.raw_name + entry.central_extra + entry.comment


def honest_files(extra: Mapping[str, bytes] | None = None) -> dict[str, bytes]:
    """The members of a small pure wheel, without RECORD."""
    return {
        "example/__init__.py": b'"""An example."""\n\nfrom example.core import answer\n' * 3,
        "example/core.py": b"def answer() -> int:\n    return 42\n",
        "example/data.txt": bytes(range(32, 127)) * 40,
        f"{DIST_INFO}/METADATA": b"Metadata-Version: 2.1\nName: example\nVersion: 1.0\n"
        b"Requires-Dist: other>=1\n\nAbout the example.\n",
        f"{DIST_INFO}/WHEEL": wheel_file(),
        f"{DIST_INFO}/entry_points.txt": b"[console_scripts]\nexample = example.core:answer\n",
        **(extra or {}),
    }


def varied_text(size: int = 40_000) -> bytes:
    """Text whose packed form tells levels and strategies of deflate apart."""
    state = 1
    words: list[bytes] = []
    while len(words) * 4 < size:
        state = state * 1103515245 + 12345 & 0x7FFFFFFF
        words.append(b"%x" % (state >> 16 & 0x3FF))
    return b" ".join(words)


def wheel_file(generator: str = "bdist_wheel (0.43.0)", tag: str = "py3-none-any") -> bytes:
    lines = [
        "Wheel-Version: 1.0",
        f"Generator: {generator}",
        "Root-Is-Purelib: true",
        f"Tag: {tag}",
    ]
    return "\n".join([*lines, "", ""]).encode()


def record_row(name: str, data: bytes) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
    return f"{name},sha256={digest},{len(data)}"


def with_record(files: Mapping[str, bytes], rows: Sequence[str] | None = None) -> dict[str, bytes]:
    """The files and a RECORD of them; `rows` replaces its rows."""
    if rows is None:
        rows = [*(record_row(name, data) for name, data in files.items()), f"{RECORD},,"]
    return {**files, RECORD: "".join(f"{row}\n" for row in rows).encode()}


def entries(files: Mapping[str, bytes] | None = None) -> list[Entry]:
    """One plain entry for each file; the honest wheel without an argument."""
    return [
        Entry(name=name, data=data)
        for name, data in (with_record(honest_files()) if files is None else files).items()
    ]


def changed(
    name: str, change: Mapping[str, object], base: Sequence[Entry] | None = None
) -> list[Entry]:
    """The entries with fields of the one of this name replaced."""
    return [
        replace(entry, **change) if entry.name == name else entry  # type: ignore[arg-type]  # by field name
        for entry in base or entries()
    ]


def write(directory: Path, data: bytes, filename: str = FILENAME) -> Path:
    """Put a wheel's bytes into a directory of its own."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / filename
    path.write_bytes(data)
    return path
