"""Layers on top of each other: what the specification says, and archives that want to get out."""

import gzip
import hashlib
import io
import os
import tarfile
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from builders.registry import RegistryFault
from builders.registry_layers import merge
from builders.registry_root import SHOWN, _unpacked

Member = tuple[str, str] | tuple[str, str, str]
"""Name, and content; or kind (`link`, `hard`, `fifo`, `dir`, `run`), and target or content."""

KINDS = {
    "link": tarfile.SYMTYPE,
    "hard": tarfile.LNKTYPE,
    "fifo": tarfile.FIFOTYPE,
    "device": tarfile.CHRTYPE,
    "dir": tarfile.DIRTYPE,
}


def layer(path: Path, members: Sequence[Member]) -> Path:
    with tarfile.open(path, "w") as tar:
        for name, *rest in members:
            kind, text = rest if len(rest) == 2 else ("file", rest[0])
            member = tarfile.TarInfo(name)
            member.mode = 0o4755 if kind == "run" else 0o600
            if kind in KINDS:
                member.type, member.linkname = KINDS[kind], text
                tar.addfile(member)
            else:
                member.size = len(text)
                tar.addfile(member, io.BytesIO(text.encode()))
    return path


def merged(folder: Path, *layers: Sequence[Member]) -> dict[str, str]:
    """What is in the tree: a file's content, a link's target after an arrow, `/` for a folder."""
    paths = [layer(folder / f"{at}.tar", members) for at, members in enumerate(layers)]
    root = folder / "root"
    merge(paths, root, SHOWN)
    found = {}
    for path in sorted(root.rglob("*")):
        name = str(path.relative_to(root))
        if path.is_symlink():
            found[name] = f"-> {path.readlink()}"
        else:
            found[name] = "/" if path.is_dir() else path.read_text()
    return found


def test_a_later_layer_adds_changes_and_takes_away(tmp_path: Path) -> None:
    found = merged(
        tmp_path,
        [("usr/a", "1"), ("usr/b", "1"), ("usr/d/x", "1"), ("usr/d/y", "1"), ("usr/e/x", "1"),
         ("usr/f/x", "1"), ("usr/l", "link", "/etc"), ("bin", "link", "usr/bin"),
         ("home/x", "1"), ("./opt/python/x", "1")],
        [("usr/a", "2"), ("usr/.wh.b", ""), ("usr/.wh.d", ""), ("usr/e/.wh..wh..opq", ""),
         ("usr/e/z", "2"), ("usr/f", "link", "a"), ("usr/l", "dir", ""), ("usr/l/x", "2"),
         ("usr/none/.wh.x", ""), ("usr/.wh.none", "")],
    )  # fmt: skip
    assert found == {
        "bin": "-> usr/bin",
        "opt": "/",
        "opt/python": "/",
        "opt/python/x": "1",
        "usr": "/",
        "usr/a": "2",
        "usr/e": "/",
        "usr/e/z": "2",
        "usr/f": "-> a",
        "usr/l": "/",
        "usr/l/x": "2",
    }


def test_whiteouts_are_about_lower_layers_wherever_they_stand(tmp_path: Path) -> None:
    found = merged(
        tmp_path,
        [("usr/a", "1"), ("usr/d/x", "1")],
        [("usr/a", "2"), ("usr/d/y", "2"), ("usr/.wh.a", ""), ("usr/d/.wh..wh..opq", "")],
    )
    assert found == {"usr": "/", "usr/a": "2", "usr/d": "/", "usr/d/y": "2"}


def test_a_second_name_is_the_same_file(tmp_path: Path) -> None:
    found = merged(
        tmp_path,
        [("usr/b", "one"), ("usr/c", "hard", "usr/b"), ("usr/a", "hard", "usr/c")],
        [("usr/d", "hard", "usr/c"), ("usr/.wh.b", "")],
    )
    assert found == {"usr": "/", "usr/a": "one", "usr/c": "one", "usr/d": "one"}
    root = tmp_path / "root/usr"
    assert (root / "a").stat().st_ino == (root / "d").stat().st_ino


