"""Attacks by somebody who knows what published files teach a build, and what is not compared.

The first files have the rebuild adopt what the attacker wants, of the others nothing is to be said.
"""

import random
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from builders.compilers import prepare_compilers
from builders.errors import BuildFault, FailureCode
from builders.native_flags import PYTHON
from builders.native_hints.hints import NativeHints, read_native_hints
from builders.store import Store
from tests.attacks.native.building import linked, told
from tests.support.elf import compiled, patched, word
from tests.support.native import PRODUCER, assembled, run, wheel_of, wrapper, written
from tests.support.searching import RECIPE, profile, searched
from tests.support.wheels import DIST_INFO, entries, honest_files, pack, with_record, write
from tests.support.wheels import wheel_file as tagged
from verify.compare.engine import compare
from verify.native.code import decode, reread
from verify.native.elf_reader import read_elf
from verify.native.module import read_module
from verify.results import Diff
from verify.verdict import Verdict

TRUSTED = {Verdict.IDENTICAL, Verdict.REGENERATED, Verdict.EQUIVALENT}

# What a published file teaches a compiler.

SIGNED = "int refuse(const char *text) { return *text < 0 ? -1 : 0; }\n"
WRAPS = "int refuse(int size) { return size + 64 < size ? -1 : 0; }\n"
POINTERS = "int refuse(int *size) { int old = *size; if (!size) return -1; return old; }\n"
PACKED = "struct S { char a; long b; }; long refuse(struct S *s) { return s->b; }\n"
ALIASED = "int refuse(int *a, short *b) { *a = 1; *b = 2; return *a; }\n"
EXACT = "int refuse(double a) { return a != a ? -1 : 0; }\n"


def _hints(folder: Path, data: bytes) -> NativeHints:
    found = read_native_hints(wheel_of(folder, {"example.so": data}))
    assert found is not None
    return found


def _built(folder: Path, source: str, *flags: str) -> bytes:
    """What somebody compiled as he likes, with what his compiler says of it."""
    folder.mkdir()
    (folder / "a.c").write_text(source)
    flags = ("-g", "-O2", *flags, "-fPIC", "-grecord-gcc-switches", "-w")
    run("gcc", *flags, "-shared", "-nostdlib", "-Wl,--build-id=none", "a.c", "-o", "a.so",
        cwd=folder)  # fmt: skip
    return (folder / "a.so").read_bytes()


def _rebuilt(folder: Path, source: str, flags: Mapping[str, str], *own: str) -> bytes:
    """What the source's own build makes of it by the compilers' wrapper."""
    folder.mkdir()
    (folder / "a.c").write_text(source)
    recipe = replace(RECIPE, compiler_flags=flags)
    (mount,) = prepare_compilers(recipe, None, Store(folder / "store")).mounts
    words = (*own, "-w", "-nostdlib", "-Wl,--build-id=none", "-shared", "a.c", "-o", "a.so")
    run(*wrapper(mount.source), *words, cwd=folder)
    return (folder / "a.so").read_bytes()


@pytest.mark.parametrize(
    ("source", "flag"),
    [
        (SIGNED, "-funsigned-char"),
        (PACKED, "-fpack-struct"),
        (PACKED, "-fpack-struct=1"),
        (EXACT, "-ffast-math"),
        (EXACT, "-ffinite-math-only"),
        (EXACT, "-Ofast"),
    ],
)
def test_a_published_file_does_not_say_what_its_source_means(
    source: str, flag: str, tmp_path: Path
) -> None:
    """The check is not there any more, and the flag is why."""
    published = _built(tmp_path / "p", source, flag)
    flags = _hints(tmp_path, published).flags
    assert told(published, _rebuilt(tmp_path / "r", source, flags, "-O2", "-fPIC"))
    # Whose source asks for it gets it, from there.
    assert not told(published, _rebuilt(tmp_path / "s", source, flags, "-O2", flag, "-fPIC"))


@pytest.mark.parametrize(
    ("source", "flag"),
    [
        (WRAPS, "-fwrapv"),
        (WRAPS, "-fno-strict-overflow"),
        (POINTERS, "-fno-delete-null-pointer-checks"),
        (ALIASED, "-fno-strict-aliasing"),
    ],
)
def test_a_published_file_does_not_take_away_what_its_source_relies_on(
    source: str, flag: str, tmp_path: Path
) -> None:
    """The source's build defines what C leaves undefined; the published file was built without."""
    published = _built(tmp_path / "p", source)
    flags = _hints(tmp_path, published).flags
    assert told(published, _rebuilt(tmp_path / "r", source, flags, "-O2", flag, "-fPIC"))
    honest = _built(tmp_path / "h", source, flag)
    flags = _hints(tmp_path, honest).flags
    assert not told(honest, _rebuilt(tmp_path / "s", source, flags, "-O2", flag, "-fPIC"))


