"""Libraries that offer what an older system's did: made of a toolchain's, and linked to."""

import re
from importlib.resources import files
from pathlib import Path

import pytest

from builders.compiler_wrapper.runtime import make_library, runtime
from builders.errors import BuildFault
from builders.old_libraries import facts, is_old_system, old_libraries
from tests.support.native import run

C_LIBRARY = """
int read(void) { return 1; }
int old_copy(void) { return 2; }
int new_copy(void) { return 3; }
int newest_copy(void) { return 4; }
int latest(void) { return 5; }
int own(void) { return 6; }
int clock_gettime(void) { return 9; }
int start_old(void) { return 7; }
int start_new(void) { return 8; }
int __environ;
extern int environ __attribute__((weak, alias("__environ")));
extern int _environ __attribute__((weak, alias("__environ")));
__asm__(".symver old_copy, copy@GLIBC_2.2.5");
__asm__(".symver new_copy, copy@GLIBC_2.14");
__asm__(".symver newest_copy, copy@@GLIBC_2.33");
__asm__(".symver start_old, pthread_create@GLIBC_2.2.5");
__asm__(".symver start_new, pthread_create@@GLIBC_2.34");
"""
C_VERSIONS = """
GLIBC_2.2.5 { global: read; copy; pthread_create; environ; _environ; __environ; local: *; };
GLIBC_2.14 { global: copy; clock_gettime; } GLIBC_2.2.5;
GLIBC_2.33 { global: copy; latest; } GLIBC_2.14;
GLIBC_2.34 { global: pthread_create; } GLIBC_2.33;
GLIBC_PRIVATE { global: own; };
"""
THREADS = """
int read(void) { return 1; }
int pthread_create(void) { return 2; }
int hidden(void) { return 3; }
__asm__(".symver hidden, fcntl@GLIBC_2.2.5");
int at_fork(void) { return 4; }
__asm__(".symver at_fork, pthread_atfork@GLIBC_2.2.5");
"""
CXX = (
    "int first(void) { return 1; }\nint second(void) { return 1; }\nint third(void) { return 1; }\n"
)
CXX_VERSIONS = """
GLIBCXX_3.4.9 { global: first; local: *; };
GLIBCXX_3.4.22 { global: second; };
GLIBCXX_3.4.29 { global: third; };
"""
OTHERS = ("libm.so.6", "libdl.so.2", "librt.so.1", "libutil.so.1")
NOTHING = "int nothing;\n"
NO_VERSIONS = "GLIBC_2.2.5 { global: nothing; local: *; };\n"


def toolchain(folder: Path, threads: str = THREADS) -> Path:
    """A tree with libraries where toolchains have theirs."""
    place = folder / "usr/lib/x86_64-linux-gnu"
    place.mkdir(parents=True)
    texts = {
        "libc.so.6": (C_LIBRARY, C_VERSIONS),
        "libpthread.so.0": (
            threads,
            NO_VERSIONS.replace("nothing", "read; pthread_create; fcntl; nothing"),
        ),
        "libstdc++.so.6": (CXX, CXX_VERSIONS),
        **dict.fromkeys(
            ("libm.so.6", "libdl.so.2", "librt.so.1", "libutil.so.1"), (NOTHING, NO_VERSIONS)
        ),
    }
    for name, (source, versions) in texts.items():
        (place / "a.c").write_text(source)
        (place / "a.map").write_text(versions)
        words = ("-shared", "-fPIC", "-nostdlib", "-fno-builtin", "-w")
        run("gcc", *words, f"-Wl,--version-script=a.map,-soname={name}", "a.c", "-o", name,
            cwd=place)  # fmt: skip
    return folder


def offers(text: str) -> dict[str, set[str]]:
    """The names below each version of a linker's version script."""
    found = re.findall(r"(\S+) \{ global: (.*?); \};", text)
    return {version: set(names.split("; ")) for version, names in found}


def test_what_came_later_is_not_there(tmp_path: Path) -> None:
    found = old_libraries("glibc-2.17", toolchain(tmp_path))
    assert offers(found["libc.so.6.map"]) == {
        "GLIBC_2.2.5": {"read", "environ", "_environ", "__environ", "pthread_create"},
        "GLIBC_2.14": {"copy", "clock_gettime"},
    }
    assert offers(found["libstdc++.so.6.map"]) == {"GLIBCXX_3.4.9": {"first"}}
    assert "latest" not in found["libc.so.6.s"]


