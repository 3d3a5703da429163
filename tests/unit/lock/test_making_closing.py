"""From pins to a lock's text: an index of values, a judge that knows each wheel's verdict."""

import tomllib
from collections.abc import Sequence
from pathlib import Path

import pytest
from packaging.markers import Marker
from packaging.pylock import Pylock

from tests.support.locking import (
    LINUX,
    ON_LINUX,
    ON_WINDOWS,
    PURE,
    WINDOWS,
    Judge,
    Shelf,
    closed,
    digest,
    listed,
    locked,
    pinned,
    shelf,
)
from verify.index.interface import ConflictingFilesError, ProjectNotFoundError
from verify.lock.inputs.interface import InputFault
from verify.lock.making.closing import LockEntry
from verify.lock.making.listings import Listings
from verify.lock.making.lock import MadeLock
from verify.lock.making.pylock_text import pylock_text
from verify.lock.making.requirements_text import REFUSED, requirements_text
from verify.lock.making.targets import LockTarget
from verify.verdict import Verdict


def test_each_target_gets_its_best_wheel_and_a_wheel_is_judged_once() -> None:
    judge = Judge()
    entry = closed(shelf(PURE, LINUX, WINDOWS), judge, ON_LINUX, ON_WINDOWS, ON_LINUX)
    assert locked(entry) == [LINUX, WINDOWS]
    assert judge.asked == [LINUX, WINDOWS]


def test_a_target_without_a_wheel_is_a_gap_and_the_others_are_none() -> None:
    entry = closed(shelf(LINUX), Judge(), ON_LINUX, ON_WINDOWS)
    assert locked(entry) == [LINUX]
    assert [(gap.target, gap.why) for gap in entry.gaps] == [
        (ON_WINDOWS, "no wheel of thing==1.0 fits")
    ]


def test_a_target_that_the_marker_leaves_out_needs_no_wheel() -> None:
    pin = pinned(marker=Marker("sys_platform == 'linux'"))
    entry = closed(shelf(LINUX), Judge(), ON_LINUX, ON_WINDOWS, pin=pin)
    assert (locked(entry), entry.gaps) == ([LINUX], ())


def test_what_is_not_trusted_gives_way_and_is_told() -> None:
    entry = closed(shelf(PURE, LINUX), Judge({LINUX: Verdict.SUSPICIOUS}), ON_LINUX)
    assert (locked(entry), entry.gaps) == ([PURE], ())
    assert [result.verdict for result in entry.refused] == [Verdict.SUSPICIOUS]


def test_hashes_of_the_input_choose_among_the_wheels() -> None:
    entry = closed(shelf(PURE, LINUX), Judge(), ON_LINUX, hashes=[f"sha256:{digest(PURE)}"])
    assert locked(entry) == [PURE]


def test_a_hash_of_the_sdist_alone_leaves_no_wheel() -> None:
    only = [f"sha256:{digest('thing-1.0.tar.gz')}"]
    entry = closed(shelf(PURE), Judge(), ON_LINUX, hashes=only)
    assert (locked(entry), len(entry.gaps)) == ([], 1)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (f"sha256:{'0' * 64}", "no file of thing==1.0 has a hash"),
        (f"sha512:{'0' * 128}", "no hash that is named for thing==1.0 is a sha256"),
    ],
)
def test_a_hash_that_no_file_has_is_a_fault_of_the_input(written: str, said: str) -> None:
    with pytest.raises(InputFault, match=said):
        closed(shelf(PURE), Judge(), ON_LINUX, hashes=[written])


def test_a_wheel_by_its_url_has_the_hash_that_is_named_for_it_and_not_another_files(
    tmp_path: Path,
) -> None:
    pin = pinned(version=None, url=f"https://f.example.org/{PURE}")
    path = tmp_path / digest(PURE) / PURE
    path.parent.mkdir()
    path.touch()
    index = Shelf([listed(PURE), listed(LINUX)], contents={PURE: path})
    entry = closed(index, Judge(), ON_LINUX, pin=pin, hashes=[f"sha256:{digest(PURE)}"])
    assert locked(entry) == [PURE]
    with pytest.raises(InputFault, match="has a hash that is named for it"):
        closed(index, Judge(), ON_LINUX, pin=pin, hashes=[f"sha256:{digest(LINUX)}"])


