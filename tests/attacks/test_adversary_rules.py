"""Attacks by somebody who has read the comparator: freedoms it grants, used for something else.

Where nothing but a recordable field may tell the two wheels apart, the published one differs in the
date of one member: a judge that sees nothing would call it `regenerated`.
"""

import importlib.util
import marshal
import os
import stat
import struct
import subprocess
import sys
import tracemalloc
import zlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.wheels import (
    DIST_INFO,
    RECORD,
    Entry,
    changed,
    deflate,
    entries,
    honest_files,
    pack,
    wheel_file,
    with_record,
    write,
)
from verify.compare.engine import compare
from verify.results import Diff
from verify.verdict import Verdict

CORE = "example/core.py"
DATA = "example-1.0.data"
WHEEL = f"{DIST_INFO}/WHEEL"
METADATA = f"{DIST_INFO}/METADATA"
ENTRY_POINTS = f"{DIST_INFO}/entry_points.txt"
HONEST = with_record(honest_files())
SIZE = len(HONEST[CORE])
PACKED = deflate(HONEST[CORE])
TRUSTED = {Verdict.IDENTICAL, Verdict.REGENERATED, Verdict.EQUIVALENT}
LATER = 0x5822
NEW_YEAR_2020 = (40 << 9) | (1 << 5) | 1
SENTINEL = 0xFFFFFFFF

Pair = tuple[bytes, bytes]


def _files(extra: Mapping[str, bytes]) -> dict[str, bytes]:
    return with_record(honest_files(extra))


def _redated(files: Mapping[str, bytes]) -> Pair:
    """The same members on both sides; only a recordable date tells the archives apart."""
    base = entries(files)
    return pack([replace(base[0], date=LATER), *base[1:]]), pack(base)


def _swapped(first: str, second: str) -> Pair:
    """Two members that a source may hold, in one order published and in the other rebuilt."""
    base = entries(_files({first: b"ANSWER = 1\n", second: b"ANSWER = 2\n"}))
    at = [entry.name for entry in base].index(first)
    other = [entry.name for entry in base].index(second)
    moved = list(base)
    moved[at], moved[other] = moved[other], moved[at]
    return pack(moved), pack(base)


def _header(change: Mapping[str, object], name: str = CORE) -> Pair:
    return pack(changed(name, change)), pack(entries())


def _streamed(descriptor: bytes, *, extra: bytes = b"") -> Pair:
    """The core module as a streaming writer leaves it: sizes behind the data."""
    sizes = SENTINEL if extra else 0
    return _header(
        {
            "flags": 8,
            "local": {"crc": 0, "compressed": sizes, "size": sizes},
            "local_extra": extra,
            "descriptor": descriptor,
        }
    )


def _descriptor(layout: str) -> bytes:
    content = HONEST[CORE]
    return struct.pack(layout, b"PK\7\x08", zlib.crc32(content), len(PACKED), len(content))


def _compare(tmp_path: Path, pair: Pair, filename: str = "example-1.0-py3-none-any.whl") -> Diff:
    published, rebuilt = pair
    diff = compare(
        write(tmp_path / "p", published, filename),
        write(tmp_path / "r", rebuilt),
    )
    accounting = diff.accounting
    assert len(published) == accounting.published_bytes
    assert accounting.published_bytes == (
        accounting.reproduced_bytes + accounting.explained_bytes + accounting.unexplained_bytes
    )
    return diff


def _rules(diff: Diff) -> set[str]:
    return {finding.rule for finding in diff.findings}


def _record(change: Callable[[str], str]) -> dict[str, bytes]:
    """The honest wheel with the row of the core module written in another way."""
    rows = [
        change(row) if row.startswith(CORE) else row for row in HONEST[RECORD].decode().splitlines()
    ]
    return with_record(honest_files(), rows)


def _wheel(old: bytes, new: bytes) -> dict[str, bytes]:
    assert old in wheel_file()
    return _files({WHEEL: wheel_file().replace(old, new)})