def test_a_library_that_still_is_one_offers_what_it_hides_today(tmp_path: Path) -> None:
    found = old_libraries("glibc-2.17", toolchain(tmp_path))
    offered = offers(found["libpthread.so.0.map"])
    assert offered == {"GLIBC_2.2.5": {"read", "pthread_create", "fcntl"}}


def test_each_system_has_its_own_last_version(tmp_path: Path) -> None:
    found = old_libraries("glibc-2.28", toolchain(tmp_path))
    assert offers(found["libstdc++.so.6.map"]) == {
        "GLIBCXX_3.4.9": {"first"},
        "GLIBCXX_3.4.22": {"second"},
    }


def test_what_the_c_library_took_in_is_put_back(tmp_path: Path) -> None:
    found = old_libraries("glibc-2.28", toolchain(tmp_path, threads=NOTHING))
    assert offers(found["libpthread.so.0.map"])["GLIBC_2.2.5"] >= {"pthread_create", "read"}
    offered = offers(found["libc.so.6.map"])
    assert offered == {
        "GLIBC_2.2.5": {"read", "environ", "_environ", "__environ"},
        "GLIBC_2.14": {"copy", "clock_gettime"},
    }


def test_names_of_one_thing_stay_names_of_one_thing(tmp_path: Path) -> None:
    """The linker takes data by its strong name, too, where code takes it by a weak one."""
    system = old_libraries("glibc-2.17", toolchain(tmp_path))
    for suffix in ("s", "map"):
        (tmp_path / f"libc.so.6.{suffix}").write_text(system[f"libc.so.6.{suffix}"])
    (tmp_path / "made").mkdir()
    library = tmp_path / "made" / "libc.so.6"
    make_library("gcc", str(tmp_path / "libc.so.6.s"), str(library), str(library.parent))
    (tmp_path / "a.c").write_text("extern char **environ;\nchar **f(void) { return environ; }\n")
    run("gcc", "-shared", "-fPIC", "-nostdlib", "a.c", str(library), "-o", "a.so", cwd=tmp_path)
    symbols = run("readelf", "--dyn-syms", "-W", "a.so", cwd=tmp_path)
    assert " environ@GLIBC_2.2.5" in symbols
    assert " __environ@GLIBC_2.2.5" in symbols


def test_functions_of_time_are_in_the_library_of_their_own_as_well(tmp_path: Path) -> None:
    found = old_libraries("glibc-2.17", toolchain(tmp_path))
    (version,) = [line for line in found["librt.so.1.map"].splitlines() if "clock_" in line]
    assert version.startswith("GLIBC_2.2.5 ")
    assert "clock_gettime:" in found["librt.so.1.s"]
    (version,) = [line for line in found["libc.so.6.map"].splitlines() if "clock_" in line]
    assert version.startswith("GLIBC_2.14 ")


def test_what_is_linked_into_its_callers_is_in_no_library(tmp_path: Path) -> None:
    found = old_libraries("glibc-2.17", toolchain(tmp_path))
    assert "fcntl" in found["libpthread.so.0.map"]
    assert "pthread_atfork" not in "".join(found.values())


def test_the_library_of_threads_brings_what_is_linked_in(tmp_path: Path) -> None:
    for name, text in old_libraries("glibc-2.17", toolchain(tmp_path)).items():
        (tmp_path / name).write_text(text)
    made = tmp_path / "made"
    made.mkdir()
    source = files("builders") / "runtime/glibc-2.17/pthread_atfork.s"
    run("gcc", "-c", str(source), "-o", str(made / "pthread_atfork.o"), cwd=tmp_path)
    run("ar", "rcs", str(made / "pthread_atfork.a"), str(made / "pthread_atfork.o"), cwd=tmp_path)
    make_library(
        "gcc", str(tmp_path / "libpthread.so.0.s"), str(made / "libpthread.so.0"), str(made)
    )
    (tmp_path / "a.c").write_text("int pthread_atfork(void *, void *, void *);\n"
                                  "int f(void) { return pthread_atfork(0, 0, 0); }\n")  # fmt: skip
    run("gcc", "-shared", "-fPIC", "a.c", f"-L{made}", "-lpthread", "-o", "a.so", cwd=tmp_path)
    symbols = run("readelf", "--dyn-syms", "-W", "a.so", cwd=tmp_path)
    assert "__register_atfork" in symbols
    assert "UND pthread_atfork" not in symbols


