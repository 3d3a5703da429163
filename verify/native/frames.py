"""Reads `.eh_frame`, which says how to unwind each function, and the index of it, strictly.

Unwinding executes what stands here: call frame instructions, and DWARF expressions among them. So
each record is decoded to values that can be compared between two files, nothing is skipped, and
nothing may be left over. What instructions do is not judged; two files have the same ones, or not.

Sources: Linux Standard Base 5.0 core, 10.5 to 10.6 (`.eh_frame`, `.eh_frame_hdr`, pointer
encodings); DWARF 5, 6.4 and 7.24 (call frame instructions); libgcc's `unwind-dw2.c` for the
instructions with a vendor's opcode.
"""

import struct
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from verify.native.cursor import Cursor
from verify.native.elf import (
    Elf,
    Section,
    SectionFlag,
    SectionKind,
    SegmentFlag,
    SegmentKind,
    UnreadableElfError,
)

OMITTED = 0xFF
"""`DW_EH_PE_omit`: there is no pointer."""

MAX_FRAMES_SIZE = 16 * 1024**2
"""Bytes of `.eh_frame` that are read; libraries of 30 MB have less than 3 MB."""

_KINDS = frozenset({SectionKind.PROGBITS, SectionKind.X86_64_UNWIND})
_INDIRECT, _RELATIVE = 0x80, 0x10
_ABSPTR, _SDATA4, _SDATA8 = 0x00, 0x0B, 0x0C


@dataclass(frozen=True, kw_only=True, slots=True)
class Reference:
    """A pointer of the unwinder.

    Attributes:
        address: what it points to; 0 for none.
        is_indirect: whether that is a slot which the loader fills with the address that is meant.
    """

    address: int
    is_indirect: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class CommonFrame:
    """What many frames share: a common information entry (CIE).

    Attributes:
        augmentation: what else it has: `z`, `R`, `P`, `L`, `S` in some order.
        code_factor, data_factor: what the instructions' operands are multiplied by.
        return_register: by DWARF's number.
        pointer_encoding, table_encoding: of addresses in frames; `OMITTED` if they have none.
        personality: the function that reads exception tables.
        instructions: that begin each frame, without `DW_CFA_nop` at their end.
    """

    version: int
    augmentation: str
    code_factor: int
    data_factor: int
    return_register: int
    pointer_encoding: int
    table_encoding: int
    personality: Reference | None
    instructions: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Frame:
    """How to unwind from one stretch of code: a frame description entry (FDE).

    Attributes:
        start, size: the code.
        cie: what it shares with others.
        instructions: without `DW_CFA_nop` at their end.
        exception_table: where its exceptions are described.
        record: where the entry itself stands.
    """

    start: int
    size: int
    cie: CommonFrame
    instructions: bytes
    exception_table: int | None
    record: int


def read_frames(elf: Elf) -> tuple[Frame, ...]:
    """The frames of a file by the address of their code; none if it has no `.eh_frame`.

    Raises:
        UnreadableElfError: a byte is not accounted for, two frames overlap, one is about something
            that is no code, or the index is not the one of these frames.
    """
    section = loaded_section(elf, ".eh_frame")
    if section is None:
        _check_no_header(elf)
        return ()
    if section.kind not in _KINDS:
        raise UnreadableElfError(".eh_frame has a type that it cannot have")
    if section.size > MAX_FRAMES_SIZE:
        raise UnreadableElfError(f".eh_frame is larger than {MAX_FRAMES_SIZE} B")
    try:
        found = _Decoder(elf, section).decode()
    except UnreadableElfError as error:
        raise UnreadableElfError(f".eh_frame: {error}") from error
    frames = tuple(sorted(found, key=lambda frame: frame.start))
    _check_ranges(elf, frames)
    _check_header(elf, section, frames)
    return frames


def loaded_section(elf: Elf, name: str) -> Section | None:
    """The loaded section of that name; one that is not loaded may have the same name.

    Raises:
        UnreadableElfError: it can be written to, by the loader or by code, or be executed.
    """
    found = next((s for s in elf.sections if s.name == name and s.is_loaded), None)
    if found is None:
        return None
    is_writable = elf.segment_flags(found) & SegmentFlag.WRITE
    if is_writable or found.flags & (SectionFlag.WRITE | SectionFlag.EXEC):
        raise UnreadableElfError(f"{name} can be written to or executed")
    return found


def read_pointer(elf: Elf, cursor: Cursor, encoding: int, base: int) -> Reference | None:
    """Read a pointer relative to its own place, as `encoding` (`DW_EH_PE_...`) says.

    Args:
        elf: the file; tells the size of an address.
        cursor: stands at the pointer.
        encoding: how it is written. Absolute ones would need relocations in read-only sections,
            which no compiler makes for a shared object.
        base: the address of the first byte of the cursor's data.

    Returns:
        None for a null pointer.

    Raises:
        UnreadableElfError: of an unknown encoding, or cut off.
    """
    place = base + cursor.at
    value = cursor.signed(pointer_size(elf, encoding))
    if not value:
        return None
    address = (place + value) & ((1 << elf.bits) - 1)
    return Reference(address=address, is_indirect=bool(encoding & _INDIRECT))


