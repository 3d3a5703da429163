"""What ELF files teach: from files of this machine's compiler, and from hostile ones."""

import random
import time
from pathlib import Path

import pytest

from builders.native_flags import (
    OLD_STRINGS,
    OLD_TAGS,
    RESERVED,
    allowed,
    are_compiler_flags,
    is_directory,
    is_flags,
    is_source,
)
from builders.native_hints.compilation import USUAL_FLAGS, USUAL_FLAGS_SINCE_12
from builders.native_hints.hints import NativeHints, read_native_hints
from tests.support.elf import in_section_header, section
from tests.support.native import IDENT, PRODUCER, assembled, compiled, run, wheel_of, written

STRINGS = """\
#include <string>
#include <stdexcept>
void f(int i) { if (i) throw std::runtime_error(std::string(i, 'x')); }
"""


def hints_of(folder: Path, *files: bytes) -> NativeHints:
    """The hints of a wheel of these shared objects."""
    members = {f"example/m{at}.so": data for at, data in enumerate(files)}
    found = read_native_hints(wheel_of(folder, members))
    assert found is not None
    return found


def flags_of(folder: Path, producer: str) -> list[str]:
    """What is learned of one producer's words, as a list."""
    found = hints_of(folder, written(folder, (f"{PRODUCER} {producer}", "a.c", "/project")))
    return found.flags[""].split()


# What a compiler wrote.


def test_debug_information_says_how_code_was_generated(tmp_path: Path) -> None:
    source = {"src/a.c": "int f(int x) { return x + 1; }\n"}
    library = compiled(tmp_path, source, "-g", "-O1", "-fwrapv", "-fno-strict-aliasing", "-DX=1")
    found = hints_of(tmp_path, library)
    words = found.flags[""].split()
    assert {"-g", "-O1", "-fwrapv", "-fno-strict-aliasing", "-fPIC"} <= {*words}
    assert not [word for word in words if word.startswith(("-D", "-c", "-o"))]
    assert found.build_paths == {"": str(tmp_path)} or not is_directory(str(tmp_path))
    assert (found.has_dwarf, found.is_stripped, found.files) == (True, False, 1)
    version = run("gcc", "-dumpfullversion", cwd=tmp_path).strip()
    assert found.compiler == version
    assert found.compilers == {version}


def test_a_source_with_flags_of_its_own_is_named(tmp_path: Path) -> None:
    usual = f"{PRODUCER} -g -O3 -fPIC"
    library = written(
        tmp_path,
        (usual, "src/a.c", "/project"),
        (f"{PRODUCER} -g -O2 -mavx2 -fPIC", "src/fast.c", "/project"),
        (usual, "/project/src/b.c", "/project"),
        (f"{PRODUCER} -g -O1 -fPIC", "/elsewhere/c.c", "/project/sub"),
        (usual, "d.c", "/project"),
    )
    found = hints_of(tmp_path, library)
    assert {key: text for key, text in found.flags.items() if key not in RESERVED - {""}} == {
        "": "-g -O3 -fPIC",
        "elsewhere/c.c": "-g -O1 -fPIC",
        "src/fast.c": "-g -O2 -mavx2 -fPIC",
    }
    assert found.build_paths == {"": "/project", "elsewhere/c.c": "/project/sub"}
    assert found.languages == {"C17"}


def test_without_debug_information_the_usual_flags_take_the_place_of_the_interpreters(
    tmp_path: Path,
) -> None:
    library = compiled(tmp_path, {"a.c": "int f(void) { return 1; }\n"}, "-g")
    (tmp_path / "full.so").write_bytes(library)
    run("strip", "full.so", cwd=tmp_path)
    found = hints_of(tmp_path, (tmp_path / "full.so").read_bytes())
    assert found.flags["*"] == USUAL_FLAGS
    assert "" not in found.flags
    assert found.build_paths == {}
    assert (found.has_dwarf, found.is_stripped) == (False, True)
    assert found.compiler is not None


