"""Files in the making, ended by a signal at every line that runs while they are made."""

import gc
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from types import FrameType
from typing import Any, cast

import pytest

from verify.drafts import draft_file, draft_folder, new_file, require_place
from verify.errors import UsageFault
from verify.index.cache import FileCache


class Ended(BaseException):
    """What the signal's handler raises, as SIGTERM's raises SystemExit."""


def _end(_number: int, _frame: FrameType | None) -> None:
    raise Ended


@contextmanager
def ended_at(line: int) -> Iterator[None]:
    """Send SIGTERM before the given one of all lines that Python runs in the block, at any depth.

    Lines of this file do not count: they are not what is tested.
    """
    lines = count()

    def trace(frame: FrameType, event: str, _argument: object) -> Any:  # noqa: ANN401 - as typeshed has it
        inner = frame.f_code.co_filename != __file__
        if event == "line" and inner and next(lines) == line:
            signal.raise_signal(signal.SIGTERM)
        return trace

    before = signal.signal(signal.SIGTERM, _end)
    sys.settrace(trace)
    try:
        yield
    finally:
        sys.settrace(None)
        signal.signal(signal.SIGTERM, before)


def write(folder: Path) -> None:
    with new_file(folder / "made") as file:
        file.write(b"content")


def fill(folder: Path) -> None:
    with draft_folder(folder, prefix="draft-") as draft:
        (draft / "inner").write_bytes(b"content")
        draft.rename(folder / "made")


def keep_nothing(folder: Path) -> None:
    with draft_file(folder, prefix="draft-") as (_draft, descriptor):
        os.close(descriptor)


def fetch(folder: Path) -> None:
    with FileCache(folder).partial() as partial:
        partial.write(b"content")
        partial.publish(folder / "made")


@pytest.fixture
def quick_collection() -> Iterator[None]:
    """Collections look only at what the test itself makes."""
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.mark.usefixtures("quick_collection")
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("make", [write, fill, keep_nothing, fetch])
def test_a_signal_at_any_line_leaves_the_whole_or_nothing(
    make: Callable[[Path], None], tmp_path: Path
) -> None:
    for line in count():
        folder = tmp_path / str(line)
        folder.mkdir()
        (folder / "tmp").mkdir()
        try:
            with ended_at(line):
                make(folder)
        except Ended:
            # What holds the draft is gone with the error, at the latest.
            gc.collect()
        else:
            break
        assert {path.name for path in folder.iterdir()} <= {"made", "tmp"}
        assert not list((folder / "tmp").iterdir())
    assert line > 20
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_file_that_failed_leaves_what_was_there(tmp_path: Path) -> None:
    target = tmp_path / "made"
    target.write_bytes(b"earlier")
    with pytest.raises(TypeError), new_file(target) as file:
        file.writelines([b"half", cast("bytes", "half")])
    assert target.read_bytes() == b"earlier"
    assert [path.name for path in tmp_path.iterdir()] == ["made"]


def test_a_file_is_readable_by_everybody_or_as_is_asked(tmp_path: Path) -> None:
    for mode in (0o644, 0o600):
        with new_file(tmp_path / "made", mode=mode):
            pass
        assert (tmp_path / "made").stat().st_mode & 0o777 == mode


def test_no_work_is_begun_for_a_file_that_has_no_folder(tmp_path: Path) -> None:
    require_place(tmp_path / "made")
    with pytest.raises(UsageFault, match="there is no folder") as caught:
        require_place(tmp_path / "missing" / "made")
    assert caught.value.hint == f"mkdir -p {tmp_path / 'missing'}"