SAME_ON_BOTH_SIDES: dict[str, tuple[dict[str, bytes], str]] = {
    # What a source builds to is still judged: RECORD ...
    "record-row-in-other-case": (
        _record(lambda row: row.replace("example/core", "Example/core")),
        "record.unlisted-member",
    ),
    "record-row-with-dot": (_record(lambda row: f"./{row}"), "record.absent-member"),
    "record-row-with-backslash": (
        _record(lambda row: row.replace("/", "\\", 1)),
        "record.absent-member",
    ),
    "record-hash-with-padding": (
        _record(lambda row: ",".join([*row.split(",")[:1], row.split(",")[1] + "=", str(SIZE)])),
        "record.hash",
    ),
    "record-hash-in-capitals": (
        _record(lambda row: row.replace("sha256=", "SHA256=")),
        "record.weak-hash",
    ),
    "record-size-with-sign": (
        _record(lambda row: row.replace(f",{SIZE}", f",+{SIZE}")),
        "record.size",
    ),
    "record-row-for-a-directory": (
        _record(lambda row: f"{row}\nexample/,,"),
        "record.absent-member",
    ),
    "record-row-over-two-lines": (
        _record(lambda row: f'{row}\n"{CORE}\n",,'),
        "record.absent-member",
    ),
    "record-after-byte-order-mark": (
        {**HONEST, RECORD: b"\xef\xbb\xbf" + HONEST[RECORD]},
        "record.unlisted-member",
    ),
    "record-of-carriage-returns": (
        {**HONEST, RECORD: HONEST[RECORD].replace(b"\n", b"\r\r")},
        "record.unreadable",
    ),
    # ... WHEEL ...
    "wheel-purelib-twice": (
        _wheel(b"Root-Is-Purelib: true", b"Root-Is-Purelib: true\nRoot-Is-Purelib: false"),
        "wheel.root-is-purelib",
    ),
    "wheel-folded-header": (_wheel(b"Root-Is", b" folded\nRoot-Is"), "wheel.unreadable"),
    "wheel-after-byte-order-mark": (
        _wheel(b"Wheel-Version", b"\xef\xbb\xbfWheel-Version"),
        "wheel.unreadable",
    ),
    "wheel-of-carriage-returns": (
        _files({WHEEL: wheel_file().replace(b"\n", b"\r")}),
        "wheel.version",
    ),
    "wheel-one-tag-too-many": (
        _wheel(b"Tag: py3-none-any", b"Tag: py3-none-any\nTag: py2-none-any"),
        "wheel.tags",
    ),
    "wheel-build-unlike-name": (_wheel(b"Tag:", b"Build: 7\nTag:"), "wheel.build"),
    # ... and directories.
    "data-scheme-in-other-case": (
        _files({f"{DATA}/Scripts/tool": b"#!python\n"}),
        "distinfo.unknown-scheme",
    ),
    "data-directory-of-other-version": (
        _files({"example-1.1.data/purelib/x.py": b""}),
        "distinfo.directory-name",
    ),
}

