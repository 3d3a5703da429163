"""Libraries that modules have inside: what is known of them, and where they are not to be had."""

from dataclasses import replace
from hashlib import sha256
from pathlib import Path, PurePosixPath

import pytest

from builders import static_libraries
from builders.sandbox.interface import SandboxFault
from builders.static_libraries import (
    LIBRARIES_AT,
    library_names,
    library_of,
    missed_libraries,
    open_library,
)
from builders.store import Store
from verify.events import silent


def test_every_library_is_named_by_all_that_determines_it() -> None:
    for definition in static_libraries._definitions().values():
        others = (
            replace(definition, sha256=sha256(b"other").hexdigest()),
            replace(definition, sources=definition.sources[1:]),
            replace(definition, definitions=()),
            replace(definition, suite="sid"),
        )
        assert len({one.digest for one in (definition, *others)}) == len(others) + 1
        assert definition.sha256 in definition.script
        assert definition.digest[:16] in definition.reference


def test_every_definition_is_plain() -> None:
    """No source is outside of the library, and nothing of it is a word for a shell."""
    for definition in static_libraries._definitions().values():
        assert definition.name.isalnum()
        assert len(definition.sha256) == 64
        for path in (*definition.sources, *definition.include, definition.work):
            assert ".." not in path
            assert not path.startswith("/")
        assert all(word.startswith("-D") for word in definition.definitions)
        words = (definition.source, definition.archive, definition.suite)
        assert all(
            word.replace("_", "").replace(".", "").replace("-", "").isalnum() for word in words
        )


def test_no_two_libraries_are_asked_for_by_the_same_name() -> None:
    asked = [(*one.headers, *one.links) for one in static_libraries._definitions().values()]
    names = [name for found in asked for name in found]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("log", "found"),
    [
        ("x.c:3:10: fatal error: yaml.h: No such file or directory", ("yaml",)),
        ("ld: cannot find -lyaml", ("yaml",)),
        ("ld: cannot find -lyaml: No such file or directory\n" * 3, ("yaml",)),
        ("x.c:3:10: fatal error: sub/yaml.h: No such file or directory", ()),
        ("ld: cannot find -lyamlcpp", ()),
        ("error: yaml.h: No such file or directory", ()),
        ("", ()),
    ],
)
def test_a_log_says_which_one_was_missed(log: str, found: tuple[str, ...]) -> None:
    assert missed_libraries(log) == found


def test_a_kept_library_is_mounted_at_its_place(tmp_path: Path) -> None:
    name = "yaml"
    assert name in library_names()
    digest = static_libraries._definitions()[name].digest
    with Store(tmp_path).new_tree("libraries", digest) as draft:
        (draft / "root" / "library" / "src").mkdir(parents=True)
    library = open_library(name, cache_root=tmp_path, listener=silent, offline=True)
    assert library.digest == digest
    assert library.mount.target == LIBRARIES_AT / name
    assert (library.mount.source / "src").is_dir()
    settings = library.definition.settings
    assert PurePosixPath(str(settings["work"])).is_relative_to(LIBRARIES_AT / name)


@pytest.mark.parametrize(("name", "said"), [("yaml", "takes the network"), ("other", "no library")])
def test_what_is_not_there_is_a_fault(name: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(SandboxFault, match=said):
        open_library(name, cache_root=tmp_path, listener=silent, offline=True)


def test_a_library_is_known_by_the_name_that_the_loader_goes_by() -> None:
    assert library_of("libffi.so.7") == "ffi"
    assert library_of("libyaml-0.so.2") is None
    assert library_of("libc.so.6") is None


def test_what_a_library_configures_itself_is_written(tmp_path: Path) -> None:
    definition = static_libraries._definitions()["ffi"]
    (tmp_path / "include").mkdir()
    template = "#if @HAVE_LONG_DOUBLE@\n#define @TARGET@\n@OTHER@\n"
    (tmp_path / "include" / "ffi.h.in").write_text(template)
    static_libraries._configure(definition, tmp_path)
    assert (tmp_path / "include" / "ffi.h").read_text() == "#if 1\n#define X86_64\n@OTHER@\n"
    assert "HAVE_MMAP 1" in (tmp_path / "include" / "fficonfig.h").read_text()
