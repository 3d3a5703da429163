"""Tampered archive structure: each technique lands in its class, under its rule, untrusted."""

import struct
import zlib
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
    with_record,
    write,
)
from verify.compare.engine import compare
from verify.finding import FindingClass
from verify.verdict import Reason, Verdict

CORE = "example/core.py"
EVIL = b"import os  # not what the source says\n"
HONEST = pack(entries())
DATA = dict(with_record(honest_files()))


def _core(**change: object) -> bytes:
    return pack(changed(CORE, change))


def _with(*extra: Entry) -> bytes:
    return pack([*entries(), *extra])


def _with_member(name: str | bytes, **fields: object) -> bytes:
    """An extra member that RECORD lists, so that only its header is odd."""
    data = fields.pop("data", b"x = 1\n")
    assert isinstance(data, bytes)
    shown = name.decode("latin-1") if isinstance(name, bytes) else name
    files = with_record(honest_files({shown: data}))
    base = [replace(e, name=name) if e.name == shown else e for e in entries(files)]
    return (
        pack(base)
        if not fields
        else pack(
            [replace(e, **fields) if e.name == name else e for e in base]  # type: ignore[arg-type]  # by field name
        )
    )


def _zip64(size: int, compressed: int) -> bytes:
    return struct.pack("<HHQQ", 1, 16, size, compressed)


def _central_only_swap() -> bytes:
    """One local header serves readers of the directory, another one streaming readers."""
    stream = deflate(EVIL)
    hidden = struct.pack(
        "<4sHHHHHLLLHH",
        b"PK\3\4",
        20,
        0,
        8,
        0,
        0x21,
        zlib.crc32(EVIL),
        len(stream),
        len(EVIL),
        15,
        0,
    )
    return _core(gap=hidden + CORE.encode() + stream)


def _concatenated() -> bytes:
    evil = pack(entries(with_record({**honest_files(), CORE: EVIL})))
    return evil + HONEST


def _end_in_comment() -> bytes:
    """A whole second end record in the comment: backward and forward searches differ."""
    return pack(entries(), comment=struct.pack("<4sHHHHLLH", b"PK\5\6", 0, 0, 0, 0, 0, 0, 0) + b"!")


def _overlap() -> bytes:
    """Two directory entries share one local header."""
    base = entries()
    first = replace(base[0], name="example/again.py", has_local=False, central={"offset": 0})
    return pack([*base, first])


def _bomb() -> bytes:
    data = b"\0" * (80 * 1024 * 1024)
    return _with(Entry(name="example/zeros.bin", data=data, level=9))


def _patched(position: int, value: bytes) -> bytes:
    return HONEST[:position] + value + HONEST[position + len(value) :]


def _unfinished() -> bytes:
    packer = zlib.compressobj(6, zlib.DEFLATED, -15)
    stream = packer.compress(DATA[CORE]) + packer.flush(zlib.Z_SYNC_FLUSH)
    return _core(stream=stream)


