"""Pair the members of two wheels and compare what they hold."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from verify.archive.errors import UnreadableMemberError
from verify.archive.facts import dangerous
from verify.archive.inflate import inspect_all
from verify.archive.limits import WINDOW
from verify.archive.member import Content, Member
from verify.archive.raw import same_bytes
from verify.archive.reader import Archive
from verify.finding import Finding
from verify.rules.interface import Difference, Side


@dataclass(frozen=True, kw_only=True, slots=True)
class Identical:
    """A member with the same content on both sides.

    Attributes:
        same_stream: the compressed bytes are the same, too.
    """

    published: Member
    rebuilt: Member
    same_stream: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """Every member of either wheel, in one of three places.

    Attributes:
        identical: by the index of the published member.
        differences: one for each name that is not the same on both sides, sorted by name.
        faults: members of the rebuilt wheel that cannot be read.

    A published member in neither of the first two is ambiguous or unreadable; the archive carries a
    dangerous finding about it.
    """

    identical: Mapping[int, Identical]
    differences: tuple[Difference, ...]
    faults: tuple[Finding, ...]


def compare_members(published: Archive, rebuilt: Archive) -> Comparison:
    """Compare by name; a name that is not unique in its archive is compared with nothing."""
    identical = _same_streams(published, rebuilt)
    differences: list[Difference] = []
    faults: list[Finding] = []
    same = {pair.published.name for pair in identical.values()}
    others = (published.by_name.keys() | rebuilt.by_name.keys()) - same
    contents = _contents(rebuilt, others)
    for name in sorted(others):
        ours, theirs = published.by_name.get(name), rebuilt.by_name.get(name)
        right = contents.get(name)
        if isinstance(right, UnreadableMemberError):
            faults.append(dangerous(right.rule, right.message, member=name))
            continue
        left = None if ours is None else published.contents.get(ours.index)
        if ours is not None and theirs is not None and left is not None and left == right:
            pair = Identical(published=ours, rebuilt=theirs, same_stream=False)
            identical[ours.index] = pair
        elif left is not None or ours is None:
            differences.append(
                Difference(
                    name=name,
                    published=_side(published, ours, left),
                    rebuilt=_side(rebuilt, theirs, right),
                )
            )
    by_name = sorted(identical.items(), key=lambda item: item[1].published.name)
    return Comparison(identical=dict(by_name), differences=tuple(differences), faults=tuple(faults))


def _same_streams(published: Archive, rebuilt: Archive) -> dict[int, Identical]:
    """Members that need not be inflated on the rebuilt side, by the published index."""
    pairs = (
        (ours, theirs)
        for name, ours in published.by_name.items()
        if (theirs := rebuilt.by_name.get(name)) is not None and ours.index in published.contents
    )
    return {
        ours.index: Identical(published=ours, rebuilt=theirs, same_stream=True)
        for ours, theirs in pairs
        if _same_stream(published, ours, rebuilt, theirs)
    }


def _contents(
    archive: Archive, names: AbstractSet[str]
) -> dict[str, Content | UnreadableMemberError]:
    """By name, what the members of these names hold, as far as there are any."""
    members = [member for name, member in archive.by_name.items() if name in names]
    found = inspect_all(archive.raw, members)
    return {member.name: found[member.index] for member in members}


def _same_stream(published: Archive, ours: Member, rebuilt: Archive, theirs: Member) -> bool:
    """Whether both hold the same compressed bytes, so that one inflates as the other does."""
    if _packing(ours) != _packing(theirs):
        return False
    if ours.data_offset is None or theirs.data_offset is None:
        return False
    size = ours.compressed_size
    if size <= WINDOW:
        left = published.raw.slice(ours.data_offset, ours.data_offset + size)
        return left == rebuilt.raw.slice(theirs.data_offset, theirs.data_offset + size)
    return same_bytes(published.raw, ours.data_offset, rebuilt.raw, theirs.data_offset, size)


def _packing(member: Member) -> tuple[int, int, int, int]:
    return (member.method, member.crc32, member.compressed_size, member.size)


def _side(archive: Archive, member: Member | None, content: Content | None) -> Side | None:
    if member is None or content is None:
        return None
    return Side(archive=archive, member=member, content=content)
