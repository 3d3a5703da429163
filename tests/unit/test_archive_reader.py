"""The archive reader on its own: members, contents, byte map, documented errors."""

import itertools
import zipfile
from pathlib import Path

import pytest

from tests.support.wheels import Entry, deflate, entries, honest_files, pack, with_record, write
from verify.archive.errors import (
    MemberTooLargeError,
    UnreadableArchiveError,
    UnreadableMemberError,
)
from verify.archive.limits import WINDOW
from verify.archive.reader import read_archive
from verify.errors import UsageFault

CORE = "example/core.py"
FILES = with_record(honest_files())


def test_members_are_those_that_zipfile_sees_in_an_honest_wheel(tmp_path: Path) -> None:
    path = write(tmp_path, pack(entries()))
    archive = read_archive(path)
    with zipfile.ZipFile(path) as other:
        expected = [
            (info.filename, info.CRC, info.compress_size, info.file_size, info.date_time)
            for info in other.infolist()
        ]
    assert archive.findings == ()
    assert [
        (m.name, m.crc32, m.compressed_size, m.size, m.date_time) for m in archive.members
    ] == expected


def test_content_is_read_back(tmp_path: Path) -> None:
    archive = read_archive(write(tmp_path, pack(entries())))
    for name, data in FILES.items():
        assert archive.read(name, limit=len(data)) == data
        assert archive.contents[archive.member(name).index].size == len(data)


def test_member_above_the_limit_is_not_read(tmp_path: Path) -> None:
    archive = read_archive(write(tmp_path, pack(entries())))
    with pytest.raises(MemberTooLargeError):
        archive.read(CORE, limit=len(FILES[CORE]) - 1)


def test_absent_and_ambiguous_members_are_not_read(tmp_path: Path) -> None:
    archive = read_archive(write(tmp_path, pack([*entries(), Entry(name=CORE, data=b"x")])))
    for name in ("absent", CORE):
        with pytest.raises(UnreadableMemberError):
            archive.read(name, limit=1000)


def test_broken_member_is_not_read(tmp_path: Path) -> None:
    data = pack([Entry(name="a", data=b"text", stream=deflate(b"text") + b"more")])
    archive = read_archive(write(tmp_path, data), inflate_members=False)
    assert archive.findings == ()
    with pytest.raises(UnreadableMemberError) as caught:
        archive.read("a", limit=1000)
    assert caught.value.rule == "archive.bytes-after-deflate"


@pytest.mark.parametrize("level", [0, 1, 6, 9])
def test_large_members_come_in_bounded_windows(level: int, tmp_path: Path) -> None:
    data = bytes(range(256)) * (5 * WINDOW // 256) + b"tail"
    archive = read_archive(write(tmp_path, pack([Entry(name="a", data=data, level=level)])))
    windows = list(archive.windows(archive.members[0]))
    assert max(map(len, windows)) <= WINDOW
    assert b"".join(windows) == data


def test_byte_map_is_a_partition_of_the_file(tmp_path: Path) -> None:
    for data in (
        pack(entries()),
        pack(entries(), comment=b"c", trailing=b"t", before_directory=b"g"),
        pack([*entries(), Entry(name="b", has_local=False, central={"offset": 0})]),
    ):
        regions = read_archive(write(tmp_path, data)).regions
        assert regions[0].start == 0
        assert regions[-1].end == len(data)
        assert all(a.end == b.start for a, b in itertools.pairwise(regions))


def test_stored_test_archive_inside_a_member_is_no_second_end(tmp_path: Path) -> None:
    inner = pack(entries())
    data = pack([Entry(name="tests/inner.zip", data=inner, method=0), Entry(name="z", data=b"z")])
    assert read_archive(write(tmp_path, data)).findings == ()


def test_zip64_archive_of_zipfile_is_read_without_findings(tmp_path: Path) -> None:
    path = tmp_path / "many.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for at in range(65_600):
            archive.writestr(zipfile.ZipInfo(f"{at}"), b"")
    archive_read = read_archive(path)
    assert archive_read.findings == ()
    assert len(archive_read.members) == 65_600


@pytest.mark.parametrize("data", [b"", b"PK\5\6", b"PK\5\6" + b"\xff" * 18, b"x" * 100_000])
def test_file_that_is_no_archive_is_unreadable(data: bytes, tmp_path: Path) -> None:
    with pytest.raises(UnreadableArchiveError):
        read_archive(write(tmp_path, data))


def test_absent_file_is_a_usage_fault(tmp_path: Path) -> None:
    with pytest.raises(UsageFault):
        read_archive(tmp_path / "absent.whl")


def test_undecodable_names_are_shown_with_escapes(tmp_path: Path) -> None:
    archive = read_archive(write(tmp_path, pack([Entry(name=b"a\xff")])))
    assert archive.members[0].name == "a\\xff"
    assert archive.members[0].raw_name == b"a\xff"
