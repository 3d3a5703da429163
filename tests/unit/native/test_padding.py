import pytest

from tests.support.elf import (
    CPP,
    VERSIONED,
    VERSIONS,
    C,
    compiled,
    in_segment_header,
    patched,
    section,
)
from verify.native.elf import SegmentFlag, SegmentKind
from verify.native.elf_reader import read_elf
from verify.native.padding import is_filler, odd_bytes


@pytest.mark.parametrize(
    "flags",
    [(), ("-Wl,-z,noseparate-code",), ("-s",), ("-g",), ("-Wl,-z,max-page-size=65536",)],
)
def test_nobody_owns_anything_in_an_honest_file(flags: tuple[str, ...]) -> None:
    assert odd_bytes(read_elf(compiled(C, *flags))) == ()
    assert odd_bytes(read_elf(compiled(CPP, *flags))) == ()
    assert odd_bytes(read_elf(compiled(VERSIONED, *flags, versions=VERSIONS))) == ()


def test_code_behind_the_code_is_found() -> None:
    data = compiled(C)
    fini = section(data, ".fini")
    end = fini.offset + fini.size
    shell = b"\x31\xc0\x50\x48\xbf/bin//sh\x57\x54\x5f\x6a\x3b\x58\x0f\x05"
    assert odd_bytes(read_elf(patched(data, end + 3, shell))) == ((end + 3, len(shell)),)


def test_bytes_between_small_sections_are_found() -> None:
    data = compiled(C)
    before = section(data, ".gnu.version")
    at = before.offset + before.size
    assert at < section(data, ".gnu.version_r").offset
    assert odd_bytes(read_elf(patched(data, at, b"\1"))) == ((at, 1),)


def test_each_gap_is_told_from_its_first_to_its_last_byte() -> None:
    data = compiled(C)
    frames, constants = section(data, ".eh_frame"), section(data, ".rela.plt")
    first, second = constants.offset + constants.size, frames.offset + frames.size
    data = patched(patched(patched(data, first, b"a"), first + 9, b"b"), second + 5, b"c")
    assert odd_bytes(read_elf(data)) == ((first, 10), (second + 5, 1))


@pytest.mark.parametrize("tail", [b"\0", b"payload", b"PK\5\6" + bytes(18)])
def test_whatever_follows_the_last_header_is_odd(tail: bytes) -> None:
    data = compiled(C)
    assert odd_bytes(read_elf(data + tail)) == ((len(data), len(tail)),)


def test_bytes_behind_the_code_are_mapped_with_it() -> None:
    """Why zeros matter there: the page is executable up to its end."""
    elf = read_elf(compiled(C))
    code = next(
        segment
        for segment in elf.segments
        if segment.kind == SegmentKind.LOAD and segment.flags & SegmentFlag.EXEC
    )
    assert (code.offset + code.file_size) % 0x1000


def _behind_frames(content: bytes) -> tuple[int, tuple[tuple[int, int], ...]]:
    """Where what follows the unwind tables begins, and what is odd if it is something."""
    data = compiled(C)
    frames = section(data, ".eh_frame")
    end = frames.offset + frames.size
    return end, odd_bytes(read_elf(patched(data, end, content)))


@pytest.mark.parametrize(
    "content",
    [b"X" * 8, b"Z" * 40, b"X" * 40 + bytes(3) + b"X" * 9, b"\0\0" + b"Z" * 8 + b"\0" + b"X" * 30],
)
def test_where_patchelf_moved_something_away_it_leaves_a_letter(content: bytes) -> None:
    assert _behind_frames(content)[1] == ()


@pytest.mark.parametrize(
    "content",
    [
        b"X" * 7,
        b"X" * 39 + b"Y",
        b"Y" * 40,
        b"X" * 40 + b"\0" + b"X",
        b"XZ" * 20,
        (b"X" * 8 + b"\0") * 65,
        (b"X" * 8 + b"\0") * 3 + b"X\1",
    ],
)
def test_what_is_no_such_letter_or_too_often_is_odd(content: bytes) -> None:
    end, odd = _behind_frames(content)
    assert odd == ((end, len(content.rstrip(b"\0"))),)


def test_patchelf_moves_nothing_from_behind_code() -> None:
    """The letter is an instruction there."""
    data = compiled(C)
    fini = section(data, ".fini")
    end = fini.offset + fini.size
    assert odd_bytes(read_elf(patched(data, end, b"X" * 40))) == ((end, 40),)


@pytest.mark.parametrize("path", [b"X", b"XXXX"])
def test_a_search_path_that_was_is_the_same_letter(path: bytes) -> None:
    assert is_filler(path)
    assert not is_filler(path + b"Y")
    assert not is_filler(b"Z" + path)
    assert not is_filler(b"")


def test_zeros_that_a_segment_loads_may_follow() -> None:
    """patchelf puts its own segment last and rounds it up."""
    data = compiled(C, "-Wl,--build-id=none")
    start = (len(data) + 0xFFF) // 0x1000 * 0x1000
    data = data.ljust(start + 8, b"\0")
    fields: dict[str, int] = {
        "kind": SegmentKind.LOAD,
        "flags": SegmentFlag.READ,
        "offset": start,
        "address": 0x10000,
        "file_size": 8,
        "memory_size": 8,
        "alignment": 0x1000,
    }
    kind = SegmentKind.GNU_RELRO
    for field, value in reversed(fields.items()):
        data = in_segment_header(data, kind, field, value)
    assert odd_bytes(read_elf(data)) == ()
    assert odd_bytes(read_elf(data + b"\0")) == ()
    assert odd_bytes(read_elf(data + b"\1"))
    assert odd_bytes(read_elf(data + bytes(2)))
    assert odd_bytes(read_elf(data[:-1] + b"\1"))
