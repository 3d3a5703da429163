"""Honest pairs of wheels, as build tools and repackers make them."""

import json
import os
import subprocess
import sys
import time
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.wheels import (
    DIST_INFO,
    RECORD,
    Entry,
    changed,
    entries,
    honest_files,
    pack,
    record_row,
    varied_text,
    wheel_file,
    with_record,
    write,
)
from verify.compare.engine import compare
from verify.errors import UsageFault
from verify.finding import FindingClass
from verify.results import Diff
from verify.rules.ranking import finding_order
from verify.verdict import Reason, Verdict

HONEST = with_record(honest_files())
CORE = "example/core.py"


def _diff(tmp_path: Path, published: bytes, rebuilt: bytes) -> Diff:
    return compare(write(tmp_path / "p", published), write(tmp_path / "r", rebuilt))


def _zipfile(
    path: Path,
    files: Mapping[str, bytes],
    *,
    date: tuple[int, int, int, int, int, int] = (2020, 2, 2, 2, 2, 2),
    mode: int = 0o100664,
    compression: int = zipfile.ZIP_DEFLATED,
    level: int | None = None,
    zip64: bool = False,
) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", compression, compresslevel=level) as archive:
        for name, data in files.items():
            info = zipfile.ZipInfo(name, date)
            info.external_attr = mode << 16
            info.compress_type = compression
            info._compresslevel = level  # type: ignore[attr-defined]  # open() takes no level
            with archive.open(info, "w", force_zip64=zip64) as stream:
                stream.write(data)
    return path


PUBLISHED = "example-1.0-py3-none-any.whl"
HONEST_PAIRS: dict[str, dict[str, object]] = {
    "other-time": {"date": (2024, 12, 31, 23, 59, 58)},
    "other-mode": {"mode": 0o100600},
    "no-file-type": {"mode": 0o644},
    "executable": {"mode": 0o100755},
    "stored": {"compression": zipfile.ZIP_STORED},
    "level-1": {"level": 1},
    "level-9": {"level": 9},
    "level-0": {"level": 0},
    "zip64": {"zip64": True},
}


@pytest.mark.parametrize("change", HONEST_PAIRS)
def test_repacked_wheel_regenerates(change: str, tmp_path: Path) -> None:
    files = with_record(honest_files({"example/text.txt": varied_text()}))
    published = _zipfile(tmp_path / "p" / PUBLISHED, files, **HONEST_PAIRS[change])  # type: ignore[arg-type]  # by name
    rebuilt = _zipfile(tmp_path / "r" / PUBLISHED, files)
    for ours, theirs in ((published, rebuilt), (rebuilt, published)):
        diff = compare(ours, theirs)
        assert diff.verdict is Verdict.REGENERATED
        assert [finding.rule for finding in diff.findings] == ["container.recorded-fields"]
        assert diff.accounting.unexplained_bytes == 0


def test_reordered_wheel_regenerates_and_records_the_order(tmp_path: Path) -> None:
    diff = _diff(tmp_path, pack(entries()[::-1]), pack(entries()))
    assert diff.verdict is Verdict.REGENERATED
    assert dict(diff.findings[0].evidence) == {
        "order": [[6, 1], [5, 1], [4, 1], [3, 1], [2, 1], [1, 1], [0, 1]]
    }


def test_wheel_written_to_a_pipe_regenerates(tmp_path: Path) -> None:
    def streamed(entry: Entry) -> Entry:
        fields = entry.fields()
        descriptor = (fields["crc"], fields["compressed"], fields["size"])
        return replace(
            entry,
            flags=8,
            local={"crc": 0, "compressed": 0, "size": 0},
            descriptor=b"PK\7\x08" + b"".join(value.to_bytes(4, "little") for value in descriptor),
        )

    diff = _diff(tmp_path, pack([streamed(entry) for entry in entries()]), pack(entries()))
    assert diff.verdict is Verdict.REGENERATED


def test_empty_directories_and_non_ascii_names_regenerate(tmp_path: Path) -> None:
    files = with_record(honest_files({"example/\u00e9.txt": b"x"}))
    base = [
        replace(entry, flags=0 if str(entry.name).isascii() else 0x800) for entry in entries(files)
    ]
    folder = Entry(
        name="example/", method=0, mode=0o40755, central={"external": 0o40755 << 16 | 16}
    )
    later = [replace(entry, date=0x5821) for entry in [folder, *base]]
    diff = _diff(tmp_path, pack(later), pack([folder, *base]))
    assert diff.verdict is Verdict.REGENERATED


