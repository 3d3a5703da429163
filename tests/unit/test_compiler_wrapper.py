"""The compilers' wrapper: what of a build's arguments reaches the compiler, and what is put in."""

import json
import subprocess
import sys
import sysconfig
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from shutil import copytree

import pytest

from builders.compiler_wrapper.rewriting import rewritten
from builders.compilers import OWN_COMPILERS, prepare_compilers
from builders.interpreters import host_interpreters
from builders.native_flags import OLD_STRINGS
from builders.native_hints.hints import read_native_hints
from builders.store import Store
from tests.support.interpreters import needs_python
from tests.support.native import run, wheel_of
from tests.support.searching import RECIPE

WRAPPING = next(
    word
    for word in str(sysconfig.get_config_var("CFLAGS")).split()
    if word in {"-fwrapv", "-fno-strict-overflow"}
)
"""What this interpreter has compiled with."""

EXACT = "-mtune=generic -O2 -fwrapv -fPIC"


def settings(
    flags: Mapping[str, str] | None = None, paths: Mapping[str, str] | None = None
) -> dict[str, object]:
    """What a wrapper finds beside it."""
    return {"flags": flags or {"": EXACT}, "paths": paths or {}}


def given(line: str, found: dict[str, object], name: str = "gcc", cwd: str = "/build/src") -> str:
    """The arguments for the compiler as one line."""
    return " ".join(rewritten(line.split(), found, cwd, name))


# Compiling.


@pytest.mark.parametrize(
    "flag",
    [
        "-O3", "-Os", "-O", "-g", "-g0", "-ggdb3", "-fwrapv", "-flto", "-fexceptions",
        "-fplugin=x.so", "-fvisibility=default", "-march=native", "-m32",
    ],
)  # fmt: skip
def test_code_is_generated_by_the_recipes_flags_alone(flag: str) -> None:
    assert given(f"{flag} -c a.c -o a.o", settings()) == f"-c a.c -o a.o {EXACT}"
    assert given(f"-c a.c {flag} -o a.o", settings()) == f"-c a.c -o a.o {EXACT}"


@pytest.mark.parametrize(
    "flag",
    [
        "-std=c11", "--std=c11", "-ansi", "-fopenmp", "-funsigned-char", "-ffp-contract=off",
        "-ftrivial-auto-var-init=zero", "-fno-exceptions", "-mlong-double-64", "-fno-builtin",
        "-fvisibility=hidden",
    ],
)  # fmt: skip
def test_what_a_source_means_is_for_its_build_to_say(flag: str) -> None:
    assert given(f"{flag} -c a.c -o a.o", settings()) == f"-c a.c -o a.o {EXACT} {flag}"
    assert given(f"-o {flag} -c a.c", settings()) == f"-o {flag} -c a.c {EXACT}"


def test_a_recipe_names_another_standard_than_the_source() -> None:
    found = settings({"": f"-std=c99 {EXACT}"})
    assert given("-std=c11 -c a.c", found) == f"-c a.c -std=c99 {EXACT}"
    assert given("-std=c++11 -c a.cc", found, "g++") == f"-c a.cc {EXACT} -std=c++11"


def test_a_guard_stays_that_the_interpreter_does_not_bring() -> None:
    brought = str(sysconfig.get_config_var("CFLAGS")).split()
    for flag in ("-fstack-protector-all", "-fstack-clash-protection", "-fcf-protection=branch"):
        stays = "" if flag in brought else f" {flag}"
        assert given(f"{flag} -c a.c", settings()) == f"-c a.c {EXACT}{stays}"


@pytest.mark.parametrize(
    "line",
    [
        "-DX=1 -UNDEBUG -Iinclude -isystem /x -Wall -Wno-unused -Werror -pthread -pipe -c a.c -o a",
        "-include first.h -c a.c -MD -MF a.d -MT a.o",
        "-fsyntax-only a.c",
        "-x c -c a.c",
        "-I -g -c a.c",
        "-o -O3 -c a.c",
        "-D -g -c a.c",
    ],
)
def test_everything_else_of_the_sources_build_stays(line: str) -> None:
    assert given(line, settings()) == f"{line} {EXACT}"