HEADERS: dict[str, tuple[Pair, str]] = {
    "directory-bit-on-a-file": (
        _header({"central": {"external": stat.S_IFREG << 16 | 0x10}}),
        "archive.dos-attributes",
    ),
    "symlink-made-on-dos": (_header({"system": 0, "mode": 0o120777}), "archive.special-file"),
    "stored-and-streamed": (
        _header(
            {
                "method": 0,
                "flags": 8,
                "local": {"crc": 0, "compressed": 0, "size": 0},
                "descriptor": struct.pack(
                    "<4sLLL", b"PK\7\x08", zlib.crc32(HONEST[CORE]), SIZE, SIZE
                ),
            }
        ),
        "archive.stored-descriptor",
    ),
    "sizes-before-and-behind": (
        _header({"flags": 8, "descriptor": _descriptor("<4sLLL")}),
        "archive.redundant-descriptor",
    ),
    "descriptor-without-signature": (
        _streamed(_descriptor("<4sLLL")[4:]),
        "archive.local-disagrees",
    ),
    "zip64-sizes-that-lie": (
        _header(
            {
                "local": {"compressed": SENTINEL, "size": SENTINEL},
                "local_extra": struct.pack("<HHQQ", 1, 16, SIZE, len(PACKED) + 1),
            }
        ),
        "archive.local-disagrees",
    ),
    "zip64-for-one-size-only": (
        _header(
            {
                "local": {"size": SENTINEL},
                "local_extra": struct.pack("<HHQQ", 1, 16, SIZE, len(PACKED)),
            }
        ),
        "archive.zip64-contradiction",
    ),
    "directory-only-published": (
        (pack([*entries(), Entry(name="example/empty/", mode=0o40755)]), pack(entries())),
        "member.only-published",
    ),
    "directory-only-rebuilt": (
        (pack(entries()), pack([*entries(), Entry(name="example/empty/", mode=0o40755)])),
        "member.only-rebuilt",
    ),
    "signature-only-published": (
        (pack(entries({**HONEST, f"{RECORD}.p7s": b"\x30"})), pack(entries())),
        "member.only-published",
    ),
}


@pytest.mark.parametrize("attack", SAME_ON_BOTH_SIDES)
def test_source_that_builds_to_a_bad_dist_info_helps_nobody(attack: str, tmp_path: Path) -> None:
    files, rule = SAME_ON_BOTH_SIDES[attack]
    diff = _compare(tmp_path, _redated(files))
    assert rule in _rules(diff)
    assert diff.verdict not in TRUSTED


def test_members_of_the_attacks_above_are_otherwise_trusted(tmp_path: Path) -> None:
    assert _compare(tmp_path, _redated(HONEST)).verdict is Verdict.REGENERATED


@pytest.mark.parametrize("attack", HEADERS)
def test_header_that_some_reader_takes_otherwise_is_not_trusted(
    attack: str, tmp_path: Path
) -> None:
    pair, rule = HEADERS[attack]
    diff = _compare(tmp_path, pair)
    assert rule in _rules(diff)
    assert diff.verdict not in TRUSTED


LENIENT_WHEELS = {
    # Installers read WHEEL with the email parser: case-insensitive, up to the first empty line,
    # and a lone carriage return ends a line.
    "other-case": _wheel(b"Root-Is-Purelib", b"root-is-purelib: false\nRoot-Is-Purelib"),
    "behind-empty-line": _wheel(b"Root-Is-Purelib", b"\nRoot-Is-Purelib"),
    "behind-carriage-return": _wheel(
        b"(0.43.0)", b"(0.43.0)\rRoot-Is-Purelib: false\rTag: py2-none-any"
    ),
}


@pytest.mark.parametrize("attack", LENIENT_WHEELS)
def test_wheel_file_that_installers_read_otherwise_is_not_trusted(
    attack: str, tmp_path: Path
) -> None:
    assert _compare(tmp_path, _redated(LENIENT_WHEELS[attack])).verdict not in TRUSTED


COLLISIONS = {
    # Installers write members one after another in archive order: of two files at one path the
    # last stays (pip for the first case, installer with overwriting allowed for all).
    "purelib-and-platlib": _swapped(f"{DATA}/platlib/example/x.py", f"{DATA}/purelib/example/x.py"),
    "root-and-purelib": _swapped("example/x.py", f"{DATA}/purelib/example/x.py"),
    "scripts-and-data": _swapped(f"{DATA}/data/bin/tool", f"{DATA}/scripts/tool"),
    "schemes-in-other-case": _swapped(
        f"{DATA}/platlib/example/X.py", f"{DATA}/purelib/example/x.py"
    ),
    # Info-ZIP drops a VMS version; zipfile on Windows writes "_" for what Windows forbids; Windows
    # opens a long name by its short alias.
    "vms-version": _swapped("example/x.py", "example/x.py;1"),
    "forbidden-on-windows": _swapped("example/x_.py", "example/x?.py"),
    "short-name": _swapped("example/long_name.py", "example/LONG_N~1.PY"),
}


