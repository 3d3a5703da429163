import os
import stat
import threading
from pathlib import Path

import pytest

from builders.store import Store


def test_a_text_is_recalled_as_it_was_remembered(tmp_path: Path) -> None:
    store = Store(tmp_path)
    assert store.recall("resolutions", "abc") is None
    store.remember("resolutions", "abc", "grüße\n")
    assert Store(tmp_path).recall("resolutions", "abc") == "grüße\n"


def test_a_tree_is_there_only_when_it_is_whole(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with store.new_tree("environments", "abc") as draft:
        (draft / "file").write_text("x", encoding="utf-8")
        assert store.find_tree("environments", "abc") is None
    tree = store.find_tree("environments", "abc")
    assert tree is not None
    assert (tree / "file").read_text(encoding="utf-8") == "x"


def test_a_tree_that_failed_leaves_nothing(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with pytest.raises(ValueError, match="broken"), store.new_tree("rebuilds", "abc"):
        raise ValueError("broken")
    assert [path.name for path in (tmp_path / "rebuilds").iterdir()] == []


def test_the_first_of_two_writers_wins_and_the_second_does_not_fail(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with store.new_tree("environments", "abc") as slow:
        (slow / "file").write_text("slow", encoding="utf-8")
        with Store(tmp_path).new_tree("environments", "abc") as quick:
            (quick / "file").write_text("quick", encoding="utf-8")
    tree = store.find_tree("environments", "abc")
    assert tree is not None
    assert (tree / "file").read_text(encoding="utf-8") == "quick"
    assert [path.name for path in (tmp_path / "environments").iterdir()] == ["abc"]


def test_entries_are_readable_by_another_user_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        with Store(tmp_path).new_tree("environments", "abc") as draft:
            (draft / "bin").mkdir()
            (draft / "bin" / "tool").write_text("x", encoding="utf-8")
            (draft / "bin" / "tool").chmod(0o700)
    finally:
        os.umask(before)
    tool = tmp_path / "environments" / "abc" / "bin" / "tool"
    assert stat.S_IMODE(tool.stat().st_mode) == 0o755
    assert stat.S_IMODE(tool.parent.stat().st_mode) == 0o755


def test_a_forgotten_tree_is_gone_and_forgetting_twice_is_fine(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with store.new_tree("rebuilds", "abc"):
        pass
    store.forget_tree("rebuilds", "abc")
    store.forget_tree("rebuilds", "abc")
    assert store.find_tree("rebuilds", "abc") is None
    assert [path.name for path in (tmp_path / "rebuilds").iterdir()] == []


def test_what_a_killed_process_left_a_day_ago_is_removed_and_nothing_else(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.remember("rebuilds", "kept", "text")
    folder = tmp_path / "rebuilds"
    for name in (".draft-old", ".draft-new"):
        (folder / name).mkdir()
        (folder / name / "file").write_text("x", encoding="utf-8")
    (folder / ".draft-text").write_text("x", encoding="utf-8")
    for name in (".draft-old", ".draft-text", "kept"):
        os.utime(folder / name, (0, 0))
    with store.new_tree("rebuilds", "abc"):
        pass
    assert sorted(path.name for path in folder.iterdir()) == [".draft-new", "abc", "kept"]


def test_an_unreadable_text_is_forgotten(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.remember("resolutions", "abc", "x")
    (tmp_path / "resolutions" / "abc").write_bytes(b"\xff")
    assert store.recall("resolutions", "abc") is None


def test_who_works_alone_on_an_entry_makes_only_those_wait_that_want_the_same(
    tmp_path: Path,
) -> None:
    store = Store(tmp_path)
    waited = threading.Event()

    def same() -> None:
        with Store(tmp_path).alone("rebuilds", "abc"):
            waited.set()

    with store.alone("rebuilds", "abc"):
        thread = threading.Thread(target=same)
        thread.start()
        with Store(tmp_path).alone("rebuilds", "def"), Store(tmp_path).alone("roots", "abc"):
            assert not waited.wait(0.2)
    thread.join(120)
    assert waited.is_set()