@pytest.mark.parametrize("flag", ["-fno-wrapv", "-fstrict-overflow", "-fstrict-aliasing"])
def test_what_is_defined_is_not_undone_by_a_later_flag(flag: str, tmp_path: Path) -> None:
    source = ALIASED if "aliasing" in flag else WRAPS
    published = _built(tmp_path / "p", source, "-fwrapv", "-fno-strict-aliasing", flag)
    flags = _hints(tmp_path, published).flags
    own = ("-O2", "-fwrapv", "-fno-strict-aliasing", "-fPIC")
    assert told(published, _rebuilt(tmp_path / "r", source, flags, *own))


def test_a_wheel_for_every_later_python_may_have_wrapped_by_the_older_flag(tmp_path: Path) -> None:
    published = _built(tmp_path / "p", WRAPS, "-fwrapv")
    flags = _hints(tmp_path, published).flags
    own = ("-O2", "-fno-strict-overflow", "-fPIC")
    assert not told(published, _rebuilt(tmp_path / "r", WRAPS, flags, *own))


@pytest.mark.parametrize("release", ["3.11.0a1", "3.11.0b5"])
def test_no_release_is_learned_whose_structures_are_others(release: str, tmp_path: Path) -> None:
    """Sources have code of their own for them, which the final release runs into."""
    directory = f"/opt/python-{release}/include/python3.11"
    text = f'.section .debug_line,"",@progbits\n.asciz "{directory}"\n'
    assert PYTHON not in _hints(tmp_path, assembled(tmp_path, text)).flags
    final = assembled(tmp_path, text.replace(release, "3.11.4"))
    assert _hints(tmp_path, final).flags[PYTHON] == "3.11.4"


@pytest.mark.parametrize(
    "code", [FailureCode.UNSUPPORTED, FailureCode.TIMEOUT, FailureCode.LIMIT_EXCEEDED]
)
def test_flags_that_break_a_build_are_no_way_to_have_nothing_compared(
    code: FailureCode, tmp_path: Path
) -> None:
    """Of some backends a build that fails is called unsupported: their tools may not be there."""
    producer = f"{PRODUCER} -O2 -mno-sse -fPIC"
    flags = _hints(tmp_path, written(tmp_path, (producer, "a.c", "/project"))).flags
    search = searched(profile(), tmp_path / "cache", "http://127.0.0.1:9/simple/")
    assert search.propose() is not None
    search.fail(replace(RECIPE, compiler_flags=flags), BuildFault("it failed", code=code))
    left = list(iter(search.propose, None))
    assert [choices.told for choices in left] == [("the sandbox's own compiler",)]


# What is not compared.

LINUX, ANY = "cp311-cp311-linux_x86_64", "py3-none-any"
WINDOWS, MUSL = "cp311-cp311-win_amd64", "cp311-cp311-musllinux_1_1_x86_64"
ELF = compiled("int one(void) { return 1; }", "-nostdlib")
BACKDOOR = compiled(
    "extern int system(const char *); int one(const char *x) { return system(x); }", "-nostdlib"
)
NATIVE = "example/_speedups.cpython-311-x86_64-linux-gnu.so"
PYD = "example/_speedups.cp311-win_amd64.pyd"


def portable(content: bytes = b"") -> bytes:
    """The beginning of a program for Windows, with some content."""
    return b"MZ" + bytes(58) + word(0x80, 4) + bytes(64) + b"PE\0\0" + content


def _diff(
    folder: Path,
    published: Mapping[str, bytes],
    rebuilt: Mapping[str, bytes],
    tags: tuple[str, str],
) -> Diff:
    paths = []
    for side, tag, files in (("p", tags[0], published), ("r", tags[1], rebuilt)):
        own = {f"{DIST_INFO}/WHEEL": tagged(tag=tag), **files}
        made = pack(entries(with_record(honest_files(own))))
        paths.append(write(folder / side, made, f"example-1.0-{tag}.whl"))
    return compare(*paths)


