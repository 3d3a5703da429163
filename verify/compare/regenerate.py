"""Write the published container again from its members and recorded fields, and compare.

Everything that a header holds is either derived (names, sizes, CRCs, offsets, counts) or one of the
recordable fields; there is no place for anything else. What the published file has beyond that
shows as a mismatch, whatever the archive reader thought of it. The layout is the one of CPython's
`zipfile` (ZIP64 included), which every wheel writer follows.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from verify.archive.extra import LocalZip64
from verify.archive.facts import unexplained
from verify.archive.layout import RegionKind
from verify.archive.member import Member
from verify.archive.reader import Archive
from verify.archive.records import (
    CENTRAL,
    CENTRAL_SIGNATURE,
    DESCRIPTOR,
    DESCRIPTOR64,
    DESCRIPTOR_SIGNATURE,
    END,
    END64,
    END64_SIGNATURE,
    END_SIGNATURE,
    EXTRA,
    LOCAL,
    LOCAL_SIGNATURE,
    LOCATOR64,
    LOCATOR64_SIGNATURE,
    SENTINEL16,
    SENTINEL32,
    ZIP64_ID,
    ZIP64_LIMIT,
    ZIP64_LOCAL,
    ZIP64_VERSION,
)
from verify.finding import Finding

RegionKey = tuple[RegionKind, int | None]

_MAX_LISTED = 8


class Piece(NamedTuple):
    """Bytes that the container must have next; `data` None for a member's packed content."""

    kind: RegionKind
    member: int | None
    size: int
    data: bytes | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Regeneration:
    """Which regions the writer did not reproduce, and the finding that says so."""

    mismatches: frozenset[RegionKey]
    findings: tuple[Finding, ...]


def regenerate(archive: Archive) -> Regeneration:
    """Hold the whole file, byte by byte, against what the writer makes of its fields.

    Packed content is stepped over here; whoever compares members answers for it.
    """
    position = 0
    mismatches: dict[RegionKey, int] = {}
    for piece in _pieces(archive.members, archive.identity.size):
        end = position + piece.size
        if end > archive.identity.size or (
            piece.data is not None and archive.raw.slice(position, end) != piece.data
        ):
            mismatches.setdefault((piece.kind, piece.member), position)
        position = end
    is_whole = not mismatches and position == archive.identity.size
    return Regeneration(
        mismatches=frozenset(mismatches),
        findings=() if is_whole else (_mismatch(archive, mismatches, position),),
    )


def _mismatch(archive: Archive, mismatches: dict[RegionKey, int], size: int) -> Finding:
    listed = sorted(mismatches.items(), key=lambda item: item[1])[:_MAX_LISTED]
    return unexplained(
        "container.not-regenerated",
        "The container is not what its members and recordable header fields make.",
        regenerated_size=size,
        regions=len(mismatches),
        first=[
            {
                "offset": offset,
                "region": kind.value,
                "member": None if index is None else archive.members[index].name,
            }
            for (kind, index), offset in listed
        ],
    )


def _pieces(members: Sequence[Member], limit: int) -> Iterator[Piece]:
    offsets = []
    position = 0
    for member in members:
        offsets.append(position)
        for piece in _member_pieces(member, limit):
            position += piece.size
            yield piece
    start = position
    for member, offset in zip(members, offsets, strict=True):
        entry = _central(member, offset)
        position += len(entry)
        yield _piece(RegionKind.CENTRAL_HEADER, member.index, entry)
    yield from _end(len(members), start, position - start)


def _piece(kind: RegionKind, member: int | None, data: bytes) -> Piece:
    return Piece(kind=kind, member=member, size=len(data), data=data)


def _member_pieces(member: Member, limit: int) -> Iterator[Piece]:
    yield _piece(RegionKind.LOCAL_HEADER, member.index, _local(member))
    # A size beyond the file is a lie that has its finding; bounded here, offsets stay below 2**64.
    size = min(member.compressed_size, limit)
    yield Piece(kind=RegionKind.DATA, member=member.index, size=size, data=None)
    if member.has_descriptor:
        layout = DESCRIPTOR64 if member.local_zip64 is LocalZip64.MOVED else DESCRIPTOR
        if layout is DESCRIPTOR64 or max(member.size, member.compressed_size) < SENTINEL32:
            data = layout.pack(
                DESCRIPTOR_SIGNATURE, member.crc32, member.compressed_size, member.size
            )
            yield _piece(RegionKind.DESCRIPTOR, member.index, data)


def _local(member: Member) -> bytes:
    crc, compressed, size = member.crc32, member.compressed_size, member.size
    if member.has_descriptor:
        crc, compressed, size = 0, 0, 0
    extra = b""
    if member.local_zip64 is not LocalZip64.NONE:
        extra = ZIP64_LOCAL.pack(ZIP64_ID, 16, size, compressed)
    if member.local_zip64 is LocalZip64.MOVED:
        compressed, size = SENTINEL32, SENTINEL32
    header = LOCAL.pack(
        LOCAL_SIGNATURE,
        member.local_version_needed,
        0,
        member.flags,
        member.method,
        member.dos_time,
        member.dos_date,
        crc,
        min(compressed, SENTINEL32),
        min(size, SENTINEL32),
        len(member.raw_name),
        len(extra),
    )
    return header + member.raw_name + extra


def _central(member: Member, offset: int) -> bytes:
    compressed, size = member.compressed_size, member.size
    large = []
    if max(compressed, size) > ZIP64_LIMIT:
        large += [size, compressed]
        compressed, size = SENTINEL32, SENTINEL32
    if offset > ZIP64_LIMIT:
        large.append(offset)
        offset = SENTINEL32
    extra = b"".join(value.to_bytes(8, "little") for value in large)
    if extra:
        extra = EXTRA.pack(ZIP64_ID, len(extra)) + extra
    header = CENTRAL.pack(
        CENTRAL_SIGNATURE,
        member.made_by,
        member.create_system,
        member.version_needed,
        0,
        member.flags,
        member.method,
        member.dos_time,
        member.dos_date,
        member.crc32,
        compressed,
        size,
        len(member.raw_name),
        len(extra),
        0,
        0,
        member.internal_attr,
        member.external_attr,
        offset,
    )
    return header + member.raw_name + extra


def _end(count: int, start: int, size: int) -> Iterator[Piece]:
    if count > SENTINEL16 or max(start, size) > ZIP64_LIMIT:
        version = (ZIP64_VERSION, 0, ZIP64_VERSION, 0)
        record = END64.pack(
            END64_SIGNATURE, END64.size - 12, *version, 0, 0, count, count, size, start
        )
        locator = LOCATOR64.pack(LOCATOR64_SIGNATURE, 0, start + size, 1)
        yield _piece(RegionKind.END64, None, record)
        yield _piece(RegionKind.LOCATOR64, None, locator)
    count = min(count, SENTINEL16)
    record = END.pack(
        END_SIGNATURE, 0, 0, count, count, min(size, SENTINEL32), min(start, SENTINEL32), 0
    )
    yield _piece(RegionKind.END, None, record)
