"""What is done to a wheel for Linux after it was built."""

import csv
import io
import zipfile
from pathlib import Path

import pytest

from builders.retag import main, retagged
from tests.support.native import run
from verify.archive.reader import read_archive
from verify.distinfo.judge import judge_wheel

WHEEL = b"""\
Wheel-Version: 1.0
Generator: setuptools (70.1.0)
Root-Is-Purelib: false
Tag: cp311-cp311-linux_x86_64

"""
PLATFORMS = "manylinux_2_17_x86_64.manylinux2014_x86_64"
NAME = "example-1.0-cp311-cp311-{}.whl"
INFO = "example-1.0.dist-info"
METADATA = b"Metadata-Version: 2.1\nName: example\nVersion: 1.0\n"
MEMBERS = {
    "example/m.so": b"code",
    "example/a,b.py": b"VALUE = 1\n",
    f"{INFO}/METADATA": METADATA,
    f"{INFO}/WHEEL": WHEEL,
    f"{INFO}/RECORD": b"stale\n",
}
MOMENT = (2020, 2, 3, 4, 5, 6)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A directory with one wheel for this machine."""
    return written(tmp_path, NAME.format("linux_x86_64"))


def written(folder: Path, name: str) -> Path:
    with zipfile.ZipFile(folder / name, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, data in MEMBERS.items():
            info = zipfile.ZipInfo(member, MOMENT)
            info.external_attr, info.compress_type = 0o100755 << 16, zipfile.ZIP_DEFLATED
            archive.writestr(info, data)
    return folder


def members(folder: Path) -> dict[str, bytes]:
    """The one wheel's name, and its content."""
    (path,) = folder.iterdir()
    with zipfile.ZipFile(path) as archive:
        return {"name": path.name.encode()} | {n: archive.read(n) for n in archive.namelist()}


def test_name_tags_and_record_become_those_of_a_repaired_wheel(folder: Path) -> None:
    main(str(folder), "retag", [PLATFORMS])
    found = members(folder)
    assert found["name"].decode() == NAME.format(PLATFORMS)
    assert found[f"{INFO}/WHEEL"].decode().splitlines() == [
        "Wheel-Version: 1.0",
        "Generator: setuptools (70.1.0)",
        "Root-Is-Purelib: false",
        "Tag: cp311-cp311-manylinux_2_17_x86_64",
        "Tag: cp311-cp311-manylinux2014_x86_64",
        "",
    ]
    assert found[f"{INFO}/METADATA"] == METADATA
    (path,) = folder.iterdir()
    assert [fact for fact in judge_wheel(read_archive(path)) if fact.kind != "note"] == []


def test_record_is_written_as_the_csv_module_does_by_default(folder: Path) -> None:
    main(str(folder), "retag", [PLATFORMS])
    text = members(folder)[f"{INFO}/RECORD"].decode()
    again = io.StringIO()
    csv.writer(again).writerows(csv.reader(io.StringIO(text)))
    assert text == again.getvalue()
    rows = list(csv.reader(io.StringIO(text)))
    assert {row[0] for row in rows} == MEMBERS.keys()
    assert rows[-1] == [f"{INFO}/RECORD", "", ""]


def test_members_keep_order_times_and_modes(folder: Path) -> None:
    main(str(folder), "retag", [PLATFORMS])
    (path,) = folder.iterdir()
    with zipfile.ZipFile(path) as archive:
        infos = archive.infolist()
    assert [info.filename for info in infos] == list(MEMBERS)
    assert {info.date_time for info in infos} == {MOMENT}
    assert {info.external_attr >> 16 for info in infos} == {0o100755}


def test_the_file_name_may_have_another_order_than_the_tags(folder: Path) -> None:
    main(str(folder), "retag", ["b_x86_64.a_x86_64", "a_x86_64.b_x86_64"])
    found = members(folder)
    assert found["name"].decode() == NAME.format("b_x86_64.a_x86_64")
    tags = [line for line in found[f"{INFO}/WHEEL"].decode().splitlines() if "Tag" in line]
    assert tags == ["Tag: cp311-cp311-a_x86_64", "Tag: cp311-cp311-b_x86_64"]


@pytest.mark.parametrize("end", [b"", b"\n"])
def test_an_empty_line_ends_the_headers_also_where_the_backend_wrote_none(end: bytes) -> None:
    wheel = b"Wheel-Version: 1.0\nTag: cp311-cp311-linux_x86_64\n" + end
    assert retagged(wheel, ["a"]) == b"Wheel-Version: 1.0\nTag: cp311-cp311-a\n\n"


def test_directories_are_added_once_and_without_a_row(folder: Path) -> None:
    main(str(folder), "retag", [PLATFORMS])
    for _ in range(2):
        main(str(folder), "empty-libs", [])
        main(str(folder), "directories", [])
    found = members(folder)
    added = [name for name in found if name.endswith("/")]
    assert sorted(added) == [f"{INFO}/", "example.libs/", "example/"]
    assert "example/," not in found[f"{INFO}/RECORD"].decode()


@pytest.mark.parametrize("step", [["retag", PLATFORMS], ["empty-libs"], ["directories"]])
def test_a_wheel_for_every_platform_stays_as_it_is(step: list[str], tmp_path: Path) -> None:
    written(tmp_path, NAME.format("any"))
    before = members(tmp_path)
    main(str(tmp_path), step[0], step[1:])
    assert members(tmp_path) == before


def test_a_folder_without_a_wheel_is_a_failure(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not enough values"):
        main(str(tmp_path), "retag", [PLATFORMS])


def test_it_runs_as_a_program(folder: Path, tmp_path: Path) -> None:
    import builders.retag as module  # noqa: PLC0415 - its file is what is run

    run("python3", str(module.__file__), str(folder), "retag", PLATFORMS, cwd=tmp_path)
    assert members(folder)["name"].decode() == NAME.format(PLATFORMS)
