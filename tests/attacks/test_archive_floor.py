"""What the public index refuses at upload, and what installers' readers refuse, is found here.

docs/archive-checks.md has the whole list; most of it is attacked in the other files of this
directory. Here is what is left, and that the list names the rules that there are.
"""

import base64
import re
import struct
import tarfile
import time
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.wheels import (
    DIST_INFO,
    FILENAME,
    RECORD,
    changed,
    deflate,
    entries,
    honest_files,
    pack,
    record_row,
    wheel_file,
    with_record,
    write,
)
from verify.archive.limits import BOMB_SIZE
from verify.archive.reader import read_archive
from verify.compare.engine import compare
from verify.distinfo.judge import judge_wheel
from verify.finding import FindingClass
from verify.results import Diff
from verify.verdict import Verdict

ROOT = Path(__file__).parents[2]
MEMBER = "example/data.txt"
DATA = "example-1.0.data"
SIGNATURE = f"{DIST_INFO}/RECORD.jws"
CONTENT = honest_files()[MEMBER]
LATER = 0x5821
TRUSTED = {Verdict.IDENTICAL, Verdict.REGENERATED, Verdict.EQUIVALENT}


def _changed(**change: object) -> bytes:
    return pack(changed(MEMBER, change))


def _members(files: Mapping[str, bytes]) -> bytes:
    base = entries(with_record(honest_files(files)))
    return pack(replace(entry, flags=0 if str(entry.name).isascii() else 0x800) for entry in base)


def _named(name: str) -> bytes:
    """A further member that RECORD lists."""
    return _members({name: b"x = 1\n"})


def _entry_points(line: str) -> bytes:
    return _members({f"{DIST_INFO}/entry_points.txt": f"[console_scripts]\n{line}\n".encode()})


def _metadata(*fields: str) -> bytes:
    lines = ["Metadata-Version: 2.4", "Name: example", "Version: 1.0", *fields]
    return _members({f"{DIST_INFO}/METADATA": "\n".join([*lines, "", ""]).encode()})


def _rows() -> list[str]:
    return [record_row(name, data) for name, data in honest_files().items()]


def _recorded(files: Mapping[str, bytes], rows: Sequence[str]) -> bytes:
    return pack(entries(with_record(files, [*rows, f"{RECORD},,"])))


def _in_hexadecimal(row: str) -> str:
    name, digest, size = row.split(",")
    raw = base64.urlsafe_b64decode(digest.removeprefix("sha256=") + "=")
    return f"{name},sha256={raw.hex()},{size}"


def _zip64(size: int, compressed: int) -> bytes:
    return struct.pack("<HHQQ", 1, 16, size, compressed)


def _with_zip64(extra: bytes, **change: object) -> bytes:
    return _changed(local_extra=extra, **change)


PACKED = len(deflate(CONTENT))
REPEATED = _zip64(len(CONTENT), PACKED)
STREAMED = {
    "flags": 8,
    "local": {"crc": 0, "compressed": 0, "size": 0},
    "descriptor": struct.pack("<4sLQQ", b"PK\7\x08", zlib.crc32(CONTENT), PACKED, len(CONTENT)),
}


def _tar_header(*, magic: bytes = b"", signed: bool = False) -> bytes:
    """A wheel whose first member is named so that the file begins as a tar archive.

    The name fills the first block. It has the fields of a tar header where a reader looks for them,
    in printable characters.
    """
    name = bytearray(b"a" * 482)
    fields = {
        100: b"0000644 ",
        108: b"0000000 ",
        116: b"0000000 ",
        124: b"00000000000 ",
        136: b"00000000000 ",
        156: b"0",
        257: magic,
        329: b"0000000 0000000 ",
    }
    for at, value in fields.items():
        name[at - 30 : at - 30 + len(value)] = value
    checked = name[:118] + b" " * 8 + name[126:]
    body = _first_named(bytes(checked))[:512]
    total = sum(struct.unpack("512b", body)) if signed else sum(body)
    assert signed == (total != sum(body)), "the CRC has no byte that tells the two sums apart"
    name[118:126] = b"%06o  " % total
    return _first_named(bytes(name))


def _first_named(name: bytes) -> bytes:
    base = entries(with_record(honest_files({name.decode(): b"x = 3\n"})))
    return pack(sorted(base, key=lambda entry: entry.raw_name != name))


def _magic_alone() -> bytes:
    return _first_named(b"a" * (257 - 30) + b"ustar")


