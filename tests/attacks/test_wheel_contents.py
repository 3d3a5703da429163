"""Tampered wheel contents: what an attacker adds, changes or lies about, and how it is judged."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.support.wheels import (
    DIST_INFO,
    RECORD,
    entries,
    honest_files,
    pack,
    record_row,
    wheel_file,
    with_record,
    write,
)
from verify.compare.engine import compare
from verify.finding import FindingClass
from verify.results import Diff
from verify.verdict import Verdict

CORE = "example/core.py"
HONEST = with_record(honest_files())
ELF = b"\x7fELF\2\1\1" + b"\0" * 57

DANGEROUS: dict[str, tuple[dict[str, bytes], str]] = {
    "pth-hook": ({"example.pth": b"import os; os.system('id')\n"}, "code.autostart"),
    "pth-hook-after-form-feed": ({"a.pth": b"x\x0cimport os\n"}, "code.autostart"),
    "pth-in-data": (
        {"example-1.0.data/purelib/x.pth": b"import os\n"},
        "code.autostart",
    ),
    "sitecustomize": ({"sitecustomize.py": b"x = 1\n"}, "code.autostart"),
    "usercustomize-package": ({"usercustomize/__init__.py": b""}, "code.autostart"),
    "shared-object": ({"example/_speed.so": ELF}, "code.binary-only-published"),
    "windows-extension": ({"example/_speed.pyd": b"MZ"}, "code.binary-only-published"),
    "elf-named-as-data": ({"example/logo.png": ELF}, "code.binary-only-published"),
    "source-became-elf": ({CORE: ELF}, "code.binary-only-published"),
    "bytecode": ({"example/core.pyc": b"\xa7\r\r\n"}, "code.bytecode-only-published"),
    "cached-bytecode": (
        {"example/__pycache__/core.cpython-311.pyc": b"\xa7\r\r\n"},
        "code.bytecode-only-published",
    ),
    "script": ({"example-1.0.data/scripts/ls": b"#!python\n"}, "scripts.changed"),
    "entry-point-added": (
        {
            f"{DIST_INFO}/entry_points.txt": b"[console_scripts]\n"
            b"example = example.core:answer\nls = x:y\n"
        },
        "entry-points.changed",
    ),
    "entry-point-changed": (
        {f"{DIST_INFO}/entry_points.txt": b"[console_scripts]\nexample = example:evil\n"},
        "entry-points.changed",
    ),
    "entry-point-default-section": (
        {
            f"{DIST_INFO}/entry_points.txt": b"[DEFAULT]\nls = x:y\n"
            b"[console_scripts]\nexample = example.core:answer\n"
        },
        "entry-points.changed",
    ),
    "encoding-cookie": (
        {CORE: b"# -*- coding: utf-7 -*-\n" + HONEST[CORE]},
        "code.encoding-cookie",
    ),
    "byte-order-mark": ({CORE: b"\xef\xbb\xbf" + HONEST[CORE]}, "code.encoding-cookie"),
    "new-file-odd-encoding": ({"example/x.py": b"# coding: rot13\n"}, "code.encoding-cookie"),
    "trojan-source": (
        {CORE: HONEST[CORE] + "# \u202e } \u2066if x\n".encode()},
        "code.bidirectional-text",
    ),
    "other-name": (
        {f"{DIST_INFO}/METADATA": b"Metadata-Version: 2.1\nName: other\nVersion: 1.0\n"},
        "metadata.name",
    ),
    "other-version": (
        {f"{DIST_INFO}/METADATA": b"Metadata-Version: 2.1\nName: example\nVersion: 1.1\n"},
        "metadata.version",
    ),
    "two-names": (
        {f"{DIST_INFO}/METADATA": b"Name: example\nName: other\nVersion: 1.0\n"},
        "metadata.name",
    ),
    "name-hidden-behind-carriage-return": (
        {f"{DIST_INFO}/METADATA": b"Name: example\nVersion: 1.0\nSummary: x\rName: other\n"},
        "metadata.name",
    ),
    "dependency-added": (
        {
            f"{DIST_INFO}/METADATA": HONEST[f"{DIST_INFO}/METADATA"].replace(
                b"Requires-Dist: other>=1\n", b"Requires-Dist: other>=1\nRequires-Dist: evil\n"
            )
        },
        "metadata.dependency-added",
    ),
    "second-dist-info": (
        {"other-2.0.dist-info/METADATA": b"Name: other\nVersion: 2.0\n"},
        "distinfo.not-exactly-one",
    ),
    "foreign-data-directory": ({"other-1.0.data/purelib/x.py": b""}, "distinfo.directory-name"),
}

UNEXPLAINED: dict[str, tuple[dict[str, bytes], str]] = {
    "code-differs": ({CORE: HONEST[CORE] + b"import os\n"}, "code.differs"),
    "comment-differs": ({CORE: b"# harmless?\n" + HONEST[CORE]}, "code.differs"),
    "white-space": ({CORE: HONEST[CORE] + b"\n"}, "code.differs"),
    "line-ends": ({CORE: HONEST[CORE].replace(b"\n", b"\r\n", 1)}, "code.differs"),
    "module-added": ({"example/extra.py": b"x = 1\n"}, "code.only-published"),
    "data-differs": ({"example/data.txt": b"other"}, "member.differs"),
    "data-added": ({"example/more.txt": b"more"}, "member.only-published"),
    "path-file": ({"example.pth": b"./vendored\n"}, "member.only-published"),
    "dependency-changed": (
        {
            f"{DIST_INFO}/METADATA": HONEST[f"{DIST_INFO}/METADATA"].replace(
                b"Requires-Dist: other>=1\n", b"Requires-Dist: other>=2\n"
            )
        },
        "metadata.dependencies-differ",
    ),
    "description-differs": (
        {f"{DIST_INFO}/METADATA": HONEST[f"{DIST_INFO}/METADATA"] + b"More.\n"},
        "member.differs",
    ),
    "tags-differ": ({f"{DIST_INFO}/WHEEL": wheel_file(tag="py2-none-any")}, "wheel.tags"),
    "tag-explosion": (
        {f"{DIST_INFO}/WHEEL": wheel_file(tag="-".join([".".join("abcdefghijklmn")] * 3))},
        "wheel.tags",
    ),
    "wheel-version": (
        {f"{DIST_INFO}/WHEEL": wheel_file().replace(b"1.0", b"2.0")},
        "wheel.version",
    ),
    "wheel-garbage": ({f"{DIST_INFO}/WHEEL": b"\xff\xfe"}, "wheel.unreadable"),
    "unknown-scheme": ({"example-1.0.data/bin/x": b""}, "distinfo.unknown-scheme"),
}


def _compare(tmp_path: Path, published: Mapping[str, bytes], rebuilt: Mapping[str, bytes]) -> Diff:
    ours = write(tmp_path / "p", pack(entries(published)))
    theirs = write(tmp_path / "r", pack(entries(rebuilt)))
    return compare(ours, theirs)


def _rules(diff: Diff, kind: FindingClass) -> set[str]:
    return {finding.rule for finding in diff.findings if finding.kind is kind}


@pytest.mark.parametrize("technique", DANGEROUS)
def test_dangerous_content_is_suspicious(technique: str, tmp_path: Path) -> None:
    files, rule = DANGEROUS[technique]
    diff = _compare(tmp_path, with_record(honest_files(files)), HONEST)
    assert rule in _rules(diff, FindingClass.DANGEROUS)
    assert diff.verdict is Verdict.SUSPICIOUS


@pytest.mark.parametrize("difference", UNEXPLAINED)
def test_unexplained_content_is_different(difference: str, tmp_path: Path) -> None:
    files, rule = UNEXPLAINED[difference]
    diff = _compare(tmp_path, with_record(honest_files(files)), HONEST)
    assert rule in _rules(diff, FindingClass.UNEXPLAINED)
    assert diff.verdict is Verdict.DIFFERENT
    assert diff.accounting.unexplained_bytes > 0


def test_member_that_only_the_rebuild_has_is_different(tmp_path: Path) -> None:
    rebuilt = with_record(honest_files({"example/guard.py": b"check()\n"}))
    diff = _compare(tmp_path, HONEST, rebuilt)
    assert "member.only-rebuilt" in _rules(diff, FindingClass.UNEXPLAINED)
    assert diff.verdict is Verdict.DIFFERENT


def test_native_code_that_differs_is_different(tmp_path: Path) -> None:
    published = with_record(honest_files({"example/_speed.so": ELF + b"1"}))
    rebuilt = with_record(honest_files({"example/_speed.so": ELF + b"2"}))
    diff = _compare(tmp_path, published, rebuilt)
    assert "native.differs" in _rules(diff, FindingClass.UNEXPLAINED)
    assert diff.verdict is Verdict.DIFFERENT


def test_start_up_hook_that_changed_its_name_only_is_different(tmp_path: Path) -> None:
    hook = b"import sys, types\n"
    diff = _compare(
        tmp_path,
        with_record(honest_files({"example-1.0-py2.7-nspkg.pth": hook})),
        with_record(honest_files({"example-1.0-py3.6-nspkg.pth": hook})),
    )
    assert diff.verdict is Verdict.DIFFERENT


ROWS = HONEST[RECORD].decode().splitlines()

LIES = {
    "hash": ([row.replace("sha256=", "sha256=A", 1) for row in ROWS], "record.hash"),
    "size": ([f"{row}9" if CORE in row else row for row in ROWS], "record.size"),
    "unlisted": ([row for row in ROWS if CORE not in row], "record.unlisted-member"),
    "absent": ([*ROWS, record_row("example/ghost.py", b"")], "record.absent-member"),
    "duplicate": ([*ROWS, ROWS[0]], "record.duplicate-row"),
    "outside": ([*ROWS, record_row("../../bin/ls", b"")], "record.unsafe-path"),
    "absolute": ([*ROWS, record_row("/bin/ls", b"")], "record.unsafe-path"),
    "columns": ([*ROWS, "a,b"], "record.unreadable"),
    "quotes": ([*ROWS, '"open'], "record.unreadable"),
}

WEAK = {
    "no-hash": ([f"{CORE},,{len(HONEST[CORE])}" if CORE in row else row for row in ROWS]),
    "md5": ([f"{CORE},md5=x,{len(HONEST[CORE])}" if CORE in row else row for row in ROWS]),
    "no-size": ([row.rpartition(",")[0] + "," if CORE in row else row for row in ROWS]),
    "own-hash": ([f"{RECORD},sha256=x,9" if row.startswith(RECORD) else row for row in ROWS]),
}


@pytest.mark.parametrize("lie", LIES)
def test_record_that_lies_is_suspicious_even_if_the_rebuild_lies_too(
    lie: str, tmp_path: Path
) -> None:
    rows, rule = LIES[lie]
    files = with_record(honest_files(), rows)
    for rebuilt in (HONEST, files):
        diff = _compare(tmp_path, files, rebuilt)
        assert rule in _rules(diff, FindingClass.DANGEROUS)
        assert diff.verdict is Verdict.SUSPICIOUS


@pytest.mark.parametrize("weakness", WEAK)
def test_record_that_proves_nothing_is_different(weakness: str, tmp_path: Path) -> None:
    files = with_record(honest_files(), WEAK[weakness])
    diff = _compare(tmp_path, files, HONEST)
    assert diff.verdict is Verdict.DIFFERENT


@pytest.mark.parametrize("name", ["RECORD", "WHEEL", "METADATA"])
def test_wheel_without_a_required_file_is_suspicious(name: str, tmp_path: Path) -> None:
    files = with_record({k: v for k, v in honest_files().items() if not k.endswith(name)})
    if name == "RECORD":
        del files[RECORD]
    diff = _compare(tmp_path, files, HONEST)
    assert "distinfo.missing-file" in _rules(diff, FindingClass.DANGEROUS)


def test_metadata_that_nests_parentheses_without_end_is_only_a_note(tmp_path: Path) -> None:
    deep = b"Requires-Dist: x; " + b"(" * 50_000 + b'os_name == "a"\n'
    base = HONEST[f"{DIST_INFO}/METADATA"].replace(b"Requires-Dist: other>=1\n", deep)
    files = with_record(honest_files({f"{DIST_INFO}/METADATA": base}))
    diff = _compare(tmp_path, files, files)
    assert diff.verdict is Verdict.IDENTICAL
    assert _rules(diff, FindingClass.NOTE) == {"metadata.irregular"}


def test_metadata_that_is_a_nested_multipart_message_is_only_a_note(tmp_path: Path) -> None:
    part = b"Content-Type: multipart/mixed; boundary=x\n\n--x\n"
    files = with_record(
        honest_files({f"{DIST_INFO}/METADATA": b"Name: example\nVersion: 1.0\n" + part * 3000})
    )
    diff = _compare(tmp_path, files, files)
    assert diff.verdict is Verdict.IDENTICAL