@pytest.mark.parametrize(
    "strategy", [zlib.Z_FILTERED, zlib.Z_HUFFMAN_ONLY, zlib.Z_RLE, zlib.Z_FIXED]
)
def test_other_deflate_strategy_regenerates(strategy: int, tmp_path: Path) -> None:
    base = entries(with_record(honest_files({"example/text.txt": varied_text()})))
    published = pack(changed("example/text.txt", {"strategy": strategy}, base))
    assert _diff(tmp_path, published, pack(base)).verdict is Verdict.REGENERATED


def test_recorded_fields_name_common_values_once_and_new_programs(tmp_path: Path) -> None:
    later = [replace(entry, date=0x5821) for entry in entries()]
    published = pack(changed(CORE, {"mode": 0o100755, "date": 0x5822}, later))
    finding = _diff(tmp_path, published, pack(entries())).findings[0]
    assert finding.kind is FindingClass.NOTE
    assert dict(finding.evidence) == {
        "date_time": {
            "common": "2024-01-01T00:00:00",
            "members": 6,
            "exceptions": {CORE: "2024-01-02T00:00:00"},
        },
        "external_attr": {
            "common": "0o100755, 0x00",
            "members": 1,
            "exceptions": {},
            "only": [CORE],
        },
        "executable": {CORE: "executable"},
    }


def test_free_fields_stay_free_where_they_decide_nothing(tmp_path: Path) -> None:
    page = "example-1.0.data/data/share/example.txt"
    base = entries(with_record(honest_files({page: b"x\n", "example/other.pyc": b"x"})))
    later = [replace(entry, date=0x5821, mode=0o100600) for entry in base]
    diff = _diff(tmp_path, pack(later), pack(base))
    assert diff.verdict is Verdict.REGENERATED


@pytest.mark.parametrize(
    ("source", "bytecode"),
    [
        (CORE, "example/core.pyc"),
        (CORE, "example/__pycache__/core.cpython-311.pyc"),
        (CORE, "example/__pycache__/core.cpython-311.opt-1.pyc"),
        (CORE, "example-1.0.data/purelib/example/core.pyc"),
        ("example-1.0.data/platlib/example/sub.py", "example/__pycache__/sub.cpython-312.pyc"),
    ],
)
def test_date_of_a_source_with_bytecode_is_not_free(
    source: str, bytecode: str, tmp_path: Path
) -> None:
    base = entries(with_record(honest_files({"example-1.0.data/platlib/example/sub.py": b"x"})))
    compiled = [*base, Entry(name=bytecode)]
    published = pack(changed(source, {"date": 0x5821}, compiled))
    diff = _diff(tmp_path, published, pack(compiled))
    found = [f for f in diff.findings if f.rule == "container.meaningful-field"]
    assert [(f.member, f.evidence["field"]) for f in found] == [(source, "date_time")]
    # Time and date, in both headers; RECORD lists no bytecode, but that costs no byte.
    assert diff.accounting.unexplained_bytes == 8


def test_system_that_hides_the_mode_from_some_installers_is_told(tmp_path: Path) -> None:
    base = entries()
    unix, dos = (changed(CORE, {"mode": 0o100755, "system": system}, base) for system in (3, 0))
    evidence = _diff(tmp_path, pack(dos), pack(unix)).findings[0].evidence
    assert evidence["executable"] == {CORE: "executable for some installers"}


def test_same_file_is_identical_and_wholly_reproduced(tmp_path: Path) -> None:
    diff = _diff(tmp_path, pack(entries()), pack(entries()))
    assert diff.verdict is Verdict.IDENTICAL
    assert diff.accounting.reproduced_bytes == diff.accounting.published_bytes
    assert diff.reason is None


def test_an_oddity_that_the_rebuild_reproduces_whole_is_only_noted(tmp_path: Path) -> None:
    commented = pack(entries(), comment=b"hello")
    diff = _diff(tmp_path, commented, commented)
    assert diff.verdict is Verdict.IDENTICAL
    assert [(f.rule, f.kind) for f in diff.findings] == [("archive.comment", FindingClass.NOTE)]
    assert _diff(tmp_path, commented, pack(entries())).verdict is Verdict.DIFFERENT


def test_a_trick_stays_suspicious_though_the_rebuild_has_it_too(tmp_path: Path) -> None:
    twice = pack([*entries(), entries()[0]])
    assert _diff(tmp_path, twice, twice).verdict is Verdict.SUSPICIOUS


def test_forgotten_module_is_different_and_named(tmp_path: Path) -> None:
    published = with_record(honest_files({"example/forgotten.py": b"x = 1\n"}))
    diff = _diff(tmp_path, pack(entries(published)), pack(entries()))
    assert diff.verdict is Verdict.DIFFERENT
    named = {(finding.rule, finding.member) for finding in diff.findings}
    assert named == {("code.only-published", "example/forgotten.py"), ("member.differs", RECORD)}


