"""Rule `container.deflate-stream`: the same content, packed by a compressor that is not zlib.

Explains: a member whose content equals the rebuilt one's, whose deflate stream no setting of zlib
reproduces (other compressors: zlib-ng, libdeflate, miniz, 7-Zip).

Harmless because: inflating has one result, which was compared; the stream ends in the last byte of
the compressed data (the archive reader checks that no byte follows), and the bits of that byte
behind the end are zero, as RFC 1951 encoders leave them. How an encoder splits blocks and picks
matches stays free, so this rule allows `equivalent` at best and never `regenerated`.
"""

import zlib

from verify.archive.facts import benign, unexplained
from verify.archive.member import Member
from verify.archive.raw import RawFile
from verify.archive.records import DEFLATED
from verify.finding import Finding

_WINDOW = 64 * 1024


def deflate_stream(raw: RawFile, member: Member) -> Finding:
    """A benign finding for a stream that ends cleanly, an unexplained one for any other."""
    if member.method == DEFLATED and _ends_cleanly(raw, member):
        return benign(
            "container.deflate-stream",
            "The content is identical; another compressor than zlib packed it.",
            member=member.name,
            compressed_size=member.compressed_size,
        )
    return unexplained(
        "container.deflate-slack",
        "The content is identical, but its deflate stream ends in bits that mean nothing.",
        member=member.name,
        compressed_size=member.compressed_size,
    )


def _ends_cleanly(raw: RawFile, member: Member) -> bool:
    """Whether all bits behind the end of the stream are zero.

    zlib does not tell at which bit a stream ends. A bit of the last byte is behind the end exactly
    if flipping it changes nothing: a flipped bit of the end-of-block code or of stored data does.
    """
    if member.data_offset is None or member.compressed_size < 1:
        return False
    last = member.data_offset + member.compressed_size - 1
    stream = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        for window in raw.windows(member.data_offset, last):
            _drain(stream, window)
    except zlib.error:
        return False
    byte = raw.slice(last, last + 1)[0]
    reference = _end(stream, byte)
    if reference is None:
        return False
    for bit in range(7, -1, -1):
        if _end(stream, byte ^ (1 << bit)) != reference:
            return True
        if byte & (1 << bit):
            return False
    # All eight bits behind the end: the whole byte would follow the stream.
    return False


def _drain(stream: "zlib._Decompress", data: bytes) -> None:
    while stream.decompress(data, _WINDOW) or stream.unconsumed_tail:
        data = stream.unconsumed_tail


def _end(stream: "zlib._Decompress", byte: int) -> bytes | None:
    """What the last byte adds to the content, None if the stream does not end in it."""
    branch = stream.copy()
    try:
        added = branch.decompress(bytes([byte]), _WINDOW)
    except zlib.error:
        return None
    return added if branch.eof and not branch.unused_data else None
