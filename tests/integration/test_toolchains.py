"""A toolchain compiles inside each real sandbox, from nothing but its own files."""

import base64
import hashlib
import io
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from elftools.elf.dynamic import DynamicSection
from elftools.elf.elffile import ELFFile
from elftools.elf.gnuversions import GNUVerNeedSection

from builders.images import BuiltImage
from builders.sandbox.docker import DockerSandbox
from builders.sandbox.interface import Interpreter, Limits, Sandbox
from builders.toolchains import Toolchain, find_toolchain, open_toolchain
from tests.support.command import truewheel
from tests.support.sandboxes import run_command
from verify.events import silent

GCC_10 = "GCC: (Debian 10.2.1-6) 10.2.1 20210110"
LIMITS = Limits(wall_seconds=120.0, memory_bytes=1024**3, processes=64, disk_bytes=256 * 1024**2)

C = r"""
#include <Python.h>
#include <math.h>
#include <pthread.h>
#include <unistd.h>
#include <zlib.h>
static void *halve(void *number) { *(double *)number /= 2; return NULL; }
static PyObject *answer(PyObject *self, PyObject *argument) {
    double number = PyFloat_AsDouble(argument);
    pthread_t thread;
    pthread_create(&thread, NULL, halve, &number);
    pthread_join(thread, NULL);
    return Py_BuildValue("dsi", pow(number, 3.0), zlibVersion(), (int)getpid());
}
static PyMethodDef methods[] = {{"answer", answer, METH_O, ""}, {0}};
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "inc", "", -1, methods};
PyMODINIT_FUNC PyInit_inc(void) { return PyModule_Create(&definition); }
"""
CXX = r"""
#include <Python.h>
#include <iostream>
#include <map>
#include <string>
static PyObject *answer(PyObject *, PyObject *) {
    std::map<std::string, int> found{{"one", 1}, {"two", 2}};
    try { found.at("three"); } catch (const std::out_of_range &) { found["caught"] = 3; }
    std::cerr << found.size();
    return PyLong_FromSize_t(found.size());
}
static PyMethodDef methods[] = {{"answer", answer, METH_NOARGS, ""}, {}};
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "incxx", "", -1, methods,
                                        nullptr, nullptr, nullptr, nullptr};
PyMODINIT_FUNC PyInit_incxx(void) { return PyModule_Create(&definition); }
"""
BUILD = r"""
import base64, json, subprocess, sys, sysconfig

def run(*command):
    ran = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if ran.returncode:
        sys.exit(" ".join(command) + "\n" + ran.stdout)
    return ran.stdout

include = "-I" + sysconfig.get_path("include")
suffix = sysconfig.get_config_var("EXT_SUFFIX")
said = {"files": {}, "headers": [], "inputs": [], "programs": []}
for name, source, compiler, libraries in SOURCES:
    with open(source, "w") as file:
        file.write(CODE[name])
    flags = ["-O2", "-g", "-fPIC", include]
    said["headers"] += run(compiler, "-M", *flags, source).replace("\\\n", " ").split()[1:]
    run(compiler, *flags, "-c", source, "-o", name + ".o")
    linking = [compiler, "-shared", name + ".o", "-o", name + suffix, *libraries]
    said["inputs"] += run(*linking, "-Wl,--trace").split("\n")
    said["programs"] += run(*linking, "-###").split("\n")
    with open(name + suffix, "rb") as file:
        said["files"][name] = base64.b64encode(file.read()).decode()
sys.path.insert(0, ".")
import inc, incxx
said["answers"] = [inc.answer(4.0), incxx.answer()]
json.dump(said, sys.stdout)
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Compiled:
    """What the compiler made and used inside."""

    files: Mapping[str, bytes]
    headers: tuple[str, ...]
    inputs: tuple[str, ...]
    programs: tuple[str, ...]
    answers: tuple[object, ...]


def compile_both(sandbox: Sandbox, toolchain: Toolchain, python: Interpreter) -> Compiled:
    sources = [
        ("inc", "inc.c", "gcc", ["-lpthread", "-lm", "-lz"]),
        ("incxx", "incxx.cc", "g++", ["-lstdc++"]),
    ]
    program = f"SOURCES = {sources!r}\nCODE = { ({'inc': C, 'incxx': CXX})!r}\n{BUILD}"
    run = run_command(
        sandbox,
        str(python.executable),
        "-c",
        program,
        mounts=(*python.mounts, *toolchain.mounts),
        environment={**python.environment, "PATH": f"{toolchain.bin}:/usr/bin:/bin"},
        limits=LIMITS,
    )
    assert run.output, run.outcome
    said = json.loads(run.output)
    return Compiled(
        files={name: base64.b64decode(content) for name, content in said["files"].items()},
        headers=tuple(said["headers"]),
        inputs=tuple(filter(None, said["inputs"])),
        programs=tuple(said["programs"]),
        answers=tuple(said["answers"]),
    )


def python_311(sandbox: Sandbox) -> Interpreter:
    return next(python for python in sandbox.interpreters() if python.version == (3, 11))


@pytest.fixture(scope="session")
def gcc_10(kept_cache: Path) -> Toolchain:
    return open_toolchain("gcc-10", cache_root=kept_cache, listener=silent)


@pytest.fixture(scope="session")
def gcc_9(kept_cache: Path) -> Toolchain:
    return open_toolchain("gcc-9", cache_root=kept_cache, listener=silent)


@pytest.fixture(scope="session")
def compiled_by() -> dict[str, Compiled]:
    return {}


@pytest.fixture
def compiled(sandbox: Sandbox, gcc_10: Toolchain, compiled_by: dict[str, Compiled]) -> Compiled:
    if sandbox.name not in compiled_by:
        compiled_by[sandbox.name] = compile_both(sandbox, gcc_10, python_311(sandbox))
    return compiled_by[sandbox.name]


def comments(content: bytes) -> list[str]:
    section = ELFFile(io.BytesIO(content)).get_section_by_name(".comment")
    assert section is not None
    return [text.decode() for text in section.data().split(b"\0") if text]


def needed_versions(content: bytes) -> dict[str, set[str]]:
    """Symbol versions by the library that they are asked of."""
    elf = ELFFile(io.BytesIO(content))
    return {
        str(need.name): {version.name for version in versions}
        for section in elf.iter_sections()
        if isinstance(section, GNUVerNeedSection)
        for need, versions in section.iter_versions()
    }


def needed_libraries(content: bytes) -> list[str]:
    elf = ELFFile(io.BytesIO(content))
    return [
        str(vars(tag)["needed"])
        for section in elf.iter_sections()
        if isinstance(section, DynamicSection)
        for tag in section.iter_tags("DT_NEEDED")
    ]


def newest(versions: set[str], prefix: str) -> tuple[int, ...]:
    numbers = [re.fullmatch(rf"{prefix}_([0-9.]+)", version) for version in versions]
    return max(tuple(map(int, number[1].split("."))) for number in numbers if number)


def test_what_comes_out_names_debians_gcc_10_and_no_other(compiled: Compiled) -> None:
    assert comments(compiled.files["inc"]) == [GCC_10]
    assert comments(compiled.files["incxx"]) == [GCC_10]


def test_modules_of_c_and_of_cxx_import_and_work_in_the_sandbox(compiled: Compiled) -> None:
    first, second = compiled.answers
    assert isinstance(first, list)
    assert first[0] == 8.0
    assert first[1].startswith("1.2.")
    assert second == 3


def test_symbol_versions_are_those_of_debian_11(compiled: Compiled) -> None:
    """Since glibc 2.34 the functions of libpthread are libc's own, under that version."""
    c, cxx = (needed_versions(compiled.files[name]) for name in ("inc", "incxx"))
    assert c["libpthread.so.0"] == {"GLIBC_2.2.5"}
    assert newest(c["libm.so.6"], "GLIBC") == (2, 29)
    assert newest(c["libc.so.6"] | cxx["libc.so.6"], "GLIBC") <= (2, 31)
    assert newest(cxx["libstdc++.so.6"], "GLIBCXX") <= (3, 4, 28)