@pytest.mark.parametrize("name", ["example/cli-64.exe", "example/cli.bin", "example/_x.pyd"])
def test_a_program_that_a_pure_wheel_brings_along_is_no_native_code_of_it(
    name: str, tmp_path: Path
) -> None:
    """The source has it ready-made; whoever exchanges it in the wheel is found out."""
    diff = _diff(tmp_path, {name: portable(b"1")}, {name: portable()}, (ANY, ANY))
    assert diff.verdict is Verdict.DIFFERENT


@pytest.mark.parametrize(
    "name",
    [
        "example/logo.png",
        "example/data/table",
        "example/notes.md",
        "numpy.pyd",
        "numpy/_core.pyd",
        "example-1.0.data/data/DLLs/more.dll",
        "example-1.0.data/headers/more.dll",
    ],
)
def test_a_wheel_for_another_platform_hides_no_program(name: str, tmp_path: Path) -> None:
    """By what it is called or where it goes, no build for Windows has put it there."""
    ours = {PYD: portable(), name: portable(b"1")}
    diff = _diff(tmp_path, ours, {NATIVE: ELF}, (WINDOWS, LINUX))
    assert diff.verdict is Verdict.SUSPICIOUS
    usual = {PYD: portable(), "example/more.pyd": b"", "example.libs/more-0badc0de.dll": b""}
    usual |= {name: portable(b"1") for name in usual}
    diff = _diff(tmp_path / "2", usual, {NATIVE: ELF}, (WINDOWS, LINUX))
    assert diff.verdict is Verdict.UNDETERMINED


def test_a_name_does_not_make_a_text_native_code(tmp_path: Path) -> None:
    """What the rebuild has there is compared with what the published wheel has."""
    name = "example/list.so.txt"
    ours, theirs = {PYD: portable(), name: portable()}, {NATIVE: ELF, name: b"a text\n"}
    assert _diff(tmp_path, ours, theirs, (WINDOWS, LINUX)).verdict is Verdict.DIFFERENT


def _without_sections(data: bytes) -> bytes:
    return patched(patched(data, 0x28, bytes(8)), 0x3C, bytes(4))


def _with_two_tables_of_names(data: bytes) -> bytes:
    """Two entries of the dynamic section say where strings are, and the loader takes the last."""
    elf = read_elf(data)
    section = elf.by_name[".dynamic"]
    content = elf.content(section)
    rows = [content[at : at + 16] for at in range(0, section.size, 16)]
    end = rows.index(bytes(16))
    string_table = next(row for row in rows if row[:8] == word(5, 8))
    return patched(data, section.offset + 16 * end, string_table)


@pytest.mark.parametrize("change", [_without_sections, _with_two_tables_of_names])
def test_a_library_that_cannot_be_read_is_not_excused_by_its_platform(
    change: object, tmp_path: Path
) -> None:
    """Readable, it is suspicious for what it calls; so it is if that is hidden from readers."""
    name = "example/_speedups.cpython-311-x86_64-linux-musl.so"
    for at, data in enumerate((BACKDOOR, change(BACKDOOR))):  # type: ignore[operator]
        diff = _diff(tmp_path / str(at), {name: data}, {NATIVE: ELF}, (MUSL, LINUX))
        assert diff.verdict is Verdict.SUSPICIOUS


# Code that is read by the pattern of other code.


def test_code_that_is_reread_is_what_decoding_it_gives() -> None:
    """Whatever the operands hold, and whatever else is changed."""
    source = """
    #include <stdlib.h>
    int values[4]; static int more = 3;
    int pick(int i) {
        switch (i) {
        case 0: return puts("a"); case 1: return values[2]; case 2: return atoi("7");
        case 3: more = 5; return 1; case 4: abort(); default: return pick(i - 1) + 1;
        }
    }
    int twice(int i) { return pick(i) * pick(i + 1) + (more == 0x12345678 ? values[i] : 0); }
    """
    module = read_module(linked(source))
    chance = random.Random(7)  # noqa: S311 - no secret
    kept = 0
    for piece in module.pieces * 60:
        data = bytearray(module.elf.read(piece.start, piece.size))
        for one in piece.code.references:
            near = (chance.randrange(-piece.size, piece.size) % 2**32).to_bytes(4, "little")
            if chance.random() < 0.7:
                value = chance.choice([near, chance.randbytes(4)])
                data[one.field : one.field + one.width] = value[: one.width]
        if chance.random() < 0.2:
            data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        address = 2**33 + piece.start % 16
        found = reread(piece.code, bytes(data), address)
        kept += found is not None
        assert found in {None, decode(bytes(data), address)}
    assert kept > 100
