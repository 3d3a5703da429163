"""What is done to a wheel for Linux after it was built."""

import base64
import csv
import io
import zipfile
from hashlib import sha256
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


BUILT = "manylinux_2_36_x86_64"
ROW = f"{INFO}/WHEEL,sha256=Xq8vjaYv3EyYDhYJ7sxbCJvq5ZxzqcFJyhMeAGbGwfY,99"


def named(folder: Path, platform: str, end: str = "\n") -> dict[str, bytes]:
    """The members of a wheel whose backend said a platform, after it was named."""
    rows = ["example/m.so,sha256=x,4", ROW, f"{INFO}/RECORD,,"]
    wheel = WHEEL.replace(b"linux_x86_64", platform.encode()).replace(b"Root", b"X: y\nRoot")
    members_of_it = MEMBERS | {
        f"{INFO}/WHEEL": wheel.replace(b"Root-Is-Purelib: false\n", b"") + b"Root: z\n",
        f"{INFO}/RECORD": "".join(row + end for row in rows).encode(),
    }
    with zipfile.ZipFile(folder / NAME.format(platform), "w") as archive:
        for member, data in members_of_it.items():
            archive.writestr(zipfile.ZipInfo(member, MOMENT), data)
    main(str(folder), "name", ["manylinux_2_17_x86_64"])
    return members(folder)


@pytest.mark.parametrize("platform", ["linux_x86_64", BUILT])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_wheel_that_is_named_has_other_tags_and_nothing_else(
    platform: str, end: str, tmp_path: Path
) -> None:
    found = named(tmp_path, platform, end)
    assert found["name"].decode() == NAME.format("manylinux_2_17_x86_64")
    wheel = found[f"{INFO}/WHEEL"]
    assert wheel.decode().split("\n") == [
        "Wheel-Version: 1.0",
        "Generator: setuptools (70.1.0)",
        "X: y",
        "Tag: cp311-cp311-manylinux_2_17_x86_64",
        "",
        "Root: z",
        "",
    ]
    rows = found[f"{INFO}/RECORD"].decode().split(end)
    digest = base64.urlsafe_b64encode(sha256(wheel).digest()).decode().rstrip("=")
    assert rows == [
        "example/m.so,sha256=x,4",
        f"{INFO}/WHEEL,sha256={digest},{len(wheel)}",
        f"{INFO}/RECORD,,",
        "",
    ]
    assert {name: found[name] for name in ("example/m.so", "example/a,b.py")} == {
        name: MEMBERS[name] for name in ("example/m.so", "example/a,b.py")
    }


@pytest.mark.parametrize("step", ["name", "retag"])
@pytest.mark.parametrize(
    "platform", ["any", "win_amd64", "macosx_11_0_arm64", "musllinux_1_1_x86_64", PLATFORMS]
)
def test_a_wheel_for_another_platform_keeps_its_name(
    step: str, platform: str, tmp_path: Path
) -> None:
    folder = written(tmp_path, NAME.format(platform))
    before = members(folder)
    main(str(folder), step, ["manylinux_2_17_x86_64"])
    assert members(folder) == before


def test_a_backend_that_names_the_c_library_is_repaired_as_well(tmp_path: Path) -> None:
    folder = written(tmp_path, NAME.format(BUILT))
    main(str(folder), "retag", [PLATFORMS])
    assert members(folder)["name"].decode() == NAME.format(PLATFORMS)


PKG_INFO = b"Metadata-Version: 2.1\nName: example\n\n\n# Example\n"


@pytest.mark.parametrize("platform", ["any", "linux_x86_64"])
@pytest.mark.parametrize("body", [b"", b"\n", b"\nUNKNOWN\n", b"\nUNKNOWN\n\n"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_metadata_without_a_description_gets_that_of_the_source(
    platform: str, body: bytes, end: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(described(PKG_INFO.replace(b"\n", end), body, platform, tmp_path))
    main(str(tmp_path / "output"), "description", [])
    found = members(tmp_path / "output")
    metadata = found[f"{INFO}/METADATA"]
    assert metadata == METADATA + b"\n\n# Example\n"
    digest = base64.urlsafe_b64encode(sha256(metadata).digest()).decode().rstrip("=")
    assert found[f"{INFO}/RECORD"].decode().split("\n") == [
        "example/m.so,sha256=x,4",
        f"{INFO}/METADATA,sha256={digest},{len(metadata)}",
        "",
    ]
    assert found["name"].decode() == NAME.format(platform)


@pytest.mark.parametrize(
    ("pkg_info", "body"),
    [
        (PKG_INFO, b"\n# Other\n"),
        (PKG_INFO, b"\nUNKNOWN of old\n"),
        (b"Metadata-Version: 2.1\nName: example\n", b"\nUNKNOWN\n"),
        (b"Metadata-Version: 2.1\nName: example\n\n\n", b"\nUNKNOWN\n"),
        (None, b"\nUNKNOWN\n"),
    ],
)
def test_where_there_is_one_or_none_to_be_had_nothing_changes(
    pkg_info: bytes | None, body: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(described(pkg_info, body, "any", tmp_path))
    main(str(tmp_path / "output"), "description", [])
    assert members(tmp_path / "output")[f"{INFO}/METADATA"] == METADATA + body


def described(pkg_info: bytes | None, body: bytes, platform: str, folder: Path) -> Path:
    """The directory of a source with this PKG-INFO, beside that with a wheel of it."""
    source, output = folder / "source", folder / "output"
    source.mkdir()
    output.mkdir()
    if pkg_info is not None:
        (source / "PKG-INFO").write_bytes(pkg_info)
    rows = f"example/m.so,sha256=x,4\n{INFO}/METADATA,sha256=x,1\n"
    changes = {f"{INFO}/METADATA": METADATA + body, f"{INFO}/RECORD": rows.encode()}
    with zipfile.ZipFile(output / NAME.format(platform), "w") as archive:
        for member, data in (MEMBERS | changes).items():
            archive.writestr(zipfile.ZipInfo(member, MOMENT), data)
    return source