def test_unreadable_rebuild_leaves_the_verdict_undetermined(tmp_path: Path) -> None:
    diff = _diff(tmp_path, pack(entries()), b"no archive")
    assert diff.verdict is Verdict.UNDETERMINED
    assert diff.reason is Reason.UNREADABLE_REBUILD
    assert diff.accounting.unexplained_bytes == diff.accounting.published_bytes


def test_unreadable_published_file_is_suspicious(tmp_path: Path) -> None:
    diff = _diff(tmp_path, b"no archive", b"none either")
    assert diff.verdict is Verdict.SUSPICIOUS
    assert [finding.rule for finding in diff.findings] == ["archive.unreadable"]
    assert diff.accounting.unexplained_bytes == len(b"no archive")


def test_suspicious_wheel_stays_so_beside_an_unreadable_rebuild(tmp_path: Path) -> None:
    diff = _diff(tmp_path, pack(entries(), trailing=b"x"), b"no archive")
    assert diff.verdict is Verdict.SUSPICIOUS
    assert diff.reason is None


def test_path_that_is_no_file_is_a_usage_fault(tmp_path: Path) -> None:
    wheel = write(tmp_path, pack(entries()))
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    for path in (tmp_path, tmp_path / "absent.whl", fifo):
        with pytest.raises(UsageFault):
            compare(path, wheel)
        with pytest.raises(UsageFault):
            compare(wheel, path)


TAMPERED = with_record(
    {**honest_files({"example/extra.py": b"x\n", "b.pth": b"import os\n"}), CORE: b"pass\n"}
)


def test_verdict_and_findings_do_not_depend_on_the_order_of_members(tmp_path: Path) -> None:
    published, rebuilt = entries(TAMPERED), entries()
    forward = _diff(tmp_path, pack(published), pack(rebuilt))
    for ours, theirs in ((published[::-1], rebuilt), (published, rebuilt[::-1])):
        other = _diff(tmp_path, pack(ours), pack(theirs))
        assert other.verdict is forward.verdict

        def told(diff: Diff) -> list[tuple[int | str, ...]]:
            return [finding_order(f) for f in diff.findings if f.kind is not FindingClass.NOTE]

        assert told(other) == told(forward)
        assert other.accounting.unexplained_bytes == forward.accounting.unexplained_bytes


def test_findings_come_most_dangerous_first(tmp_path: Path) -> None:
    diff = _diff(tmp_path, pack(entries(TAMPERED)), pack(entries()))
    assert list(diff.findings) == sorted(diff.findings, key=finding_order)
    assert diff.findings[0].rule == "code.autostart"


DUMP = """
import dataclasses, json, sys
from pathlib import Path
from verify.compare.engine import compare
print(json.dumps(dataclasses.asdict(compare(Path(sys.argv[1]), Path(sys.argv[2])))))
"""


def test_result_is_the_same_json_under_any_hash_seed(tmp_path: Path) -> None:
    published = write(tmp_path / "p", pack(entries(TAMPERED)[::-1]))
    rebuilt = write(tmp_path / "r", pack(entries()))
    outputs = {
        subprocess.run(
            [sys.executable, "-c", DUMP, published, rebuilt],
            env={**os.environ, "PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for seed in ("0", "1", "42")
    }
    assert len(outputs) == 1
    assert json.loads(outputs.pop())["verdict"] == "suspicious"


def test_explained_members_are_accounted_as_explained(tmp_path: Path) -> None:
    wheel = wheel_file("flit 3.9.0")
    published = pack(entries(with_record(honest_files({f"{DIST_INFO}/WHEEL": wheel}))))
    accounting = _diff(tmp_path, published, pack(entries())).accounting
    assert accounting.explained_bytes > 0
    assert accounting.unexplained_bytes == 0
    assert accounting.reproduced_bytes + accounting.explained_bytes == len(published)


def test_wheel_of_four_thousand_members_is_compared_within_seconds(tmp_path: Path) -> None:
    files = {f"example/m{at}.py": b"value = %d\n" % at * 150 for at in range(4000)}
    rows = [*(record_row(name, data) for name, data in (honest_files() | files).items())]
    wheel = with_record(honest_files(files), [*rows, f"{RECORD},,"])
    base = entries(wheel)
    published = write(tmp_path / "p", pack([replace(entry, date=0x5821) for entry in base]))
    rebuilt = write(tmp_path / "r", pack(base))
    start = time.process_time()
    diff = compare(published, rebuilt)
    assert diff.verdict is Verdict.REGENERATED
    # Half a second alone on one core; the bound only has to catch quadratic work.
    assert time.process_time() - start < 10