def test_a_source_has_the_flags_of_the_longest_path_that_fits_it() -> None:
    found = settings({"": "-O1", "a.c": "-O2", "src/a.c": "-O3", "c.c": "-Os"})
    assert given("-c src/a.c", found) == "-c src/a.c -O3"
    assert given("-c ../x/src/a.c", found) == "-c ../x/src/a.c -O3"
    assert given("-c /tmp/src/a.c", found) == "-c /tmp/src/a.c -O3"
    assert given("-c a.c", found, cwd="/build/src") == "-c a.c -O3"
    assert given("-c a.c", found, cwd="/build") == "-c a.c -O2"
    assert given("-c ba.c", found) == "-c ba.c -O1"
    assert given("-c cc.c", found) == "-c cc.c -O1"


def test_sources_that_are_to_be_compiled_otherwise_but_at_once_get_what_all_get() -> None:
    found = settings({"": "-O1", "a.c": "-O2", "b.c": "-O3"})
    assert given("a.c b.c -o x", found) == "a.c b.c -o x -O1"
    assert given("a.c /y/a.c -o x", found) == "a.c /y/a.c -o x -O2"


def test_an_instruction_set_stays_where_the_recipe_names_no_source() -> None:
    found = settings({"": "-O1", "b.c": "-O2"})
    assert given("-O3 -mavx2 -msse4.2 -march=native -c test.c", found) == (
        "-mavx2 -msse4.2 -c test.c -O1"
    )
    assert given("-O3 -mavx2 -c b.c", found) == "-c b.c -O2"


def test_a_language_flag_is_for_its_language() -> None:
    found = settings({"": f"-O1 -std=c99 -std=c++11 {OLD_STRINGS}"})
    assert given("-c a.c", found) == "-c a.c -O1 -std=c99"
    assert given("-c a.cpp", found) == f"-c a.cpp -O1 -std=c++11 {OLD_STRINGS}"
    assert given("-c a.c", found, "g++") == f"-c a.c -O1 -std=c++11 {OLD_STRINGS}"


def test_the_directory_is_recorded_as_the_published_one() -> None:
    found = settings({"": "-O1"}, {"": "/project", "sub/b.c": "/io"})
    mapped = "-ffile-prefix-map=/build/src=/project"
    assert given("-c a.c", found) == f"-c a.c -O1 {mapped}"
    assert given("-c sub/b.c", found) == "-c sub/b.c -O1 -ffile-prefix-map=/build/src=/io"


@pytest.mark.parametrize("line", ["--version", "-dumpversion", "-E -", "-c a.S", "-c a.f90", ""])
def test_what_compiles_no_c_is_left_alone(line: str) -> None:
    assert given(line, settings()) == line


def test_without_exact_flags_only_the_interpreters_are_replaced() -> None:
    own = [word for word in str(sysconfig.get_config_var("CFLAGS")).split() if word[:2] == "-O"]
    assert own, "this interpreter was built with optimization"
    found = settings({"*": "-O1 -fPIC"})
    line = f"{own[0]} {WRAPPING} -DNDEBUG -DX=1 -c a.c -fvisibility=hidden -std=c11"
    expected = "-O1 -fPIC -DNDEBUG -DX=1 -c a.c -fvisibility=hidden -std=c11"
    assert given(line, found) == expected


def test_a_build_that_does_not_ask_the_interpreter_keeps_its_own_flags() -> None:
    found = settings({"*": f"-O1 -fPIC {OLD_STRINGS}"})
    line = "-O2 -fPIC -DX=1 -c a.cpp -o a.o"
    assert given(line, found, "g++") == f"{OLD_STRINGS} {line}"


def test_without_flags_at_all_nothing_is_changed() -> None:
    assert given("-O3 -c a.c", settings({"link": "-pthread"})) == "-O3 -c a.c"


RELEASED = """
#include <Python.h>
#if PY_VERSION_HEX != %s
#error another release
#endif
const char *f(void) { return PY_VERSION; }
"""


@pytest.mark.parametrize(
    ("release", "number"),
    [("3.11.6", "0x030B06F0"), ("3.11.30", "0x030B1EF0"), ("3.11.0rc2", "0x030B00C2")],
)
def test_python_headers_say_the_release_of_the_recipe(
    release: str, number: str, tmp_path: Path
) -> None:
    (tmp_path / "include").mkdir()
    (tmp_path / "include" / "Python.h").write_text(PATCHLEVEL)
    (tmp_path / "a.c").write_text(RELEASED % (number,))
    wrappers = laid_out(tmp_path, {"": "-O1 -fPIC", "python": release}, python="3.11")
    run(sys.executable, "-BEsS", str(wrappers / "gcc"), "-Iinclude", "-shared", "a.c", "-o", "a.so",
        cwd=tmp_path)  # fmt: skip
    assert release.encode() + b"\0" in (tmp_path / "a.so").read_bytes()


