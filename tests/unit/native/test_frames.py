"""Frames: what pyelftools reads as well, and what nobody may read out of a broken file."""

import io
import random
from collections.abc import Callable
from functools import cache

import pytest
from elftools.dwarf.callframe import FDE
from elftools.elf.elffile import ELFFile
from elftools.elf.relocation import RelocationSection
from elftools.elf.sections import SymbolTableSection

from tests.support.elf import (
    ALONE,
    CPP,
    C,
    compiled,
    in_section,
    in_section_header,
    in_segment_header,
    number,
    patched,
    section,
    word,
)
from verify.native.elf import SegmentKind, UnreadableElfError
from verify.native.elf_reader import read_elf
from verify.native.frames import MAX_FRAMES_SIZE, Frame, read_frames

NO_FRAMES = (
    "-nostdlib",
    "-fno-asynchronous-unwind-tables",
    "-Wl,--no-ld-generated-unwind-info",
)
CPP_FILE = compiled(CPP)


@cache
def frames(data: bytes) -> tuple[Frame, ...]:
    return read_frames(read_elf(data))


def place(data: bytes, frame: Frame) -> int:
    """Where the record of a frame is in the file: length, CIE, start, size, augmentation."""
    found = section(data, ".eh_frame")
    return found.offset + frame.record - found.address


def instructions(data: bytes, frame: Frame) -> int:
    """Where the instructions of a frame are in the file."""
    at = place(data, frame) + 16
    return at + 1 + data[at]


def function(data: bytes = CPP_FILE) -> Frame:
    """A frame with instructions enough to write others over them."""
    return next(f for f in frames(data) if len(f.instructions) > 12 and f.cie.code_factor == 1)


@pytest.mark.parametrize("flags", [(), ("-g", "-O2"), ("-O0",), ("-Wl,-z,noseparate-code",)])
@pytest.mark.parametrize("source", [C, CPP])
def test_frames_are_what_pyelftools_reads(source: str, flags: tuple[str, ...]) -> None:
    data = compiled(source, *flags)
    entries = ELFFile(io.BytesIO(data)).get_dwarf_info().EH_CFI_entries()
    assert [
        (
            frame.start,
            frame.size,
            frame.cie.augmentation,
            frame.cie.code_factor,
            frame.cie.data_factor,
            frame.cie.return_register,
            frame.exception_table,
        )
        for frame in frames(data)
    ] == sorted(
        (
            entry["initial_location"],
            entry["address_range"],
            cie["augmentation"].decode(),
            cie["code_alignment_factor"],
            cie["data_alignment_factor"],
            cie["return_address_register"],
            entry.lsda_pointer,
        )
        for entry in entries
        if isinstance(entry, FDE) and (cie := entry.cie) is not None
    )


def test_instructions_are_what_pyelftools_reads_without_the_padding() -> None:
    entries = {
        entry["initial_location"]: [
            instruction.opcode for instruction in entry.instructions if instruction.opcode
        ]
        for entry in ELFFile(io.BytesIO(CPP_FILE)).get_dwarf_info().EH_CFI_entries()
        if isinstance(entry, FDE)
    }
    for frame in frames(CPP_FILE):
        assert bool(frame.instructions) == bool(entries[frame.start])
        if frame.instructions:
            first = frame.instructions[0]
            assert (first & 0xC0 or first) == entries[frame.start][0]
            at = instructions(CPP_FILE, frame)
            end = place(CPP_FILE, frame) + 4 + number(CPP_FILE, place(CPP_FILE, frame), 4)
            assert CPP_FILE[at:end].rstrip(b"\0") == frame.instructions.rstrip(b"\0")


def test_every_function_has_its_frame() -> None:
    symbols = ELFFile(io.BytesIO(CPP_FILE)).get_section_by_name(".symtab")
    assert isinstance(symbols, SymbolTableSection)
    made = {
        (symbol["st_value"], symbol["st_size"])
        for symbol in symbols.iter_symbols()
        if symbol["st_info"]["type"] == "STT_FUNC" and symbol["st_size"]
    }
    assert made <= {(frame.start, frame.size) for frame in frames(CPP_FILE)}


def test_a_personality_is_read_as_the_slot_that_the_loader_fills() -> None:
    personalities = {f.cie.personality for f in frames(CPP_FILE)} - {None}
    (personality,) = personalities
    assert personality is not None
    assert personality.is_indirect
    relocations = ELFFile(io.BytesIO(CPP_FILE)).get_section_by_name(".rela.dyn")
    names = ELFFile(io.BytesIO(CPP_FILE)).get_section_by_name(".dynsym")
    assert isinstance(relocations, RelocationSection)
    assert isinstance(names, SymbolTableSection)
    (found,) = (r for r in relocations.iter_relocations() if r["r_offset"] == personality.address)
    assert names.get_symbol(found["r_info_sym"]).name == "__gxx_personality_v0"