def test_libraries_of_the_tree_are_linked_to_by_their_usual_names(compiled: Compiled) -> None:
    c = needed_libraries(compiled.files["inc"])
    assert sorted(c) == ["libc.so.6", "libm.so.6", "libpthread.so.0", "libz.so.1"]
    cxx = needed_libraries(compiled.files["incxx"])
    assert sorted(cxx) == ["libc.so.6", "libgcc_s.so.1", "libstdc++.so.6"]


def test_every_header_and_library_is_the_trees_or_pythons(
    compiled: Compiled, gcc_10: Toolchain, sandbox: Sandbox
) -> None:
    tree = str(gcc_10.bin.parent)
    prefix = str(python_311(sandbox).executable.parent.parent)
    own = ("inc.c", "incxx.cc", "inc.o", "incxx.o")
    allowed = (tree + "/", prefix + "/include/python3.11/")
    strangers = [
        path for path in compiled.headers if path not in own and not path.startswith(allowed)
    ]
    assert strangers == []
    assert f"{tree}/usr/include/zlib.h" in compiled.headers
    inputs = [path.strip("()") for path in compiled.inputs]
    assert [path for path in inputs if path not in own and not path.startswith(tree + "/")] == []
    assert any("libc.so.6" in path for path in inputs)


HOISTED = """\
int seen(int);
int answer(const int *pair, int x, int y) {
    if (pair[1] - x) {
        if (*pair * x) seen(*pair == x);
        else seen(pair[2]);
    }
    seen(*pair == x);
    return *pair * x;
}
"""
"""What comes of it hangs on when values are hoisted: in each round, once at the end, or never."""


