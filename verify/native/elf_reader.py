"""Reads the headers of an ELF file strictly: what the loader maps, and what it is divided into.

The loader goes by program headers, everybody else by section headers. A file is read here only if
both say the same, so that everything later can go by sections.

Source: System V ABI, chapters 4 and 5 (gABI 4.1), and its AMD64 supplement.
"""

import struct

from verify.native.elf import Elf, Section, Segment, UnreadableElfError
from verify.native.elf_layout import check_sections, check_segments

MAGIC = b"\x7fELF"
MAX_SIZE = 256 * 1024**2
"""Bytes of a file that is looked into; it is held in memory, once for each side."""

MAX_SECTIONS = 2_000
MAX_SEGMENTS = 64

_SHN_LORESERVE = 0xFF00
_PN_XNUM = 0xFFFF

_IDENT = 16
_HEADERS = {32: struct.Struct("<HHIIIIIHHHHHH"), 64: struct.Struct("<HHIQQQIHHHHHH")}
_SEGMENTS = {32: struct.Struct("<IIIIIIII"), 64: struct.Struct("<IIQQQQQQ")}
_SECTIONS = {32: struct.Struct("<IIIIIIIIII"), 64: struct.Struct("<IIQQQQIIQQ")}


def read_elf(data: bytes) -> Elf:
    """Read the headers of a shared object.

    Raises:
        UnreadableElfError: it is none, or its headers do not agree.
    """
    if len(data) > MAX_SIZE:
        raise UnreadableElfError(f"larger than {MAX_SIZE} B")
    try:
        elf = _read(data)
    except (struct.error, ValueError, OverflowError) as error:
        raise UnreadableElfError(f"its headers cannot be read: {error}") from error
    check_sections(elf)
    check_segments(elf)
    return elf


def _read(data: bytes) -> Elf:
    if data[:4] != MAGIC or len(data) < _IDENT:
        raise UnreadableElfError("not an ELF file")
    bits = {1: 32, 2: 64}.get(data[4], 0)
    if not bits or data[5] != 1 or data[6] != 1 or data[8:_IDENT] != bytes(8):
        raise UnreadableElfError("of an unknown class, byte order or version")
    header = _HEADERS[bits]
    kind, machine, version, entry, segments_at, sections_at, flags, *sizes = header.unpack_from(
        data, _IDENT
    )
    header_size, segment_size, segment_count, section_size, section_count, names = sizes
    expected = (_IDENT + header.size, _SEGMENTS[bits].size, _SECTIONS[bits].size)
    if (header_size, segment_size, section_size) != expected or version != 1:
        raise UnreadableElfError("has header sizes of its own")
    if kind != 3:
        raise UnreadableElfError("no shared object")
    if not 0 < segment_count <= min(MAX_SEGMENTS, _PN_XNUM - 1):
        raise UnreadableElfError(f"has {segment_count} program headers")
    if not 0 < section_count <= min(MAX_SECTIONS, _SHN_LORESERVE - 1) or names >= section_count:
        raise UnreadableElfError(f"has {section_count} section headers")
    segments = tuple(
        _segment(bits, data, segments_at + index * segment_size) for index in range(segment_count)
    )
    raw = [
        _SECTIONS[bits].unpack_from(data, sections_at + index * section_size)
        for index in range(section_count)
    ]
    return Elf(
        data=data,
        machine=machine,
        bits=bits,
        system=data[7],
        entry=entry,
        processor_flags=flags,
        segments=segments,
        sections=_sections(data, raw, raw[names]),
        headers=(
            (0, header_size),
            (segments_at, segments_at + segment_size * segment_count),
            (sections_at, sections_at + section_size * section_count),
        ),
    )


def _segment(bits: int, data: bytes, at: int) -> Segment:
    fields = _SEGMENTS[bits].unpack_from(data, at)
    if bits == 64:
        kind, flags, offset, address, _, file_size, memory_size, alignment = fields
    else:
        kind, offset, address, _, file_size, memory_size, flags, alignment = fields
    return Segment(
        kind=kind,
        flags=flags,
        offset=offset,
        address=address,
        file_size=file_size,
        memory_size=memory_size,
        alignment=alignment,
    )


def _sections(
    data: bytes, raw: list[tuple[int, ...]], names: tuple[int, ...]
) -> tuple[Section, ...]:
    start, size = names[4], names[5]
    table = data[start : start + size]
    found = []
    for index, fields in enumerate(raw):
        at, kind, flags, address, offset, length, link, info, alignment, entry = fields
        end = table.find(b"\0", at)
        if end < 0:
            raise UnreadableElfError(f"section {index} has no proper name")
        found.append(
            Section(
                index=index,
                name=table[at:end].decode("ascii"),
                kind=kind,
                flags=flags,
                address=address,
                offset=offset,
                size=length,
                link=link,
                info=info,
                alignment=alignment,
                entry_size=entry,
            )
        )
    return tuple(found)