def test_modes_and_owners_are_ours(tmp_path: Path) -> None:
    merged(tmp_path, [("usr/a", "run", "x"), ("usr/b", "x")])
    modes = {name: (tmp_path / "root/usr" / name).stat().st_mode & 0o7777 for name in "ab"}
    assert modes == {"a": 0o755, "b": 0o644}
    assert (tmp_path / "root/usr/a").stat().st_uid == os.geteuid()


HOSTILE: dict[str, list[list[Member]]] = {
    "out": [[("usr/../../outside", "x")]],
    "absolute": [[("/usr/x", "x"), ("usr/x", "x")], [("usr/../outside", "x")]],
    "through a link": [[("usr/l", "link", "/tmp"), ("usr/l/x", "x")]],
    "through a link of a lower layer": [[("usr/l", "link", "..")], [("usr/l/outside", "x")]],
    "through a file": [[("usr/l", "x")], [("usr/l/x", "x")]],
    "twice": [[("usr/a", "1"), ("usr/a", "2")]],
    "file over a folder": [[("usr/a/x", "1"), ("usr/a", "2")]],
    "link for what is mounted": [[("usr", "link", "/")]],
    "link for opt": [[("opt", "link", "/usr")]],
    "second name of what is outside": [[("usr/p", "hard", "etc/passwd")]],
    "second name that leads out": [[("usr/p", "hard", "../../etc/passwd")]],
    "second name of a folder": [[("usr/d/x", "1"), ("usr/p", "hard", "usr/d")]],
    "pipe": [[("usr/p", "fifo", "")]],
    "device": [[("usr/p", "device", "")]],
    "long name": [[(f"usr/{'x' * 300}", "1")]],
    "link to nothing": [[("usr/l", "link", "")]],
}


@pytest.mark.parametrize("layers", HOSTILE.values(), ids=HOSTILE)
def test_a_layer_that_wants_to_get_out_is_refused(
    tmp_path: Path, layers: list[list[Member]]
) -> None:
    with pytest.raises(RegistryFault):
        merged(tmp_path, *layers)
    assert {path.name for path in tmp_path.iterdir()} <= {"0.tar", "1.tar", "root"}
    assert not (tmp_path / "outside").exists()


def test_links_stay_as_they_are_and_nothing_is_written_through_them(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    found = merged(
        tmp_path,
        [("usr/l", "link", str(outside)), ("usr/m", "link", "../../..")],
        [("usr/l", "dir", ""), ("usr/l/x", "2")],
    )
    assert found["usr/l/x"] == "2"
    assert found["usr/m"] == "-> ../../.."
    assert list(outside.iterdir()) == []


def truncated(data: bytes) -> bytes:
    return data[: len(data) // 2]


@pytest.mark.parametrize("damage", [truncated, lambda data: b"x" * 1000 + data, lambda _: b"x"])
def test_a_damaged_layer_is_a_fault(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    path = layer(tmp_path / "0.tar", [("usr/a", "x" * 20_000), ("usr/b", "y" * 20_000)])
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(RegistryFault):
        merge([path], tmp_path / "root", SHOWN)


def test_too_many_or_too_large_files_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = layer(tmp_path / "0.tar", [(f"usr/{at}", "x" * 100) for at in range(20)])
    monkeypatch.setattr("builders.registry_layers.MAX_BYTES", 1999)
    with pytest.raises(RegistryFault, match="too large"):
        merge([path], tmp_path / "large", SHOWN)
    monkeypatch.setattr("builders.registry_layers.MAX_MEMBERS", 19)
    with pytest.raises(RegistryFault, match="too many"):
        merge([path], tmp_path / "many", SHOWN)


def test_gzip_is_read_in_all_its_parts_and_damage_is_a_fault() -> None:
    data = gzip.compress(b"one") + gzip.compress(b"two")
    assert b"".join(_unpacked(io.BytesIO(data), is_gzip=True)) == b"onetwo"
    for broken in (data[:-3], b"x" + data, data[:10] + hashlib.sha256(b"").digest()):
        with pytest.raises(RegistryFault):
            list(_unpacked(io.BytesIO(broken), is_gzip=True))
