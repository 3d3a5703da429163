"""Where the central directory is, and whether everything that says so agrees.

Readers differ in how they find it: from the last end record backwards (most), from the first local
header forwards (streaming ones), by the ZIP64 locator or without it. Each disagreement lets one
file show two contents, so each one is a finding.
"""

from dataclasses import dataclass

from verify.archive.errors import UnreadableArchiveError
from verify.archive.facts import dangerous, head, unexplained
from verify.archive.raw import RawFile
from verify.archive.records import (
    CENTRAL_SIGNATURE,
    END,
    END64,
    END64_SIGNATURE,
    END_SIGNATURE,
    LOCATOR64,
    LOCATOR64_SIGNATURE,
    MAX_COMMENT,
    SENTINEL16,
    SENTINEL32,
    End64Record,
    EndRecord,
    Locator64,
)
from verify.archive.second_end import second_end_facts
from verify.finding import Finding

_SIGNATURE_BYTES = frozenset(range(1, 9))

_ZIPFILE_LIMIT = (1 << 31) - 1
"""Above this CPython's `zipfile` writes ZIP64 records, although the format could do without them up
to twice as much; they say the same again."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Directory:
    """The central directory's place; offsets absolute.

    Attributes:
        start, end: bounds of the central directory's entries.
        entries: how many the end record declares.
        base: what to add to the offsets that entries hold (not 0 only behind a prefix).
        end_offset: the end of central directory record.
        end64_offset: the ZIP64 end record, None without one; its locator follows it.
        comment_end: end of the archive comment.
    """

    start: int
    end: int
    entries: int
    base: int
    end_offset: int
    end64_offset: int | None
    comment_end: int
    findings: tuple[Finding, ...]


def locate(raw: RawFile) -> Directory:
    """Find the central directory.

    Raises:
        UnreadableArchiveError: no end record, or no central directory where it can be.
    """
    end_offset = _end_offset(raw)
    end = EndRecord._make(END.unpack(raw.slice(end_offset, end_offset + END.size)))
    comment_end = min(end_offset + END.size + end.comment_length, raw.size)
    findings = _comment_facts(raw, end, end_offset)
    end64_offset, end64, zip64_findings = _zip64(raw, end, end_offset)
    merged = _merged(end, end64)
    limit = end_offset if end64_offset is None else end64_offset
    start, base, place_findings = _place(raw, merged, limit)
    findings += zip64_findings + _count_facts(merged) + place_findings
    return Directory(
        start=start,
        end=min(start + merged.size, limit),
        entries=merged.entries,
        base=base,
        end_offset=end_offset,
        end64_offset=end64_offset,
        comment_end=comment_end,
        findings=tuple(findings + second_end_facts(raw, start, end_offset)),
    )


def _end_offset(raw: RawFile) -> int:
    """The last end record that fits, as every backward-searching reader finds it."""
    floor = max(0, raw.size - END.size - MAX_COMMENT)
    offset = raw.rfind(END_SIGNATURE, floor, raw.size - END.size + len(END_SIGNATURE))
    if offset < 0:
        raise UnreadableArchiveError(
            "There is no end of central directory record.", hint="Is this a wheel?"
        )
    return offset


def _comment_facts(raw: RawFile, end: EndRecord, offset: int) -> list[Finding]:
    findings = []
    behind = raw.size - offset - END.size
    if end.comment_length > behind:
        findings.append(
            dangerous(
                "archive.truncated-comment",
                "The end record declares a longer comment than the file has bytes left.",
                declared=end.comment_length,
                present=behind,
            )
        )
    if end.comment_length and behind:
        findings.append(
            _comment_fact(raw.slice(offset + END.size, offset + END.size + end.comment_length))
        )
    return findings


def _comment_fact(comment: bytes) -> Finding:
    # Every ZIP signature has one of these bytes, and no text does: whoever searches forwards may
    # take such a comment for an archive of its own.
    if not _SIGNATURE_BYTES.isdisjoint(comment):
        return dangerous(
            "archive.binary-comment",
            "The archive has a comment that is no text and could hold another archive.",
            size=len(comment),
            head=head(comment),
        )
    return unexplained(
        "archive.comment", "The archive has a comment.", size=len(comment), head=head(comment)
    )


def _zip64(
    raw: RawFile, end: EndRecord, end_offset: int
) -> tuple[int | None, End64Record | None, list[Finding]]:
    place = end_offset - LOCATOR64.size
    data = raw.slice(place, end_offset) if place >= 0 else b""
    if not data.startswith(LOCATOR64_SIGNATURE):
        return None, None, []
    locator = Locator64._make(LOCATOR64.unpack(data))
    offset = place - END64.size
    record = raw.slice(offset, place) if offset >= 0 else b""
    if locator.offset != offset or not record.startswith(END64_SIGNATURE):
        return None, None, [_contradiction("The ZIP64 locator does not point at its record.")]
    end64 = End64Record._make(END64.unpack(record))
    return offset, end64, _zip64_facts(end, end64, locator)


def _zip64_facts(end: EndRecord, end64: End64Record, locator: Locator64) -> list[Finding]:
    findings = []
    # APPNOTE 4.3.14.1: the size field counts neither itself nor the signature.
    if end64.record_size != END64.size - 12:
        findings.append(_contradiction("The ZIP64 end record has an extensible data sector."))
    if (end64.disk, end64.directory_disk, locator.disk, locator.disks) != (0, 0, 0, 1):
        findings.append(_contradiction("The ZIP64 records describe a multi-volume archive."))
    pairs = [
        (end.entries_here, end64.entries_here, SENTINEL16),
        (end.entries, end64.entries, SENTINEL16),
        (end.size, end64.size, SENTINEL32),
        (end.offset, end64.offset, SENTINEL32),
    ]
    if any(small not in {large, sentinel} for small, large, sentinel in pairs):
        findings.append(_contradiction("The ZIP64 end record contradicts the end record."))
    if end64.entries < SENTINEL16 and max(end64.size, end64.offset) <= _ZIPFILE_LIMIT:
        findings.append(
            unexplained("archive.zip64-unneeded", "ZIP64 end records in an archive without need.")
        )
    return findings


def _contradiction(summary: str) -> Finding:
    return dangerous("archive.zip64-contradiction", summary)


def _merged(end: EndRecord, end64: End64Record | None) -> EndRecord:
    """The end record with its ZIP64 values; readers that see the locator prefer those."""
    if end64 is None:
        return end
    return end._replace(
        entries_here=end64.entries_here,
        entries=end64.entries,
        size=end64.size,
        offset=end64.offset,
    )


def _count_facts(end: EndRecord) -> list[Finding]:
    findings = []
    if end.entries_here != end.entries:
        findings.append(
            dangerous(
                "archive.end-counts",
                "The end record's two entry counts differ.",
                this_disk=end.entries_here,
                total=end.entries,
            )
        )
    if (end.disk, end.directory_disk) != (0, 0):
        findings.append(
            dangerous("archive.multi-volume", "The end record describes a multi-volume archive.")
        )
    return findings


def _place(raw: RawFile, end: EndRecord, limit: int) -> tuple[int, int, list[Finding]]:
    """Start of the directory, base of the offsets in it, and findings when the two ways differ."""
    adjacent = limit - end.size
    if end.offset == adjacent:
        return adjacent, 0, []
    fact = dangerous(
        "archive.end-offset",
        "The central directory is not where the end record says.",
        declared_offset=end.offset,
        declared_size=end.size,
        directory_end=limit,
    )
    if _is_directory(raw, end.offset, limit):
        return end.offset, 0, [fact]
    if adjacent >= 0 and _is_directory(raw, adjacent, limit):
        return adjacent, adjacent - end.offset, [fact]
    raise UnreadableArchiveError("There is no central directory where the end record says.")


def _is_directory(raw: RawFile, start: int, limit: int) -> bool:
    return start < limit and raw.slice(start, start + 4) == CENTRAL_SIGNATURE
