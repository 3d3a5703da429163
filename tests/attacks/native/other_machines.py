"""Shared objects for processors whose code is not read, and what an attacker makes of them."""

import struct
from collections.abc import Callable, Mapping
from functools import cache

from tests.support.elf import ALONE, compiled, patched, word
from verify.native.elf import Elf, Machine, SegmentKind
from verify.native.elf_reader import read_elf

_FLAGS = ("-nostdlib", "-Wl,--build-id", "-g")
SOURCE = ALONE + "__attribute__((constructor)) static void start(void) { inside = 3; }\n"


@cache
def for_x86() -> bytes:
    """Compiled for it; there is no C library for it, so it needs none."""
    return compiled(SOURCE, "-m32", *_FLAGS)


@cache
def for_aarch64() -> bytes:
    """A file that says so; whoever goes by sections and bytes alone sees no other one."""
    return patched(compiled(SOURCE, *_FLAGS), 18, word(Machine.AARCH64, 2))


MACHINES = {"x86": for_x86, "aarch64": for_aarch64}


def segment_field(data: bytes, kind: SegmentKind, field: str, value: int, which: int = 0) -> bytes:
    """The same file with another value in a program header."""
    elf = read_elf(data)
    fields = ("kind", "flags", "offset", "address", "physical", "size", "memory", "alignment")
    if elf.bits == 32:
        fields = ("kind", "offset", "address", "physical", "size", "memory", "flags", "alignment")
        places = dict(zip(fields, range(0, 32, 4), strict=True))
        width, step = 4, 32
    else:
        places = dict(zip(fields, (0, 4, 8, 16, 24, 32, 40, 48), strict=True))
        width, step = (4 if field in {"kind", "flags"} else 8), 56
    index = [at for at, segment in enumerate(elf.segments) if segment.kind == kind][which]
    at = elf.headers[1][0] + step * index + places[field]
    return patched(data, at, word(value, width))


def section_field(data: bytes, name: str, field: str, value: int) -> bytes:
    """The same file with another value in a section header."""
    elf = read_elf(data)
    names = ("name", "kind", "flags", "address", "offset", "size", "link", "info")
    if elf.bits == 32:
        at, width = 4 * names.index(field), 4
    else:
        at = dict(zip(names, (0, 4, 8, 16, 24, 32, 40, 44), strict=True))[field]
        width = 4 if field in {"name", "kind", "link", "info"} else 8
    step = 40 if elf.bits == 32 else 64
    return patched(
        data, elf.headers[2][0] + step * elf.by_name[name].index + at, word(value, width)
    )


def flipped(data: bytes, offset: int, mask: int = 1) -> bytes:
    """The same file with some bits of one byte the other way round."""
    return patched(data, offset, bytes([data[offset] ^ mask]))


def _in(name: str, at: int = 0) -> Callable[[bytes], bytes]:
    return lambda data: flipped(data, read_elf(data).by_name[name].offset + at)


def _header(at: int, value: int, size: int) -> Callable[[bytes], bytes]:
    return lambda data: patched(data, at, word(value, size))


def _entry(data: bytes) -> bytes:
    return patched(data, 24, word(read_elf(data).by_name[".text"].address + 4, 4))


def _dynamic(tag: int, change: Callable[[int], tuple[int, int]]) -> Callable[[bytes], bytes]:
    """Another tag and value in an entry of `.dynamic`."""

    def made(data: bytes) -> bytes:
        elf = read_elf(data)
        layout = struct.Struct("<II" if elf.bits == 32 else "<QQ")
        section = elf.by_name[".dynamic"]
        for at in range(section.offset, section.offset + section.size, layout.size):
            found, value = layout.unpack_from(data, at)
            if found == tag:
                return patched(data, at, layout.pack(*change(value)))
        raise LookupError(tag)

    return made


def _id_over_code(data: bytes) -> bytes:
    """Have code be called the build id, and change it."""
    note, code = ".note.gnu.build-id", ".text"
    made = flipped(data, read_elf(data).by_name[code].offset + 20, 0xFF)
    names = {name: _name_offset(data, name) for name in (note, code)}
    at = {name: _name_field(data, name) for name in (note, code)}
    made = patched(made, at[note], word(names[code], 4))
    return patched(made, at[code], word(names[note], 4))


def _name_field(data: bytes, name: str) -> int:
    """Where a section header has its `sh_name`."""
    elf = read_elf(data)
    return elf.headers[2][0] + (40 if elf.bits == 32 else 64) * elf.by_name[name].index


def _name_offset(data: bytes, name: str) -> int:
    return int.from_bytes(data[_name_field(data, name) :][:4], "little")


def _larger_id(data: bytes) -> bytes:
    """The next section begins where its note ends."""
    elf = read_elf(data)
    note = elf.by_name[".note.gnu.build-id"]
    made = patched(data, note.offset + 4, word(note.size - 16 + 4, 4))
    return flipped(made, note.offset + note.size)