@pytest.mark.parametrize(
    ("name", "usual"),
    [
        ("m.cpython-311-x86_64-linux-gnu.so", USUAL_FLAGS),
        ("m.cpython-312-x86_64-linux-gnu.so", USUAL_FLAGS_SINCE_12),
        ("m.cpython-313-x86_64-linux-gnu.so", USUAL_FLAGS_SINCE_12),
        ("m.abi3.so", USUAL_FLAGS),
    ],
)
def test_the_usual_flags_are_those_of_the_modules_python(
    name: str, usual: str, tmp_path: Path
) -> None:
    library = compiled(tmp_path, {"a.c": "int f(void) { return 1; }\n"}, "-g0")
    found = read_native_hints(wheel_of(tmp_path, {name: library}))
    assert found is not None
    assert found.flags["*"] == usual


def test_the_comment_alone_names_the_compiler(tmp_path: Path) -> None:
    found = hints_of(tmp_path, written(tmp_path))
    assert found.compiler == "10.2.1"
    assert found.compilers == {"10.2.1"}


@pytest.mark.parametrize(("choice", "is_old"), [("0", True), ("1", False)])
def test_strings_of_before_gcc_5_are_told_by_what_is_imported(
    choice: str, *, is_old: bool, tmp_path: Path
) -> None:
    flags = ("-g", f"-D_GLIBCXX_USE_CXX11_ABI={choice}")
    library = compiled(tmp_path, {"a.cpp": STRINGS}, *flags, compiler="g++")
    assert (OLD_STRINGS in hints_of(tmp_path, library).flags[""]) is is_old


@pytest.mark.parametrize(("choice", "is_old"), [("0", True), ("1", False)])
def test_strings_of_before_gcc_5_are_told_by_the_exception_that_has_one(
    choice: str, *, is_old: bool, tmp_path: Path
) -> None:
    text = """#include <ios>
    void g();
    bool f() { try { g(); } catch (const std::ios_base::failure &) { return true; } return false; }
    """
    flags = ("-g", f"-D_GLIBCXX_USE_CXX11_ABI={choice}")
    library = compiled(tmp_path, {"a.cpp": text}, *flags, compiler="g++")
    assert (OLD_STRINGS in hints_of(tmp_path, library).flags[""]) is is_old


HEADER = "static inline int inside(int x) { return x * 7; }\n"
USER = '#include "Python.h"\nint f(int x) { return inside(x); }\n'


@pytest.mark.parametrize("dwarf", ["-gdwarf-4", "-gdwarf-5"])
@pytest.mark.parametrize(
    ("place", "python"),
    [
        ("_internal/cpython-3.11.6/include/python3.11", "3.11.6"),
        ("_internal/cpython-3.13.0rc2/include/python3.13", "3.13.0rc2"),
        ("versions/3.6.15/include/python3.6m", "3.6.15"),
        ("Python/3.12.1/x64/include/python3.12", "3.12.1"),
        ("python/cp36-cp36m/include/python3.6m", "3.6"),
        ("cpython-3.11.6/include/python3.12", "3.12"),
        ("cpython-3.11.600/include/python3.11", "3.11"),
        ("cpython-3.11.6/include/ruby", None),
    ],
)
def test_the_headers_say_which_release_of_python_was_compiled_against(
    place: str, python: str | None, dwarf: str, tmp_path: Path
) -> None:
    sources = {f"{place}/Python.h": HEADER, "a.c": USER}
    for name, text in sources.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    run(
        "gcc", "-shared", "-fPIC", dwarf, f"-I{tmp_path / place}", "a.c", "-o", "a.so", cwd=tmp_path
    )
    found = hints_of(tmp_path, (tmp_path / "a.so").read_bytes())
    assert found.python == python
    is_release = bool(python) and str(python).count(".") == 2
    assert found.flags.get("python") == (python if is_release else None)


