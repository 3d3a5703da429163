"""Rule `gzip-header`: a gzip member that says another time, or was packed anew.

Explains: two gzip files (RFC 1952) of one name whose headers hold nothing but the fixed fields and
perhaps the file name, where time, file name, level hint or operating system differ. The file name
is that of the member without its suffix. What follows the header is equal; or the content is, at
most 4 MiB, and the published stream is the one that zlib writes for it at a level from 1 to 9, with
memory level 8 or 9 and the default strategy, followed by the right checksum and size and by nothing
else.

Harmless because: decompression gives the same bytes; of the header only the 32 bits of the time are
free, and of the stream only which of eighteen settings packed it. Level 0 is none of them: it holds
the content as it is, where somebody could look for it (`zipimport` minds nothing that is around a
ZIP file).
"""

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

_LIKELY = (9, 6, 1, 2, 3, 4, 5, 7, 8)
_MEMORIES = (8, 9)
"""Arguments of `deflateInit2`: levels, the likely ones first, and memory levels."""

_MAX_CONTENT = 4 * 1024**2
_WINDOW = 256 * 1024

_CONTENT_WORK = 64
_PACKED_WORK = 4
"""Bytes that inflate, or are packed, in the time in which one byte of packed data is walked."""


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
    content = _content(stream, walker)
    if content is None or content != _content(theirs[:-_TRAILER], walker):
        return False
    size, checksum = len(content), zlib.crc32(content)
    if trailer != checksum.to_bytes(4, "little") + size.to_bytes(4, "little"):
        return False
    return any(
        _packs(content, stream, level, memory, walker) for memory in _MEMORIES for level in _LIKELY
    )


def _content(stream: bytes, walker: BlockWalker) -> bytes | None:
    """What a whole deflate stream inflates to; None if it is none, or that is too much."""
    walker.left -= len(stream)
    if walker.left < 0:
        return None
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        content = inflater.decompress(stream, _MAX_CONTENT)
        # The end of a stream may be no more than a code that nothing was put out for.
        content += inflater.decompress(inflater.unconsumed_tail, 1)
    except zlib.error:
        return None
    walker.left -= len(content) // _CONTENT_WORK
    is_whole = inflater.eof and not inflater.unused_data and len(content) <= _MAX_CONTENT
    return content if is_whole and walker.left >= 0 else None


def _packs(content: bytes, stream: bytes, level: int, memory: int, walker: BlockWalker) -> bool:
    """Whether zlib packs the content to just this stream; most settings differ soon."""
    packer = zlib.compressobj(level, zlib.DEFLATED, -zlib.MAX_WBITS, memory)
    at = 0
    for start in range(0, len(content), _WINDOW):
        window = content[start : start + _WINDOW]
        walker.left -= len(window) // _PACKED_WORK
        piece = packer.compress(window)
        if walker.left < 0 or not stream.startswith(piece, at):
            return False
        at += len(piece)
    return stream[at:] == packer.flush()