@pytest.mark.parametrize("language", ["c", "c++"])
def test_gcc_10_hoists_once_and_what_it_makes_does_not_say_so(
    sandbox: Sandbox, gcc_10: Toolchain, language: str
) -> None:
    """Debian's own compiler, which hoists in each round, is in the tree as well."""
    tree = gcc_10.bin.parent
    name = {"c": "gcc", "c++": "g++"}[language]
    own = f"{tree}/usr/bin/x86_64-linux-gnu-{name}-10 --sysroot={tree}"
    script = (
        f"cd /build; for gcc in {tree}/bin/{name} '{own}'; do"
        "  for way in -fcode-hoisting -fno-code-hoisting; do"
        f'   echo "$HOISTED" | $gcc -x {language} -O2 -fPIC $way -S - -o - | md5sum;'
        "  done;"
        f"  echo 'int plain;' | $gcc -x {language} -O2 -g -c - -o plain.o; md5sum < plain.o;"
        " done"
    )
    run = run_command(
        sandbox,
        *("/bin/sh", "-c", script),
        mounts=gcc_10.mounts,
        environment={"PATH": "/usr/bin:/bin", "HOISTED": HOISTED},
        limits=LIMITS,
    )
    assert (run.outcome.exit_code, run.outcome.log) == (0, "")
    once, never, plain, each_round, also_never, also_plain = run.output.decode().splitlines()
    assert len({once, never, each_round}) == 3
    assert (also_never, also_plain) == (never, plain)


INDEXED = """\
struct pair { long first, second; };
long before(struct pair *pairs, int index) { return pairs[index - 1].second; }
"""
"""What comes of it hangs on whether an index that wraps around is added to before or after that."""


