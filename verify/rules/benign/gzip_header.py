"""Rule `gzip-header`: a gzip member that says another time, or was packed anew.

Explains: two gzip files (RFC 1952) of one name whose headers hold nothing but the fixed fields and
perhaps the file name, where time, file name, level hint or operating system differ. The file name
is that of the member without its suffix. What follows the header is equal; or the content is, and
the published stream ends where it must, has no bit without a meaning, is no larger than the content
without compression, and is followed by the right checksum and size and by nothing else.

Harmless because: decompression gives the same bytes, and of the header only the 32 bits of the time
are free. Which matches a compressor picks is free in the same way as in `container.deflate-stream`.
"""

import hashlib
import re
import zlib
from dataclasses import dataclass

from verify.archive.blocks import BlockWalker
from verify.archive.facts import benign
from verify.finding import Finding
from verify.rules.interface import Context, Difference

_SUFFIXES = {".gz": "", ".tgz": ".tar", ".svgz": ".svg"}
_FIXED = 10
_TRAILER = 8
_MAGIC = b"\x1f\x8b\x08"
_HAS_NAME = 0x08
_NAME = re.compile(rb"[A-Za-z0-9_][A-Za-z0-9._+-]{0,99}")
_LEVELS = frozenset({0, 2, 4})
_SYSTEMS = frozenset({0, 3, 7, 10, 11, 255})
"""FAT, Unix, Macintosh, TOPS-20 (which zlib writes on Windows), NTFS, unknown."""

_MAX_CONTENT = 16 * 1024**2
_CONTENT_WORK = 64
"""Bytes that inflate in the time in which one byte of packed data is walked."""

_WINDOW = 256 * 1024
_STORED_BLOCK = 16 * 1024
_SLACK = 64


@dataclass(frozen=True, kw_only=True, slots=True)
class _Gzip:
    """A gzip file with one header: the stream and its trailer follow."""

    header: bytes
    body: bytes

    @property
    def time(self) -> int:
        return int.from_bytes(self.header[4:8], "little")


def gzip_header(difference: Difference, context: Context) -> Finding | None:
    """Explain a gzip member that differs in its header, or in how it was packed."""
    if difference.published is None or difference.rebuilt is None:
        return None
    name = _unpacked_name(difference.name)
    if name is None:
        return None
    ours = _parse(difference.published.data(), name)
    theirs = _parse(difference.rebuilt.data(), name)
    if ours is None or theirs is None:
        return None
    is_repacked = ours.body != theirs.body
    if is_repacked and not _is_same_content(ours.body, theirs.body, context.walker):
        return None
    return benign(
        "gzip-header",
        "The gzip file has the same content; its header differs, or how it was packed.",
        member=difference.name,
        published_time=ours.time,
        rebuilt_time=theirs.time,
        repacked=is_repacked,
    )


def _unpacked_name(member: str) -> bytes | None:
    top, _, below = member.partition("/")
    if not below or top.casefold().endswith(".dist-info"):
        return None
    last = member.rpartition("/")[2]
    for suffix, instead in _SUFFIXES.items():
        if last.endswith(suffix) and last.isascii():
            return (last.removesuffix(suffix) + instead).encode()
    return None


def _parse(data: bytes | None, name: bytes) -> _Gzip | None:
    if data is None or len(data) < _FIXED + _TRAILER or not data.startswith(_MAGIC):
        return None
    flags, level, system = data[3], data[8], data[9]
    if flags & ~_HAS_NAME or level not in _LEVELS or system not in _SYSTEMS:
        return None
    end = _FIXED
    if flags:
        end += len(name) + 1
        if data[_FIXED:end] != name + b"\0" or _NAME.fullmatch(name) is None:
            return None
    return _Gzip(header=data[:end], body=data[end:])


def _is_same_content(ours: bytes, theirs: bytes, walker: BlockWalker) -> bool:
    stream, trailer = ours[:-_TRAILER], ours[-_TRAILER:]
    if len(stream) > walker.left or walker.fault(stream) is not None:
        return False
    published = _content(stream, walker)
    if published is None or published != _content(theirs[:-_TRAILER], walker):
        return False
    _, size, checksum = published
    if len(stream) > size + 5 * (size // _STORED_BLOCK) + _SLACK:
        return False
    return trailer == checksum.to_bytes(4, "little") + size.to_bytes(4, "little")


def _content(stream: bytes, walker: BlockWalker) -> tuple[str, int, int] | None:
    """SHA-256, size and CRC-32 of what a whole deflate stream inflates to."""
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    digest, size, checksum = hashlib.sha256(), 0, 0
    pending = stream
    while not inflater.eof:
        try:
            window = inflater.decompress(pending, _WINDOW)
        except zlib.error:
            return None
        pending = inflater.unconsumed_tail
        walker.left -= len(window) // _CONTENT_WORK
        size += len(window)
        is_stuck = not window and not pending and not inflater.eof
        if is_stuck or size > _MAX_CONTENT or walker.left < 0:
            return None
        digest.update(window)
        checksum = zlib.crc32(window, checksum)
    return None if inflater.unused_data else (digest.hexdigest(), size, checksum)
