"""A member's data, inflated in bounded windows and held against what its headers declare."""

import hashlib
import zlib
from collections.abc import Iterator, Sequence

from verify.archive.errors import UnreadableMemberError
from verify.archive.limits import WINDOW
from verify.archive.member import Content, Member
from verify.archive.raw import RawFile
from verify.archive.records import DEFLATED, STORED
from verify.finding import RuleName
from verify.threads import Stop, in_threads, never


def windows(raw: RawFile, member: Member) -> Iterator[bytes]:
    """The member's content in pieces of at most `WINDOW` bytes.

    Whoever exhausts the iterator has seen exactly the declared number of bytes with the declared
    CRC-32, and a deflate stream that ends exactly where the compressed data ends.

    Raises:
        UnreadableMemberError: at the first byte that breaks one of these.
    """
    if not member.is_readable or member.data_offset is None:
        raise _fault("archive.unreadable-member", "its data cannot be located", member)
    content = _at_once(raw, member.data_offset, member)
    if content is not None:
        if content:
            yield content
        return
    end = member.data_offset + member.compressed_size
    source = raw.windows(member.data_offset, end)
    size, crc = 0, 0
    for window in source if member.method == STORED else _inflated(source, member):
        size += len(window)
        # Stop at the first byte too many: a bomb costs one window.
        if size > member.size:
            raise _fault("archive.lying-size", "it holds more bytes than declared", member)
        crc = zlib.crc32(window, crc)
        yield window
    if size != member.size:
        raise _fault("archive.lying-size", "it holds fewer bytes than declared", member)
    if crc != member.crc32:
        raise _fault("archive.lying-crc", "its content does not have the declared CRC", member)


def inspect(raw: RawFile, member: Member, stop: Stop = never) -> Content:
    """Digest and size of the whole content; `stop` is called for each window.

    Raises:
        UnreadableMemberError: the content is not what the headers declare.
    """
    digest = hashlib.sha256()
    size = 0
    for window in windows(raw, member):
        stop()
        digest.update(window)
        size += len(window)
    return Content(sha256=digest.hexdigest(), size=size)


def inspect_all(
    raw: RawFile, members: Sequence[Member]
) -> dict[int, Content | UnreadableMemberError]:
    """By index, digest and size of each member's content, or why it has none.

    Large members are inflated in threads; of small ones the interpreter's own part is too great.
    """

    def inspected(member: Member, stop: Stop) -> Content | UnreadableMemberError:
        try:
            return inspect(raw, member, stop)
        except UnreadableMemberError as error:
            return error

    small = [member for member in members if member.size <= WINDOW]
    large = [member for member in members if member.size > WINDOW]
    found = {member.index: inspected(member, never) for member in small}
    results = in_threads(inspected, large, lambda member: member.size)
    for member, result in zip(large, results, strict=True):
        found[member.index] = result
    return found


def _at_once(raw: RawFile, start: int, member: Member) -> bytes | None:
    """The content of a sound member that fits into one window; None when in doubt.

    Most members are small, and this takes half the time of going on window by window.
    """
    if max(member.compressed_size, member.size) > WINDOW:
        return None
    content = raw.slice(start, start + member.compressed_size)
    if member.method == DEFLATED:
        stream = zlib.decompressobj(-zlib.MAX_WBITS)
        try:
            # One byte more than declared, so that a lie shows; without a limit a bomb would go off.
            content = stream.decompress(content, member.size + 1)
        except zlib.error:
            return None
        if not stream.eof or stream.unused_data:
            return None
    is_sound = len(content) == member.size and zlib.crc32(content) == member.crc32
    return content if is_sound else None


def _inflated(source: Iterator[bytes], member: Member) -> Iterator[bytes]:
    stream = zlib.decompressobj(-zlib.MAX_WBITS)
    pending = b""
    while not stream.eof:
        pending = pending or next(source, b"")
        is_last = not pending
        try:
            window = stream.decompress(pending, WINDOW)
        except zlib.error as error:
            raise _fault(
                "archive.broken-deflate", f"its data is invalid ({error})", member
            ) from None
        pending = stream.unconsumed_tail
        if window:
            yield window
        elif is_last and not stream.eof:
            raise _fault("archive.truncated-deflate", "its deflate stream does not end", member)
    if stream.unused_data or next(source, b""):
        raise _fault("archive.bytes-after-deflate", "bytes follow its deflate stream", member)


def _fault(rule: str, what: str, member: Member) -> UnreadableMemberError:
    return UnreadableMemberError(
        f"The member {member.name!r} cannot be read: {what}.", rule=RuleName(rule)
    )
