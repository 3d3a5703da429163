"""Random access to a file: the same bytes as a plain read, and no answer about a moving target."""

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from verify.archive.limits import WINDOW
from verify.archive.raw import FileChangedError, RawFile, identify, open_raw
from verify.errors import UsageFault

DATA = bytes(at * 7 % 251 for at in range(2 * WINDOW + 1000))


@pytest.fixture(scope="session")
def raw(tmp_path_factory: pytest.TempPathFactory) -> RawFile:
    path = tmp_path_factory.mktemp("raw") / "file"
    path.write_bytes(DATA)
    return open_raw(path)


@settings(max_examples=300)
@given(start=st.integers(-10, len(DATA) + 10), size=st.integers(-10, WINDOW + 10))
def test_slices_are_those_of_the_bytes_clipped_at_both_ends(
    raw: RawFile, start: int, size: int
) -> None:
    assert raw.slice(start, start + size) == DATA[max(start, 0) : max(start + size, 0)]


def test_windows_join_to_the_range_and_stay_bounded(raw: RawFile) -> None:
    windows = list(raw.windows(5, len(DATA) + 99))
    assert b"".join(windows) == DATA[5:]
    assert max(map(len, windows)) == WINDOW


@pytest.mark.parametrize("at", [0, 17, WINDOW - 3, WINDOW - 1, WINDOW, 2 * WINDOW + 900])
def test_a_needle_is_found_wherever_it_lies(at: int) -> None:
    data = bytearray(len(DATA))
    data[at : at + 4] = b"PK\5\6"
    file = RawFile(bytes(data))
    assert file.find(b"PK\5\6", 0, file.size) == at
    assert file.rfind(b"PK\5\6", 0, file.size) == at
    assert file.find(b"PK\5\6", at + 1, file.size) == -1
    assert file.rfind(b"PK\5\6", 0, at + 3) == -1


def test_the_last_of_two_is_found_backwards_and_the_first_forwards() -> None:
    file = RawFile(b"..xx" + bytes(WINDOW) + b"xx..")
    assert file.find(b"xx", 0, file.size) == 2
    assert file.rfind(b"xx", 0, file.size) == WINDOW + 4


def test_a_replaced_path_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(DATA)
    raw = open_raw(path)
    digest = identify(raw, "file").sha256
    (tmp_path / "new").write_bytes(b"other")
    (tmp_path / "new").rename(path)
    assert identify(raw, "file").sha256 == digest
    raw.check_unchanged()


def test_a_file_that_becomes_shorter_is_an_error_and_no_signal(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(DATA)
    raw = open_raw(path)
    os.truncate(path, 100)
    with pytest.raises(FileChangedError, match="became shorter"):
        raw.slice(WINDOW, WINDOW + 10)


def test_a_file_that_is_written_to_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(DATA)
    os.utime(path, ns=(1, 1))
    raw = open_raw(path)
    raw.check_unchanged()
    path.write_bytes(DATA)
    with pytest.raises(FileChangedError, match="was written to"):
        raw.check_unchanged()


@pytest.mark.parametrize("kind", ["directory", "fifo", "missing"])
def test_what_is_no_regular_file_is_refused_without_being_opened(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "x"
    if kind == "directory":
        path.mkdir()
    elif kind == "fifo":
        os.mkfifo(path)
    with pytest.raises(UsageFault):
        open_raw(path)
