"""Pair the members of two wheels and compare what they hold."""

from collections.abc import Mapping
from dataclasses import dataclass

from verify.archive.errors import UnreadableMemberError
from verify.archive.facts import dangerous
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
    identical: dict[int, Identical] = {}
    differences: list[Difference] = []
    faults: list[Finding] = []
    for name in sorted(published.by_name.keys() | rebuilt.by_name.keys()):
        ours, theirs = published.by_name.get(name), rebuilt.by_name.get(name)
        try:
            pair = _identical(published, ours, rebuilt, theirs)
            if pair is not None:
                identical[pair.published.index] = pair
                continue
            right = _side(rebuilt, theirs)
        except UnreadableMemberError as error:
            faults.append(dangerous(error.rule, error.message, member=name))
            continue
        left = _published_side(published, ours)
        if left is not None or ours is None:
            differences.append(Difference(name=name, published=left, rebuilt=right))
    return Comparison(identical=identical, differences=tuple(differences), faults=tuple(faults))


def _identical(
    published: Archive, ours: Member | None, rebuilt: Archive, theirs: Member | None
) -> Identical | None:
    content = None if ours is None else published.contents.get(ours.index)
    if ours is None or theirs is None or content is None:
        return None
    if _same_stream(published, ours, rebuilt, theirs):
        return Identical(published=ours, rebuilt=theirs, same_stream=True)
    if theirs.size != content.size or rebuilt.content(theirs) != content:
        return None
    return Identical(published=ours, rebuilt=theirs, same_stream=False)


def _same_stream(published: Archive, ours: Member, rebuilt: Archive, theirs: Member) -> bool:
    """Whether both hold the same compressed bytes, so that one inflates as the other does."""
    if _packing(ours) != _packing(theirs):
        return False
    if ours.data_offset is None or theirs.data_offset is None:
        return False
    return same_bytes(
        published.raw, ours.data_offset, rebuilt.raw, theirs.data_offset, ours.compressed_size
    )


def _packing(member: Member) -> tuple[int, int, int, int]:
    return (member.method, member.crc32, member.compressed_size, member.size)


def _published_side(archive: Archive, member: Member | None) -> Side | None:
    content: Content | None = None if member is None else archive.contents.get(member.index)
    if member is None or content is None:
        return None
    return Side(archive=archive, member=member, content=content)


def _side(archive: Archive, member: Member | None) -> Side | None:
    if member is None:
        return None
    return Side(archive=archive, member=member, content=archive.content(member))