@pytest.mark.parametrize("language", ["c", "c++"])
def test_gcc_9_adds_constants_to_pointers_and_what_it_makes_does_not_say_so(
    sandbox: Sandbox, gcc_9: Toolchain, language: str
) -> None:
    """As it did before indexes kept to -fwrapv. Debian's own compiler is in the tree as well."""
    tree = gcc_9.bin.parent
    name = {"c": "gcc", "c++": "g++"}[language]
    own = f"{tree}/usr/bin/x86_64-linux-gnu-{name}-9 --sysroot={tree}"
    script = (
        f"cd /build; for gcc in {tree}/bin/{name} '{own}'; do"
        "  for way in -fwrapv -fno-wrapv; do"
        f'   echo "$INDEXED" | $gcc -x {language} -O2 -fPIC $way -S - -o - | md5sum;'
        "  done;"
        f"  echo 'int plain;' | $gcc -x {language} -O2 -g -c - -o plain.o; md5sum < plain.o;"
        f"  echo 'int plain;' > plain.c; $gcc -x {language} -flto -shared -fPIC plain.c -o lto.so;"
        " done"
    )
    run = run_command(
        sandbox,
        *("/bin/sh", "-c", script),
        mounts=gcc_9.mounts,
        environment={"PATH": "/usr/bin:/bin", "INDEXED": INDEXED},
        limits=LIMITS,
    )
    assert (run.outcome.exit_code, run.outcome.log) == (0, "")
    earlier, undefined, plain, wraps, also_undefined, also_plain = run.output.decode().splitlines()
    assert earlier == undefined == also_undefined != wraps
    assert plain == also_plain


TEXTS = """\
const char *text(int index) {
    return index ? "this is a text of more than thirty characters" : "short";
}
"""


def test_gcc_9_fills_long_strings_up_where_others_follow(
    bubblewrap_sandbox: Sandbox, gcc_9: Toolchain
) -> None:
    tree = gcc_9.bin.parent
    own = f"{tree}/usr/bin/x86_64-linux-gnu-gcc-9 --sysroot={tree}"
    script = (
        f"cd /build; for gcc in {tree}/bin/gcc '{own}'; do"
        '  echo "$TEXTS" | $gcc -x c -O2 -fPIC -shared - -o texts.so || exit;'
        f"  {tree}/bin/objcopy -O binary -j .rodata texts.so texts; base64 -w 0 texts; echo;"
        " done"
    )
    run = run_command(
        bubblewrap_sandbox,
        *("/bin/sh", "-c", script),
        mounts=gcc_9.mounts,
        environment={"PATH": "/usr/bin:/bin", "TEXTS": TEXTS},
        limits=LIMITS,
    )
    assert (run.outcome.exit_code, run.outcome.log) == (0, "")
    filled, plain = map(base64.b64decode, run.output.split())
    start = plain.index(b"characters\0short\0") + len(b"characters\0")
    assert start % 8
    assert filled == plain[:start] + bytes(-start % 8) + plain[start:]


def test_assembler_and_linker_are_the_trees_whatever_path_says(
    sandbox: Sandbox, gcc_10: Toolchain
) -> None:
    """With the programs of the root first on PATH, and called by the compiler's whole name."""
    script = (
        f"cd /build; echo 'int one(void) {{ return 1; }}' > one.c; gcc={gcc_10.bin}/gcc;"
        " for name in as ld ld.gold nm collect2 cc1 lto1; do $gcc -print-prog-name=$name; done;"
        " $gcc -shared -fPIC one.c -o one.so -Wl,--version | head -n 1;"
        " $gcc -shared -fPIC one.c -o one.so -fuse-ld=gold -Wl,--version | head -n 1;"
        " $gcc -c one.c -Wa,--version | head -n 1"
    )
    run = run_command(
        sandbox,
        *("/bin/sh", "-c", script),
        mounts=gcc_10.mounts,
        environment={"PATH": "/usr/bin:/bin"},
        limits=LIMITS,
    )
    assert run.outcome.exit_code == 0, run.outcome.log
    *programs, linker, gold, assembler = run.output.decode().splitlines()
    assert len(programs) == 7
    assert [path for path in programs if not path.startswith(f"{gcc_10.bin.parent}/")] == []
    assert linker == "GNU ld (GNU Binutils for Debian) 2.35.2"
    assert gold == "GNU gold (GNU Binutils for Debian 2.35.2) 1.16"
    assert assembler == "GNU assembler (GNU Binutils for Debian) 2.35.2"


