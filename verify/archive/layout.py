"""The byte map: which byte of the file belongs to what, without holes and without overlaps."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from operator import attrgetter

from verify.archive.facts import dangerous, head, unexplained
from verify.archive.findings import Findings
from verify.archive.locate import Directory
from verify.archive.member import Member
from verify.archive.raw import RawFile
from verify.archive.records import END, END64, LOCAL_SIGNATURE, LOCATOR64
from verify.finding import Finding


class RegionKind(StrEnum):
    """What a run of bytes is."""

    LOCAL_HEADER = "local-header"
    DATA = "data"
    DESCRIPTOR = "data-descriptor"
    CENTRAL_HEADER = "central-header"
    END64 = "zip64-end-record"
    LOCATOR64 = "zip64-locator"
    END = "end-record"
    COMMENT = "comment"
    UNCLAIMED = "unclaimed"


@dataclass(frozen=True, kw_only=True, slots=True)
class Region:
    """Bytes [start, end) of the file; `member` is an index, None for the archive's own."""

    start: int
    end: int
    kind: RegionKind
    member: int | None = None

    @property
    def size(self) -> int:
        """Length in bytes."""
        return self.end - self.start


def byte_map(
    raw: RawFile, directory: Directory, members: Sequence[Member], findings: Findings
) -> tuple[Region, ...]:
    """A partition of the whole file into regions; what that shows is added to `findings`.

    Where claims overlap the earlier one keeps the bytes, so the sizes always add up to the file's.
    """
    claims = [*_directory_claims(directory)]
    for member in members:
        claims += _member_claims(member)
    regions: list[Region] = []
    findings.add(_order_facts(members))
    position = 0
    for claim in sorted(claims, key=attrgetter("start", "end")):
        if claim.end <= claim.start:
            continue
        if claim.start > position:
            regions.append(Region(start=position, end=claim.start, kind=RegionKind.UNCLAIMED))
        elif claim.start < position:
            findings.add([_overlap(claim, members)])
            claim = replace(claim, start=position)  # noqa: PLW2901 - what is left of the claim
        if claim.end > position:
            regions.append(claim)
            position = claim.end
    if position < raw.size:
        regions.append(Region(start=position, end=raw.size, kind=RegionKind.UNCLAIMED))
    findings.add(_unclaimed_facts(raw, regions, directory))
    return tuple(regions)


def _directory_claims(directory: Directory) -> Iterable[Region]:
    end = directory.end_offset + END.size
    yield Region(start=directory.end_offset, end=end, kind=RegionKind.END)
    yield Region(start=end, end=directory.comment_end, kind=RegionKind.COMMENT)
    at = directory.end64_offset
    if at is not None:
        locator = at + END64.size
        yield Region(start=at, end=locator, kind=RegionKind.END64)
        yield Region(start=locator, end=locator + LOCATOR64.size, kind=RegionKind.LOCATOR64)


def _member_claims(member: Member) -> Iterable[Region]:
    yield Region(
        start=member.central_offset,
        end=member.central_offset + member.central_size,
        kind=RegionKind.CENTRAL_HEADER,
        member=member.index,
    )
    if member.data_offset is None:
        return
    data_end = member.data_offset + member.compressed_size
    for start, end, kind in (
        (member.header_offset, member.data_offset, RegionKind.LOCAL_HEADER),
        (member.data_offset, data_end, RegionKind.DATA),
        (data_end, data_end + member.descriptor_size, RegionKind.DESCRIPTOR),
    ):
        if end > start:
            yield Region(start=start, end=end, kind=kind, member=member.index)


def _order_facts(members: Sequence[Member]) -> list[Finding]:
    offsets = [member.header_offset for member in members]
    if offsets == sorted(offsets):
        return []
    return [
        unexplained(
            "archive.physical-order",
            "The members' data is not in the order of the central directory.",
        )
    ]


def _overlap(claim: Region, members: Sequence[Member]) -> Finding:
    name = None if claim.member is None else members[claim.member].name
    return dangerous(
        "archive.overlap",
        f"The {claim.kind} overlaps bytes that belong to something else.",
        member=name,
        offset=claim.start,
        size=claim.size,
    )


def _unclaimed_facts(
    raw: RawFile, regions: Iterable[Region], directory: Directory
) -> Iterator[Finding]:
    for region in regions:
        if region.kind is RegionKind.UNCLAIMED:
            yield _unclaimed_fact(raw, region, directory)


def _unclaimed_fact(raw: RawFile, region: Region, directory: Directory) -> Finding:
    rule, summary = "archive.gap", "Bytes between the members belong to nothing."
    if region.start >= directory.comment_end:
        rule, summary = "archive.trailing-bytes", "Bytes follow the end of the archive."
    elif raw.find(LOCAL_SIGNATURE, region.start, region.end) >= 0:
        rule, summary = "archive.hidden-member", "A local header that no directory entry names."
    elif region.start == 0:
        rule, summary = "archive.prefix", "Bytes precede the archive."
    return dangerous(
        rule,
        summary,
        offset=region.start,
        size=region.size,
        head=head(raw.slice(region.start, min(region.end, region.start + 64))),
    )
