"""Bytes that belong to nothing, and files that are something else as well."""

import io
import tarfile
from dataclasses import replace
from functools import cache

from tests.attacks.catalogue.technique import PAYLOAD, Family, Tampered
from tests.support.real_wheels import RealWheel
from tests.support.wheels import Entry, pack

FOREIGN_BYTES = Family("Foreign bytes and polyglots")

_TAR_BLOCK = 512
_LOCAL_SIZE = 30


def _tar(name: str, data: bytes) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        info = tarfile.TarInfo(name)
        info.size = len(data)
        archive.addfile(info, io.BytesIO(data))
    return stream.getvalue()


def _in_front(wheel: RealWheel, prefix: bytes) -> bytes:
    """The wheel behind a prefix, with all offsets right."""
    return pack([replace(wheel.entries[0], gap=prefix), *wheel.entries[1:]])


@cache
def _tar_in_a_member(name: str) -> Entry:
    """A stored member that makes an archive which starts with it a tar archive, too.

    Its local header and the start of its content are the name in a tar header, whose other fields
    the rest of the first block holds.
    """
    header = bytearray(_TAR_BLOCK)
    header[100:108] = b"0000644\0"
    header[108:116] = header[116:124] = b"0000000\0"
    header[124:136] = header[136:148] = b"00000000000\0"
    header[156:157] = b"0"
    header[257:265] = b"ustar\x0000"
    checksum = 0
    # The tar header's checksum covers the member's CRC, which covers the checksum: only trying
    # what is free, the last bytes of the block, finds two that fit.
    for free in range(1 << 16):
        header[508:512] = free.to_bytes(4, "little")
        header[148:156] = b"%06o\0 " % checksum
        content = bytes(header[_LOCAL_SIZE + len(name) :]) + _tar("evil.py", PAYLOAD)[:2048]
        entry = Entry(name=name, data=content, method=0)
        block = pack([entry])[:_TAR_BLOCK]
        found = sum(block[:148]) + 8 * 0x20 + sum(block[156:])
        if found == checksum:
            return entry
        checksum = found
    raise AssertionError("no checksum fits")


@FOREIGN_BYTES.dangerous("archive.prefix", "The wheel is a shell script as well.")
def script_in_front(wheel: RealWheel) -> bytes:
    return _in_front(wheel, b"#!/bin/sh\nexit 0\n")


@FOREIGN_BYTES.dangerous("archive.end-offset", "The same, without the care for offsets.")
def script_in_front_with_stale_offsets(wheel: RealWheel) -> bytes:
    return b"#!/bin/sh\nexit 0\n" + wheel.data


@FOREIGN_BYTES.dangerous("archive.prefix", "The wheel is a program as well.")
def program_in_front(wheel: RealWheel) -> list[bytes]:
    return [_in_front(wheel, b"\x7fELF" + bytes(60)), _in_front(wheel, b"MZ" + bytes(62))]


@FOREIGN_BYTES.dangerous("archive.prefix", "The wheel is a document as well.")
def document_in_front(wheel: RealWheel) -> bytes:
    return _in_front(wheel, b"%PDF-1.7\n")


@FOREIGN_BYTES.dangerous("archive.prefix", "Tools that unpack tar find another module.")
def tar_in_front(wheel: RealWheel) -> bytes:
    return _in_front(wheel, _tar(wheel.module, PAYLOAD))


@FOREIGN_BYTES.dangerous("archive.trailing-bytes", "Tools that look for tar blocks find a module.")
def tar_behind(wheel: RealWheel) -> bytes:
    return wheel.data + _tar(wheel.module, PAYLOAD)


@FOREIGN_BYTES.dangerous("archive.tar", "A proper archive that tar unpacks to another module.")
def tar_through_a_stored_member(wheel: RealWheel) -> Tampered:
    """The source builds to the same polyglot, so nothing but the judge of one file can object."""
    entry = _tar_in_a_member("x")
    base = wheel.with_files({"x": entry.data})
    ordered = [entry, *(each for each in base if each.name != "x")]
    later = [replace(each, date=0x5822) if each.name != "x" else each for each in ordered]
    return Tampered(data=pack(later), rebuilt=pack(ordered))


@FOREIGN_BYTES.dangerous("archive.gap", "A payload between two members.")
def gap_between_members(wheel: RealWheel) -> list[bytes]:
    return [wheel.edited(name=wheel.record, gap=gap) for gap in (b"hidden", bytes(512))]


@FOREIGN_BYTES.dangerous("archive.gap", "A payload before the directory (an APK signing block).")
def gap_before_the_directory(wheel: RealWheel) -> bytes:
    return pack(wheel.entries, before_directory=b"APK Sig Block 42")


@FOREIGN_BYTES.dangerous("archive.unreadable", "Another format under the name of a wheel.")
def no_archive_at_all(wheel: RealWheel) -> list[bytes]:
    return [b"", b"MZ" + bytes(4000), _tar(wheel.module, PAYLOAD)]