TECHNIQUES = {
    # What the two headers of a member say.
    "local-name": (_core(local_name=b"example/evil.py"), "archive.local-disagrees"),
    "local-crc": (_core(local={"crc": 1}), "archive.local-disagrees"),
    "local-size": (_core(local={"size": 1}), "archive.local-disagrees"),
    "local-compressed": (_core(local={"compressed": 1}), "archive.local-disagrees"),
    "local-method": (_core(local={"method": 0}), "archive.local-disagrees"),
    "local-flags": (_core(local={"flags": 0x800}), "archive.local-disagrees"),
    "local-zero-sizes": (
        _core(local={"crc": 0, "compressed": 0, "size": 0}),
        "archive.local-disagrees",
    ),
    "central-crc": (_core(central={"crc": 1}), "archive.local-disagrees"),
    "no-local-header": (_core(central={"offset": 7}), "archive.local-header"),
    "offset-beyond": (_core(central={"offset": 0xFFFFFF0}), "archive.local-header"),
    "descriptor-missing": (
        _core(flags=8, local={"crc": 0, "compressed": 0, "size": 0}),
        "archive.local-disagrees",
    ),
    "descriptor-lies": (
        _core(
            flags=8,
            local={"crc": 0, "compressed": 0, "size": 0},
            descriptor=struct.pack("<4sLLL", b"PK\7\x08", 1, 2, 3),
        ),
        "archive.local-disagrees",
    ),
    # Names.
    "duplicate-name": (_with(Entry(name=CORE, data=EVIL)), "archive.duplicate-name"),
    "case-twin": (_with_member("example/CORE.py"), "archive.name-twins"),
    "dist-info-twin": (_with_member(f"{DIST_INFO.upper()}/RECORD"), "archive.name-twins"),
    "absolute": (_with_member("/etc/profile.d/x.sh"), "archive.unsafe-name"),
    "parent": (_with_member("example/../../x.py"), "archive.unsafe-name"),
    "dot-segment": (_with_member("example/./x.py"), "archive.unsafe-name"),
    "backslash": (_with_member("example\\..\\x.py"), "archive.unsafe-name"),
    "drive": (_with_member("C:x.py"), "archive.unsafe-name"),
    "control": (_with_member("example/x.py\0.txt"), "archive.unsafe-name"),
    "escape-sequence": (_with_member("example/\x1b[2K.py"), "archive.unsafe-name"),
    "empty-segment": (_with_member("example//x.py"), "archive.unsafe-name"),
    "empty-name": (_with(Entry(name="")), "archive.unsafe-name"),
    "right-to-left": (
        _with_member("example/x\u202eyp.txt", flags=0x800),
        "archive.unsafe-name",
    ),
    "not-utf8": (_with_member(b"example/\xff.py", flags=0x800), "archive.name-encoding"),
    "unmarked-utf8": (_with(Entry(name="example/\u00e9.py")), "archive.name-encoding"),
    "nfd-twin": (
        pack(
            [
                *entries(),
                Entry(name="example/\u00e9.py", flags=0x800),
                Entry(name="example/e\u0301.py", flags=0x800),
            ]
        ),
        "archive.name-twins",
    ),
    "file-and-directory": (_with_member("example/core.py/x.py"), "archive.path-conflict"),
    # Extra fields.
    "unicode-path": (
        _core(central_extra=struct.pack("<HHBL", 0x7075, 12, 1, 0) + b"evil.py"),
        "archive.renaming-extra",
    ),
    "malformed-extra": (_core(central_extra=b"\1\0\xff\xff"), "archive.malformed-extra"),
    "unneeded-zip64": (_core(central_extra=_zip64(1, 1)), "archive.zip64-contradiction"),
    "local-zip64": (_core(local_extra=_zip64(1, 1)), "archive.zip64-contradiction"),
    # Bytes that belong to nothing.
    "prefix": (pack(changed("example/__init__.py", {"gap": b"#!/bin/sh\n"})), "archive.prefix"),
    "executable-before": (b"#!/bin/sh\n" + HONEST, "archive.end-offset"),
    "gap": (_core(gap=b"hidden"), "archive.gap"),
    "gap-before-directory": (pack(entries(), before_directory=b"hidden"), "archive.gap"),
    "gap-before-end": (pack(entries(), before_end=b"hidden"), "archive.end-offset"),
    "trailing": (pack(entries(), trailing=b"hidden"), "archive.trailing-bytes"),
    "concatenated": (_concatenated(), "archive.end-offset"),
    "hidden-member": (_central_only_swap(), "archive.hidden-member"),
    "not-in-directory": (
        _with(Entry(name="example/x.py", has_central=False)),
        "archive.hidden-member",
    ),
    "overlap": (_overlap(), "archive.overlap"),
    # The end record.
    "count-low": (pack(entries(), end={"here": 2, "total": 2}), "archive.end-counts"),
    "count-high": (pack(entries(), end={"here": 99, "total": 99}), "archive.end-counts"),
    "counts-differ": (pack(entries(), end={"here": 1}), "archive.end-counts"),
    "volume": (pack(entries(), end={"disk": 1}), "archive.multi-volume"),
    "member-volume": (_core(central={"disk": 1}), "archive.multi-volume"),
    "directory-size": (pack(entries(), end={"size": 46}), "archive.end-offset"),
    "directory-offset": (pack(entries(), end={"offset": 0}), "archive.end-offset"),
    "comment-too-long": (pack(entries(), end={"comment": 9}), "archive.truncated-comment"),
    "end-in-comment": (_end_in_comment(), "archive.unreadable"),
    "end-before-end": (
        pack(entries(), before_end=struct.pack("<4sHHHHLLH", b"PK\5\6", 0, 0, 0, 0, 0, 0, 22)),
        "archive.second-end-record",
    ),
    "zip64-locator": (
        pack(entries(), before_end=struct.pack("<4sLQL", b"PK\6\7", 0, 0, 1)),
        "archive.zip64-contradiction",
    ),
    "no-end": (HONEST[:-22], "archive.unreadable"),
    "empty-file": (b"", "archive.unreadable"),
    "not-a-zip": (b"MZ" * 4000, "archive.unreadable"),
    "directory-garbage": (
        _patched(HONEST.index(b"PK\1\2", HONEST.index(b"PK\1\2") + 1), b"PKxx"),
        "archive.malformed-directory",
    ),
    # Data.
    "encrypted": (_core(flags=1), "archive.encrypted"),
    "masked": (_core(flags=1 << 13), "archive.encrypted"),
    "bzip2": (_core(method=12, stream=b"BZh9"), "archive.unknown-method"),
    "bytes-after-deflate": (
        _core(stream=deflate(DATA[CORE]) + b"!"),
        "archive.bytes-after-deflate",
    ),
    "unfinished-deflate": (_unfinished(), "archive.truncated-deflate"),
    "empty-deflate": (_core(stream=b""), "archive.truncated-deflate"),
    "broken-deflate": (_core(stream=b"\x07" * 20), "archive.broken-deflate"),
    "size-too-small": (
        _core(local={"size": 3}, central={"size": 3}),
        "archive.lying-size",
    ),
    "size-too-large": (
        _core(local={"size": 9999}, central={"size": 9999}),
        "archive.lying-size",
    ),
    "crc": (_core(local={"crc": 5}, central={"crc": 5}), "archive.lying-crc"),
    "bomb": (_bomb(), "archive.bomb"),
    "declared-bomb": (
        _core(local={"size": 0xFFFFFFF0}, central={"size": 0xFFFFFFF0}),
        "archive.bomb",
    ),
    "directory-with-data": (
        _with(Entry(name="example/sub/", data=EVIL, mode=0o40755)),
        "archive.directory-data",
    ),
    # Modes.
    "symlink": (_core(mode=0o120777), "archive.special-file"),
    "device": (_core(mode=0o020666), "archive.special-file"),
    "pipe": (_core(mode=0o010666), "archive.special-file"),
    "set-user-id": (_core(mode=0o104755), "archive.special-mode"),
    "sticky": (_core(mode=0o101644), "archive.special-mode"),
    "directory-mode": (_core(mode=0o040755), "archive.kind-contradiction"),
}