@pytest.mark.parametrize("flags", [("-mcmodel=large",), ("-Wl,--no-eh-frame-hdr",)])
def test_other_encodings_and_no_index_give_the_same_functions(flags: tuple[str, ...]) -> None:
    sizes = {frame.size for frame in frames(compiled(ALONE, "-nostdlib"))}
    changed = frames(compiled(ALONE, "-nostdlib", *flags))
    assert len(changed) >= len(sizes) - 1
    assert all(frame.cie.augmentation == "zR" for frame in changed)


def test_32_bit_files_are_read() -> None:
    data = compiled(ALONE, "-nostdlib", "-m32")
    assert {f.cie.data_factor for f in frames(data)} == {-4}
    assert {f.cie.return_register for f in frames(data)} == {8}


def test_a_file_without_frames_has_none() -> None:
    data = compiled(ALONE, *NO_FRAMES)
    assert ".eh_frame" not in read_elf(data).by_name
    assert frames(data) == ()


def _write(offset: int, replacement: bytes) -> Callable[[bytes], bytes]:
    """Other bytes in the record of a function."""
    return lambda data: patched(data, place(data, function(data)) + offset, replacement)


def _instruct(replacement: bytes) -> Callable[[bytes], bytes]:
    return lambda data: patched(data, instructions(data, function(data)), replacement)


def _common(offset: int, replacement: bytes) -> Callable[[bytes], bytes]:
    """Other bytes in the first common entry: length, 0, version, `zR`, factors, register."""
    return lambda data: in_section(data, ".eh_frame", offset, replacement)


def _header(offset: int, replacement: bytes) -> Callable[[bytes], bytes]:
    return lambda data: in_section(data, ".eh_frame_hdr", offset, replacement)


def _larger(data: bytes) -> bytes:
    """A function of which the frame goes on into the next one."""
    first, second = next(
        (one, two)
        for one, two in zip(frames(data), frames(data)[1:], strict=False)
        if read_elf(data).section_at(one.start) == read_elf(data).section_at(two.start)
    )
    return patched(data, place(data, first) + 12, word(second.start + 1 - first.start, 4))


def _of_data(data: bytes) -> bytes:
    field = place(data, function(data)) + 8
    found = section(data, ".eh_frame")
    address = field - found.offset + found.address
    return patched(data, field, word((section(data, ".data").address - address) % 2**32, 4))


def _swapped(data: bytes) -> bytes:
    """The first two entries of the index in the other order."""
    at = section(data, ".eh_frame_hdr").offset + 12
    return patched(data, at, data[at + 8 : at + 16] + data[at : at + 8])


def _renamed(data: bytes, name: str) -> bytes:
    """The same file, but for the first letter of the name of a section."""
    at = read_elf(data).headers[2][0] + 64 * section(data, name).index
    return patched(data, at, word(number(data, at, 4) + 1, 4))


