"""Dist-info directories as the build tools of every age write them: nothing to find."""

import base64
import hashlib
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.support.wheels import (
    DIST_INFO,
    FILENAME,
    RECORD,
    Entry,
    entries,
    honest_files,
    pack,
    wheel_file,
    with_record,
    write,
)
from verify.archive.reader import read_archive
from verify.distinfo.entry_points import parse_entry_points
from verify.distinfo.judge import dist_info, judge_wheel
from verify.distinfo.metadata import parse_headers
from verify.distinfo.record import Row, parse_record
from verify.finding import Finding, FindingClass


def _judge(
    tmp_path: Path, files: Mapping[str, bytes], filename: str = FILENAME
) -> tuple[Finding, ...]:
    return judge_wheel(read_archive(write(tmp_path, pack(entries(files)), filename)))


def _renamed(old: str, new: str) -> dict[str, bytes]:
    files = {name.replace(DIST_INFO, new): data for name, data in honest_files().items()}
    metadata = files[f"{new}/METADATA"].replace(b"Name: example", f"Name: {old}".encode())
    files[f"{new}/METADATA"] = metadata
    record = with_record(files)
    rows = record.pop(RECORD).decode().replace(DIST_INFO, new)
    return {**record, f"{new}/RECORD": rows.encode()}


def test_honest_wheel_has_nothing_to_find(tmp_path: Path) -> None:
    assert _judge(tmp_path, with_record(honest_files())) == ()


@pytest.mark.parametrize(
    ("name", "directory", "filename"),
    [
        ("Example.Name", "Example.Name-1.0.dist-info", "Example.Name-1.0-py3-none-any.whl"),
        ("example-name", "example_name-1.0.dist-info", "example_name-1.0-py3-none-any.whl"),
        ("Example_Name", "Example_Name-1.0.dist-info", "Example_Name-1.0-py3-none-any.whl"),
    ],
)
def test_every_spelling_of_a_name_is_accepted(
    name: str, directory: str, filename: str, tmp_path: Path
) -> None:
    assert _judge(tmp_path, _renamed(name, directory), filename) == ()


def test_other_spelling_than_that_of_the_file_name_is_noted(tmp_path: Path) -> None:
    files = _renamed("Example_Name", "example_name-1.0.dist-info")
    (finding,) = _judge(tmp_path, files, "Example_Name-1.0-py3-none-any.whl")
    assert (finding.rule, finding.kind) == ("distinfo.spelling", FindingClass.NOTE)
    assert finding.evidence["expected"] == "Example_Name-1.0.dist-info"


def test_directory_entries_and_signatures_need_no_record_row(tmp_path: Path) -> None:
    files = with_record(honest_files())
    folder = Entry(name=f"{DIST_INFO}/", method=0, mode=0o40755)
    signatures = [Entry(name=f"{RECORD}{suffix}", data=b"{}") for suffix in (".jws", ".p7s")]
    data = pack([folder, *entries(files), *signatures])
    assert judge_wheel(read_archive(write(tmp_path, data))) == ()


def test_compressed_and_repeated_tags_are_the_same_tags(tmp_path: Path) -> None:
    name = "example-1.0-py2.py3-none-any.whl"
    spread = wheel_file(tag="py2-none-any\nTag: py3-none-any")
    compressed = wheel_file(tag="py2.py3-none-any")
    for wheel in (spread, compressed):
        assert (
            _judge(tmp_path, with_record(honest_files({f"{DIST_INFO}/WHEEL": wheel})), name) == ()
        )


@pytest.mark.parametrize(
    ("name", "tags", "kind"),
    [
        ("manylinux2010_x86_64", ["manylinux_2_12_x86_64"], FindingClass.NOTE),
        (
            "manylinux2010_x86_64",
            ["manylinux_2_12_x86_64", "manylinux2010_x86_64"],
            FindingClass.NOTE,
        ),
        ("manylinux_2_17_aarch64", ["manylinux2014_aarch64"], FindingClass.NOTE),
        ("manylinux2010_x86_64", ["manylinux_2_17_x86_64"], FindingClass.UNEXPLAINED),
        ("manylinux2010_x86_64", ["manylinux_2_12_i686"], FindingClass.UNEXPLAINED),
        ("manylinux1_x86_64", ["manylinux_2_5_x86_64", "linux_x86_64"], FindingClass.UNEXPLAINED),
        ("manylinux2010", ["manylinux_2_12"], FindingClass.UNEXPLAINED),
        ("manylinux2010_evil", ["manylinux_2_12_evil"], FindingClass.UNEXPLAINED),
    ],
)
def test_tags_that_are_aliases_of_each_other_are_noted_and_no_others(
    name: str, tags: list[str], kind: FindingClass, tmp_path: Path
) -> None:
    wheel = wheel_file(tag="TAG").replace(b"true", b"false")
    lines = "\n".join(f"Tag: cp39-cp39-{tag}" for tag in tags)
    wheel = wheel.replace(b"Tag: TAG", lines.encode())
    files = with_record(honest_files({f"{DIST_INFO}/WHEEL": wheel}))
    (finding,) = _judge(tmp_path, files, f"example-1.0-cp39-cp39-{name}.whl")
    assert (finding.rule, finding.kind) == ("wheel.tags", kind)