def _inflating(total: int) -> bytes:
    """Members that each inflate to eighty times their size, together to `total` bytes."""
    data = b"".join(b"%07d " % (at // 48) for at in range(1 << 17))
    stream = deflate(data, 9)
    assert 60 < len(data) / len(stream) < 200
    count = total // len(data)
    files = with_record(honest_files({f"example/{at}.bin": data for at in range(count)}))
    return pack(
        replace(entry, stream=stream) if entry.data is data else entry for entry in entries(files)
    )


DANGEROUS = {
    # The index: a wheel must not be a tar archive as well.
    "tar-header": (_tar_header(), "archive.tar"),
    "tar-header-posix": (_tar_header(magic=b"ustar"), "archive.tar"),
    "tar-header-signed-sum": (_tar_header(signed=True), "archive.tar"),
    "tar-magic": (_magic_alone(), "archive.tar"),
    # The index: the archive as a whole must not inflate to fifty times its size.
    "bomb-of-many": (_inflating(BOMB_SIZE + (2 << 20)), "archive.bomb"),
    # uv: a comment in which an archive could be.
    "archive-in-comment": (
        pack(entries(), comment=b"PK\3\4" + b"x" * 40),
        "archive.binary-comment",
    ),
    "byte-in-comment": (pack(entries(), comment=b"hello\x02"), "archive.binary-comment"),
    # uv, async_zip: ZIP64 sizes that are neither needed nor those of the header.
    "zip64-other-size": (
        _with_zip64(_zip64(len(CONTENT) + 1, PACKED)),
        "archive.zip64-contradiction",
    ),
    "zip64-other-compressed": (
        _with_zip64(_zip64(len(CONTENT), PACKED + 1)),
        "archive.zip64-contradiction",
    ),
    "zip64-swapped": (_with_zip64(_zip64(PACKED, len(CONTENT))), "archive.zip64-contradiction"),
    "zip64-one-size": (
        _with_zip64(struct.pack("<HHQ", 1, 8, len(CONTENT))),
        "archive.zip64-contradiction",
    ),
    "zip64-with-offset": (
        _with_zip64(struct.pack("<HHQQQ", 1, 24, len(CONTENT), PACKED, 0)),
        "archive.zip64-contradiction",
    ),
    "zip64-twice": (_with_zip64(REPEATED * 2), "archive.zip64-contradiction"),
    "zip64-repeated-in-directory": (
        _changed(local_extra=REPEATED, central_extra=REPEATED),
        "archive.zip64-contradiction",
    ),
    "zip64-repeated-before-a-descriptor": (
        _changed(local_extra=_zip64(0, 0), **STREAMED),
        "archive.zip64-contradiction",
    ),
    "zip64-half-moved": (
        _with_zip64(REPEATED, local={"size": 0xFFFFFFFF}),
        "archive.zip64-contradiction",
    ),
    "zip64-empty": (_with_zip64(struct.pack("<HH", 1, 0)), "archive.zip64-contradiction"),
    # uv: programs that replace an interpreter of the environment.
    "script-python": (
        _members({f"{DATA}/scripts/python": b"#!python\n"}),
        "distinfo.reserved-program",
    ),
    "script-in-other-case": (
        _members({f"{DATA}/scripts/Python3.EXE": b"MZ"}),
        "distinfo.reserved-program",
    ),
    "data-python": (
        _members({f"{DATA}/data/bin/python3.12": b"#!/bin/sh\n"}),
        "distinfo.reserved-program",
    ),
    "entry-point-python": (
        _entry_points("python3 = example.core:answer"),
        "entry-points.reserved-name",
    ),
    "entry-point-in-other-case": (
        _entry_points("Python = example.core:answer"),
        "entry-points.reserved-name",
    ),
    "entry-point-free-threaded": (
        _entry_points("python3.14t = example.core:answer"),
        "entry-points.reserved-name",
    ),
    # The index, pip, uv: programs outside the directory of programs.
    "entry-point-climbs": (
        _entry_points("../../../etc/x = example.core:answer"),
        "entry-points.unsafe-name",
    ),
    "entry-point-backslash": (
        _entry_points("..\\x = example.core:answer"),
        "entry-points.unsafe-name",
    ),
    "entry-point-is-directory": (
        _entry_points(".. = example.core:answer"),
        "entry-points.unsafe-name",
    ),
    # uv installs the data directory with the stem of dist-info, pip every `*.data`.
    "data-directory-in-other-spelling": (
        _members({"Example-1.0.data/purelib/extra.py": b"x = 1\n"}),
        "distinfo.data-directory",
    ),
    "data-directory-in-other-version-spelling": (
        _members({"example-1.0.0.data/scripts/tool": b"#!python\n"}),
        "distinfo.data-directory",
    ),
}

UNEXPLAINED = {
    # uv: names with any character of category C.
    "private-use": (_named("example/\ue000.py"), "archive.unportable-name"),
    "unassigned": (_named("example/\u0378.py"), "archive.unportable-name"),
    # pip, uv: what is below a data directory has a scheme.
    "file-as-scheme": (_members({f"{DATA}/purelib": b"x = 1\n"}), "distinfo.unknown-scheme"),
    "nested-script": (_members({f"{DATA}/scripts/sub/tool": b"x"}), "distinfo.nested-script"),
    # The index, pip, uv: programs have a plain name and a function.
    "entry-point-odd-name": (
        _entry_points("my tool = example.core:answer"),
        "entry-points.odd-name",
    ),
    "entry-point-module": (_entry_points("example = example.core"), "entry-points.unusable"),
    "entry-point-code": (
        _entry_points("example = os; os.system('x') #:answer"),
        "entry-points.unusable",
    ),
    "entry-point-lines": (
        _entry_points("example = example.core:answer\n import os"),
        "entry-points.unusable",
    ),
    # The index: License-File names a member.
    "license-absent": (_metadata("License-File: LICENSE"), "metadata.license-file"),
    # installer: signatures are not listed in what they sign.
    "listed-signature": (
        _recorded({**honest_files(), SIGNATURE: b"{}"}, [*_rows(), f"{SIGNATURE},,"]),
        "record.listed-signature",
    ),
    # Every reader of hashes: base64 for URLs.
    "record-in-hexadecimal": (
        _recorded(honest_files(), list(map(_in_hexadecimal, _rows()))),
        "record.hash-encoding",
    ),
    # uv knows `true` only, pip any case of it.
    "purelib-in-capitals": (
        _members({f"{DIST_INFO}/WHEEL": wheel_file().replace(b": true", b": True")}),
        "wheel.root-is-purelib",
    ),
}


def _compare(tmp_path: Path, published: bytes, rebuilt: bytes) -> Diff:
    return compare(write(tmp_path / "p", published), write(tmp_path / "r", rebuilt))


def _redated(data: bytes) -> bytes:
    """The same archive with another recordable field, so that the two files differ."""
    at = data.index(b"PK\1\2") + 12
    first = data[at : at + 4]
    changed_date = bytes([first[0] ^ 2, *first[1:]])
    return data[:10] + changed_date + data[14:at] + changed_date + data[at + 4 :]


@pytest.mark.parametrize("attack", DANGEROUS)
def test_what_a_floor_refuses_is_suspicious_whatever_the_rebuild_is(
    attack: str, tmp_path: Path
) -> None:
    data, rule = DANGEROUS[attack]
    for at, rebuilt in enumerate((pack(entries()), data)):
        diff = _compare(tmp_path / str(at), data, rebuilt)
        found = {each.rule for each in diff.findings if each.kind is FindingClass.DANGEROUS}
        assert rule in found
        assert diff.verdict is Verdict.SUSPICIOUS


@pytest.mark.parametrize("oddity", UNEXPLAINED)
def test_what_a_floor_refuses_is_different_though_the_rebuild_has_it(
    oddity: str, tmp_path: Path
) -> None:
    data, rule = UNEXPLAINED[oddity]
    diff = _compare(tmp_path, _redated(data), data)
    found = {each.rule for each in diff.findings if each.kind is FindingClass.UNEXPLAINED}
    assert found == {rule}
    assert diff.verdict is Verdict.DIFFERENT


def test_honest_wheel_with_another_time_is_trusted(tmp_path: Path) -> None:
    """What the attacks above start from."""
    data = pack(entries())
    assert _compare(tmp_path, _redated(data), data).verdict is Verdict.REGENERATED


@pytest.mark.parametrize("attack", ["tar-header", "tar-header-posix", "tar-header-signed-sum"])
def test_the_tar_attacks_are_tar_archives(attack: str, tmp_path: Path) -> None:
    assert tarfile.is_tarfile(write(tmp_path, DANGEROUS[attack][0]))


def test_archive_that_inflates_to_less_than_a_bomb_is_none(tmp_path: Path) -> None:
    data = _inflating(BOMB_SIZE // 4)
    assert _compare(tmp_path, data, data).verdict is Verdict.IDENTICAL


def test_sizes_repeated_in_zip64_fields_regenerate(tmp_path: Path) -> None:
    """As CPython's `zipfile` before 3.11.4 forces ZIP64; published so by tools built on Bazel."""
    repeated = [
        replace(entry, local_extra=_zip64(len(entry.data), len(entry.packed)))
        for entry in entries()
    ]
    for ours, theirs in ((repeated, entries()), (entries(), repeated)):
        diff = _compare(tmp_path, pack(ours), pack(theirs))
        assert diff.verdict is Verdict.REGENERATED
        (finding,) = diff.findings
        assert finding.rule == "container.recorded-fields"
        shape = "repeated" if ours is repeated else "none"
        assert finding.evidence["zip64"] == {"common": shape, "members": 7, "exceptions": {}}
        assert diff.accounting.unexplained_bytes == 0


def test_no_bit_of_a_repeated_zip64_field_is_free(tmp_path: Path) -> None:
    data = _changed(local_extra=REPEATED)
    start = data.index(REPEATED)
    for bit in range(8 * len(REPEATED)):
        flipped = bytearray(data)
        flipped[start + bit // 8] ^= 1 << bit % 8
        diff = _compare(tmp_path, bytes(flipped), pack(entries()))
        assert diff.verdict not in TRUSTED, bit


def test_sizes_behind_the_data_are_noted(tmp_path: Path) -> None:
    narrow = struct.pack("<4sLLL", b"PK\7\x08", zlib.crc32(CONTENT), PACKED, len(CONTENT))
    diff = _compare(tmp_path, _changed(**{**STREAMED, "descriptor": narrow}), pack(entries()))
    (finding,) = [each for each in diff.findings if each.rule == "archive.data-descriptor"]
    assert finding.kind is FindingClass.NOTE
    assert finding.evidence == {"count": 1, "first": [MEMBER]}
    assert diff.verdict is Verdict.REGENERATED


def test_script_that_an_entry_point_replaces_is_noted(tmp_path: Path) -> None:
    data = _members({f"{DATA}/scripts/example-script.py": b"#!python\n"})
    diff = _compare(tmp_path, data, data)
    assert [(each.rule, each.kind) for each in diff.findings] == [
        ("distinfo.wrapped-script", FindingClass.NOTE)
    ]


@pytest.mark.parametrize(
    "data",
    [
        _metadata(),
        _members(
            {
                f"{DIST_INFO}/METADATA": b"Metadata-Version: 2.4\nName: example\nVersion: 1.0\n"
                b"License-File: sub/L\xc3\xa9.txt\n\n",
                f"{DIST_INFO}/licenses/sub/L\u00e9.txt": b"free\n",
            }
        ),
        # Before 2.4 the field had no specification, and tools kept the files elsewhere.
        _members(
            {
                f"{DIST_INFO}/METADATA": b"Metadata-Version: 2.1\nName: example\nVersion: 1.0\n"
                b"License-File: LICENSE\n\n",
            }
        ),
    ],
)
def test_license_files_that_are_there_are_no_finding(data: bytes, tmp_path: Path) -> None:
    findings = _compare(tmp_path, data, data).findings
    assert "metadata.license-file" not in {finding.rule for finding in findings}


@pytest.mark.parametrize(
    "line",
    [
        "example = example.core:answer",
        "example.py-2_x = example : Class.method [extra, more]",
        "pythonic = example.core:answer",
        "python-config = example.core:answer",
    ],
)
def test_entry_points_of_honest_wheels_are_no_finding(line: str, tmp_path: Path) -> None:
    data = _entry_points(line)
    assert _compare(tmp_path, data, data).findings == ()


def test_a_data_directory_for_each_member_costs_no_time(tmp_path: Path) -> None:
    path = tmp_path / FILENAME
    with zipfile.ZipFile(path, "w") as archive:
        for entry in entries():
            archive.writestr(str(entry.name), entry.data)
        for at in range(8_000):
            archive.writestr(f"other-{at}.data/{at}", b"")
    opened = read_archive(path)
    start = time.process_time()
    rules = {finding.rule for finding in judge_wheel(opened)}
    assert time.process_time() - start < 4
    assert {"distinfo.data-directory", "distinfo.unknown-scheme"} <= rules


RULE = re.compile(r"\b(?:archive|distinfo|record|wheel|metadata|entry-points)\.[a-z0-9-]*[a-z]\b")
CONCERNS = ("archive", "distinfo")


def _rules_of_the_product() -> set[str]:
    sources = [
        path.read_text(encoding="utf-8")
        for concern in CONCERNS
        for path in sorted((ROOT / "verify" / concern).glob("*.py"))
    ]
    return {rule for source in sources for rule in re.findall(f'"({RULE.pattern})"', source)}


def test_the_list_of_checks_names_rules_that_there_are_and_no_others() -> None:
    page = (ROOT / "docs" / "archive-checks.md").read_text(encoding="utf-8")
    listed = {rule for code in re.findall("`([^`]+)`", page) for rule in RULE.findall(code)}
    product = _rules_of_the_product() | {"metadata.name", "metadata.version", "archive.unreadable"}
    # One is about a reader's limit, one of a cause that has its own finding.
    unlisted = {"archive.member-too-large", "archive.unreadable-member"}
    assert listed <= product
    assert {rule for rule in product if rule.startswith("archive.")} - listed == unlisted
