"""A wheel with native code, published by the test, and the recipe that a check finds for it.

It is published as a maintainer would: compiled by another compiler than this machine's, with flags
that are not the interpreter's, one source with flags of its own, repaired for manylinux.
"""

import json
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest
from packaging.tags import parse_tag
from packaging.utils import canonicalize_name
from packaging.version import Version

from builders.hints import Hints, read_hints
from builders.native_hints.hints import NativeHints
from builders.platform_tags import Platforms
from builders.recipe import Recipe, SourceFile, recipe_to_json
from builders.search.choices import Choices
from tests.integration.test_search import Checked, check
from tests.support.interpreters import needs_python
from tests.support.publishing import Published, Publisher, Source
from tests.support.real_wheels import take_apart
from verify.native.elf_reader import read_elf
from verify.native.symbols import read_dynamic_symbols

pytestmark = needs_python((3, 11))

DAY = datetime(2024, 5, 1, 12, tzinfo=UTC)
MANYLINUX = ("manylinux_2_17_x86_64", "manylinux2014_x86_64")

MODULE = """\
#include <Python.h>
#include <assert.h>
int twice(int);
static PyObject *answer(PyObject *self, PyObject *argument) {
    const char *file = __FILE__;
    unsigned release = PY_VERSION_HEX;
    return Py_BuildValue("isI", twice((int)PyLong_AsLong(argument)), file, release);
}
static PyMethodDef methods[] = {{"answer", answer, METH_O, ""}, {0}};
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "nat", "", -1, methods};
PyMODINIT_FUNC PyInit__nat(void) { return PyModule_Create(&definition); }
"""
SETUP = """\
import os
from setuptools import Extension, setup

sources = [os.path.abspath("src/nat.c"), "src/twice.c", "src/once.c"]
setup(name="nat", version="1.0", packages=["nat"],
      ext_modules=[Extension("nat._nat", sources, extra_compile_args=["-O2", "-DMORE=1"])])
"""
NATIVE = Source(
    name="nat",
    files={
        "setup.py": SETUP,
        "nat/__init__.py": "from nat._nat import answer\n",
        "src/nat.c": MODULE,
        "src/once.c": "int once(int x) { return x; }\n",
        "src/twice.c": "int twice(int x) { int y = 0; for (; x; x--) y += 2 * MORE; return y; }\n",
    },
    generator="bdist_wheel (0.43.0)",
)

HINTS = NativeHints(
    files=1,
    compiler="10.2.1",
    compilers=frozenset({"10.2.1"}),
    languages=frozenset({"C17"}),
    flags={
        "": "-g -O2 -fwrapv -fPIC -fno-strict-aliasing",
        "src/twice.c": "-g -O3 -funroll-loops -fPIC",
        "link": "-Wl,--no-as-needed -pthread",
        "python": "3.11.30",
        "order": "src/nat.c src/once.c src/twice.c",
    },
    build_paths={"": "/project"},
    has_dwarf=True,
    is_stripped=False,
)


@dataclass(frozen=True, kw_only=True)
class Native:
    """Publishes wheels with native code."""

    publisher: Publisher
    hints: NativeHints = HINTS
    platforms: Platforms = field(
        default=Platforms(
            filename=MANYLINUX, wheel=MANYLINUX, has_empty_libs=True, has_directories=True
        )
    )

    def publish(
        self, folder: Path, source: Source = NATIVE, choices: Choices | None = None
    ) -> Published:
        """The sdist of a source, and the wheel that a maintainer's tools make of it."""
        bench = self.publisher.bench
        sdist = source.pack(folder)
        with sdist.open("rb") as stream:
            bench.cache.add(stream, sdist.name)
        file = SourceFile(
            name=canonicalize_name(source.name),
            version=source.version,
            filename=sdist.name,
            sha256=sha256(sdist.read_bytes()).hexdigest(),
        )
        hints = Hints(
            name=file.name,
            version=Version(source.version),
            tags=frozenset(parse_tag("cp311-cp311-manylinux2014_x86_64")),
            generator=source.generator,
            newest=DAY,
            requires_python=None,
            native=self.hints,
            platforms=self.platforms,
        )
        recipe = bench.planner.plan(hints, file, DAY, choices or Choices())
        built = bench.rebuilder.rebuild(recipe).wheel
        wheel = folder / built.name
        wheel.write_bytes(built.read_bytes())
        return Published(wheel=wheel, sdist=sdist, recipe=recipe)