def _payload(elf: Elf) -> bytes:
    return b"\x90" * 64 + elf.content(elf.by_name[".text"])


def _behind(data: bytes) -> bytes:
    return data + _payload(read_elf(data))


def _in_gap(data: bytes) -> bytes:
    """In a page that is mapped, and of no section."""
    elf = read_elf(data)
    code = next(s for s in elf.segments if s.kind == SegmentKind.LOAD and s.flags & 1)
    return patched(data, code.offset + code.file_size + 16, b"\x90\xc3")


def _comment_in_gap(data: bytes) -> bytes:
    """The compiler's name, which is never loaded, on a page of code."""
    elf = read_elf(data)
    code = next(s for s in elf.segments if s.kind == SegmentKind.LOAD and s.flags & 1)
    comment, at = elf.by_name[".comment"], code.offset + code.file_size + 16
    made = patched(data, at, elf.content(comment))
    made = patched(made, comment.offset, bytes(comment.size))
    return section_field(made, ".comment", "offset", at)


def _in_debug(data: bytes) -> bytes:
    section = read_elf(data).by_name[".debug_line"]
    return patched(data, section.offset, b"\xff" * min(16, section.size))


def _in_comment(data: bytes) -> bytes:
    return patched(data, read_elf(data).by_name[".comment"].offset, b"curl")


def _writable_code(data: bytes) -> bytes:
    return segment_field(data, SegmentKind.LOAD, "flags", 7, which=1)


def _executable_data(data: bytes) -> bytes:
    loads = [s for s in read_elf(data).segments if s.kind == SegmentKind.LOAD]
    return segment_field(data, SegmentKind.LOAD, "flags", 7, which=len(loads) - 1)


def _swapped_machine(data: bytes) -> bytes:
    return patched(data, 18, word(40, 2))


def _code_from_debug(data: bytes) -> bytes:
    """Have the segment of code come out of another place in the file."""
    return segment_field(data, SegmentKind.LOAD, "offset", 0, which=1)


def _no_relro(data: bytes) -> bytes:
    return segment_field(data, SegmentKind.GNU_RELRO, "kind", SegmentKind.NULL)


def _interpreter(data: bytes) -> bytes:
    """A note becomes a loader's name."""
    return segment_field(data, SegmentKind.NOTE, "kind", SegmentKind.INTERP)


STRTAB, INIT, INIT_ARRAY, INIT_ARRAYSZ = 5, 12, 25, 27

TAMPERED: Mapping[str, Callable[[bytes], bytes]] = {
    "one-bit-of-code": _in(".text", 3),
    "one-bit-of-the-linkage-table": _in(".plt", 6),
    "one-bit-of-data": _in(".data"),
    "one-bit-of-a-slot": _in(".got.plt"),
    "one-bit-of-a-symbol": _in(".dynsym", 20),
    "one-bit-of-a-name": _in(".dynstr", 2),
    "one-bit-of-a-hash": _in(".gnu.hash", 4),
    "one-bit-of-unwinding": _in(".eh_frame", 9),
    "one-bit-of-a-constructor": _in(".init_array"),
    "another-table-of-names": _dynamic(STRTAB, lambda value: (STRTAB, value + 1)),
    "another-array-of-constructors": _dynamic(INIT_ARRAY, lambda value: (INIT_ARRAY, value + 8)),
    "constructors-become-a-function": _dynamic(INIT_ARRAYSZ, lambda value: (INIT, value)),
    "constructors-that-are-not-run": _dynamic(INIT_ARRAYSZ, lambda _: (INIT_ARRAYSZ, 0)),
    "another-entry-point": _entry,
    "another-system": _header(7, 9, 1),
    "other-processor-flags": lambda data: patched(
        data, 36 if read_elf(data).bits == 32 else 48, word(0x0400, 4)
    ),
    "another-processor": _swapped_machine,
    "code-that-can-be-written": _writable_code,
    "data-that-can-be-executed": _executable_data,
    "stack-that-can-be-executed": lambda data: segment_field(
        data, SegmentKind.GNU_STACK, "flags", 7
    ),
    "code-from-another-place": _code_from_debug,
    "constants-that-can-be-written": _no_relro,
    "a-note-as-loader": _interpreter,
    "build-id-over-code": _id_over_code,
    "build-id-that-goes-on": _larger_id,
    "bytes-behind-everything": _behind,
    "code-between-the-sections": _in_gap,
    "compiler-between-the-sections": _comment_in_gap,
    "debug-information-that-is-none": _in_debug,
    "compiler-that-is-none": _in_comment,
    "code-that-is-not-loaded": lambda data: section_field(data, ".text", "flags", 4),
    "code-that-is-data": lambda data: section_field(data, ".text", "flags", 2),
}
"""Each is in one place another file than what it is made of."""