def test_build_tag_is_held_against_the_file_name(tmp_path: Path) -> None:
    name = "example-1.0-1-py3-none-any.whl"
    wheel = wheel_file().replace(b"Tag:", b"Build: 1\nTag:")
    files = with_record(honest_files({f"{DIST_INFO}/WHEEL": wheel}))
    assert _judge(tmp_path, files, name) == ()
    assert [finding.rule for finding in _judge(tmp_path, files)] == ["wheel.build"]


def test_carriage_returns_in_dist_info_are_accepted(tmp_path: Path) -> None:
    wheel = wheel_file().replace(b"\n", b"\r\n")
    files = with_record(honest_files({f"{DIST_INFO}/WHEEL": wheel}))
    files[RECORD] = files[RECORD].replace(b"\n", b"\r\n")
    assert _judge(tmp_path, files) == ()


def test_file_that_is_not_named_as_a_wheel_is_a_finding(tmp_path: Path) -> None:
    found = _judge(tmp_path, with_record(honest_files()), "example.zip")
    assert [finding.rule for finding in found] == ["distinfo.file-name"]


def test_irregular_metadata_is_a_note_only(tmp_path: Path) -> None:
    metadata = (
        b"Metadata-Version: 2.1\nName: example\nVersion: 1.0\nPlatform\xff: x\nRequires-Dist: ??\n"
    )
    found = _judge(tmp_path, with_record(honest_files({f"{DIST_INFO}/METADATA": metadata})))
    assert [(finding.rule, finding.kind.value) for finding in found] == [
        ("metadata.irregular", "note")
    ]


def test_other_strong_hashes_are_verified(tmp_path: Path) -> None:
    core = honest_files()["example/core.py"]
    digest = base64.urlsafe_b64encode(hashlib.sha512(core).digest()).rstrip(b"=").decode()
    files = with_record(honest_files())
    rows = files[RECORD].decode().splitlines()
    for value, expected in ((digest, []), ("A" + digest[1:], ["record.hash"])):
        new = [
            f"example/core.py,sha512={value},{len(core)}" if "core.py" in row else row
            for row in rows
        ]
        found = _judge(tmp_path, with_record(honest_files(), new))
        assert [finding.rule for finding in found] == expected


def test_no_single_dist_info_means_none(tmp_path: Path) -> None:
    archive = read_archive(write(tmp_path, pack([Entry(name="x.py")])))
    assert dist_info(archive) is None
    assert [finding.rule for finding in judge_wheel(archive)] == ["distinfo.not-exactly-one"]


def test_header_lines_end_where_the_email_parser_ends_them() -> None:
    headers = parse_headers(b"Name: a\rVersion: 1\r\nSummary: x\n y\n\nName: b\n")
    assert headers.fields == (("name", "a"), ("version", "1"), ("summary", "x\n y"))


def test_record_rows_are_parsed_or_refused() -> None:
    assert parse_record(b'"a,b",sha256=x,1\n') == (Row(path="a,b", digest="sha256=x", size="1"),)
    for data in (b"a,b\n", b'"a', b"\xff,,\n", b"a\0\r,b"):
        assert parse_record(data) is None


def test_entry_points_keep_case_and_refuse_defaults() -> None:
    assert parse_entry_points(b"[A]\nName = x:Y\n") == frozenset({("A", "Name", "x:Y")})
    for data in (b"[DEFAULT]\na = b\n", b"no section\n", b"[a]\nx=1\nx=2\n", b"\xff"):
        assert parse_entry_points(data) is None