def pointer_size(elf: Elf, encoding: int) -> Literal[4, 8]:
    """How many bytes a pointer has in an encoding that is relative to its own place.

    Raises:
        UnreadableElfError: it is not, or of an unknown size.
    """
    form = encoding & ~_INDIRECT
    if form == _RELATIVE | _SDATA4 or (form == _RELATIVE | _ABSPTR and elf.bits == 32):
        return 4
    if form in {_RELATIVE | _SDATA8, _RELATIVE | _ABSPTR}:
        return 8
    raise UnreadableElfError(f"has a pointer encoding {encoding:#x}, which is not supported")


class _Decoder:
    """Decodes the records of one `.eh_frame`, from its first byte to its last."""

    def __init__(self, elf: Elf, section: Section) -> None:
        self._elf = elf
        self._base = section.address
        self._data = elf.content(section)
        self._commons: dict[int, CommonFrame] = {}
        self._frames: list[Frame] = []
        self._seen: dict[bytes, tuple[bytes, int]] = {}

    def decode(self) -> list[Frame]:
        data, at = self._data, 0
        while at < len(data):
            if at + 4 > len(data):
                raise UnreadableElfError("cut off inside a record")
            size = int.from_bytes(data[at : at + 4], "little")
            start, at = at, at + 4 + size
            if not size and at != len(data):
                raise UnreadableElfError("has records behind its end mark")
            if at > len(data):
                raise UnreadableElfError("cut off inside a record")
            if size:
                self._record(start, Cursor(data, start + 4, at))
        return self._frames

    def _record(self, start: int, cursor: Cursor) -> None:
        place = cursor.at
        distance = cursor.unsigned(4)
        if not distance:
            self._commons[start] = self._common(cursor)
            return
        cie = self._commons.get(place - distance)
        if cie is None:
            raise UnreadableElfError("a frame refers to a common entry that there is not")
        self._frames.append(self._frame(start, cie, cursor))

    def _common(self, cursor: Cursor) -> CommonFrame:
        version = cursor.byte()
        if version not in {1, 3}:
            raise UnreadableElfError(f"has a common entry of version {version}")
        augmentation = cursor.string()
        code_factor, data_factor = cursor.uleb(), cursor.sleb()
        return_register = cursor.byte() if version == 1 else cursor.uleb()
        if augmentation[:1] != b"z" or augmentation.count(b"R") != 1:
            raise UnreadableElfError(f"has the augmentation {augmentation[:20]!r}")
        encodings, personality = self._augmentation(augmentation[1:], cursor)
        instructions, advance = _instructions(cursor.take(cursor.end - cursor.at))
        if advance or not code_factor:
            raise UnreadableElfError("has a common entry that advances, or never does")
        return CommonFrame(
            version=version,
            augmentation=augmentation.decode("ascii"),
            code_factor=code_factor,
            data_factor=data_factor,
            return_register=return_register,
            pointer_encoding=encodings[b"R"],
            table_encoding=encodings.get(b"L", OMITTED),
            personality=personality,
            instructions=instructions,
        )

    def _augmentation(
        self, letters: bytes, cursor: Cursor
    ) -> tuple[dict[bytes, int], Reference | None]:
        """The encodings by letter, and the personality."""
        end = cursor.uleb() + cursor.at
        encodings: dict[bytes, int] = {}
        personality = None
        for letter in (letters[at : at + 1] for at in range(len(letters))):
            if letter in encodings or letter not in {b"R", b"L", b"P", b"S"}:
                raise UnreadableElfError(f"has the augmentation {letters[:20]!r}")
            encodings[letter] = cursor.byte() if letter != b"S" else OMITTED
            if letter == b"P":
                personality = read_pointer(self._elf, cursor, encodings[letter], self._base)
        if cursor.at != end:
            raise UnreadableElfError("a common entry has bytes that nothing reads")
        addresses = {encodings[b"R"], encodings.get(b"L", OMITTED)} - {OMITTED}
        if any(encoding & _INDIRECT for encoding in addresses):
            raise UnreadableElfError("has a slot where an address should be")
        return encodings, personality

    def _frame(self, start: int, cie: CommonFrame, cursor: Cursor) -> Frame:
        code = read_pointer(self._elf, cursor, cie.pointer_encoding, self._base)
        if code is None:
            raise UnreadableElfError("a frame is about no code")
        size = cursor.signed(pointer_size(self._elf, cie.pointer_encoding))
        if size <= 0:
            raise UnreadableElfError("a frame is about no code")
        table = None
        end = cursor.uleb() + cursor.at
        if cie.table_encoding != OMITTED:
            table = read_pointer(self._elf, cursor, cie.table_encoding, self._base)
        if cursor.at != end:
            raise UnreadableElfError("a frame has bytes that nothing reads")
        raw = cursor.take(cursor.end - cursor.at)
        if raw not in self._seen:
            self._seen[raw] = _instructions(raw)
        instructions, advance = self._seen[raw]
        if advance * cie.code_factor > size:
            raise UnreadableElfError("a frame has instructions for code behind its own")
        return Frame(
            start=code.address,
            size=size,
            cie=cie,
            instructions=instructions,
            exception_table=table.address if table else None,
            record=self._base + start,
        )