@pytest.mark.parametrize(
    ("place", "is_learned"),
    [
        ("/opt/_internal/cpython-3.11.6/include/python3.11", True),
        ("/opt/python/cp36-cp36m/include/python3.6m", True),
        ("/opt/x/../include/python3.11", False),
        ("/opt/x=y/include/python3.11", False),
        ("/opt/x y/include/python3.11", False),
        ("/opt/include/ruby", False),
        ("include/python3.11", False),
        ("/x" * 99 + "/include/python3.11", False),
    ],
)
@pytest.mark.parametrize("debugging", ["-g", "-g0"])
def test_the_directory_of_headers_that_a_message_names_is_learned(
    place: str,
    is_learned: bool,  # noqa: FBT001 - of a table
    debugging: str,
    tmp_path: Path,
) -> None:
    (tmp_path / "a.c").write_text(
        f'const char *f(int x) {{ return x ? "{place}/cpython/tupleobject.h" : "{place}/x.c"; }}\n'
    )
    run("gcc", "-shared", "-fPIC", debugging, "a.c", "-o", "a.so", cwd=tmp_path)
    found = hints_of(tmp_path, (tmp_path / "a.so").read_bytes())
    assert found.build_paths.get("python") == (place if is_learned else None)


def test_a_directory_that_is_named_otherwise_is_no_directory_of_headers(tmp_path: Path) -> None:
    (tmp_path / "a.c").write_text(
        'const char *f(int x) { return x ? "see /opt/include/python3.11/Python.h"'
        ' : "/opt/include/python3.11/Python.h is missing"; }\n'
    )
    run("gcc", "-shared", "-fPIC", "-g0", "a.c", "-o", "a.so", cwd=tmp_path)
    assert hints_of(tmp_path, (tmp_path / "a.so").read_bytes()).build_paths == {}


@pytest.mark.parametrize(
    ("name", "python"),
    [("m.cpython-311-x86_64-linux-gnu.so", "3.11.6"), ("m.cpython-312-x86_64-linux-gnu.so", None),
     ("m.so", None), ("m.cpython-399-x86_64-linux-gnu.so", None)],
)  # fmt: skip
def test_where_no_header_is_named_the_code_says_the_release(
    name: str, python: str | None, tmp_path: Path
) -> None:
    source = {"a.c": "unsigned f(unsigned x) { return x ^ 0x030b06f0; }\n"}
    library = compiled(tmp_path, source, "-g0")
    found = read_native_hints(wheel_of(tmp_path, {name: library}))
    assert found is not None
    assert found.python == python
    assert found.flags.get("python") == python


def test_objects_are_linked_in_the_order_of_their_units(tmp_path: Path) -> None:
    usual = f"{PRODUCER} -g"
    first = written(
        tmp_path, (usual, "src/b.c", "/p"), (usual, "/p/src/a.c", "/p"), (usual, "$(id).c", "/p")
    )
    second = written(tmp_path, (usual, "only.c", "/p"))
    third = written(tmp_path, (usual, "y.c", "/p"), (usual, "x.c", "/p"))
    found = hints_of(tmp_path, first, second, third)
    assert found.flags["order"] == "src/b.c src/a.c | y.c x.c"
    assert "order" not in hints_of(tmp_path, second).flags


def test_a_learned_order_stays_short(tmp_path: Path) -> None:
    units = ((f"{PRODUCER} -g", f"{'x' * 90}/{at}.c", "/p") for at in range(60))
    short = written(tmp_path, (PRODUCER, "b.c", "/p"), (PRODUCER, "a.c", "/p"))
    found = hints_of(tmp_path, written(tmp_path, *units), short)
    assert found.flags["order"] == "b.c a.c"


@pytest.mark.parametrize(
    ("text", "pins"),
    [
        ("_cython_3_1_1", ("cython==3.1.1",)),
        ("_cython_3_0_0a11", ("cython==3.0.0a11",)),
        ("_cython_0_29_36", ("cython==0.29.36",)),
        ("_cython_3_1_1.cython_function_or_method", ("cython==3.1.1",)),
        ("_cython_3_1_1;x", ()),
        ("_cython_3", ()),
        ("_cython_3_1_1_1", ()),
        ("_cython_runtime", ()),
    ],
)
def test_what_cython_translated_says_which_one_it_was(
    text: str, pins: tuple[str, ...], tmp_path: Path
) -> None:
    library = assembled(tmp_path, f'.section .rodata\n.asciz "{text}"\n')
    assert hints_of(tmp_path, library).pins == pins