@pytest.mark.parametrize("attack", COLLISIONS)
def test_order_that_decides_what_is_installed_is_not_free(attack: str, tmp_path: Path) -> None:
    assert _compare(tmp_path, COLLISIONS[attack]).verdict not in TRUSTED


def test_version_that_makes_info_zip_skip_a_member_is_not_free(tmp_path: Path) -> None:
    # UnZip 6.0 extracts up to version 4.6 and leaves out every other member.
    newer = {"needed": 63}
    diff = _compare(tmp_path, _header({"local": newer, "central": newer}))
    assert diff.verdict not in TRUSTED


@pytest.mark.parametrize("day", [(2, 30), (2, 31), (4, 31)])
def test_day_that_no_calendar_has_is_no_date(day: tuple[int, int], tmp_path: Path) -> None:
    date = (40 << 9) | (day[0] << 5) | day[1]
    assert _compare(tmp_path, _header({"date": date})).verdict not in TRUSTED


def _stale_bytecode() -> bytes:
    """Bytecode of another program, valid for a source of 2020-01-01T00:00:00."""
    code = compile("def answer():\n    return 666\n", CORE, "exec")
    header = struct.pack("<LLL", 0, 1_577_836_800, len(HONEST[CORE]))
    return importlib.util.MAGIC_NUMBER + header + marshal.dumps(code)


