"""The script under the names of strip: shared objects stay whole, all else is stripped."""

import json
import subprocess
import sys
from pathlib import Path
from shutil import copytree

import pytest

from builders.compiler_wrapper.stripping import read
from builders.compilers import Compilers, prepare_compilers
from builders.store import Store
from tests.support.native import run
from tests.support.searching import RECIPE

WORD = "-Wl,--emit-relocs"
SOURCE = "static int held = 3;\nint get(void) { return held; }\nint main(void) { return get(); }\n"


def prepared(folder: Path, link: str) -> Compilers:
    """The wrappers of a recipe that links so."""
    values = {name: getattr(RECIPE, name) for name in RECIPE.__slots__}
    recipe = RECIPE.__class__(**{**values, "compiler_flags": {"": "-O1 -fPIC", "link": link}})
    return prepare_compilers(recipe, None, Store(folder / "store"))


@pytest.fixture
def strip(tmp_path: Path) -> Path:
    """The script beside its settings."""
    wrappers = tmp_path / "wrappers"
    copytree(prepared(tmp_path, WORD).mounts[-1].source, wrappers)
    assert json.loads((wrappers / "compiler.json").read_text())["compilers"]["gcc"]
    return wrappers / "strip"


def made(folder: Path, *flags: str, name: str) -> Path:
    """What the source is compiled to."""
    (folder / "a.c").write_text(SOURCE)
    run("gcc", "-fPIC", *flags, "a.c", "-o", name, cwd=folder)
    return folder / name


def stripped(strip: Path, *arguments: str | Path) -> None:
    """Run the script as a build does."""
    subprocess.run([sys.executable, "-BEsS", strip, *arguments], check=True)


def test_a_shared_object_keeps_what_its_linker_knew(strip: Path, tmp_path: Path) -> None:
    path = made(tmp_path, "-shared", WORD, name="a.so")
    before = path.read_bytes()
    stripped(strip, "--strip-unneeded", "-R", ".comment", path)
    assert path.read_bytes() == before
    stripped(strip, path, "-o", tmp_path / "b.so")
    assert (tmp_path / "b.so").read_bytes() == before


@pytest.mark.parametrize(
    "asked",
    [["-R", ".eh_frame_hdr"], ["--remove-section=.eh_frame_hdr"], ["-s", "-R.eh_frame_hdr"]],
)
def test_a_section_that_is_loaded_is_taken_out_as_the_build_asks(
    asked: list[str], strip: Path, tmp_path: Path
) -> None:
    path = made(tmp_path, "-shared", WORD, name="a.so")
    assert b"\0.eh_frame_hdr\0" in path.read_bytes()
    stripped(strip, *asked, path)
    assert b"\0.eh_frame_hdr\0" not in path.read_bytes()


def test_what_is_no_shared_object_is_stripped(strip: Path, tmp_path: Path) -> None:
    library = made(tmp_path, "-shared", WORD, name="a.so")
    program = made(tmp_path, "-no-pie", name="a.out")
    before = library.read_bytes()
    stripped(strip, library, program)
    assert b"\0.symtab\0" not in program.read_bytes()
    assert library.read_bytes() == before
    other = made(tmp_path, "-no-pie", name="b.out")
    stripped(strip, "-o", tmp_path / "c.out", other)
    assert b"\0.symtab\0" in other.read_bytes()
    assert b"\0.symtab\0" not in (tmp_path / "c.out").read_bytes()


def test_the_real_one_says_what_it_always_says(strip: Path, tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-BEsS", strip, tmp_path / "nothing"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ended.returncode == 1
    assert "nothing" in ended.stderr


def test_where_the_linker_keeps_nothing_strip_is_the_systems(tmp_path: Path) -> None:
    (mount,) = prepared(tmp_path, "-pthread").mounts
    assert not (mount.source / "strip").exists()


def test_values_of_options_are_no_files() -> None:
    line = "-s -K keep -o out --remove-section .comment a.so b.so"
    assert read(line.split()) == (
        ["-s", "-K", "keep", "--remove-section", ".comment"],
        ["a.so", "b.so"],
        "out",
    )