@pytest.fixture(scope="module")
def native(kept_cache: Path) -> Native:
    return Native(publisher=Publisher(cache=kept_cache))


@pytest.fixture(scope="module")
def published(native: Native, tmp_path_factory: pytest.TempPathFactory) -> Published:
    return native.publish(tmp_path_factory.mktemp("native"))


def module_of(wheel: Path) -> tuple[str, bytes]:
    """The name and the content of the one extension module."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".so"))
        return name, archive.read(name)


def recipe_of(found: Checked) -> Mapping[str, object]:
    recipe: Mapping[str, object] = found.result["recipe"]
    return recipe


def test_a_published_wheel_teaches_its_compiler_its_flags_and_its_place(
    published: Published,
) -> None:
    hints = read_hints(published.wheel)
    assert hints.native is not None
    assert hints.native.compiler == "10.2.1"
    common, own = hints.native.flags[""].split(), hints.native.flags["src/twice.c"].split()
    assert {"-O2", "-fwrapv", "-fno-strict-aliasing"} <= {*common}
    assert {"-O3", "-funroll-loops"} <= {*own}
    assert "-O3" not in common
    assert "-O2" not in own
    assert hints.native.build_paths == {"": "/project"}
    assert hints.native.flags["link"] == "-Wl,--emit-relocs -Wl,--no-as-needed -pthread"
    assert hints.native.flags["order"] == "src/nat.c src/once.c src/twice.c"
    assert hints.native.flags["python"] == "3.11.30"
    assert hints.platforms is not None
    assert hints.platforms.post_steps == (
        f"retag {'.'.join(MANYLINUX)}",
        "empty-libs",
        "directories",
    )


def test_a_check_compiles_with_that_compiler_and_those_flags(
    native: Native, published: Published
) -> None:
    found = check(native.publisher.cache, published, "--attempts", "1")
    recipe = recipe_of(found)
    hints = read_hints(published.wheel)
    assert hints.native is not None
    assert published.recipe is not None
    assert published.recipe.toolchain is not None
    assert recipe["toolchain"] == {"name": "gcc-10", "digest": published.recipe.toolchain.digest}
    assert recipe["compiler_flags"] == dict(hints.native.flags)
    assert recipe["build_paths"] == {"": "/project"}
    assert recipe["post_steps"] == list(published.recipe.post_steps)
    # The published one is linked without the word of the linker that a rebuild has.
    assert found.result["verdict"] == "equivalent", found.result["diff"]
    assert "native.relinked" in {finding["rule"] for finding in found.result["diff"]["findings"]}


OLD = """\
#include <Python.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
static int *volatile kept;
static int order(const void *a, const void *b) { return *(char *)a - *(char *)b; }
static PyObject *answer(PyObject *, PyObject *given) {
    double found = pow(PyFloat_AsDouble(given), 2.5) + fcntl(0, F_GETFD);
    kept = new int;
    delete kept;
    return PyFloat_FromDouble(found + (bsearch("b", "abc", 3, 1, order) != nullptr));
}
static PyMethodDef methods[] = {{"answer", answer, METH_O, ""}, {}};
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "nat", "", -1, methods};
PyMODINIT_FUNC PyInit__nat(void) { return PyModule_Create(&definition); }
"""


def test_a_wheel_for_an_older_system_is_linked_to_what_was_there(
    native: Native, tmp_path: Path
) -> None:
    flags = {
        "": "-O2 -fPIC",
        "link": "-Wl,--no-as-needed -pthread",
        "runtime": "linkage-table-init constant-handle glibc-2.17",
    }
    setup = SETUP.replace('[os.path.abspath("src/nat.c"), "src/twice.c", "src/once.c"]',
                          '["src/old.cpp"]')  # fmt: skip
    older = replace(NATIVE, files={**NATIVE.files, "setup.py": setup, "src/old.cpp": OLD})
    built = replace(native, hints=replace(HINTS, flags=flags)).publish(tmp_path, older)
    symbols = read_dynamic_symbols(read_elf(module_of(built.wheel)[1]))
    found = {one.name: (one.library, one.version) for one in symbols if not one.is_defined}
    assert found["pow"] == ("libm.so.6", "GLIBC_2.2.5")
    assert found["fcntl"] == ("libpthread.so.0", "GLIBC_2.2.5")
    assert found["bsearch"] == ("libc.so.6", "GLIBC_2.2.5")
    assert found["_ZdlPv"] == ("libstdc++.so.6", "GLIBCXX_3.4")
    assert "_ZdlPvm" not in found
    assert "_ZdlPvm" in {one.name for one in symbols if one.is_defined}


def test_no_path_of_the_sandbox_is_left_in_the_code(published: Published) -> None:
    _, data = module_of(published.wheel)
    assert b"/project/src/nat.c\0" in data
    assert b"/build/" not in data
    assert b"libpython" not in data
    assert b"RUNPATH" not in data


def test_a_given_recipe_is_compiled_as_it_says(
    native: Native, published: Published, tmp_path: Path
) -> None:
    """It may have other flags of the kind that is learned, and no toolchain that there is not."""
    assert published.recipe is not None
    flags = {"": "-O0 -fPIC"}
    text = recipe_text(replace(published.recipe, compiler_flags=flags, runtime=None))
    (tmp_path / "recipe.json").write_text(text)
    found = check(
        native.publisher.cache, published, "--recipe", tmp_path / "recipe.json", "--attempts", "1"
    )
    assert recipe_of(found)["compiler_flags"] == {"": "-O0 -fPIC"}
    assert found.result["verdict"] == "different"
    other = replace(published.recipe.toolchain, digest="0" * 64)  # type: ignore[type-var]  # set
    (tmp_path / "recipe.json").write_text(recipe_text(replace(published.recipe, toolchain=other)))
    found = check(
        native.publisher.cache, published, "--recipe", tmp_path / "recipe.json", "--attempts", "1"
    )
    assert "the toolchain gcc-10 of 0000" in str(found.attempts)


def test_without_the_toolchain_it_is_undetermined_and_not_compiled_by_another(
    native: Native, published: Published, tmp_path: Path
) -> None:
    for kept in native.publisher.cache.iterdir():
        if kept.name not in {"toolchains", "images"}:
            (tmp_path / kept.name).symlink_to(kept)
    found = check(tmp_path, published, "--offline")
    assert (found.result["verdict"], found.result["reason"]) == ("undetermined", "unsupported")
    assert "the toolchain gcc-10" in found.result["detail"]
    assert found.result["detail"].endswith("run this once: truewheel images build gcc-10")


def recipe_text(recipe: Recipe) -> str:
    return json.dumps(recipe_to_json(recipe))


def test_what_the_toolchain_does_not_compile_the_sandboxs_own_compiler_is_asked_for(
    native: Native, tmp_path: Path
) -> None:
    source = "#if __GNUC__ != 10 || defined(OTHER)\nint twice(int x) { return 2 * x; }\n#endif\n"
    refused = source.replace("#endif", "#else\n#error refused\n#endif")
    newer = replace(NATIVE, files={**NATIVE.files, "src/twice.c": refused})
    plain = replace(native, hints=replace(HINTS, compiler="99.0.0"))
    honest = plain.publish(tmp_path, newer)
    assert honest.recipe is not None
    assert honest.recipe.toolchain is None
    # As if it had been compiled by a GCC 10 all the same.
    name, code = module_of(honest.wheel)
    (tmp_path / "told").mkdir()
    told = replace(honest, wheel=tmp_path / "told" / honest.wheel.name)
    told.wheel.write_bytes(take_apart("", honest.wheel).forge({name: named_gcc_10(code)}))
    found = check(native.publisher.cache, told)
    first, second = found.attempts[:2]
    assert (first["verdict"], first["reason"]) == ("undetermined", "build-failed")
    assert "refused" in first["log_tail"]
    assert second["chosen"] == ["the sandbox's own compiler"]
    assert second["verdict"] == "different"
    assert recipe_of(found)["toolchain"] is None


def named_gcc_10(code: bytes) -> bytes:
    """The same code, said to be of another compiler, byte for byte as long."""
    return re.sub(rb"(GNU C17|GCC: \(Debian [^)]*\)) [0-9]{2}\.[0-9]\.[0-9]", rb"\1 10.2.1", code)


SWITCHED = """\
import os
from setuptools import Extension, setup