ODDITIES = {
    "archive-comment": (pack(entries(), comment=b"hello"), "archive.comment"),
    "member-comment": (_core(comment=b"hello"), "archive.member-comment"),
    "timestamp-extra": (
        _core(central_extra=struct.pack("<HHBL", 0x5455, 5, 1, 0)),
        "archive.extra-field",
    ),
    "too-new-for-extractors": (
        _core(local={"needed": 46}, central={"needed": 46}),
        "archive.unknown-version",
    ),
    "february-30": (_core(date=40 << 9 | 2 << 5 | 30), "archive.invalid-time"),
    "long-name": (_with_member("a" * 600), "archive.unportable-name"),
    "wide-descriptor": (
        _core(
            flags=8,
            local={"crc": 0, "compressed": 0, "size": 0},
            descriptor=struct.pack(
                "<4sLQQ",
                b"PK\7\x08",
                zlib.crc32(DATA[CORE]),
                len(deflate(DATA[CORE])),
                len(DATA[CORE]),
            ),
        ),
        "archive.descriptor-width",
    ),
    "local-extra": (_core(local_extra=struct.pack("<HH", 0xCAFE, 0)), "archive.extra-field"),
    "local-time": (_core(local={"time": 99}), "archive.local-differs"),
    "local-version": (_core(local={"needed": 45}), "archive.local-differs"),
    "unknown-flags": (_core(flags=1 << 8), "archive.unknown-flags"),
    "unknown-system": (_core(system=19), "archive.unknown-system"),
    "internal-bits": (_core(central={"internal": 2}), "archive.internal-attributes"),
    "dos-attributes": (
        _core(central={"external": (0o100644 << 16) | 2}),
        "archive.dos-attributes",
    ),
    "no-date": (_core(date=0), "archive.invalid-time"),
    "unknown-version": (_core(central={"made_by": 99}), "archive.unknown-version"),
    "reserved-name": (_with_member("example/nul.py"), "archive.unportable-name"),
    "trailing-dot": (_with_member("example/x.py."), "archive.unportable-name"),
    "stream-name": (_with_member("example/x.py:y"), "archive.unportable-name"),
    "physical-order": (
        pack(
            [
                *changed(CORE, {"has_central": False}),
                replace(
                    next(entry for entry in entries() if entry.name == CORE),
                    has_local=False,
                    central={"offset": HONEST.index(b"PK\3\4", 4)},
                ),
            ]
        ),
        "archive.physical-order",
    ),
}


