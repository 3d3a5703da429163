"""The corpus that fuzzing starts from: small, made by code, so that none of it is in the tree."""

import hashlib
import io
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from tests.support.wheels import Entry, entries, honest_files, pack, wheel_file, with_record

_SMALL = [Entry(name="a/b.py", data=b"x = 1\n" * 9), Entry(name="c", data=b"12345678", method=0)]
_METADATA = b"""\
Metadata-Version: 2.4
Name: Example
Version: 1.0.0
License-File: L
Requires-Dist: a[b,c] (>=1,<2) ; python_version < '3' and (extra == 'x' or os_name)
Description-Content-Type: text/markdown; charset=UTF-8; variant=GFM
Project-URL: a, b
Keywords: a,b
Dynamic: x
Provides-Extra: x

--body
"""
_PROGRAMS = 96
_PACKINGS = 7
_LINES = 56
_LONGEST = 120


def seeds(target: str) -> dict[str, bytes]:
    """File names and contents of a target's corpus."""
    return {f"seed-{at:03}": data for at, data in enumerate(_SEEDS[target]())}


def _archives() -> Iterator[bytes]:
    yield pack(entries())
    yield pack(_SMALL)
    yield pack(_SMALL, comment=b"comment", trailing=b"tail", before_end=b"gap")
    yield pack([replace(entry, gap=b"gap", comment=b"x") for entry in _SMALL])
    yield pack(
        [replace(entry, local_extra=b"UT\1\0x", central_extra=b"up\1\0x") for entry in _SMALL]
    )
    yield pack([Entry(name="d/", method=0, mode=0o40755, central={"external": 0o40755 << 16 | 16})])
    yield pack([])
    for force in (False, True):
        yield _zipfile(force_zip64=force)
    yield _streamed()


def _zipfile(*, force_zip64: bool) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for entry in _SMALL:
            with archive.open(str(entry.name), "w", force_zip64=force_zip64) as member:
                member.write(entry.data)
    return stream.getvalue()


class _Pipe(io.BytesIO):
    def seekable(self) -> bool:
        return False

    def tell(self) -> int:
        raise OSError


def _streamed() -> bytes:
    """With data descriptors, as `zipfile` writes to what it cannot go back in."""
    stream = _Pipe()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for entry in _SMALL:
            archive.writestr(str(entry.name), entry.data)
    return stream.getvalue()


def _dist_info() -> Iterator[bytes]:
    files = with_record(honest_files())
    by_name = {name.rpartition("/")[2]: data for name, data in files.items()}
    yield b"\0" + by_name["METADATA"]
    yield b"\0" + by_name["METADATA"].replace(b"\n", b"\r\n").replace(b"other", b"other\r\n [x]")
    yield b"\0" + _METADATA
    yield b"\1" + by_name["WHEEL"]
    yield b"\1" + wheel_file(tag="py2.py3-none-any\nTag: cp311-cp311-linux_x86_64\nBuild: 1a")
    yield b"\2" + by_name["RECORD"]
    yield b"\2" + by_name["RECORD"].replace(b"\n", b"\r\n").replace(
        b"example/core.py", b'"example/core.py"'
    )
    yield b"\3" + by_name["entry_points.txt"]
    yield b"\3[a.b]\nX = y:z [extra]\n\n# c\n[gui_scripts]\nw=v\n"
    yield b"\4example-1.0-1a-cp311.cp312-abi3-manylinux_2_17_x86_64.manylinux2014_x86_64"
    yield b"\4\xff\x1b-1!1.0.post1+local-py3-none-any"


def _programs() -> Iterator[bytes]:
    """Decisions: none, then one edit each, then different ones of growing length."""
    rich, none, one = 5, 0, 2
    for packing in range(_PACKINGS):
        yield bytes([rich, none, none, one, 0, packing])
    for line in range(_LINES):
        yield bytes([rich, one, 0, 4, 0, 3 + line % 12, line % 2, line])
    for at in range(_PROGRAMS):
        yield hashlib.shake_128(b"%d" % at).digest(at * _LONGEST // _PROGRAMS)


def _native_edits() -> Iterator[bytes]:
    """One edit of a few bytes each, all over a shared object."""
    for at in range(_PROGRAMS):
        place = (at * 331).to_bytes(2, "little")
        yield bytes((at % 3, 1)) + place + bytes((2 + at % 6, 1 + at % 8)) + b"\x01\x7f\x80\xff" * 2


_SEEDS: dict[str, Callable[[], Iterable[bytes]]] = {
    "zip-reader": _archives,
    "dist-info": _dist_info,
    "whole-diff": _programs,
    "native": _native_edits,
    "canary": tuple,
}
