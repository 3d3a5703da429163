"""Finding the host's interpreters."""

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest

from builders.interpreters import CACHE_NAME, HostPython, as_interpreter, host_interpreters


@pytest.fixture
def counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PATH with one interpreter that cannot be a Python: it notes every start in a file."""
    directory = tmp_path / "bin"
    directory.mkdir()
    shutil.copy("/bin/true", directory / "python3.12")
    monkeypatch.setenv("PATH", str(directory))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "none"))
    return directory


def _python(prefix: Path, *, shared: bool = True) -> HostPython:
    return HostPython(
        executable=str(prefix / "bin/python3.12"),
        implementation="CPython",
        version=(3, 12, 4),
        plain=True,
        prefix=str(prefix),
        shared=shared,
        include=str(prefix / "include/python3.12"),
        packages=(str(prefix / "lib/python3.12/site-packages"),),
    )


def test_the_best_of_each_line_is_found_newest_first(tmp_path: Path) -> None:
    found = host_interpreters(tmp_path)
    versions = [python.version for python in found]
    assert versions == sorted(set(versions), reverse=True)
    assert (3, 11) in versions


def test_a_second_start_asks_nothing_and_finds_the_same(tmp_path: Path) -> None:
    first = host_interpreters(tmp_path)
    cache = tmp_path / CACHE_NAME
    written = cache.stat().st_mtime_ns
    assert host_interpreters(tmp_path) == first
    assert cache.stat().st_mtime_ns == written


def test_what_the_cache_says_is_believed_until_the_file_changes(
    counted: Path, tmp_path: Path
) -> None:
    assert host_interpreters(tmp_path) == ()
    cache = tmp_path / CACHE_NAME
    entries = json.loads(cache.read_text())
    (key,) = entries
    assert entries[key] is None
    entries[key] = {
        "executable": str(counted / "python3.12"),
        "implementation": "CPython",
        "version": [3, 12, 4],
        "plain": True,
        "prefix": str(counted.parent),
        "shared": False,
        "include": "/none",
        "packages": [],
    }
    cache.write_text(json.dumps(entries))
    assert [python.release for python in host_interpreters(tmp_path)] == ["3.12.4"]
    os.utime(counted / "python3.12", (1, 1))
    assert host_interpreters(tmp_path) == ()


@pytest.mark.parametrize("content", ["", "[]", "{", '{"x": 1}', '{"x": {"version": 3}}'])
@pytest.mark.usefixtures("counted")
def test_an_unreadable_cache_is_an_empty_one(tmp_path: Path, content: str) -> None:
    (tmp_path / CACHE_NAME).write_text(content)
    assert host_interpreters(tmp_path) == ()


def test_a_shim_is_not_taken_for_an_interpreter(counted: Path, tmp_path: Path) -> None:
    shim = counted / "python3.12"
    shim.write_text("#!/bin/sh\nexit 1\n")
    host_interpreters(tmp_path)
    assert not (tmp_path / CACHE_NAME).exists()


def test_a_private_prefix_is_mounted_whole_without_its_packages(tmp_path: Path) -> None:
    (tmp_path / "include/python3.12").mkdir(parents=True)
    (tmp_path / "include/python3.12/Python.h").write_text("")
    python = as_interpreter(_python(tmp_path))
    assert python.executable == PurePosixPath("/opt/python/cp312-cp312/bin/python3.12")
    assert (python.release, python.headers) == ("3.12.4", True)
    assert python.environment == {
        "LD_LIBRARY_PATH": "/opt/python/cp312-cp312/lib",
        "LIBRARY_PATH": "/opt/python/cp312-cp312/lib",
    }
    (mount,) = python.mounts
    assert (mount.source, mount.target) == (tmp_path, PurePosixPath("/opt/python/cp312-cp312"))
    library = PurePosixPath("/opt/python/cp312-cp312/lib/python3.12")
    assert {library / "site-packages", library / "ensurepip/_bundled"} <= set(mount.hidden)


def test_a_static_interpreter_needs_no_library_path(tmp_path: Path) -> None:
    assert as_interpreter(_python(tmp_path, shared=False)).environment == {}


def test_of_a_shared_prefix_only_pythons_own_parts_are_mounted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("builders.interpreters.SHARED_PREFIXES", (tmp_path,))
    for name in ("bin", "lib/python3.12/site-packages", "lib/other", "include/python3.12"):
        (tmp_path / name).mkdir(parents=True)
    for name in ("bin/python3.12", "bin/secret", "lib/libpython3.12.so.1.0"):
        (tmp_path / name).write_text("")
    targets = {str(mount.target): mount for mount in as_interpreter(_python(tmp_path)).mounts}
    assert sorted(targets) == [
        "/opt/python/cp312-cp312/bin/python3.12",
        "/opt/python/cp312-cp312/include/python3.12",
        "/opt/python/cp312-cp312/lib/libpython3.12.so.1.0",
        "/opt/python/cp312-cp312/lib/python3.12",
    ]
    hidden = targets["/opt/python/cp312-cp312/lib/python3.12"].hidden
    assert PurePosixPath("/opt/python/cp312-cp312/lib/python3.12/site-packages") in hidden


def test_an_interpreter_of_usr_is_part_of_the_root() -> None:
    python = as_interpreter(_python(Path("/usr")))
    assert (python.executable, python.mounts) == (PurePosixPath("/usr/bin/python3.12"), ())
    assert python.environment == {}


@pytest.mark.parametrize(
    ("version", "place"),
    [
        ((2, 7, 18), "cp27-cp27mu"),
        ((3, 7, 17), "cp37-cp37m"),
        ((3, 8, 20), "cp38-cp38"),
        ((3, 13, 0), "cp313-cp313"),
    ],
)
def test_an_interpreter_stands_where_published_wheels_are_built(
    version: tuple[int, int, int], place: str, tmp_path: Path
) -> None:
    python = as_interpreter(replace(_python(tmp_path), version=version))
    assert python.executable.is_relative_to(f"/opt/python/{place}/bin")
