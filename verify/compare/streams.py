"""Account for the packed bytes of members whose content is identical or explained."""

from collections.abc import Mapping
from dataclasses import dataclass

from verify.archive.blocks import BlockWalker
from verify.archive.member import Member
from verify.archive.reader import Archive
from verify.archive.records import DEFLATED, STORED
from verify.compare.deflate import Setting, SettingSearch
from verify.finding import Finding, FindingClass
from verify.rules.benign.deflate_stream import deflate_stream


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


def account_streams(published: Archive, sources: Mapping[int, Source]) -> Streams:
    """Reproduce every stream, given by published index, from the content of its source.

    Large members first: their streams tell settings apart, and the order of members in the archive
    must not matter.
    """
    search, walker = SettingSearch(), BlockWalker()
    settings: dict[int, Setting] = {}
    unaccounted: set[int] = set()
    findings: list[Finding] = []
    members = (published.members[index] for index in sources)
    for member in sorted(members, key=lambda item: (-item.compressed_size, item.name)):
        if member.method == STORED:
            # The stored bytes are the content, which has been compared.
            continue
        setting = _setting(search, published, member, sources[member.index])
        if setting is not None:
            settings[member.index] = setting
            continue
        finding = deflate_stream(published.raw, member, walker)
        findings.append(finding)
        if finding.kind is not FindingClass.BENIGN:
            unaccounted.add(member.index)
    return Streams(settings=settings, unaccounted=frozenset(unaccounted), findings=tuple(findings))


def _setting(
    search: SettingSearch, published: Archive, member: Member, source: Source
) -> Setting | None:
    if member.data_offset is None or member.method != DEFLATED:
        return None
    return search.reproduce(
        published.raw,
        member.data_offset,
        member.compressed_size,
        lambda: source.archive.windows(source.member),
    )