def test_every_program_of_the_tree_runs_on_the_trees_own_libraries(
    sandbox: Sandbox, gcc_10: Toolchain
) -> None:
    tree = gcc_10.bin.parent
    script = (
        f"cd {tree}; for file in usr/bin/* usr/lib/gcc/*/*/*; do"
        " [ -x $file ] && [ -f $file ] && [ ${file%.so*} = $file ] || continue;"
        f" echo {tree}/$file; {tree}/lib64/ld-linux-x86-64.so.2 --list {tree}/$file 2>&1; done"
    )
    run = run_command(sandbox, "/bin/sh", "-c", script, mounts=gcc_10.mounts, limits=LIMITS)
    lines = run.output.decode().splitlines()
    programs = [line for line in lines if line.startswith("/")]
    libraries = [line.strip() for line in lines if not line.startswith("/")]
    assert len([line for line in programs if line.startswith(f"{tree}/usr/")]) > 25
    assert f"{tree}/usr/lib/gcc/x86_64-linux-gnu/10/cc1plus" in programs
    strangers = [
        line for line in libraries if f"{tree}/" not in line and not line.startswith("linux-vdso")
    ]
    assert strangers == []


def test_headers_of_a_debian_python_in_the_image_are_found(
    docker_sandbox: DockerSandbox, image: BuiltImage, gcc_10: Toolchain
) -> None:
    """Its pyconfig.h includes another one by a path below /usr/include, which is the root's."""
    (python,) = image.interpreters
    made = compile_both(docker_sandbox, gcc_10, python)
    assert comments(made.files["inc"]) == [GCC_10]
    strangers = [
        path
        for path in made.headers
        if not path.startswith((f"{gcc_10.bin.parent}/", "inc"))
        and f"/python{python.version[0]}.{python.version[1]}/" not in path
    ]
    assert strangers == []


def test_a_tree_is_read_only_inside(sandbox: Sandbox, gcc_10: Toolchain) -> None:
    script = f"echo > {gcc_10.bin}/gcc; echo > {gcc_10.bin.parent}/new"
    run = run_command(sandbox, "/bin/sh", "-c", script, mounts=gcc_10.mounts, limits=LIMITS)
    assert run.outcome.exit_code != 0
    assert run.outcome.log.lower().count("read-only file system") == 2


def test_an_exported_toolchain_is_imported_elsewhere_and_is_the_same(
    kept_cache: Path, gcc_10: Toolchain, tmp_path: Path
) -> None:
    file, elsewhere = tmp_path / "gcc-10.truewheel", tmp_path / "elsewhere"
    exported = truewheel("images", "export", "gcc-10", "-o", str(file), "--json", cache=kept_cache)
    imported = truewheel("images", "import", str(file), "--json", cache=elsewhere)
    assert (exported.code, imported.code) == (0, 0), imported.stderr
    assert exported.document == imported.document
    assert imported.document["sha256"] == gcc_10.digest
    found = find_toolchain("gcc-10", elsewhere)
    assert found is not None
    assert found.digest == gcc_10.digest
    (here,), (there,) = gcc_10.mounts, found.mounts
    assert contents(here.source) == contents(there.source)


def contents(tree: Path) -> dict[str, str]:
    """Every file's digest and mode, every link's target, by relative path."""
    return {
        str(path.relative_to(tree)): str(path.readlink())
        if path.is_symlink()
        else f"{path.stat().st_mode:o} {hashlib.sha256(path.read_bytes()).hexdigest()}"
        for path in tree.rglob("*")
        if path.is_symlink() or path.is_file()
    }