def _answer(wheel: Path) -> str:
    code = "import sys; sys.path[:0] = sys.argv[1:]; import example.core as c; print(c.answer())"
    return subprocess.run(
        [sys.executable, "-I", "-c", code, wheel],
        env={"TZ": "UTC"},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout.strip()


def test_date_that_makes_bytecode_valid_is_not_free(tmp_path: Path) -> None:
    base = entries(_files({"example/core.pyc": _stale_bytecode()}))
    pair = pack(changed(CORE, {"date": NEW_YEAR_2020}, base)), pack(base)
    diff = _compare(tmp_path, pair)
    wheels = sorted(tmp_path.glob("*/*.whl"))
    # The fixture is only worth something if the date decides what runs.
    assert [_answer(wheel) for wheel in wheels] == ["666", "42"]
    assert diff.verdict not in TRUSTED


def test_data_file_that_becomes_a_program_on_the_path_is_not_free(tmp_path: Path) -> None:
    tool = f"{DATA}/data/bin/ls"
    base = entries(_files({tool: b"#!/bin/sh\n"}))
    diff = _compare(tmp_path, (pack(changed(tool, {"mode": 0o100755}, base)), pack(base)))
    assert diff.verdict not in TRUSTED


def test_program_is_named_where_only_the_kind_of_file_makes_it_one(tmp_path: Path) -> None:
    # pip makes executable what is a regular file *and* has an executable bit.
    name = "example/data.txt"
    pair = pack(changed(name, {"mode": 0o100755})), pack(changed(name, {"mode": 0o755}))
    diff = _compare(tmp_path, pair)
    assert any("executable" in finding.evidence for finding in diff.findings)


ZIP64_STREAMED = struct.pack("<HHQQ", 1, 16, 0, 0)

DESCRIPTORS = {
    # APPNOTE 4.3.9.2: eight-byte sizes exactly with ZIP64; streaming readers count on it.
    "wide-without-zip64": _streamed(_descriptor("<4sLQQ")),
    "narrow-with-zip64": _streamed(_descriptor("<4sLLL"), extra=ZIP64_STREAMED),
}


@pytest.mark.parametrize("attack", DESCRIPTORS)
def test_descriptor_of_the_wrong_width_is_not_trusted(attack: str, tmp_path: Path) -> None:
    assert _compare(tmp_path, DESCRIPTORS[attack]).verdict not in TRUSTED


def _padded_blocks(payload: bytes) -> bytes:
    """Empty stored blocks, five free bits of payload in each, before the honest stream."""
    blocks = b"".join(bytes([byte & 0xF8]) + b"\0\0\xff\xff" for byte in payload)
    return blocks + PACKED


STREAMS = {
    "bits-between-blocks": _padded_blocks(b"a message that no reader reads"),
    "thousands-of-empty-blocks": _padded_blocks(b"\0" * 20_000),
}


@pytest.mark.parametrize("attack", STREAMS)
def test_deflate_blocks_that_hold_nothing_are_not_explained(attack: str, tmp_path: Path) -> None:
    stream = STREAMS[attack]
    assert zlib.decompress(stream, -15) == HONEST[CORE]
    assert _compare(tmp_path, _header({"stream": stream})).verdict not in TRUSTED


def test_file_name_for_other_machines_is_not_identical(tmp_path: Path) -> None:
    wheel = pack(entries())
    diff = _compare(tmp_path, (wheel, wheel), "example-1.0-9-cp311-abi3-win_amd64.whl")
    assert {"wheel.tags", "wheel.build"} <= _rules(diff)
    assert diff.verdict not in TRUSTED


DUMP = """\
import pathlib, resource, sys
resource.setrlimit(resource.RLIMIT_CPU, (int(sys.argv[3]),) * 2)
from verify.compare.engine import compare
diff = compare(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
print(diff.verdict, [(finding.rule, dict(finding.evidence)) for finding in diff.findings])
"""


def _printed(published: Path, rebuilt: Path, *, seed: str = "0", seconds: int = 60) -> str:
    return subprocess.run(
        [sys.executable, "-c", DUMP, published, rebuilt, str(seconds)],
        env={**os.environ, "PYTHONHASHSEED": seed},
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def test_problems_of_metadata_do_not_depend_on_the_hash_seed(tmp_path: Path) -> None:
    text = HONEST[METADATA].replace(b"\n\n", b"\nDescription-Content-Type: a/b\n\n")
    wheel = write(tmp_path, pack(entries(_files({METADATA: text}))))
    assert len({_printed(wheel, wheel, seed=str(seed)) for seed in range(6)}) == 1


IDENTITY = b"Metadata-Version: 2.1\nName: example\nVersion: 1.0\n"

SLOW = {
    "fields-of-a-million-names": {
        METADATA: IDENTITY + b"".join(b"x%d: \n" % at for at in range(400_000))
    },
    "a-million-folded-lines": {METADATA: IDENTITY + b"Summary: x\n" + b" x\n" * 1_300_000},
    "spaces-in-entry-points": {ENTRY_POINTS: b"[a]\nb" + b" " * 4_000_000 + b"c\n"},
}


@pytest.mark.parametrize("attack", SLOW)
def test_small_file_cannot_keep_the_judge_busy(attack: str, tmp_path: Path) -> None:
    published = write(tmp_path / "p", pack(entries(_files(SLOW[attack]))))
    rebuilt = write(tmp_path / "r", pack(entries()))
    # Else it is killed; an honest wheel takes a fraction of a second, start-up included.
    assert _printed(published, rebuilt, seconds=10)


def test_rows_of_record_do_not_multiply_into_findings(tmp_path: Path) -> None:
    files = {**HONEST, RECORD: HONEST[RECORD] + b",,\n" * 20_000}
    diff = _compare(tmp_path, (pack(entries(files)), pack(entries())))
    assert diff.verdict is Verdict.SUSPICIOUS
    assert len(diff.findings) < 1000


def test_one_deep_name_costs_no_memory(tmp_path: Path) -> None:
    deep = Entry(name="a/" * 16_000 + "x")
    published = write(tmp_path / "p", pack([*entries(), deep]))
    rebuilt = write(tmp_path / "r", pack(entries()))
    tracemalloc.start()
    try:
        compare(published, rebuilt)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 32 * 1024**2
