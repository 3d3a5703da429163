"""Rule `container.deflate-stream`: the same content, packed by a compressor that is not zlib.

Explains: a member whose content equals the rebuilt one's or is explained, whose deflate stream no
setting of zlib reproduces (other compressors: zlib-ng, libdeflate, miniz, 7-Zip), in an archive
that looks packed so, or where the rebuilt member of explained content was packed so (both asked in
`verify.compare.streams`).

Harmless because: inflating has one result, which was compared; no block is empty but for the last
and two that flushes leave, the bits that pad a stored block or the last byte are zero, the stream
ends in the last byte of the compressed data, and it is no larger than the content without
compression. How an encoder splits blocks, writes its code tables and picks matches stays free (a
sender and a receiver who agree could hide a message in these choices), so this rule allows
`equivalent` at best and never `regenerated`.
"""

from verify.archive.blocks import BlockWalker
from verify.archive.facts import benign, unexplained
from verify.archive.member import Member
from verify.archive.raw import RawFile
from verify.archive.records import DEFLATED
from verify.finding import Finding

_STORED_BLOCK = 16 * 1024
"""Bytes that every compressor puts into a stored block at least, if there are so many."""

_SLACK = 64
"""Bytes for the code table of a small block, a flush and an empty last block."""


def deflate_stream(raw: RawFile, member: Member, walker: BlockWalker) -> Finding:
    """A benign finding for a stream of which every bit has a meaning, else an unexplained one."""
    fault = _fault(raw, member, walker)
    if fault is None:
        return benign(
            "container.deflate-stream",
            "The content is identical; another compressor than zlib packed it.",
            member=member.name,
            compressed_size=member.compressed_size,
        )
    return unexplained(
        "container.deflate-slack",
        f"The content is identical, but not all of its deflate stream is accounted for: {fault}.",
        member=member.name,
        compressed_size=member.compressed_size,
    )


def _fault(raw: RawFile, member: Member, walker: BlockWalker) -> str | None:
    start, size = member.data_offset, member.compressed_size
    if member.method != DEFLATED or start is None:
        return "there is no such stream"
    if size > member.size + 5 * (member.size // _STORED_BLOCK) + _SLACK:
        return "it is larger than the content"
    if size > walker.left:
        return "it is too large to be looked through"
    return walker.fault(raw.slice(start, start + size))