def test_headers_of_another_python_stay_what_they_are(tmp_path: Path) -> None:
    wrappers = laid_out(tmp_path, {"": "-O1", "python": "3.11.6"}, python="3.12")
    assert not (wrappers / "python").exists()


PATCHLEVEL = """
#define PY_MAJOR_VERSION 3
#define PY_MINOR_VERSION 11
#define PY_MICRO_VERSION 9
#define PY_RELEASE_LEVEL 0xF
#define PY_RELEASE_SERIAL 0
#define PY_VERSION "3.11.9"
#define PY_VERSION_HEX ((PY_MAJOR_VERSION << 24) | (PY_MINOR_VERSION << 16) | \\
    (PY_MICRO_VERSION << 8) | (PY_RELEASE_LEVEL << 4) | (PY_RELEASE_SERIAL << 0))
"""
"""As CPython's patchlevel.h."""


# Linking.


def test_a_shared_object_is_linked_without_the_interpreters_library() -> None:
    place = sysconfig.get_config_var("LIBDIR")
    line = f"-shared a.o -L{place} -Lbuild -lz -lpython3.11 -lpythonic -Wl,-z,now -o a.so"
    assert given(line, settings({"": "-O1", "link": "-Wl,--no-as-needed -pthread"})) == (
        "-Wl,--no-as-needed -pthread -shared a.o -Lbuild -lz -lpythonic -Wl,-z,now -o a.so"
    )


def test_what_the_interpreter_has_the_linker_told_is_not_passed_on() -> None:
    own = [
        word
        for name in ("LDSHARED", "LDFLAGS")
        for word in str(sysconfig.get_config_var(name)).split()
        if word.startswith(("-L", "-Wl,"))
    ]
    line = " ".join(["-shared", *own, "a.o", "-Wl,-rpath,$ORIGIN", "-o", "a.so"])
    assert given(line, settings()) == "-shared a.o -Wl,-rpath,$ORIGIN -o a.so"


def test_messages_name_the_headers_of_the_recipe(tmp_path: Path) -> None:
    paths = {"python": "/opt/_internal/cpython-3.11.6/include/python3.11"}
    own = sysconfig.get_path("include")
    mapped = f"-ffile-prefix-map={own}={paths['python']}"
    assert given("-c a.c", settings(paths=paths)) == f"-c a.c {EXACT} {mapped}"
    both = given("-c a.c", settings(paths={"": "/project", **paths}))
    assert both == f"-c a.c {EXACT} -ffile-prefix-map=/build/src=/project {mapped}"
    source = "#include <Python.h>\nlong f(PyObject *x) { return PyTuple_GET_SIZE(x); }\n"
    (tmp_path / "a.c").write_text(source)
    compiled = given(f"-S -UNDEBUG -I{own} a.c", settings({"": "-O1"}, paths))
    run("gcc", *compiled.split(), cwd=tmp_path)
    text = (tmp_path / "a.s").read_text()
    assert f"{paths['python']}/" in text
    assert own not in text


ORDER = "x.c y.c | src/b.c src/a.cpp src/in/d.c c.c"


@pytest.mark.parametrize(
    ("objects", "expected"),
    [
        ("t/src/a.o t/src/b.o t/c.o", "t/src/b.o t/src/a.o t/c.o"),
        ("t/src/a.cpp.o other.o -lz t/src/b.c.o", "t/src/b.c.o other.o -lz t/src/a.cpp.o"),
        ("t/src/in/d.o t/src/a.o t/src/b.o", "t/src/in/d.o t/src/b.o t/src/a.o"),
        ("t/c.o t/src/b.o", "t/c.o t/src/b.o"),
        ("t/y.o t/x.o", "t/x.o t/y.o"),
        ("t/a.o t/b.o", "t/a.o t/b.o"),
        ("t/ysrc/b.o t/ysrc/a.o", "t/ysrc/b.o t/ysrc/a.o"),
    ],
)
def test_objects_are_linked_in_the_recipes_order(objects: str, expected: str) -> None:
    found = settings({"": "-O1", "order": ORDER})
    assert given(f"-shared {objects} -o m.so", found) == f"-shared {expected} -o m.so"
    assert given(f"{objects} -o program", found) == f"{objects} -o program"