def test_an_index_without_hashes_is_asked_for_the_bytes() -> None:
    index = Shelf([listed(PURE, hashed=False), listed("thing-1.0.tar.gz")])
    entry = closed(index, Judge(), ON_LINUX, hashes=[f"sha256:{digest(PURE)}"])
    assert [wheel.file.sha256 for wheel in entry.wheels] == [digest(PURE)]


def test_two_indexes_that_contradict_each_other_leave_a_gap() -> None:
    index = Shelf([], fault=ConflictingFilesError("twice, and not the same"))
    entry = closed(index, Judge(), ON_LINUX)
    assert [gap.why for gap in entry.gaps] == ["twice, and not the same"]


def test_a_project_is_asked_for_once_and_a_failure_again() -> None:
    index = shelf(PURE)
    listings = Listings(index=index)
    assert listings.project("thing") is listings.project("thing")
    assert index.asked == ["thing"]
    failing = Shelf([], fault=ProjectNotFoundError("none"))
    again = Listings(index=failing)
    for _ in range(2):
        with pytest.raises(ProjectNotFoundError):
            again.project("thing")
    assert len(failing.asked) == 2


def made(*entries: LockEntry, targets: Sequence[LockTarget] = (ON_LINUX, ON_WINDOWS)) -> MadeLock:
    return MadeLock(targets=tuple(targets), entries=entries)


FORK = (
    pinned(marker=Marker("sys_platform == 'linux'")),
    pinned(marker=Marker("sys_platform != 'linux'"), extras=("fast", "sure")),
)


def test_pins_of_one_project_with_different_markers_stand_side_by_side() -> None:
    entries = [
        closed(shelf(LINUX, WINDOWS), Judge(), ON_LINUX, ON_WINDOWS, pin=pin) for pin in FORK
    ]
    text = requirements_text(made(*entries))
    lines = [line for line in text.splitlines() if line.startswith(("thing", "    --hash"))]
    assert lines == [
        'thing==1.0 ; sys_platform == "linux" \\',
        f"    --hash=sha256:{digest(LINUX)}",
        'thing[fast,sure]==1.0 ; sys_platform != "linux" \\',
        f"    --hash=sha256:{digest(WINDOWS)}",
    ]
    packages = tomllib.loads(pylock_text(made(*entries)))["packages"]
    assert [(each["marker"], each["wheels"][0]["name"]) for each in packages] == [
        ('sys_platform == "linux"', LINUX),
        ('sys_platform != "linux"', WINDOWS),
    ]


def test_a_pylock_names_the_environments_that_it_is_for() -> None:
    document = tomllib.loads(pylock_text(made(closed(shelf(PURE), Judge(), ON_LINUX))))
    assert document["environments"] == [
        'python_version == "3.11" and sys_platform == "linux" and platform_machine == "x86_64"',
        'python_version == "3.11" and sys_platform == "win32" and platform_machine == "AMD64"',
    ]
    assert document["requires-python"] in {">=3.11,<3.12", "<3.12,>=3.11"}


def test_a_lock_of_nothing_is_a_lock() -> None:
    document = tomllib.loads(pylock_text(made()))
    assert Pylock.from_dict(document).packages == []
    assert all(line.startswith("#") for line in requirements_text(made()).splitlines())


def test_words_of_a_server_stay_on_their_line() -> None:
    index = Shelf([], fault=ConflictingFilesError("twice\nevil==1.0\r\x85\u2028#"))
    lock = made(closed(index, Judge(), ON_LINUX))
    lines = requirements_text(lock).splitlines()
    told = f"thing==1.0 for {ON_LINUX}: twice?evil==1.0???? (not locked)"
    assert [line for line in lines if not line.startswith("#")] == [f"{REFUSED} {told}"]
    assert tomllib.loads(pylock_text(lock))["lock-version"] == "99.0"
