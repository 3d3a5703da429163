"""Attacks by flags: a published file that was compiled from its source, but not as that asks.

Whoever leaves out what a source has compilers promise, or adds what it does not ask for, has
another program of the same text. The rebuild learns flags from the published file, but not these.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from builders.compilers import prepare_compilers
from builders.native_flags import EVERY_SOURCE
from builders.native_hints.hints import read_native_hints
from builders.store import Store
from tests.attacks.native.building import told
from tests.support.native import run, wheel_of, wrapper
from tests.support.searching import RECIPE

UNSET = "int learn(int *); int refuse(int n) { int key[8]; if (n) learn(key); return key[3]; }\n"
LONG = "struct S { long double a; char b; }; long refuse(struct S *s) { return s->b; }\n"
RACE = "extern int all; void add(int *a, int n) { while (n--) if (a[n]) all += a[n]; }\n"
CONDITION = "int refuse(void) {\n#ifdef _OPENMP\n return 0;\n#else\n return -1;\n#endif\n}\n"
SIMD = "void add(int *a) {\n#pragma omp simd\n for (int i = 0; i < 9; i++) a[i]++;\n}\n"
ROUNDED = "double refuse(double a, double b, double c) { return a * b - c; }\n"
BUFFER = "int learn(char *); int refuse(void) { char text[64]; return learn(text); }\n"
HELPED = "int check(int n) { return n ? -1 : 0; } int refuse(int n) { return check(n) + 1; }\n"
FILL = (
    "void *memset(void *p, int c, unsigned long n)\n"
    "{ char *s = p; for (unsigned long i = 0; i < n; i++) s[i] = (char)c; return p; }\n"
)

OUTPUT = ("-nostdlib", "-Wl,--build-id=none", "-shared", "a.c", "-o", "a.so")
USUAL = ("-O2", "-fPIC", "-w")


def _built(folder: Path, source: str, *flags: str) -> bytes:
    """What somebody compiled as he likes, with what his compiler says of it."""
    folder.mkdir()
    (folder / "a.c").write_text(source)
    run("gcc", "-g", "-grecord-gcc-switches", *USUAL, *flags, *OUTPUT, cwd=folder)
    return (folder / "a.so").read_bytes()


def _learned(folder: Path, published: bytes) -> Mapping[str, str]:
    hints = read_native_hints(wheel_of(folder, {"example.so": published}))
    assert hints is not None
    return hints.flags


def _rebuilt(folder: Path, source: str, flags: Mapping[str, str], *own: str) -> bytes:
    """What the source's own build makes of it by the compilers' wrapper."""
    folder.mkdir()
    (folder / "a.c").write_text(source)
    recipe = replace(RECIPE, compiler_flags=flags)
    (mount,) = prepare_compilers(recipe, None, Store(folder / "store")).mounts
    run(*wrapper(mount.source), *USUAL, *own, *OUTPUT, cwd=folder)
    return (folder / "a.so").read_bytes()


@pytest.mark.parametrize(
    ("source", "flag"),
    [
        (UNSET, "-ftrivial-auto-var-init=zero"),
        (LONG, "-mlong-double-64"),
        (CONDITION, "-fopenmp"),
        (BUFFER, "-fstack-protector-strong"),
        (BUFFER, "-fcf-protection=full"),
        (FILL, "-fno-tree-loop-distribute-patterns"),
        (FILL, "-fno-builtin"),
        (HELPED, "-fvisibility=hidden"),
    ],
)
def test_a_published_file_does_not_leave_out_what_its_source_asks_for(
    source: str, flag: str, tmp_path: Path
) -> None:
    published = _built(tmp_path / "p", source)
    flags = _learned(tmp_path, published)
    assert told(published, _rebuilt(tmp_path / "r", source, flags, flag))
    honest = _built(tmp_path / "h", source, flag)
    flags = _learned(tmp_path, honest)
    assert not told(honest, _rebuilt(tmp_path / "s", source, flags, flag))


@pytest.mark.parametrize("flag", ["-ffp-contract=off", "-std=c99"])
def test_a_published_file_does_not_round_otherwise_than_its_source_asks_for(
    flag: str, tmp_path: Path
) -> None:
    """In one instruction a product and a sum are rounded once; standard C rounds them twice."""
    published = _built(tmp_path / "p", ROUNDED, "-mfma")
    flags = _learned(tmp_path, published)
    assert told(published, _rebuilt(tmp_path / "r", ROUNDED, flags, "-mfma", flag))
    honest = _built(tmp_path / "h", ROUNDED, "-mfma", flag)
    flags = _learned(tmp_path, honest)
    assert not told(honest, _rebuilt(tmp_path / "s", ROUNDED, flags, "-mfma", flag))


@pytest.mark.parametrize(
    ("source", "flag"),
    [(CONDITION, "-fopenmp"), (ROUNDED, "-mfpmath=387")],
)
def test_a_published_file_does_not_choose_what_its_source_leaves_alone(
    source: str, flag: str, tmp_path: Path
) -> None:
    published = _built(tmp_path / "p", source, flag)
    assert told(published, _rebuilt(tmp_path / "r", source, _learned(tmp_path, published)))


@pytest.mark.parametrize(
    ("source", "flag"), [(RACE, "-fallow-store-data-races"), (SIMD, "-fopenmp-simd")]
)
def test_a_flag_that_lets_a_compiler_assume_more_is_not_learned(
    source: str, flag: str, tmp_path: Path
) -> None:
    assert flag not in _learned(tmp_path, _built(tmp_path / "p", source, flag))[EVERY_SOURCE]
