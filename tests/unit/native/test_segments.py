import pytest

from tests.support.elf import (
    C,
    Change,
    compiled,
    header,
    in_section,
    in_segment_header,
    program,
    section,
    segment,
)
from verify.native.elf import SectionKind, SegmentFlag, SegmentKind, UnreadableElfError
from verify.native.elf_reader import read_elf
from verify.native.segments import read_segments


def test_the_stack_is_not_executable_unless_asked() -> None:
    usual, odd = (read_segments(read_elf(compiled(C, *flags))) for flags in ((), ("-zexecstack",)))
    assert usual.stack_flags == SegmentFlag.READ | SegmentFlag.WRITE
    assert odd.stack_flags == SegmentFlag.READ | SegmentFlag.WRITE | SegmentFlag.EXEC


def test_what_is_read_only_after_relocation_is_named() -> None:
    usual = read_segments(read_elf(compiled(C)))
    now = read_segments(read_elf(compiled(C, "-Wl,-z,now")))
    none = read_segments(read_elf(compiled(C, "-Wl,-z,norelro")))
    assert usual.relro == (
        ".tdata",
        ".init_array",
        ".fini_array",
        ".data.rel.ro",
        ".dynamic",
        ".got",
    )
    assert now.relro == usual.relro
    assert none.relro == ()


def test_each_section_has_the_flags_of_its_mapping() -> None:
    protection = dict(read_segments(read_elf(compiled(C))).protection)
    assert protection[".text"] == SegmentFlag.READ | SegmentFlag.EXEC
    assert protection[".rodata"] == SegmentFlag.READ
    assert protection[".data"] == SegmentFlag.READ | SegmentFlag.WRITE
    joined = dict(read_segments(read_elf(compiled(C, "-Wl,-z,noseparate-code"))).protection)
    assert joined[".rodata"] == SegmentFlag.READ | SegmentFlag.EXEC


def test_a_library_that_is_also_a_program_names_its_loader() -> None:
    source = 'const char loader[] __attribute__((section(".interp"))) = "/lib/ld.so.2";' + C
    assert read_segments(read_elf(compiled(source))).interpreter == "/lib/ld.so.2"
    assert read_segments(read_elf(compiled(C))).interpreter is None


def test_a_loader_that_is_two_names_is_an_error() -> None:
    source = 'const char loader[] __attribute__((section(".interp"))) = "/lib/ld.so.2\\0x";' + C
    with pytest.raises(UnreadableElfError, match="is not one name"):
        read_segments(read_elf(compiled(source)))


def test_properties_have_a_segment_of_their_own() -> None:
    data = compiled(C, "-Wl,-z,ibt,-z,shstk")
    assert read_segments(read_elf(data)).interpreter is None
    lie = in_segment_header(data, SegmentKind.GNU_PROPERTY, "memory_size", 16)
    with pytest.raises(UnreadableElfError, match=r"its segment for \.note\.gnu\.property"):
        read_segments(read_elf(lie))


def load(flags: int, new_flags: int) -> Change:
    def change(data: bytes) -> bytes:
        loads = [one for one in read_elf(data).segments if one.kind == SegmentKind.LOAD]
        at = [one.flags for one in loads].index(flags)
        return in_segment_header(data, SegmentKind.LOAD, "flags", new_flags, which=at)

    return change


