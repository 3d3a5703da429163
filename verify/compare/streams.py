"""Account for the packed bytes of members whose content is identical or explained."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from verify.archive.blocks import BlockWalker
from verify.archive.errors import ArchiveError
from verify.archive.facts import unexplained
from verify.archive.member import Member
from verify.archive.reader import Archive
from verify.archive.records import DEFLATED, STORED
from verify.compare.deflate import Setting, SettingSearch, Stream, Windows
from verify.finding import Finding, FindingClass
from verify.rules.interface import StreamRule

_TELLING = 512
"""Packed bytes from which a compressor can be told from another; all pack a short text alike."""

_TELLING_RATIO = 0.9
"""Of the content; what hardly shrinks is stored in blocks, by every compressor alike."""

_OTHERS = 2
"""Streams that show another compressor; a single one may as well be a stream that was changed."""


_MAX_COUNTERPART = 256 * 1024
"""Bytes of a rebuilt member that every setting of zlib is tried on, so that none is left out."""

_MAX_COUNTERPARTS = 32
"""Such members, the largest first; each may take half a second, and honest wheels have a few."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Streams:
    """How each packed stream follows from the rebuilt content; keys are published indexes.

    Attributes:
        settings: zlib settings that reproduce the streams.
        unaccounted: streams that hold bits without a meaning.
        findings: one for each stream that no setting reproduces.
    """

    settings: Mapping[int, Setting]
    unaccounted: frozenset[int]
    findings: tuple[Finding, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """Where the content of a published member may be taken from to pack it again."""

    archive: Archive
    member: Member


def account_streams(
    published: Archive,
    sources: Mapping[int, Source],
    rules: Sequence[StreamRule],
    *,
    reproduced: Iterable[int],
    counterparts: Mapping[int, Source],
) -> Streams:
    """Reproduce every stream, given by published index, from the content of its source.

    Large members first: their streams tell settings apart, and the order of members in the archive
    must not matter. A rule explains one only where the archive looks packed by another compressor,
    or where one packed the rebuilt member, whose stream cannot be equal as its content is not.

    Args:
        published: the archive whose streams these are.
        sources: where the content of each stream comes from, by published index.
        rules: what is known of streams that no setting reproduces.
        reproduced: indexes of members whose streams the rebuild has byte for byte.
        counterparts: the rebuilt members of those whose other content is explained, by published
            index.
    """
    walker = BlockWalker()
    unaccounted: set[int] = set()
    findings: list[Finding] = []
    # The bytes of a stored member are the content, which has been compared.
    packed = (published.members[at] for at in sources if published.members[at].method != STORED)
    members = sorted(packed, key=lambda member: (-member.compressed_size, member.name))
    streams = _streams(published, members, sources)
    found = dict(zip(streams, SettingSearch().reproduce_all([*streams.values()]), strict=True))
    settings = {index: setting for index, setting in found.items() if setting is not None}
    others = [member for member in members if member.index not in settings]
    known = [published.members[at] for at in (*settings, *reproduced)]
    may_be_benign = _is_other_compressor(others, known)
    alone = set() if may_be_benign else _packed_otherwise(others, counterparts)
    for member in others:
        is_so = may_be_benign or member.index in alone
        finding = _judge(published, member, walker, rules, may_be_benign=is_so)
        findings.append(finding)
        if finding.kind is not FindingClass.BENIGN:
            unaccounted.add(member.index)
    return Streams(settings=settings, unaccounted=frozenset(unaccounted), findings=tuple(findings))


def _is_other_compressor(others: Collection[Member], known: Iterable[Member]) -> bool:
    """Whether streams that nothing reproduces are most of those that tell who packed them.

    One compressor packs an archive. Among streams of zlib, one that is not was put there later.
    """
    is_rule = sum(map(_is_telling, others)) >= sum(map(_is_telling, known))
    return is_rule and len(others) >= _OTHERS


def _packed_otherwise(members: Iterable[Member], counterparts: Mapping[int, Source]) -> set[int]:
    """Indexes of members whose rebuilt ones another compressor than zlib packed."""
    found = (member.index for member in members if member.index in counterparts)
    asked = islice(found, _MAX_COUNTERPARTS)
    return {index for index in asked if _is_packed_otherwise(counterparts[index])}


def _is_packed_otherwise(rebuilt: Source) -> bool:
    """Whether another compressor than zlib packed a rebuilt member; one too large says nothing."""
    if not _is_telling(rebuilt.member):
        return False
    if rebuilt.member.size > _MAX_COUNTERPART:
        return False
    streams = _streams(rebuilt.archive, [rebuilt.member], {rebuilt.member.index: rebuilt})
    try:
        return [*SettingSearch().reproduce_all([*streams.values()])] == [None]
    except ArchiveError:
        return False


def _is_telling(member: Member) -> bool:
    size = member.compressed_size
    return member.method == DEFLATED and _TELLING <= size <= _TELLING_RATIO * member.size


def _judge(
    published: Archive,
    member: Member,
    walker: BlockWalker,
    rules: Sequence[StreamRule],
    *,
    may_be_benign: bool,
) -> Finding:
    for rule in rules:
        finding = rule(published.raw, member, walker)
        if finding is not None and (may_be_benign or finding.kind is not FindingClass.BENIGN):
            return finding
    return unexplained(
        "container.stream-differs",
        "The content is identical, but nothing reproduces or explains its compressed stream.",
        member=member.name,
        compressed_size=member.compressed_size,
    )


def _streams(
    published: Archive, members: Iterable[Member], sources: Mapping[int, Source]
) -> dict[int, Stream]:
    return {
        member.index: Stream(
            raw=published.raw,
            start=member.data_offset,
            size=member.compressed_size,
            content=_content(sources[member.index]),
        )
        for member in members
        if member.method == DEFLATED and member.data_offset is not None
    }


def _content(source: Source) -> Windows:
    return lambda: source.archive.windows(source.member)
