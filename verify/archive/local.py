"""Local headers and data descriptors, and their agreement with the central directory.

Installers disagree on which of the two they believe (CVE-2025-54368: one archive, two contents), so
every difference is a finding; those that change what is read are dangerous.
"""

from dataclasses import dataclass
from struct import Struct

from verify.archive.central import Entry
from verify.archive.extra import LocalZip64, extra_facts, local_zip64_sizes
from verify.archive.facts import dangerous, head, unexplained
from verify.archive.raw import RawFile
from verify.archive.records import (
    DEFLATE_VERSION,
    DESCRIPTOR,
    DESCRIPTOR64,
    DESCRIPTOR_SIGNATURE,
    FLAG_DESCRIPTOR,
    LOCAL,
    LOCAL_SIGNATURE,
    SENTINEL32,
    STORED,
    ZIP64_LIMIT,
    ZIP64_VERSION,
    LocalHeader,
)
from verify.finding import Finding

_FIELDS = slice(1, 10)
_CENTRAL_FIELDS = slice(3, 12)
"""From `version_needed` to `size`, the same fields in both headers."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LocalFacts:
    """What the local header adds to an entry; None in both when there is no header."""

    data_offset: int | None
    version_needed: int | None
    descriptor_size: int = 0
    zip64: LocalZip64 = LocalZip64.NONE
    findings: tuple[Finding, ...] = ()


def check_local(raw: RawFile, entry: Entry, limit: int) -> LocalFacts:
    """Read an entry's local header and hold it against the entry.

    Args:
        raw: the file.
        entry: the central directory's view.
        limit: where the central directory starts; members must end before.
    """
    start = entry.sizes.offset
    fixed = raw.slice(start, start + LOCAL.size) if start >= 0 else b""
    if len(fixed) < LOCAL.size or not fixed.startswith(LOCAL_SIGNATURE):
        return _no_header(entry, "There is no local header where the central directory says.")
    header = LocalHeader._make(LOCAL.unpack(fixed))
    name_end = start + LOCAL.size + header.name_length
    data_offset = name_end + header.extra_length
    if data_offset + entry.sizes.compressed_size > limit:
        return _no_header(entry, "The member reaches into the central directory or beyond.")
    rest = raw.slice(start + LOCAL.size, data_offset)
    if _is_plain(header, entry) and rest == entry.raw_name:
        return LocalFacts(data_offset=data_offset, version_needed=header.version_needed)
    findings = _name_facts(rest[: header.name_length], entry)
    extra = rest[header.name_length :]
    header, zip64, extra_findings = _with_zip64(header, extra, entry)
    findings += extra_findings + _field_facts(header, entry) + _size_facts(header, entry)
    end = data_offset + entry.sizes.compressed_size
    behind = None
    if (header.flags | entry.header.flags) & FLAG_DESCRIPTOR:
        behind = raw.slice(end, min(end + DESCRIPTOR64.size, limit))
    descriptor, descriptor_findings = _descriptor(behind, entry, is_wide=zip64 is LocalZip64.MOVED)
    return LocalFacts(
        data_offset=data_offset,
        version_needed=header.version_needed,
        descriptor_size=descriptor,
        zip64=zip64,
        findings=tuple(findings + descriptor_findings),
    )


def _is_plain(header: LocalHeader, entry: Entry) -> bool:
    """Whether both headers agree and nothing else is to be looked at; most do."""
    return (
        header[_FIELDS] == entry.header[_CENTRAL_FIELDS]
        and (header.crc32, header.compressed_size, header.size) == _stated(entry)
        and not header.extra_length
        and not header.flags & FLAG_DESCRIPTOR
    )


def _no_header(entry: Entry, summary: str) -> LocalFacts:
    fact = dangerous("archive.local-header", summary, member=entry.name, offset=entry.sizes.offset)
    return LocalFacts(data_offset=None, version_needed=None, findings=(fact,))


def _name_facts(raw_name: bytes, entry: Entry) -> list[Finding]:
    if raw_name == entry.raw_name:
        return []
    return [_disagreement(entry, "name", head(raw_name), head(entry.raw_name))]


def _disagreement(entry: Entry, field: str, local: object, central: object) -> Finding:
    return dangerous(
        "archive.local-disagrees",
        f"Local header and central directory disagree on the {field}.",
        member=entry.name,
        field=field,
        local=str(local),
        central=str(central),
    )


def _with_zip64(
    header: LocalHeader, extra: bytes, entry: Entry
) -> tuple[LocalHeader, LocalZip64, list[Finding]]:
    """The header with the sizes of its ZIP64 field, if that is understood."""
    if not extra:
        return header, LocalZip64.NONE, []
    sizes = local_zip64_sizes(extra)
    stated = (header.size, header.compressed_size)
    if sizes is not None and stated == (SENTINEL32, SENTINEL32):
        moved = header._replace(size=sizes[0], compressed_size=sizes[1])
        return moved, LocalZip64.MOVED, []
    # Not with a descriptor: readers differ in whether the field or a sentinel makes that wide.
    is_plain = SENTINEL32 not in stated and not header.flags & FLAG_DESCRIPTOR
    if sizes == stated and is_plain:
        return header, LocalZip64.REPEATED, []
    return header, LocalZip64.NONE, list(extra_facts(extra, entry.name, "local header"))


def _field_facts(local: LocalHeader, entry: Entry) -> list[Finding]:
    central = entry.header
    findings = [
        _disagreement(entry, field, getattr(local, field), getattr(central, field))
        for field in ("flags", "method")
        if getattr(local, field) != getattr(central, field)
    ]
    # No reader decides anything by these, so a difference is odd but not ambiguous.
    fields = ("dos_time", "dos_date", "version_needed", "system_needed")
    return findings + [
        unexplained(
            "archive.local-differs",
            f"Local header and central directory differ in {field}.",
            member=entry.name,
            field=field,
            local=getattr(local, field),
            central=getattr(central, field),
        )
        for field in fields
        if getattr(local, field) != getattr(central, field)
        and not (field == "version_needed" and _is_raised(local, entry))
    ]


def _is_raised(local: LocalHeader, entry: Entry) -> bool:
    """Whether only the entry asks for ZIP64, because only its offset needs it.

    `zipfile` writes the entry when the offset is known, long after the local header.
    """
    versions = (local.version_needed, entry.header.version_needed)
    return entry.sizes.offset > ZIP64_LIMIT and versions == (DEFLATE_VERSION, ZIP64_VERSION)


def _size_facts(local: LocalHeader, entry: Entry) -> list[Finding]:
    found = (local.crc32, local.compressed_size, local.size)
    stated = _stated(entry)
    if local.flags & FLAG_DESCRIPTOR:
        # APPNOTE 4.4.4: with bit 3 the three fields are zero and follow the data instead.
        if found == (0, 0, 0):
            return []
        if found == stated:
            return [
                unexplained(
                    "archive.redundant-descriptor",
                    "Sizes stand both in the local header and in a data descriptor.",
                    member=entry.name,
                )
            ]
    if found == stated:
        return []
    return [_disagreement(entry, "CRC or sizes", found, stated)]


def _stated(entry: Entry) -> tuple[int, int, int]:
    return (entry.header.crc32, entry.sizes.compressed_size, entry.sizes.size)


def _descriptor(behind: bytes | None, entry: Entry, *, is_wide: bool) -> tuple[int, list[Finding]]:
    """Length of the data descriptor and findings, APPNOTE 4.3.9.

    Args:
        behind: bytes behind the data, as many as the longest descriptor has; None when the headers
            ask for none.
        entry: the central directory's view.
        is_wide: the local header has ZIP64 sizes.
    """
    if behind is None:
        return 0, []
    findings = _stored_facts(entry)
    right, wrong = (DESCRIPTOR64, DESCRIPTOR) if is_wide else (DESCRIPTOR, DESCRIPTOR64)
    if _is_descriptor(right, behind, entry):
        return right.size, findings
    if not _is_descriptor(wrong, behind, entry):
        return 0, [*findings, _disagreement(entry, "data descriptor", "none", _stated(entry))]
    # APPNOTE 4.3.9.2: sizes of eight bytes with ZIP64, of four without; readers that stream have
    # nothing else to tell where the next member starts.
    fact = unexplained(
        "archive.descriptor-width",
        "The sizes in the data descriptor have not the width that the local header asks for.",
        member=entry.name,
        size=wrong.size,
        expected=right.size,
    )
    return wrong.size, [*findings, fact]


def _stored_facts(entry: Entry) -> list[Finding]:
    if entry.header.method != STORED or not entry.sizes.size:
        return []
    return [
        unexplained(
            "archive.stored-descriptor",
            "A stored member of unknown length: a streaming reader cannot find its end.",
            member=entry.name,
        )
    ]


def _is_descriptor(layout: Struct, behind: bytes, entry: Entry) -> bool:
    if len(behind) < layout.size:
        return False
    return layout.unpack_from(behind) == (DESCRIPTOR_SIGNATURE, *_stated(entry))
