"""The entries of the central directory, APPNOTE 4.3.12."""

from dataclasses import dataclass, replace

from verify.archive.errors import UnreadableArchiveError
from verify.archive.extra import Sizes, central_sizes
from verify.archive.facts import dangerous, head, unexplained
from verify.archive.findings import Findings
from verify.archive.limits import MAX_MEMBERS
from verify.archive.locate import Directory
from verify.archive.raw import RawFile
from verify.archive.records import CENTRAL, CENTRAL_SIGNATURE, FLAG_UTF8, CentralHeader
from verify.finding import Finding


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One entry: its header as stored, its sizes after ZIP64, and where it stands."""

    header: CentralHeader
    name: str
    raw_name: bytes
    sizes: Sizes
    start: int
    end: int


def read_entries(raw: RawFile, directory: Directory, findings: Findings) -> list[Entry]:
    """All entries in order; what is wrong with them as entries is added to `findings`.

    Raises:
        UnreadableArchiveError: more entries than anybody could need.
    """
    entries: list[Entry] = []
    at = directory.start
    while at < directory.end:
        if len(entries) == MAX_MEMBERS:
            raise UnreadableArchiveError(f"There are more than {MAX_MEMBERS} members.")
        entry = _read_entry(raw, at, directory, findings)
        if entry is None:
            fact = dangerous(
                "archive.malformed-directory",
                "The central directory holds bytes that are no entry.",
                offset=at,
                head=head(raw.slice(at, directory.end)),
            )
            findings.add([fact])
            break
        entries.append(entry)
        at = entry.end
    findings.add(_count_facts(entries, directory))
    return entries


def _count_facts(entries: list[Entry], directory: Directory) -> list[Finding]:
    if len(entries) == directory.entries:
        return []
    return [
        dangerous(
            "archive.end-counts",
            "The end record declares another number of entries than there are.",
            declared=directory.entries,
            present=len(entries),
        )
    ]


def _read_entry(raw: RawFile, at: int, directory: Directory, findings: Findings) -> Entry | None:
    fixed = raw.slice(at, min(at + CENTRAL.size, directory.end))
    if len(fixed) < CENTRAL.size or not fixed.startswith(CENTRAL_SIGNATURE):
        return None
    header = CentralHeader._make(CENTRAL.unpack(fixed))
    end = at + CENTRAL.size + header.name_length + header.extra_length + header.comment_length
    if end > directory.end:
        return None
    rest = raw.slice(at + CENTRAL.size, end)
    raw_name = rest[: header.name_length]
    name, facts = _decoded(raw_name, header.flags)
    findings.add(facts)
    declared = Sizes(size=header.size, compressed_size=header.compressed_size, offset=header.offset)
    comment_at = header.name_length + header.extra_length
    sizes = central_sizes(rest[header.name_length : comment_at], declared, name)
    findings.add(sizes.findings)
    findings.add(_comment_facts(rest[comment_at:], name))
    if header.disk:
        fact = dangerous("archive.multi-volume", "The member is on another volume.", member=name)
        findings.add([fact])
    if directory.base:
        sizes = replace(sizes, offset=sizes.offset + directory.base)
    return Entry(header=header, name=name, raw_name=raw_name, sizes=sizes, start=at, end=end)


def _decoded(raw_name: bytes, flags: int) -> tuple[str, list[Finding]]:
    """The name as text; APPNOTE appendix D: UTF-8 under flag bit 11, else IBM code page 437.

    Non-ASCII names without the flag are read as code page 437 by some readers and as UTF-8 by
    others, so they have no single meaning.
    """
    try:
        return raw_name.decode("utf-8" if flags & FLAG_UTF8 else "ascii"), []
    except UnicodeDecodeError:
        name = raw_name.decode("ascii", "backslashreplace")
        return name, [
            dangerous(
                "archive.name-encoding",
                "The name is not ASCII and not valid UTF-8 marked as such.",
                member=name,
                bytes=head(raw_name),
            )
        ]


def _comment_facts(comment: bytes, name: str) -> list[Finding]:
    if not comment:
        return []
    return [
        unexplained(
            "archive.member-comment",
            "The member has a comment.",
            member=name,
            size=len(comment),
            head=head(comment),
        )
    ]
