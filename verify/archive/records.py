"""The fixed-size records of a ZIP file (APPNOTE 6.3.10), read and written in one place."""

from struct import Struct
from typing import NamedTuple

LOCAL_SIGNATURE = b"PK\x03\x04"
CENTRAL_SIGNATURE = b"PK\x01\x02"
END_SIGNATURE = b"PK\x05\x06"
END64_SIGNATURE = b"PK\x06\x06"
LOCATOR64_SIGNATURE = b"PK\x06\x07"
DESCRIPTOR_SIGNATURE = b"PK\x07\x08"

SENTINEL16 = 0xFFFF
SENTINEL32 = 0xFFFFFFFF
"""APPNOTE 4.4.1.4: the value is in a ZIP64 field instead."""

MAX_COMMENT = 0xFFFF
"""Bytes; the length field has 16 bits, so the end record is in the last 65,557 bytes."""

STORED = 0
DEFLATED = 8

FLAG_ENCRYPTED = 1 << 0
FLAG_DEFLATE_OPTION = (1 << 1) | (1 << 2)
FLAG_DESCRIPTOR = 1 << 3
FLAG_PATCHED = 1 << 5
FLAG_STRONG_ENCRYPTION = 1 << 6
FLAG_UTF8 = 1 << 11
FLAG_MASKED = 1 << 13

SYSTEM_DOS = 0
SYSTEM_UNIX = 3

LOCAL = Struct("<4sBB4H3L2H")
CENTRAL = Struct("<4s4B4H3L5H2L")
END = Struct("<4s4H2LH")
END64 = Struct("<4sQ4B2L4Q")
LOCATOR64 = Struct("<4sLQL")
DESCRIPTOR = Struct("<4s3L")
DESCRIPTOR64 = Struct("<4sL2Q")
EXTRA = Struct("<2H")
ZIP64_LOCAL = Struct("<2H2Q")
ZIP64_ID = 0x0001

DEFLATE_VERSION = 20
ZIP64_VERSION = 45
"""APPNOTE 4.4.3.2, what a version needed says."""

ZIP64_LIMIT = (1 << 31) - 1
"""Above this `zipfile` moves a value to ZIP64, although the format could hold twice as much."""


class LocalHeader(NamedTuple):
    """Local file header, APPNOTE 4.3.7, without name and extra field."""

    signature: bytes
    version_needed: int
    system_needed: int
    flags: int
    method: int
    dos_time: int
    dos_date: int
    crc32: int
    compressed_size: int
    size: int
    name_length: int
    extra_length: int


class CentralHeader(NamedTuple):
    """Central directory file header, APPNOTE 4.3.12, without its variable part."""

    signature: bytes
    made_by: int
    create_system: int
    version_needed: int
    system_needed: int
    flags: int
    method: int
    dos_time: int
    dos_date: int
    crc32: int
    compressed_size: int
    size: int
    name_length: int
    extra_length: int
    comment_length: int
    disk: int
    internal_attr: int
    external_attr: int
    offset: int


class EndRecord(NamedTuple):
    """End of central directory record, APPNOTE 4.3.16."""

    signature: bytes
    disk: int
    directory_disk: int
    entries_here: int
    entries: int
    size: int
    offset: int
    comment_length: int


class End64Record(NamedTuple):
    """ZIP64 end of central directory record, APPNOTE 4.3.14."""

    signature: bytes
    record_size: int
    made_by: int
    create_system: int
    version_needed: int
    system_needed: int
    disk: int
    directory_disk: int
    entries_here: int
    entries: int
    size: int
    offset: int


class Locator64(NamedTuple):
    """ZIP64 end of central directory locator, APPNOTE 4.3.15."""

    signature: bytes
    disk: int
    offset: int
    disks: int
