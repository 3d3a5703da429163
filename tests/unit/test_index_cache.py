import hashlib
import io
import json
import os
import resource
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from verify.index.cache import CacheFault, CacheFullError, FileCache, disk_errors
from verify.index.interface import HashMismatchError, Sha256

CONTENT = b"wheel" * 1000
SHA256 = Sha256(hashlib.sha256(CONTENT).hexdigest())
NAME = "demo-1.0-py3-none-any.whl"


def everything(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


@pytest.fixture
def strict_umask() -> Iterator[None]:
    before = os.umask(0o077)
    yield
    os.umask(before)


def test_a_file_is_found_under_its_hash_and_name(tmp_path: Path) -> None:
    cache = FileCache(tmp_path)
    path = cache.add(io.BytesIO(CONTENT), NAME, sha256=SHA256)
    assert path == tmp_path / "files" / SHA256[:2] / SHA256 / NAME
    assert path.read_bytes() == CONTENT
    assert cache.find(SHA256, NAME) == path
    assert cache.find(SHA256, "other.whl") is None
    assert everything(tmp_path) == [f"files/{SHA256[:2]}/{SHA256}/{NAME}"]


@pytest.mark.usefixtures("strict_umask")
def test_everybody_may_read_whatever_the_umask(tmp_path: Path) -> None:
    root = tmp_path / "cache"
    path = FileCache(root).add(io.BytesIO(CONTENT), NAME)
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    for directory in (path.parent, path.parent.parent, root / "files", root):
        assert stat.S_IMODE(directory.stat().st_mode) == 0o755


def test_a_wrong_hash_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(HashMismatchError, match=NAME):
        FileCache(tmp_path).add(io.BytesIO(b"other"), NAME, sha256=SHA256)
    assert everything(tmp_path) == []


def test_a_damaged_file_is_not_found_and_is_removed(tmp_path: Path) -> None:
    cache = FileCache(tmp_path)
    path = cache.add(io.BytesIO(CONTENT), NAME)
    path.write_bytes(b"\0" * len(CONTENT))
    assert cache.find(SHA256, NAME) is None
    assert not path.exists()


def test_a_file_without_a_promised_hash_is_found_by_its_url(tmp_path: Path) -> None:
    cache = FileCache(tmp_path)
    url = "https://files.example.org/demo.whl"
    with cache.partial() as partial:
        partial.write(CONTENT)
        path = cache.publish(partial, NAME, url=url)
    assert cache.find_by_url(url, NAME) == path
    assert cache.find_by_url(url + "?", NAME) is None


@pytest.mark.parametrize(
    "pointer", ["", "[]", '{"sha256": "../../x"}', '{"sha256": null}', "[" * 9999]
)
def test_a_damaged_pointer_points_nowhere(tmp_path: Path, pointer: str) -> None:
    cache = FileCache(tmp_path)
    url = "https://files.example.org/demo.whl"
    with cache.partial() as partial:
        cache.publish(partial, NAME, url=url)
    (found,) = (tmp_path / "urls").rglob("*.json")
    assert json.loads(found.read_text())
    found.write_text(pointer)
    assert cache.find_by_url(url, NAME) is None


def test_an_unpublished_file_is_gone_and_never_was_visible(tmp_path: Path) -> None:
    cache = FileCache(tmp_path)
    with cache.partial() as partial:
        partial.write(CONTENT)
        assert cache.find(SHA256, NAME) is None
    assert everything(tmp_path) == []


def test_leftovers_of_killed_processes_are_cleaned_and_running_ones_kept(tmp_path: Path) -> None:
    (tmp_path / "tmp").mkdir()
    old, new = tmp_path / "tmp" / "old", tmp_path / "tmp" / "new"
    for path in (old, new):
        path.write_bytes(b"half")
    long_ago = time.time() - 7200
    os.utime(old, (long_ago, long_ago))
    FileCache(tmp_path)
    assert everything(tmp_path) == ["tmp/new"]


def test_processes_that_add_the_same_file_do_not_disturb_each_other(tmp_path: Path) -> None:
    code = (
        "import io, sys, pathlib\n"
        "from verify.index.cache import FileCache\n"
        "for _ in range(50):\n"
        "    cache = FileCache(pathlib.Path(sys.argv[1]))\n"
        "    path = cache.add(io.BytesIO(b'wheel' * 1000), sys.argv[2])\n"
        "    assert path.read_bytes() == b'wheel' * 1000\n"
    )
    argv = [sys.executable, "-c", code, str(tmp_path), NAME]
    processes = [subprocess.Popen(argv) for _ in range(3)]
    assert [process.wait(600) for process in processes] == [0, 0, 0]
    assert everything(tmp_path) == [f"files/{SHA256[:2]}/{SHA256}/{NAME}"]


def test_a_full_disk_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(CacheFullError, match="no space left"), disk_errors(tmp_path):
        Path("/dev/full").write_bytes(b"x")


def test_nothing_partial_is_visible_when_a_write_fails(tmp_path: Path) -> None:
    cache = FileCache(tmp_path)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    try:
        with pytest.raises(CacheFullError):
            cache.add(io.BytesIO(b"x" * 100_000), NAME)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert everything(tmp_path) == []


def test_a_cache_root_that_is_a_file_is_an_error_of_the_cache(tmp_path: Path) -> None:
    root = tmp_path / "cache"
    root.write_text("")
    with pytest.raises(CacheFault, match="cannot be used"):
        FileCache(root).add(io.BytesIO(CONTENT), NAME)


@pytest.mark.parametrize("name", ["../x.whl", "a/b.whl", "", "..", "a\0b", "x" * 256])
def test_an_unsafe_name_never_becomes_a_path(tmp_path: Path, name: str) -> None:
    with pytest.raises(CacheFault, match="refused"):
        FileCache(tmp_path).add(io.BytesIO(CONTENT), name)
    assert everything(tmp_path) == []
