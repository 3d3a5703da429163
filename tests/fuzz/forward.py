"""A reader of the kind that installers stream with: from the first byte on, no directory.

It is written from APPNOTE, and knows only what such readers can know.
"""

import struct
import zlib

_LOCAL = struct.Struct("<4sHHHHHLLLHH")
_ZIP64 = struct.Struct("<HHQQ")
_DESCRIPTOR = 8
_SENTINEL = 0xFFFFFFFF


def forward_contents(data: bytes) -> list[tuple[bytes, bytes]]:
    """Names and contents of the members in the order of their local headers.

    Raises:
        ValueError: a member's end cannot be known, or it does not fit its CRC.
    """
    found, at = [], 0
    while data[at : at + 4] == b"PK\3\4":
        name, content, at = _member(data, at)
        found.append((name, content))
    return found


def _member(data: bytes, at: int) -> tuple[bytes, bytes, int]:
    fields = _LOCAL.unpack_from(data, at)
    flags, method, (crc, packed, size, name_size, extra_size) = fields[2], fields[3], fields[6:]
    at += _LOCAL.size
    name, extra = data[at : at + name_size], data[at + name_size : at + name_size + extra_size]
    at += name_size + extra_size
    is_wide = (packed, size) == (_SENTINEL, _SENTINEL) and len(extra) == _ZIP64.size
    if is_wide:
        _, _, size, packed = _ZIP64.unpack(extra)
    if method == 0:
        content, at = data[at : at + packed], at + packed
    else:
        stream = zlib.decompressobj(-15)
        content = stream.decompress(data[at:])
        at = len(data) - len(stream.unused_data)
    if flags & _DESCRIPTOR:
        layout = struct.Struct("<4sLQQ" if is_wide else "<4sLLL")
        _, crc, packed, size = layout.unpack_from(data, at)
        at += layout.size
    if zlib.crc32(content) != crc or len(content) != size:
        raise ValueError(f"{name!r} has another content than it says")
    return name, content, at