modules = []
if os.environ.get("NAT_WITH_EXTENSION", "no") == "yes":
    import pbr.version  # that no requirement names
    modules = [Extension("nat._nat", ["src/nat.c", "src/twice.c"], define_macros=[("MORE", "1")])]
setup(name="nat", version="1.0", packages=["nat"], ext_modules=modules)
"""


def test_a_module_that_only_a_variable_asks_for_is_built_with_the_tool_that_it_takes(
    native: Native, tmp_path: Path
) -> None:
    source = replace(NATIVE, files={**NATIVE.files, "setup.py": SWITCHED})
    choices = Choices(switches={"NAT_WITH_EXTENSION": "yes"}, requires=("pbr",))
    published = native.publish(tmp_path, source, choices)
    assert module_of(published.wheel)[0].startswith("nat/_nat.")
    found = check(native.publisher.cache, published)
    first, second, third = found.attempts[:3]
    assert (first["chosen"], first["verdict"]) == ([], "suspicious")
    assert second["chosen"] == ["NAT_WITH_EXTENSION=yes in the environment"]
    assert (second["reason"], "No module named 'pbr'" in second["log_tail"]) == (
        "build-failed",
        True,
    )
    assert third["chosen"] == [
        "NAT_WITH_EXTENSION=yes in the environment",
        "pbr as a build requirement",
    ]
    assert found.result["verdict"] == "equivalent", found.result["diff"]
    (tmp_path / "recipe.json").write_text(json.dumps(recipe_of(found)))
    again = check(
        native.publisher.cache, published, "--recipe", tmp_path / "recipe.json", "--attempts", "1"
    )
    assert again.result["verdict"] == "equivalent", again.attempts


def test_a_recipe_sets_no_variable_that_its_source_does_not_read(
    native: Native, published: Published, tmp_path: Path
) -> None:
    assert published.recipe is not None
    environment = {**published.recipe.environment, "NAT_WITH_EXTENSION": "yes"}
    (tmp_path / "recipe.json").write_text(
        recipe_text(replace(published.recipe, environment=environment))
    )
    found = check(
        native.publisher.cache, published, "--recipe", tmp_path / "recipe.json", "--attempts", "1"
    )
    assert "has settings of its own" in str(found.attempts)
    environment = {**published.recipe.environment, "PYTHONHASHSEED": "5"}
    (tmp_path / "recipe.json").write_text(
        recipe_text(replace(published.recipe, environment=environment))
    )
    found = check(
        native.publisher.cache, published, "--recipe", tmp_path / "recipe.json", "--attempts", "1"
    )
    assert recipe_of(found)["environment"] == environment
    assert found.result["verdict"] == "identical", found.result["diff"]


LINKED = MODULE.replace("#include <assert.h>", "#include <yaml.h>").replace(
    "twice((int)PyLong_AsLong(argument))", "yaml_get_version_string()[0]"
)


def test_a_library_that_is_inside_a_module_is_compiled_with_it(
    native: Native, tmp_path: Path
) -> None:
    setup = SETUP.replace('"src/twice.c", "src/once.c"]', "]").replace(
        "extra_compile_args", 'optional=True, libraries=["yaml"], extra_compile_args'
    )
    files = {**NATIVE.files, "setup.py": setup, "src/nat.c": LINKED}
    flags = {"": "-g -O2 -fPIC", "link": "-Wl,--no-as-needed -pthread"}
    maker = replace(native, hints=replace(HINTS, flags=flags))
    choices = Choices(libraries=("yaml",))
    published = maker.publish(tmp_path, replace(NATIVE, files=files), choices)
    symbols = read_dynamic_symbols(read_elf(module_of(published.wheel)[1]))
    assert not [one for one in symbols if "yaml" in one.name and not one.is_defined]
    found = check(native.publisher.cache, published)
    first, second = found.attempts[:2]
    assert (first["chosen"], first["verdict"]) == ([], "suspicious")
    assert second["chosen"] == ["the library yaml"]
    assert found.result["verdict"] == "equivalent", found.result["diff"]
    libraries = recipe_of(found)["libraries"]
    assert published.recipe is not None
    assert libraries == dict(published.recipe.libraries)