LIES: dict[str, tuple[Change, str]] = {
    "unknown segment": (segment(SegmentKind.NOTE, "kind", 0x6474E554), "unknown type 0x6474e554"),
    "two stacks": (segment(SegmentKind.NOTE, "kind", 0x6474E551), "several .* GNU_STACK"),
    "unknown flags": (segment(SegmentKind.NOTE, "flags", 0x10004), "unknown flags 0x10004"),
    "flags of notes": (segment(SegmentKind.NOTE, "flags", 6), "flags that it does not need"),
    "half a page": (segment(SegmentKind.GNU_RELRO, "memory_size", 0x2A0), "is no whole page"),
    "bytes of it": (segment(SegmentKind.GNU_RELRO, "file_size", 0x99), "that is not its own"),
    "alignment": (segment(SegmentKind.GNU_STACK, "alignment", 24), "is no power of two"),
    "physical address": (segment(SegmentKind.LOAD, "physical", 64), "a physical address"),
    "unused header": (segment(SegmentKind.GNU_STACK, "kind", 0), "unused program header"),
    "size of the stack": (segment(SegmentKind.GNU_STACK, "memory_size", 1 << 20), "a stack of a"),
    "stack in the file": (segment(SegmentKind.GNU_STACK, "offset", 64), "a stack of a"),
    "notes elsewhere": (segment(SegmentKind.NOTE, "offset", 64), "not made of sections of notes"),
    "fewer notes": (segment(SegmentKind.NOTE, "memory_size", 16), "not made of sections of notes"),
    "notes of symbols": (segment(SegmentKind.NOTE, "memory_size", 256), "not made of sections"),
    "no notes": (header(".note.gnu.build-id", "kind", 1), "not made of sections of notes"),
    "notes beside": (header(".rodata", "kind", 7), ".rodata is of no segment of notes"),
    "frames elsewhere": (segment(SegmentKind.GNU_EH_FRAME, "address", 0x2028), ".eh_frame_hdr is"),
    "more frames": (segment(SegmentKind.GNU_EH_FRAME, "file_size", 4), ".eh_frame_hdr is"),
    "thread's start": (segment(SegmentKind.TLS, "address", 0x3D60), "segment for threads is not"),
    "thread's bytes": (segment(SegmentKind.TLS, "offset", 0x2D60), "segment for threads is not"),
    "less for threads": (segment(SegmentKind.TLS, "file_size", 0), "segment for threads is not"),
    "more for threads": (segment(SegmentKind.TLS, "memory_size", 64), "segment for threads is not"),
    "protected elsewhere": (segment(SegmentKind.GNU_RELRO, "address", 0x1D5C), "is not its own"),
    "more protected": (segment(SegmentKind.GNU_RELRO, "memory_size", 0x8002A4), "is not its own"),
    "program headers": (segment(SegmentKind.NOTE, "kind", 6), "for program headers is not where"),
    "writable code": (load(5, 7), "both written and executed"),
    "code as data": (load(5, 4), "is code and not mapped as such"),
    "data as constants": (load(6, 4), "written to and mapped read-only"),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_about_segments_is_an_error(lie: str) -> None:
    change, words = LIES[lie]
    with pytest.raises(UnreadableElfError, match=words):
        read_segments(read_elf(change(compiled(C))))


def test_a_table_of_frames_without_a_segment_is_an_error() -> None:
    data = in_segment_header(compiled(C), SegmentKind.GNU_EH_FRAME, "kind", 0)
    for field in ("flags", "offset", "address", "physical", "file_size", "memory_size"):
        data = in_segment_header(data, SegmentKind.NULL, field, 0)
    data = in_segment_header(data, SegmentKind.NULL, "alignment", 0)
    with pytest.raises(UnreadableElfError, match=r"\.eh_frame_hdr is of no segment"):
        read_segments(read_elf(data))


def test_bytes_of_sections_do_not_matter_here() -> None:
    data = compiled(C)
    changed = in_section(data, ".rodata", 0, b"X" * section(data, ".rodata").size)
    assert read_segments(read_elf(changed)) == read_segments(read_elf(data))


PROGRAM = '#include <stdio.h>\nint main(void) { return fputs("hello", stdout); }\n'


def test_a_program_names_its_loader_and_its_headers() -> None:
    data = program(PROGRAM)
    assert read_segments(read_elf(data)).interpreter == "/lib64/ld-linux-x86-64.so.2"
    for field, value in (("address", 0x1040), ("offset", 0x80), ("file_size", 56)):
        with pytest.raises(UnreadableElfError, match="program headers"):
            read_segments(read_elf(in_segment_header(data, SegmentKind.PHDR, field, value)))


def test_a_loader_outside_of_its_section_is_an_error() -> None:
    lie = in_segment_header(program(PROGRAM), SegmentKind.INTERP, "address", 0x40)
    with pytest.raises(UnreadableElfError, match=r"its segment for \.interp is not"):
        read_segments(read_elf(lie))


def test_notes_that_take_in_the_symbols_are_an_error() -> None:
    data = compiled(C)
    first, last = section(data, ".note.gnu.build-id"), section(data, ".gnu.version")
    data = header(".gnu.version", "kind", SectionKind.NOTE)(data)
    size = last.end - first.address
    for field in ("file_size", "memory_size"):
        data = in_segment_header(data, SegmentKind.NOTE, field, size)
    with pytest.raises(UnreadableElfError, match="not made of sections of notes"):
        read_segments(read_elf(data))


def test_a_segment_for_threads_and_their_sections_need_each_other() -> None:
    data = compiled("__thread int own = 7;", "-nostdlib", "-Wl,--build-id=none")
    without = header(".tdata", "flags", 3)(data)
    with pytest.raises(UnreadableElfError, match="a segment for threads and no section"):
        read_segments(read_elf(without))
    lost = in_segment_header(data, SegmentKind.TLS, "kind", SegmentKind.NULL)
    for field in ("flags", "offset", "address", "file_size", "memory_size", "alignment"):
        lost = in_segment_header(lost, SegmentKind.NULL, field, 0)
    with pytest.raises(UnreadableElfError, match="sections for threads and no segment"):
        read_segments(read_elf(lost))
