"""Extra fields, APPNOTE 4.5: the only harmless ones are ZIP64 sizes where ZIP64 is needed."""

from dataclasses import dataclass
from enum import StrEnum
from struct import Struct

from verify.archive.facts import dangerous, head, unexplained
from verify.archive.records import EXTRA, SENTINEL32, ZIP64_ID, ZIP64_LOCAL
from verify.finding import Finding

_UINT64 = Struct("<Q")

_RENAMING = {0x7075: "Info-ZIP Unicode path", 0x6375: "Info-ZIP Unicode comment"}
"""Fields that replace the name or comment for readers that know them (APPNOTE 4.6.9, 4.6.8)."""

_MAX_FIELDS = 8
"""Fields of one block that are told one by one; a block of 64 KiB could hold 16,384."""


class LocalZip64(StrEnum):
    """Where a local header has its sizes; values are shown in evidence."""

    NONE = "none"
    """In the header alone."""

    MOVED = "moved"
    """In a ZIP64 field alone, as APPNOTE 4.5.3 wants it."""

    REPEATED = "repeated"
    """In both, equal: CPython's `zipfile` before 3.11.4 (gh-103861), told to force ZIP64. Whichever
    a reader believes, it reads the same."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sizes:
    """Sizes and offset of an entry after ZIP64, and what was odd on the way."""

    size: int
    compressed_size: int
    offset: int
    findings: tuple[Finding, ...] = ()


def central_sizes(extra: bytes, sizes: Sizes, name: str) -> Sizes:
    """Apply an entry's ZIP64 extra field, which holds exactly the values that are sentinels."""
    if not extra:
        return sizes
    values = [sizes.size, sizes.compressed_size, sizes.offset]
    wanted = [at for at, value in enumerate(values) if value == SENTINEL32]
    expected = _UINT64.size * len(wanted)
    ident, length = EXTRA.unpack_from(extra) if len(extra) >= EXTRA.size else (None, None)
    is_sole = ident == ZIP64_ID and length == expected == len(extra) - EXTRA.size
    if not wanted or not is_sole:
        facts = extra_facts(extra, name, "central directory")
        return Sizes(
            size=sizes.size,
            compressed_size=sizes.compressed_size,
            offset=sizes.offset,
            findings=facts,
        )
    for at, (value,) in zip(wanted, _UINT64.iter_unpack(extra[EXTRA.size :]), strict=True):
        values[at] = value
    return Sizes(size=values[0], compressed_size=values[1], offset=values[2])


def local_zip64_sizes(extra: bytes) -> tuple[int, int] | None:
    """(size, compressed size) of a local header's sole ZIP64 extra field, else None.

    APPNOTE 4.5.3: a local header must hold both.
    """
    if len(extra) != ZIP64_LOCAL.size:
        return None
    ident, length, size, compressed = ZIP64_LOCAL.unpack(extra)
    return (size, compressed) if (ident, length) == (ZIP64_ID, 16) else None


def extra_facts(extra: bytes, name: str, where: str) -> tuple[Finding, ...]:
    """One finding for each extra field, or one for a block that does not parse."""
    fields = _fields(extra)
    if fields is None:
        return (
            dangerous(
                "archive.malformed-extra",
                f"The extra block in the {where} does not parse.",
                member=name,
                head=head(extra),
            ),
        )
    facts = [_field_fact(ident, data, name, where) for ident, data in fields[:_MAX_FIELDS]]
    if len(fields) > _MAX_FIELDS:
        # Dangerous, because what is not listed may be.
        facts.append(
            dangerous(
                "archive.many-extra-fields",
                f"More extra fields in the {where} than anybody writes.",
                member=name,
                fields=len(fields),
            )
        )
    return tuple(facts)


def _fields(extra: bytes) -> list[tuple[int, bytes]] | None:
    fields = []
    at = 0
    while at < len(extra):
        start = at + EXTRA.size
        if start > len(extra):
            return None
        ident, length = EXTRA.unpack_from(extra, at)
        at = start + length
        if at > len(extra):
            return None
        fields.append((ident, extra[start:at]))
    return fields


def _field_fact(ident: int, data: bytes, name: str, where: str) -> Finding:
    evidence: dict[str, int | str] = {"id": f"0x{ident:04x}", "size": len(data), "head": head(data)}
    if ident == ZIP64_ID:
        return dangerous(
            "archive.zip64-contradiction",
            f"A ZIP64 extra field in the {where} does not match its header.",
            member=name,
            **evidence,
        )
    if ident in _RENAMING:
        return dangerous(
            "archive.renaming-extra",
            f"An {_RENAMING[ident]} field in the {where} replaces what other readers see.",
            member=name,
            **evidence,
        )
    return unexplained(
        "archive.extra-field", f"An extra field in the {where}.", member=name, **evidence
    )