LIES: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "a record that is too long": (_write(0, word(0x7FFFFFFF, 4)), "cut off"),
    "a record of 64 bits": (_write(0, b"\xff\xff\xff\xff"), "cut off"),
    "an end mark in the middle": (_write(0, word(0, 4)), "behind its end mark"),
    "a frame of another record": (_write(4, word(8, 4)), "common entry that there is not"),
    "a frame for data": (_of_data, "is not about code"),
    "a frame for no code": (_write(8, word(0, 4)), "about no code"),
    "a negative size": (_write(12, word(0xFFFFFFF0, 4)), "about no code"),
    "a size of nothing": (_write(12, word(0, 4)), "about no code"),
    "frames that can be written to": (
        lambda data: in_section_header(data, ".eh_frame", "flags", 3),
        "can be written to",
    ),
    "an index that can be executed": (
        lambda data: in_section_header(data, ".eh_frame_hdr", "flags", 6),
        "or executed",
    ),
    "a frame into the next function": (_larger, "two frames are about"),
    "a size that leaves the section": (_write(12, word(0x7FFFFFF0, 4)), "is not about code"),
    "augmentation that nothing reads": (_write(16, b"\x01"), "nothing reads|cut off"),
    "an unknown instruction": (_instruct(b"\x1c"), "0x1c, which is not known"),
    "an address to go on from": (_instruct(b"\x01"), "0x1, which is not known"),
    "an expression behind the record": (_instruct(b"\x0f\xff\x7f"), "cut off"),
    "a number without an end": (_instruct(b"\x0e" + b"\x80" * 16), "does not end"),
    "instructions for other code": (_instruct(b"\x04\xff\xff\xff\x7f"), "behind its own"),
    "another version": (_common(8, b"\x04"), "version 4"),
    "another augmentation": (_common(9, b"zX"), "augmentation"),
    "an unknown letter": (lambda data: data.replace(b"zPLR\0", b"zXLR\0"), "augmentation b'XLR'"),
    "a letter twice": (lambda data: data.replace(b"zPLR\0", b"zLLR\0"), "augmentation b'LLR'"),
    "an augmentation without size": (_common(9, b"R\0"), "augmentation"),
    "an absolute encoding": (_common(16, b"\x00"), "encoding 0x0"),
    "an encoding with a slot": (_common(16, b"\x9b"), "a slot where an address should be"),
    "no advance at all": (_common(12, b"\x00"), "advances, or never"),
    "a common entry that advances": (_common(17, b"\x41"), "advances, or never"),
    "an index of another version": (_header(0, b"\x02"), "unknown way"),
    "an index in another encoding": (_header(3, b"\x1b"), "unknown way"),
    "an index about another section": (_header(4, word(0, 4)), "about another section"),
    "an index with fewer frames": (_header(8, word(1, 4)), "unknown way"),
    "an index with another function": (_header(12, word(7, 4)), "lists other frames"),
    "an index with another record": (_header(16, word(7, 4)), "lists other frames"),
    "an index in another order": (_swapped, "lists other frames"),
    "an index that is no section": (lambda data: _renamed(data, ".eh_frame_hdr"), "is no section"),
    "an index elsewhere": (
        lambda data: in_segment_header(data, SegmentKind.GNU_EH_FRAME, "memory_size", 8),
        "not what the unwinder looks into",
    ),
    "an index of other type": (
        lambda data: in_section_header(data, ".eh_frame_hdr", "kind", 7),
        "not what the unwinder looks into",
    ),
    "frames of other type": (
        lambda data: in_section_header(data, ".eh_frame", "kind", 7),
        "type that it cannot have",
    ),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_about_frames_is_not_read(lie: str) -> None:
    change, words = LIES[lie]
    with pytest.raises(UnreadableElfError, match=words):
        read_frames(read_elf(change(CPP_FILE)))


def test_an_index_without_frames_is_not_read() -> None:
    with pytest.raises(UnreadableElfError, match="but no frames"):
        read_frames(read_elf(_renamed(CPP_FILE, ".eh_frame")))


def test_a_section_that_is_not_loaded_cannot_stand_for_the_frames() -> None:
    data = CPP_FILE
    names = read_elf(data).sections[number(data, 62, 2)]
    name = section(data, ".comment").index * 64 + read_elf(data).headers[2][0]
    offset = data.index(b".eh_frame\0", names.offset) - names.offset
    renamed = patched(data, name, word(offset, 4))
    assert [s.name for s in read_elf(renamed).sections].count(".eh_frame") == 2
    assert frames(renamed) == frames(data)


def test_too_many_frames_are_not_read() -> None:
    source = f'__asm__(".section .eh_frame,\\"a\\"\\n.zero {MAX_FRAMES_SIZE + 1}, 1\\n.text");'
    with pytest.raises(UnreadableElfError, match="larger than"):
        frames(compiled(source, *NO_FRAMES, "-Wl,--no-eh-frame-hdr"))


def test_a_cut_section_is_not_read() -> None:
    whole = section(CPP_FILE, ".eh_frame").size
    for size in range(whole - 5, 3, -3):  # The last four bytes are an end mark.
        with pytest.raises(UnreadableElfError):
            read_frames(read_elf(in_section_header(CPP_FILE, ".eh_frame", "size", size)))


def test_no_flipped_bit_goes_unnoticed() -> None:
    chance = random.Random(5)  # noqa: S311
    spans = [section(CPP_FILE, name) for name in (".eh_frame", ".eh_frame_hdr")]
    offsets = [at for span in spans for at in range(span.offset, span.offset + span.size)]
    refused = 0
    for _ in range(2_000):
        at = chance.choice(offsets)
        data = patched(CPP_FILE, at, bytes((CPP_FILE[at] ^ 1 << chance.randrange(8),)))
        try:
            assert read_frames(read_elf(data)) != frames(CPP_FILE), hex(at)
        except UnreadableElfError:
            refused += 1
    assert 0 < refused < 2_000
