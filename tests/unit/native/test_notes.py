import struct

import pytest

from tests.support.elf import C, Change, compiled, content, header, section
from verify.native.elf import UnreadableElfError
from verify.native.elf_reader import read_elf
from verify.native.notes import BUILD_ID, PROPERTIES, Note, read_notes


def test_a_build_id_is_read() -> None:
    wanted = bytes(range(20))
    data = compiled(C, f"-Wl,--build-id=0x{wanted.hex()}")
    assert read_notes(read_elf(data)) == (
        Note(
            section=".note.gnu.build-id",
            owner="GNU",
            kind=BUILD_ID,
            content=wanted,
            properties=(),
        ),
    )


def test_a_file_without_notes_has_none() -> None:
    assert read_notes(read_elf(compiled(C, "-Wl,--build-id=none"))) == ()


def test_properties_are_decoded() -> None:
    data = compiled(C, "-Wl,-z,ibt,-z,shstk", "-Wl,--build-id=none")
    (note,) = read_notes(read_elf(data))
    assert (note.section, note.owner, note.kind) == (".note.gnu.property", "GNU", PROPERTIES)
    assert (0xC0000002, b"\x03\0\0\0") in note.properties


def noted(owner: str, kind: int, text: str, *, flags: str = "") -> str:
    """A note of one's own, in assembly that a C compiler takes."""
    lines = [
        f'.pushsection .note.own,\\"{flags}\\",@note',
        ".balign 4",
        f".long {len(owner) + 1}, {len(text)}, {kind}",
        f'.asciz \\"{owner}\\"',
        ".balign 4",
        f'.ascii \\"{text}\\"',
        ".balign 4",
        ".popsection",
    ]
    return "".join(f'__asm__("{line}");\n' for line in lines)


@pytest.mark.parametrize("flags", ["a", ""])
def test_notes_of_others_are_read_whether_loaded_or_not(flags: str) -> None:
    source = noted("Somebody", 7, "hello", flags=flags) + noted("Else", 8, "", flags=flags) + C
    found = read_notes(read_elf(compiled(source, "-Wl,--build-id=none")))
    assert [(note.owner, note.kind, note.content) for note in found] == [
        ("Somebody", 7, b"hello"),
        ("Else", 8, b""),
    ]


LIES: dict[str, tuple[Change, str]] = {
    "owner cut off": (content(".note.gnu.build-id", 0, b"\xff\xff\xff\xff"), "is cut off"),
    "content cut off": (content(".note.gnu.build-id", 4, struct.pack("<I", 40)), "is cut off"),
    "less content": (content(".note.gnu.build-id", 4, struct.pack("<I", 17)), "between its notes"),
    "half a note": (content(".note.gnu.build-id", 4, struct.pack("<I", 16)), "not made of notes"),
    "odd size": (header(".note.gnu.build-id", "size", 10), "not made of notes"),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_about_notes_is_an_error(lie: str) -> None:
    change, words = LIES[lie]
    data = compiled(C, "-Wl,--build-id=0x" + "11" * 20)
    with pytest.raises(UnreadableElfError, match=words):
        read_notes(read_elf(change(data)))


PROPERTY_LIES: dict[str, tuple[Change, str]] = {
    "longer than the note": (content(".note.gnu.property", 20, b"\xff"), "is cut off"),
    "padding": (content(".note.gnu.property", 28, b"\x01"), "between its notes"),
}


@pytest.mark.parametrize("lie", PROPERTY_LIES)
def test_a_lie_about_properties_is_an_error(lie: str) -> None:
    change, words = PROPERTY_LIES[lie]
    data = compiled(C, "-Wl,-z,ibt,-z,shstk", "-nostartfiles")
    assert section(data, ".note.gnu.property").size == 32
    with pytest.raises(UnreadableElfError, match=words):
        read_notes(read_elf(change(data)))


def test_too_many_notes_are_an_error() -> None:
    data = compiled(C + "int big[400000] = {0, 0, 1};")
    with pytest.raises(UnreadableElfError, match="more than 100000 notes"):
        read_notes(read_elf(header(".data", "kind", 7)(data)))


def test_half_a_property_is_an_error() -> None:
    words = struct.pack("<IIIII", 0xC0000002, 4, 3, 0, 1)
    data = compiled(C, f"-Wl,--build-id=0x{words.hex()}")
    data = header(".note.gnu.build-id", "size", 36)(data)
    with pytest.raises(UnreadableElfError, match="not made of properties"):
        read_notes(read_elf(content(".note.gnu.build-id", 8, bytes([PROPERTIES]))(data)))