@pytest.mark.parametrize(
    ("tags", "is_old"), [("--disable-new-dtags", True), ("--enable-new-dtags", False)]
)
def test_the_kind_of_the_linkers_entries_is_learned(
    tags: str, *, is_old: bool, tmp_path: Path
) -> None:
    (tmp_path / "a.c").write_text("int f(void) { return 1; }\n")
    words = ("-shared", "-Wl,-Bsymbolic", f"-Wl,{tags}", "a.c", "-o", "a.so")
    run("gcc", *words, cwd=tmp_path)
    found = hints_of(tmp_path, (tmp_path / "a.so").read_bytes())
    assert (OLD_TAGS in found.flags["link"]) is is_old


INIT_OF_8 = '.section .init, "ax", @progbits\nendbr64\nsub $8, %rsp\n'


def test_red_hats_systems_are_told_by_their_c_runtime(tmp_path: Path) -> None:
    newer = ".section .text\ncall late\n.symver late, late@GLIBC_2.34\n"
    (tmp_path / "late.c").write_text("int late;\n")
    (tmp_path / "late.map").write_text("GLIBC_2.34 { global: late; };\n")
    version = "-Wl,--version-script=late.map"
    run("gcc", "-shared", version, "late.c", "-o", "liblate.so", cwd=tmp_path)
    ident = f'.ident "{IDENT}"\n'
    eight = hints_of(tmp_path, assembled(tmp_path, ident + INIT_OF_8))
    assert eight.flags["runtime"] == "constant-handle landing-pads glibc-2.28"
    (tmp_path / "later.s").write_text(ident + INIT_OF_8 + newer)
    run("gcc", "-shared", "-nostdlib", "later.s", "liblate.so", "-o", "later.so", cwd=tmp_path)
    later = hints_of(tmp_path, (tmp_path / "later.so").read_bytes())
    assert later.flags["runtime"] == "constant-handle landing-pads"
    debian = hints_of(tmp_path, assembled(tmp_path, INIT_OF_8))
    assert "runtime" not in debian.flags


def test_a_wheel_without_code_for_this_machine_teaches_nothing(tmp_path: Path) -> None:
    arm = bytearray(written(tmp_path))
    arm[18:20] = (183).to_bytes(2, "little")
    members = {"example/a.py": b"", "example/a.so": b"MZ", "example/b.so": bytes(arm)}
    assert read_native_hints(wheel_of(tmp_path, members)) is None


# What an attacker wrote.


@pytest.mark.parametrize(
    "flag",
    [
        "-fplugin=/tmp/x.so",
        "-fplugin-arg-x-y=z",
        "-B/tmp",
        "-specs=/tmp/specs",
        "-include",
        "-include/etc/passwd",
        "-imacros=x",
        "-I/tmp",
        "-DX=1",
        "-D_GLIBCXX_USE_CXX11_ABI=2",
        "-UNDEBUG",
        "-wrapper",
        "-x",
        "-o",
        "-o/tmp/x",
        "@/tmp/arguments",
        "-Wl,-rpath,/tmp",
        "-Wa,-x",
        "-Wp,-include,x",
        "-l:evil.so",
        "-L/tmp",
        "-fuse-ld=/tmp/ld",
        "-fprofile-use=/tmp/x",
        "-fdump-tree-all=/tmp/x",
        "-ffile-prefix-map=a=b",
        "-fsanitize=address",
        "-flto",
        "-fsyntax-only",
        "-march=native",
        "-mtune=native",
        "-march=../../x",
        "-mstack-protector-guard-symbol=system",
        "-std=c99/../x",
        "-std=c99;id",
        "-O3;id",
        "-O99",
        "-g$(id)",
        "--param=x=1",
        "-fvisibility=/tmp",
        "-falign-functions=99999999999",
    ],
)
def test_no_other_flag_is_learned_from_a_published_file(flag: str, tmp_path: Path) -> None:
    assert flags_of(tmp_path, f"-O2 {flag} -fPIC".replace("$", "\\$")) == ["-O2", "-fPIC"]
    assert not is_flags(flag)


