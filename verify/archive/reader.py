"""Read a wheel's archive strictly: every raw fact first, and no byte that belongs to nothing.

This is our own parser because every lenient one (Python's `zipfile` among them) decides between
contradictory headers instead of reporting them. Sections cited in this package are those of
PKWARE's APPNOTE 6.3.10.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from verify.archive import inflate
from verify.archive.attributes import attribute_facts, streamed_facts
from verify.archive.central import Entry, read_entries
from verify.archive.errors import MemberTooLargeError, UnreadableMemberError
from verify.archive.facts import dangerous
from verify.archive.findings import Findings
from verify.archive.layout import Region, byte_map
from verify.archive.limits import MAX_ARCHIVE_RATIO, is_bomb
from verify.archive.local import LocalFacts, check_local
from verify.archive.locate import locate
from verify.archive.member import Content, Member
from verify.archive.names import name_facts
from verify.archive.polyglot import tar_facts
from verify.archive.raw import RawFile, identify, open_raw
from verify.finding import Finding, RuleName
from verify.results import FileIdentity


@dataclass(frozen=True, kw_only=True, slots=True)
class Archive:
    """An archive as its raw facts.

    Attributes:
        path: where it was read from.
        identity: file name, sha256 and size.
        members: in the order of the central directory.
        findings: everything that an honest writer would not have written.
        regions: the byte map; a partition of the file.
        contents: by member index, what each inflates to; empty when nothing was inflated.
        raw: the mapped bytes.
    """

    path: Path
    identity: FileIdentity
    members: tuple[Member, ...]
    findings: tuple[Finding, ...]
    regions: tuple[Region, ...]
    contents: Mapping[int, Content]
    raw: RawFile = field(repr=False)
    by_name: Mapping[str, Member] = field(repr=False)

    def read(self, name: str, *, limit: int) -> bytes:
        """The whole content of the one member of this name.

        Raises:
            MemberTooLargeError: it is larger than `limit` bytes.
            UnreadableMemberError: there is none, there are several, or its data is wrong.
        """
        member = self.member(name)
        if member.size > limit:
            raise MemberTooLargeError(
                f"The member {name!r} is larger than {limit} bytes.",
                rule=RuleName("archive.member-too-large"),
            )
        return b"".join(inflate.windows(self.raw, member))

    def member(self, name: str) -> Member:
        """The one member of this name.

        Raises:
            UnreadableMemberError: there is none, or there are several.
        """
        if name not in self.by_name:
            raise UnreadableMemberError(
                f"There is not exactly one member {name!r}.",
                rule=RuleName("archive.unreadable-member"),
            )
        return self.by_name[name]

    def windows(self, member: Member) -> Iterator[bytes]:
        """The content of a member in bounded pieces; raises `UnreadableMemberError` on the way."""
        return inflate.windows(self.raw, member)

    def content(self, member: Member) -> Content:
        """Digest and size of a member's content; raises `UnreadableMemberError`."""
        return self.contents.get(member.index) or inflate.inspect(self.raw, member)


def read_archive(path: Path, *, inflate_members: bool = True) -> Archive:
    """Read and check an archive.

    Args:
        path: a regular file.
        inflate_members: inflate every member once, for its digest and its faults. Without it the
            faults of a member's data appear only when the member is read.

    Raises:
        UnreadableArchiveError: there is no archive to speak of.
        UsageFault: there is no such file.
    """
    raw = open_raw(path)
    identity = identify(raw, path.name)
    return parse_archive(raw, path=path, identity=identity, inflate_members=inflate_members)


def parse_archive(
    raw: RawFile, *, path: Path, identity: FileIdentity, inflate_members: bool
) -> Archive:
    """Read and check an archive whose bytes are already mapped and identified.

    Raises:
        UnreadableArchiveError: there is no archive to speak of.
    """
    directory = locate(raw)
    findings = Findings()
    entries = read_entries(raw, directory, findings)
    members = tuple(
        _member(at, entry, check_local(raw, entry, directory.start), findings)
        for at, entry in enumerate(entries)
    )
    regions = byte_map(raw, directory, members, findings)
    findings.add(directory.findings)
    findings.add(tar_facts(raw))
    findings.add(name_facts(members))
    findings.add(streamed_facts(members))
    findings.add(_total_facts(raw, members))
    contents = _inspect_all(raw, members, findings) if inflate_members else {}
    return Archive(
        path=path,
        identity=identity,
        members=members,
        findings=findings.told(),
        regions=regions,
        contents=contents,
        raw=raw,
        by_name=_by_name(members),
    )


def _member(index: int, entry: Entry, local: LocalFacts, findings: Findings) -> Member:
    member = _described(index, entry, local)
    findings.add(local.findings)
    findings.add(attribute_facts(member, system_needed=entry.header.system_needed))
    return member


def _described(index: int, entry: Entry, local: LocalFacts) -> Member:
    header = entry.header
    return Member(
        index=index,
        name=entry.name,
        raw_name=entry.raw_name,
        method=header.method,
        flags=header.flags,
        crc32=header.crc32,
        compressed_size=entry.sizes.compressed_size,
        size=entry.sizes.size,
        dos_time=header.dos_time,
        dos_date=header.dos_date,
        made_by=header.made_by,
        create_system=header.create_system,
        version_needed=header.version_needed,
        local_version_needed=(
            header.version_needed if local.version_needed is None else local.version_needed
        ),
        internal_attr=header.internal_attr,
        external_attr=header.external_attr,
        header_offset=entry.sizes.offset,
        data_offset=local.data_offset,
        descriptor_size=local.descriptor_size,
        local_zip64=local.zip64,
        central_offset=entry.start,
        central_size=entry.end - entry.start,
    )


def _by_name(members: Sequence[Member]) -> dict[str, Member]:
    """Members whose name is theirs alone; an ambiguous name can be read by no one."""
    by_name: dict[str, Member] = {}
    ambiguous = set()
    for member in members:
        if by_name.setdefault(member.name, member) is not member:
            ambiguous.add(member.name)
    return {name: member for name, member in by_name.items() if name not in ambiguous}


def _total_facts(raw: RawFile, members: Sequence[Member]) -> list[Finding]:
    total = sum(member.size for member in members)
    if not is_bomb(raw.size, total, ratio=MAX_ARCHIVE_RATIO):
        return []
    return [
        dangerous(
            "archive.bomb",
            "The members together inflate to more than an honest wheel could need.",
            compressed=raw.size,
            size=total,
        )
    ]


def _inspect_all(raw: RawFile, members: Sequence[Member], findings: Findings) -> dict[int, Content]:
    """Contents by index; faults become findings. Bombs and overlaps are left packed.

    Overlapping members multiply the work without multiplying the file (the "better zip bomb").
    """
    if findings.has("archive.bomb", "archive.overlap"):
        return {}
    contents = {}
    found = inflate.inspect_all(raw, members)
    for member in members:
        content = found[member.index]
        if isinstance(content, UnreadableMemberError):
            findings.add([dangerous(content.rule, content.message, member=member.name)])
        else:
            contents[member.index] = content
    return contents
