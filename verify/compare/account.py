"""Where each byte of the published file went."""

from collections.abc import Container
from dataclasses import dataclass

from verify.archive.layout import Region, RegionKind
from verify.archive.reader import Archive
from verify.compare.recorded import Recorded
from verify.compare.regenerate import RegionKey
from verify.results import Accounting


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


def whole(size: int, *, reproduced: bool) -> Accounting:
    """The account of a file that is reproduced as a whole, or not compared at all."""
    return Accounting(
        published_bytes=size,
        reproduced_bytes=size if reproduced else 0,
        explained_bytes=0,
        unexplained_bytes=0 if reproduced else size,
    )


def account(published: Archive, shares: Shares) -> Accounting:
    """Sum up the byte map; it is a partition of the file, so the shares add up to its size."""
    tally = _Tally()
    for region in published.regions:
        _add(tally, region, shares)
    return Accounting(
        published_bytes=published.identity.size,
        reproduced_bytes=tally.reproduced,
        explained_bytes=tally.explained,
        unexplained_bytes=tally.unexplained,
    )


def _add(tally: _Tally, region: Region, shares: Shares) -> None:
    if _is_unexplained(region, shares):
        tally.unexplained += region.size
    elif region.member is None:
        tally.reproduced += region.size
    elif region.member in shares.explained:
        tally.explained += region.size
    elif region.kind is RegionKind.DATA:
        if region.member in shares.reproduced_streams:
            tally.reproduced += region.size
        else:
            tally.explained += region.size
    else:
        recorded, refused = shares.recorded.widths(region.kind, region.member)
        tally.unexplained += min(refused, region.size)
        tally.explained += min(recorded, max(region.size - refused, 0))
        tally.reproduced += max(region.size - refused - recorded, 0)


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