def test_thousands_of_extra_fields_make_few_findings(tmp_path: Path) -> None:
    fields = struct.pack("<HH", 0xCAFE, 0) * 16_000
    many = [replace(entry, local_extra=fields, central_extra=fields) for entry in entries() * 4]
    diff = compare(write(tmp_path / "p", pack(many)), write(tmp_path / "r", HONEST))
    assert "archive.many-extra-fields" in {finding.rule for finding in diff.findings}
    assert diff.verdict is Verdict.SUSPICIOUS
    assert len(diff.findings) < 1000


def test_file_above_another_member_is_found_however_many_lie_between(tmp_path: Path) -> None:
    names = ["example/a", "example/a-b", "example/a.b/c", "example/A/b/c"]
    data = _with(*(Entry(name=name) for name in names))
    diff = compare(write(tmp_path / "p", data), write(tmp_path / "r", HONEST))
    conflicts = [f.member for f in diff.findings if f.rule == "archive.path-conflict"]
    assert conflicts == ["example/a"]


@pytest.mark.parametrize("technique", TECHNIQUES)
def test_structural_attack_is_dangerous_and_never_trusted(technique: str, tmp_path: Path) -> None:
    data, rule = TECHNIQUES[technique]
    diff = compare(write(tmp_path / "p", data), write(tmp_path / "r", HONEST))
    found = {finding.rule for finding in diff.findings if finding.kind is FindingClass.DANGEROUS}
    assert rule in found
    assert diff.verdict is Verdict.SUSPICIOUS
    accounting = diff.accounting
    assert (
        accounting.published_bytes
        == len(data)
        == (accounting.reproduced_bytes + accounting.explained_bytes + accounting.unexplained_bytes)
    )


@pytest.mark.parametrize("technique", TECHNIQUES)
def test_structural_attack_is_suspicious_even_when_the_rebuild_has_it(
    technique: str, tmp_path: Path
) -> None:
    data, _ = TECHNIQUES[technique]
    diff = compare(write(tmp_path / "p", data), write(tmp_path / "r", data))
    assert diff.verdict is Verdict.SUSPICIOUS


@pytest.mark.parametrize("technique", TECHNIQUES)
def test_rebuild_with_a_structural_attack_is_no_evidence(technique: str, tmp_path: Path) -> None:
    data, _ = TECHNIQUES[technique]
    diff = compare(write(tmp_path / "p", HONEST), write(tmp_path / "r", data))
    assert diff.verdict is Verdict.UNDETERMINED
    assert diff.reason is Reason.UNREADABLE_REBUILD
    assert diff.accounting.unexplained_bytes == len(HONEST)


@pytest.mark.parametrize("oddity", ODDITIES)
def test_odd_but_unambiguous_fact_is_unexplained(oddity: str, tmp_path: Path) -> None:
    data, rule = ODDITIES[oddity]
    diff = compare(write(tmp_path / "p", data), write(tmp_path / "r", HONEST))
    found = {finding.rule for finding in diff.findings if finding.kind is FindingClass.UNEXPLAINED}
    assert rule in found
    assert diff.verdict is Verdict.DIFFERENT


def test_many_entries_of_one_body_cost_no_time(tmp_path: Path) -> None:
    zeros = Entry(name="z0", data=b"\0" * (1 << 20))
    others = [
        replace(zeros, name=f"z{at}", has_local=False, central={"offset": 0})
        for at in range(1, 500)
    ]
    data = pack([zeros, *others])
    diff = compare(write(tmp_path / "p", data), write(tmp_path / "r", HONEST))
    assert "archive.overlap" in {finding.rule for finding in diff.findings}
    assert diff.verdict is Verdict.SUSPICIOUS


def test_record_of_the_honest_wheel_is_what_the_attacks_start_from(tmp_path: Path) -> None:
    diff = compare(write(tmp_path / "p", HONEST), write(tmp_path / "r", HONEST))
    assert diff.verdict is Verdict.IDENTICAL
    assert diff.findings == ()
    assert RECORD in DATA