def test_flags_that_a_link_needs_stay() -> None:
    assert given("-shared -fopenmp -O3 a.o", settings()) == "-shared -fopenmp -O3 a.o"


def test_a_program_is_linked_as_it_is() -> None:
    line = "a.o -L/x -lpython3.11 -o program"
    assert given(line, settings({"": "-O1", "link": "-pthread"})) == line


# As it runs.

SOURCE = "const char *f(void) { return __FILE__; }\nint g(int x) { return x * 2; }\n"


def laid_out(folder: Path, flags: Mapping[str, str], python: str = RECIPE.python) -> Path:
    """The directory of a recipe's wrappers."""
    recipe = replace(RECIPE, compiler_flags=flags, build_paths={"": "/project"}, python=python)
    compilers = prepare_compilers(recipe, None, Store(folder / "store"))
    (mount,) = compilers.mounts
    assert [str(place) for place in compilers.first] == [str(mount.target)]
    return mount.source


def compiled(python: str, wrappers: Path, folder: Path, name: str = "gcc") -> str:
    """Compile by a wrapper; gives the producer's flags and the directory that are recorded."""
    (folder / "a.c").write_text(SOURCE)
    command = (python, "-BEsS", str(wrappers / name), "-O3", "-g")
    source = str(folder / "a.c")
    run(*command, "-c", source, "-o", "a.o", cwd=folder)
    run(*command, "-shared", "a.o", "-o", "a.so", cwd=folder)
    found = read_native_hints(wheel_of(folder, {"a.so": (folder / "a.so").read_bytes()}))
    assert found is not None
    assert b"/project/a.c\0" in (folder / "a.so").read_bytes()
    assert found.build_paths == {"": "/project"}
    return found.flags[""]


def test_the_wrapper_compiles_by_every_name_that_is_asked_for(tmp_path: Path) -> None:
    wrappers = laid_out(tmp_path, {"": "-g -O1 -fwrapv -fPIC"})
    for name in ("gcc", "cc", "g++", "c++", "x86_64-linux-gnu-gcc", "x86_64-linux-gnu-g++"):
        words = compiled(sys.executable, wrappers, tmp_path, name).split()
        assert {"-O1", "-fwrapv", "-fPIC"} <= {*words}
        assert "-O3" not in words


@needs_python((2, 7), (3, 6))
@pytest.mark.parametrize("version", [(2, 7), (3, 6)])
def test_old_interpreters_run_the_wrapper(version: tuple[int, int], tmp_path: Path) -> None:
    (python,) = (one for one in host_interpreters(tmp_path) if one.version == version)
    (mount,) = python.mounts
    executable = mount.source / python.executable.relative_to(mount.target)
    wrappers = laid_out(tmp_path, {"": "-g -O1 -fPIC"})
    assert "-O1" in compiled(str(executable), wrappers, tmp_path).split()