def test_a_toolchain_without_such_a_library_builds_nothing(tmp_path: Path) -> None:
    tree = toolchain(tmp_path)
    (tree / "usr/lib/x86_64-linux-gnu/libm.so.6").write_bytes(b"\x7fELF")
    with pytest.raises(BuildFault, match=r"libm\.so\.6 is no library"):
        old_libraries("glibc-2.17", tree)
    (tree / "usr/lib/x86_64-linux-gnu/libm.so.6").unlink()
    with pytest.raises(BuildFault, match=r"libm\.so\.6 is no library"):
        old_libraries("glibc-2.17", tree)


def test_another_part_of_the_runtime_has_no_libraries(tmp_path: Path) -> None:
    assert old_libraries("landing-pads", tmp_path) == {}
    assert not is_old_system("landing-pads")
    assert is_old_system("glibc-2.17")
    assert '[system."glibc-2.17"]' in facts()


@pytest.mark.parametrize(
    ("system", "library", "version"),
    [("glibc-2.17", "libpthread.so.0", "GLIBC_2.2.5"), ("glibc-2.28", "libc.so.6", "GLIBC_2.2.5")],
)
def test_what_is_linked_to_them_asks_for_the_older_version(
    system: str, library: str, version: str, tmp_path: Path
) -> None:
    threads = THREADS if system == "glibc-2.17" else NOTHING
    made = tmp_path / "made"
    made.mkdir()
    for name, text in old_libraries(system, toolchain(tmp_path, threads=threads)).items():
        (tmp_path / name).write_text(text)
    for name in ("libpthread.so.0", "libc.so.6"):
        make_library("gcc", str(tmp_path / f"{name}.s"), str(made / name), str(made))
    (tmp_path / "a.c").write_text("int copy(void); int fcntl(void);\n"
                                  "int f(void) { return copy() + fcntl(); }\n")  # fmt: skip
    libraries = (str(made / "libpthread.so.0"), str(made / "libc.so.6"))
    run("gcc", "-shared", "-fPIC", "-nostdlib", "-fno-builtin", "a.c", *libraries, "-o", "a.so",
        cwd=tmp_path)  # fmt: skip
    needs = run("readelf", "-VW", "a.so", cwd=tmp_path).partition("needs section")[2]
    assert "GLIBC_2.14" in needs
    assert "GLIBC_2.33" not in needs
    if system == "glibc-2.17":
        assert f"File: {library}" in needs
        assert version in needs
    assert "libpthread" in (made / "libpthread.so").read_text()
    assert "libc_nonshared.a" in (made / "libc.so").read_text()


def test_parts_of_the_older_c_plus_plus_library_come_before_the_compilers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the order that the archive has which they stand for."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    parts, libraries = tmp_path / "place/runtime", tmp_path / "place/libraries"
    parts.mkdir(parents=True)
    libraries.mkdir()
    for source in (files("builders") / "runtime/glibc-2.17").iterdir():
        if source.name.endswith(".s"):
            (parts / source.name).write_text(source.read_text())
    for name, text in old_libraries("glibc-2.17", toolchain(tmp_path)).items():
        (libraries / name).write_text(text)
    made = Path(runtime("gcc", str(tmp_path / "place")))
    archive = made / "older-c++.a"
    assert (
        f"{made / 'libstdc++.so.6'} {archive} -l:libstdc++.a" in (made / "libstdc++.so").read_text()
    )
    assert run("ar", "t", str(archive), cwd=tmp_path).split() == [
        "cxx_delete_sized.o",
        "cxx_throw_bad_array_new_length.o",
        "cxx_type_bad_array_new_length.o",
    ]
    (tmp_path / "a.cc").write_text("int *f(int n) { return new int[n]; }\n"
                                   "void g(int *p) { delete p; }\n")  # fmt: skip
    run("g++", "-O2", "-shared", "-fPIC", "-fcf-protection=none", "-nostdlib", "a.cc",
        str(archive), "-o", "a.so", cwd=tmp_path)  # fmt: skip
    symbols = run("nm", "-D", "a.so", cwd=tmp_path)
    assert " T __cxa_throw_bad_array_new_length" in symbols
    assert " T _ZdlPvm" in symbols
    assert " U _ZdlPv\n" in symbols
    assert "bad_cast" not in symbols