@pytest.mark.parametrize(
    "flag",
    [
        "-O0", "-Os", "-O", "-g", "-g3", "-ggdb3", "-gdwarf-4", "-std=c99", "-std=gnu++17",
        "-fwrapv", "-fno-omit-frame-pointer", "-fstack-protector-strong", "-fvisibility=hidden",
        "-fvisibility-inlines-hidden", "-fcf-protection=full", "-fno-plt",
        "-mtune=generic", "-march=x86-64", "-march=x86-64-v3", "-mavx512bw", "-msse4.2",
        "-mno-avx2", "-mprefer-vector-width=256", OLD_STRINGS,
    ],
)  # fmt: skip
def test_flags_that_choose_how_code_is_generated_are_learned(flag: str, tmp_path: Path) -> None:
    assert flags_of(tmp_path, f"{flag} -fPIC") == [flag, "-fPIC"]
    assert is_flags(flag)


@pytest.mark.parametrize(
    "directory",
    ["", "relative", "/a b", "/a/../b", "/a=b", "/", "/a//b", "/$(id)", "/a:b", "/" + "x" * 300],
)
def test_no_strange_directory_is_learned(directory: str, tmp_path: Path) -> None:
    found = hints_of(tmp_path, written(tmp_path, (f"{PRODUCER} -O2", "a.c", directory)))
    assert found.build_paths == {}
    assert found.flags[""] == "-O2"


@pytest.mark.parametrize(
    "name", ["", "../a.c", "a b.c", "a.c;id", "$(id).c", "-Ievil", "link", "*"]
)
def test_no_strange_source_gets_a_key(name: str, tmp_path: Path) -> None:
    library = written(
        tmp_path,
        (f"{PRODUCER} -O2", "a.c", "/p"),
        (f"{PRODUCER} -O2", "b.c", "/p"),
        (f"{PRODUCER} -O1", name, "/p"),
    )
    found = hints_of(tmp_path, library)
    keys = found.flags.keys() - RESERVED
    assert all(map(is_source, keys))
    assert keys <= {"-Ievil"}
    assert "-O1" not in {text for key, text in found.flags.items() if key in RESERVED}


def test_learned_flags_stay_short(tmp_path: Path) -> None:
    flags = flags_of(tmp_path, "-fwrapv " * 900)
    assert len(" ".join(flags)) <= 2000
    assert {*flags} == {"-fwrapv"}
    assert is_flags(allowed(flags))


def test_damaged_files_are_no_hint_and_no_crash(tmp_path: Path) -> None:
    whole = written(tmp_path, *((f"{PRODUCER} -O2", f"{at}.c", "/project") for at in range(5)))
    chance = random.Random(1)  # noqa: S311 - the same in every run
    for _ in range(300):
        data = bytearray(whole[: chance.choice((len(whole), chance.randrange(len(whole))))])
        for _ in range(chance.randrange(8)):
            if data:
                data[chance.randrange(len(data))] = chance.randrange(256)
        found = read_native_hints(wheel_of(tmp_path, {"example/m.so": bytes(data)}))
        assert found is None or are_compiler_flags(found.flags)


def test_a_symbol_that_is_cut_off_is_no_crash(tmp_path: Path) -> None:
    library = compiled(tmp_path, {"a.c": "int f(void) { return 1; }\n"}, "-g", "-O1")
    size = section(library, ".dynsym").size - 1
    found = hints_of(tmp_path, in_section_header(library, ".dynsym", "size", size))
    assert "-O1" in found.flags[""].split()


def test_units_that_share_a_huge_table_take_bounded_time(tmp_path: Path) -> None:
    """Each of 20,000 units would read half a million attributes before it finds its own."""
    text = """\
    .section .debug_abbrev,"",@progbits
    .uleb128 2, 0x11
    .byte 0
    .rept 500000
    .byte 3, 0x19
    .endr
    .byte 0, 0
    .uleb128 1, 0x11
    .byte 0
    .uleb128 3, 8, 0, 0, 0
    .section .debug_info,"",@progbits
    .rept 20000
    .long 10
    .value 4
    .long 0
    .byte 8
    .uleb128 1
    .byte 0x61, 0
    .endr
    """
    library = assembled(tmp_path, text)
    begin = time.process_time()
    found = hints_of(tmp_path, library)
    assert time.process_time() - begin < 20
    assert found.flags["*"] == USUAL_FLAGS