def test_a_failed_compilation_fails_with_the_compilers_words(tmp_path: Path) -> None:
    wrappers = laid_out(tmp_path, {"": "-O1"})
    (tmp_path / "bad.c").write_text("int f(\n")
    ended = subprocess.run(
        [sys.executable, "-BEsS", wrappers / "gcc", "-c", "bad.c"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ended.returncode == 1
    assert "error" in ended.stderr


def test_wrappers_are_kept_by_what_is_in_them_and_read_by_everybody(tmp_path: Path) -> None:
    one, other = laid_out(tmp_path, {"": "-O1"}), laid_out(tmp_path, {"": "-O2"})
    assert one != other
    assert laid_out(tmp_path, {"": "-O1"}) == one
    assert (one / "gcc").stat().st_mode & 0o777 == 0o755
    assert (one / "gcc").read_text().startswith("#!/env/bin/python -BEsS\n")
    config = json.loads((one / "compiler.json").read_text())
    assert config["compilers"] == {"gcc": "/usr/bin/gcc", "g++": "/usr/bin/g++"}


def test_a_recipe_without_flags_has_the_sandboxs_own_compilers(tmp_path: Path) -> None:
    assert prepare_compilers(RECIPE, None, Store(tmp_path)) == OWN_COMPILERS


LIBRARY = "int doubled(int x) { return WHAT * x; }\nconst char *where(void) { return __FILE__; }\n"


def with_library(folder: Path, order: str = "") -> Path:
    """The directory of wrappers that know a library, whose source is beside it."""
    place = folder / "double"
    (place / "src").mkdir(parents=True)
    (place / "include").mkdir()
    (place / "src" / "double.c").write_text('#include "double.h"\n' + LIBRARY)
    (place / "include" / "double.h").write_text("int doubled(int);\n")
    wrappers = folder / "wrappers"
    flags = {"": "-g -O1 -fPIC", "link": "-pthread", **({"order": order} if order else {})}
    copytree(laid_out(folder, flags), wrappers)
    config = json.loads((wrappers / "compiler.json").read_text())
    config["libraries"] = {
        "double": {
            "links": ["double"],
            "include": [str(place / "include")],
            "work": str(place / "src"),
            "sources": ["double.c"],
            "definitions": ["-DWHAT=2"],
            "flags": "-g -O3 -funroll-loops -fPIC",
        }
    }
    (wrappers / "compiler.json").write_text(json.dumps(config))
    return wrappers


def test_a_library_is_compiled_by_the_recipes_flags_where_it_is_linked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    command = (sys.executable, "-BEsS", str(with_library(tmp_path) / "gcc"))
    (tmp_path / "a.c").write_text("#include <double.h>\nint f(void) { return doubled(21); }\n")
    run(*command, "-O3", "-c", "a.c", "-o", "a.o", cwd=tmp_path)
    for name in ("a.so", "again.so"):
        run(*command, "-shared", "a.o", "-ldouble", "-o", name, cwd=tmp_path)
    linked = (tmp_path / "a.so").read_bytes()
    assert (tmp_path / "again.so").read_bytes() == linked
    assert b"doubled" in linked
    assert b"libdouble" not in linked
    found = read_native_hints(wheel_of(tmp_path, {"a.so": linked}))
    assert found is not None
    assert "-O1" in found.flags["a.c"].split() + found.flags[""].split()
    assert {"-O3", "-funroll-loops"} <= {*own_flags(found.flags, "double.c")}


def test_a_library_that_the_source_has_itself_is_linked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A given recipe names libraries; it must not have another one take the place of a source's."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    command = (sys.executable, "-BEsS", str(with_library(tmp_path) / "gcc"))
    (tmp_path / "own.c").write_text('int doubled(int x) { return 7 * x; }\nchar own[] = "mine";\n')
    (tmp_path / "a.c").write_text("int doubled(int);\nint f(void) { return doubled(21); }\n")
    run(*command, "-fPIC", "-c", "a.c", "own.c", cwd=tmp_path)
    run("ar", "rcs", "libdouble.a", "own.o", cwd=tmp_path)
    run(*command, "-shared", "a.o", "-L.", "-ldouble", "-o", "a.so", cwd=tmp_path)
    assert b"mine" in (tmp_path / "a.so").read_bytes()


def own_flags(flags: Mapping[str, str], source: str) -> list[str]:
    """Those of a source, which may be the common ones."""
    return next((text for key, text in flags.items() if key.endswith(source)), flags[""]).split()


def test_a_library_whose_sources_the_recipe_names_has_the_recipes_flags(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    wrappers = with_library(tmp_path, order="a.c double.c")
    command = (sys.executable, "-BEsS", str(wrappers / "gcc"))
    (tmp_path / "a.c").write_text("#include <double.h>\nint f(void) { return doubled(21); }\n")
    run(*command, "-O3", "-c", "a.c", "-o", "a.o", cwd=tmp_path)
    run(*command, "-shared", "a.o", "-ldouble", "-o", "a.so", cwd=tmp_path)
    linked = (tmp_path / "a.so").read_bytes()
    found = read_native_hints(wheel_of(tmp_path, {"a.so": linked}))
    assert found is not None
    assert b"double.c" in linked
    words = own_flags(found.flags, "double.c")
    assert "-O1" in words
    assert "-funroll-loops" not in words
    assert {*found.build_paths.values()} == {"/project"}


def test_a_library_that_is_not_asked_for_is_not_compiled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    command = (sys.executable, "-BEsS", str(with_library(tmp_path) / "gcc"))
    (tmp_path / "a.c").write_text("int f(void) { return 1; }\n")
    run(*command, "-c", "a.c", "-o", "a.o", cwd=tmp_path)
    run(*command, "-shared", "a.o", "-o", "a.so", cwd=tmp_path)
    assert not [*tmp_path.glob("truewheel-library-*")]
