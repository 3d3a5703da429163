"""Putting a lock where it is asked for: whole, or not at all."""

import os
import threading
from pathlib import Path

import pytest

from verify.errors import UsageFault
from verify.lock.making.output import OutputFault, look, write


def test_a_new_file_has_the_mode_of_any_other(tmp_path: Path) -> None:
    path = tmp_path / "lock.txt"
    assert write("new\n", look(path)) is True
    (tmp_path / "other").touch()
    assert path.stat().st_mode == (tmp_path / "other").stat().st_mode
    assert sorted(each.name for each in tmp_path.iterdir()) == ["lock.txt", "other"]


def test_a_file_keeps_its_mode_and_what_is_the_same_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "lock.txt"
    path.write_text("old\n", encoding="utf-8")
    path.chmod(0o640)
    assert write("new\n", look(path)) is True
    assert (path.read_text(encoding="utf-8"), path.stat().st_mode & 0o777) == ("new\n", 0o640)
    before = path.stat()
    assert write("new\n", look(path)) is False
    assert path.stat() == before


def test_a_link_stays_one_also_where_it_leads_to_nothing_yet(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    link, place = tmp_path / "lock.txt", tmp_path / "there" / "real.txt"
    link.symlink_to(place)
    assert write("1\n", look(link)) is True
    assert write("2\n", look(link)) is True
    assert link.is_symlink()
    assert place.read_text(encoding="utf-8") == "2\n"


def test_what_somebody_else_wrote_meanwhile_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "lock.txt"
    before = look(path)
    path.write_text("theirs\n", encoding="utf-8")
    with pytest.raises(OutputFault, match="meanwhile"):
        write("mine\n", before)
    assert path.read_text(encoding="utf-8") == "theirs\n"


def test_two_that_write_the_same_agree(tmp_path: Path) -> None:
    path = tmp_path / "lock.txt"
    first, second = look(path), look(path)
    assert (write("same\n", first), write("same\n", second)) == (True, False)


def test_of_many_writers_one_wins(tmp_path: Path) -> None:
    path = tmp_path / "lock.txt"
    before, won = look(path), []

    def put(text: str) -> None:
        try:
            write(text, before)
        except OutputFault:
            return
        won.append(text)

    threads = [threading.Thread(target=put, args=(f"{number}\n",)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [path.read_text(encoding="utf-8")] == won


def test_a_place_where_no_file_can_be_is_refused_before_any_work(tmp_path: Path) -> None:
    loop, pipe = tmp_path / "loop", tmp_path / "pipe"
    loop.symlink_to(loop)
    os.mkfifo(pipe)
    for path in (tmp_path, tmp_path / "no" / "where", loop, pipe):
        with pytest.raises(UsageFault):
            look(path)


@pytest.mark.parametrize("name", ["uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock"])
def test_a_name_under_which_another_tool_reads_its_own_lock_is_refused(
    tmp_path: Path, name: str
) -> None:
    with pytest.raises(UsageFault, match="another tool"):
        look(tmp_path / name)


def test_a_failing_write_leaves_what_was_there(tmp_path: Path) -> None:
    place = tmp_path / "there"
    place.mkdir()
    path = place / "lock.txt"
    before = look(path)
    place.rmdir()
    with pytest.raises(OutputFault, match="cannot write"):
        write("mine\n", before)