_OPERANDS = {
    0x00: "",  # nop
    0x02: "1",  # advance_loc1
    0x03: "2",  # advance_loc2
    0x04: "4",  # advance_loc4
    0x05: "uu",  # offset_extended
    0x06: "u",  # restore_extended
    0x07: "u",  # undefined
    0x08: "u",  # same_value
    0x09: "uu",  # register
    0x0A: "",  # remember_state
    0x0B: "",  # restore_state
    0x0C: "uu",  # def_cfa
    0x0D: "u",  # def_cfa_register
    0x0E: "u",  # def_cfa_offset
    0x0F: "b",  # def_cfa_expression
    0x10: "ub",  # expression
    0x11: "uu",  # offset_extended_sf
    0x12: "uu",  # def_cfa_sf
    0x13: "u",  # def_cfa_offset_sf
    0x14: "uu",  # val_offset
    0x15: "uu",  # val_offset_sf
    0x16: "ub",  # val_expression
    0x2D: "",  # AARCH64_negate_ra_state, on Sparc GNU_window_save
    0x2E: "u",  # GNU_args_size
}
"""Operands by opcode: LEB128, signed or not (`u`), a block (`b`), or so many bytes to advance by.

Without `set_loc` (0x01), which holds an address and is made by no compiler for these machines.
"""


def _instructions(data: bytes) -> tuple[bytes, int]:
    """The instructions without the padding at their end, and how far they advance."""
    cursor = Cursor(data)
    end = advance = 0
    while cursor.at < cursor.end:
        opcode = cursor.byte()
        high = opcode & 0xC0
        if high == 0x40:
            advance += opcode & 0x3F
        elif high == 0x80:
            cursor.padded_uleb()
        elif not high:
            if not opcode:
                continue
            advance += _skip_operands(cursor, opcode)
        end = cursor.at
    return data[:end], advance


def _skip_operands(cursor: Cursor, opcode: int) -> int:
    """Move behind the operands of an instruction; returns how far it advances."""
    operands = _OPERANDS.get(opcode)
    if operands is None:
        raise UnreadableElfError(f"has a call frame instruction {opcode:#x}, which is not known")
    for kind in operands:
        if kind == "u":
            cursor.padded_uleb()
        elif kind == "b":
            cursor.take(cursor.padded_uleb())
        else:
            return int.from_bytes(cursor.take(int(kind)), "little")
    return 0


def _check_ranges(elf: Elf, frames: tuple[Frame, ...]) -> None:
    """Each frame is about code, of one section, and about code of its own."""
    for frame in frames:
        section = elf.section_at(frame.start)
        if section is None or not section.is_code or frame.start + frame.size > section.end:
            raise UnreadableElfError(f"the frame for {frame.start:#x} is not about code")
    for before, after in pairwise(frames):
        if before.start + before.size > after.start:
            raise UnreadableElfError(f"two frames are about the code at {after.start:#x}")


_HEADER = struct.Struct("<BBBBiI")
_ENTRY = struct.Struct("<ii")
_HEADER_ENCODINGS = (0x1B, 0x03, 0x3B)
"""As GNU ld, gold, LLD and mold write: place relative, unsigned, header relative; of 4 bytes."""


def _check_no_header(elf: Elf) -> None:
    if loaded_section(elf, ".eh_frame_hdr") or _header_segments(elf):
        raise UnreadableElfError("has an index of frames, but no frames")


def _header_segments(elf: Elf) -> list[tuple[int, int]]:
    found = [s for s in elf.segments if s.kind == SegmentKind.GNU_EH_FRAME]
    return [(segment.address, segment.memory_size) for segment in found]


def _check_header(elf: Elf, section: Section, frames: tuple[Frame, ...]) -> None:
    """The index, which the unwinder searches instead of `.eh_frame`, lists exactly the frames."""
    header = loaded_section(elf, ".eh_frame_hdr")
    segments = _header_segments(elf)
    if header is None:
        if segments:
            raise UnreadableElfError("has an index of frames that is no section")
        return
    if segments != [(header.address, header.size)] or header.kind not in _KINDS:
        raise UnreadableElfError(".eh_frame_hdr is not what the unwinder looks into")
    data = elf.content(header)
    expected = [(f.start - header.address, f.record - header.address) for f in frames]
    if len(data) != _HEADER.size + _ENTRY.size * len(expected):
        raise UnreadableElfError(".eh_frame_hdr does not list as many frames as there are")
    version, *encodings, pointer, count = _HEADER.unpack_from(data)
    if version != 1 or tuple(encodings) != _HEADER_ENCODINGS or count != len(expected):
        raise UnreadableElfError(".eh_frame_hdr is written in an unknown way")
    if header.address + 4 + pointer != section.address:
        raise UnreadableElfError(".eh_frame_hdr is about another section")
    if list(_ENTRY.iter_unpack(data[_HEADER.size :])) != expected:
        raise UnreadableElfError(".eh_frame_hdr lists other frames than there are")
