"""Where each byte of the published file went."""

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass

from verify.archive.layout import Region, RegionKind
from verify.archive.reader import Archive
from verify.compare.recorded import Recorded
from verify.compare.regenerate import RegionKey
from verify.results import Accounting, ByteShare


@dataclass(frozen=True, kw_only=True, slots=True)
class Shares:
    """What is known of the members and regions of a compared wheel; keys are published indexes.

    Attributes:
        identical: members with the rebuilt content.
        explained: members whose difference a benign rule explains.
        reproduced_streams: identical members whose packed bytes are the rebuild's.
        unaccounted_streams: members whose packed bytes hold bits that mean nothing.
        mismatches: header regions that regeneration does not reproduce.
        recorded: fields taken from the published file, and those that may not be.
    """

    identical: Container[int]
    explained: Container[int]
    reproduced_streams: Container[int]
    unaccounted_streams: Container[int]
    mismatches: Container[RegionKey]
    recorded: Recorded


@dataclass(slots=True)
class _Tally:
    reproduced: int = 0
    explained: int = 0
    unexplained: int = 0

    def add(self, other: "_Tally") -> None:
        self.reproduced += other.reproduced
        self.explained += other.explained
        self.unexplained += other.unexplained

    def share(self, part: str) -> ByteShare:
        return ByteShare(
            part=part,
            published=self.reproduced + self.explained + self.unexplained,
            reproduced=self.reproduced,
            explained=self.explained,
            unexplained=self.unexplained,
        )


def whole(size: int, *, reproduced: bool) -> Accounting:
    """The account of a file that is reproduced as a whole, or not compared at all."""
    count = _Tally(reproduced=size) if reproduced else _Tally(unexplained=size)
    return _accounting(count, [count.share("file")], [])


def account(published: Archive, shares: Shares) -> Accounting:
    """Sum up the byte map; it is a partition of the file, so the shares add up to its size."""
    total = _Tally()
    regions: dict[RegionKind, _Tally] = {}
    members: dict[int, _Tally] = {}
    for region in published.regions:
        count = _count(region, shares)
        total.add(count)
        regions.setdefault(region.kind, _Tally()).add(count)
        if region.member is not None:
            members.setdefault(region.member, _Tally()).add(count)
    return _accounting(
        total,
        [regions[kind].share(kind.value) for kind in RegionKind if kind in regions],
        [count.share(published.members[at].name) for at, count in members.items()],
    )


def _accounting(
    total: _Tally, regions: Sequence[ByteShare], members: Iterable[ByteShare]
) -> Accounting:
    odd = sorted(
        (share for share in members if share.reproduced != share.published),
        key=lambda share: (-share.unexplained, -share.explained, share.part),
    )
    limit = Accounting.MAX_LISTED
    return Accounting(
        published_bytes=total.reproduced + total.explained + total.unexplained,
        reproduced_bytes=total.reproduced,
        explained_bytes=total.explained,
        unexplained_bytes=total.unexplained,
        regions=tuple(regions),
        members=tuple(odd[:limit]),
        more_members=max(len(odd) - limit, 0),
    )


def _count(region: Region, shares: Shares) -> _Tally:
    """The one region's bytes."""
    if _is_unexplained(region, shares):
        return _Tally(unexplained=region.size)
    if region.member is None:
        return _Tally(reproduced=region.size)
    if region.member in shares.explained:
        return _Tally(explained=region.size)
    if region.kind is RegionKind.DATA:
        is_same = region.member in shares.reproduced_streams
        return _Tally(reproduced=region.size) if is_same else _Tally(explained=region.size)
    return _header(region, *shares.recorded.widths(region.kind, region.member))


def _header(region: Region, recorded: int, refused: int) -> _Tally:
    return _Tally(
        unexplained=min(refused, region.size),
        explained=min(recorded, max(region.size - refused, 0)),
        reproduced=max(region.size - refused - recorded, 0),
    )


def _is_unexplained(region: Region, shares: Shares) -> bool:
    if region.kind in {RegionKind.UNCLAIMED, RegionKind.COMMENT}:
        return True
    if (region.kind, region.member) in shares.mismatches:
        return True
    if region.member is None:
        return False
    if region.kind is RegionKind.DATA and region.member in shares.unaccounted_streams:
        return True
    return region.member not in shares.identical and region.member not in shares.explained
