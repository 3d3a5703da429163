"""Compiled code that stands ready-made in a source is a signal, however it is called or packed."""

import bz2
import compileall
import gzip
import io
import lzma
import tarfile
import time
import zipfile
from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from reports.evidence import evidence_lines
from tests.support.elf import ALONE, compiled
from tests.support.native import run
from verify import prebuilt
from verify.finding import FindingClass
from verify.prebuilt import binary_kind, prebuilt_binaries

ELF = compiled(ALONE, "-nostdlib")
_PACKERS: Mapping[str, Callable[[bytes], bytes]] = {
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
    ".tar": bytes,
}
PE = b"MZ\x90\0" + bytes(56) + b"\x40\0\0\0PE\0\0" + b"x" * 100


def _sdist(folder: Path, files: Mapping[str, bytes], name: str = "thing-1.0.tar.gz") -> Path:
    path = folder / name
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for member, data in files.items():
                archive.writestr(f"thing-1.0/{member}", data)
        return path
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for member, data in files.items():
            info = tarfile.TarInfo(f"thing-1.0/{member}")
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    path.write_bytes(_PACKERS[path.suffix](packed.getvalue()))
    return path


def _wheel(folder: Path, files: Mapping[str, bytes]) -> Path:
    path = folder / "thing-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, data in files.items():
            archive.writestr(member, data)
    return path


def _evidence(sdist: Path, wheel: Path) -> dict[str, Any]:
    (signal,) = prebuilt_binaries(sdist, wheel)
    assert (signal.rule, signal.kind) == ("release.prebuilt-binary", FindingClass.NOTE)
    return dict(signal.evidence)


def test_a_source_of_text_gives_no_signal(tmp_path: Path) -> None:
    sdist = _sdist(
        tmp_path, {"setup.py": b"print()\n", "logo.png": b"\x89PNG\r\n\x1a\n" + b"\0" * 50}
    )
    assert prebuilt_binaries(sdist, _wheel(tmp_path, {"thing/x.py": b""})) == ()


@pytest.mark.parametrize(
    "name", ["t.tar.gz", "t.tar.bz2", "t.tar.xz", "t.tar", "t.zip"], ids=lambda name: name[2:]
)
def test_a_binary_that_the_wheel_copies_is_told_with_both_names(name: str, tmp_path: Path) -> None:
    sdist = _sdist(tmp_path, {"setup.py": b"", "data/table.txt": ELF}, name)
    evidence = _evidence(sdist, _wheel(tmp_path, {"thing/_core.so": ELF, "thing/a.py": b"a"}))
    assert evidence == {
        "binaries": [
            {
                "name": "thing-1.0/data/table.txt",
                "kind": "ELF",
                "sha256": sha256(ELF).hexdigest(),
                "size": len(ELF),
                "in_wheel": ["thing/_core.so"],
            }
        ],
        "copied_into_wheel": 1,
        "only_in_source": 0,
    }


def test_a_binary_that_the_wheel_lacks_is_told_as_that(tmp_path: Path) -> None:
    changed = ELF[:-1] + b"\1"
    sdist = _sdist(tmp_path, {"tests/data": ELF})
    (signal,) = prebuilt_binaries(sdist, _wheel(tmp_path, {"thing/_core.so": changed}))
    assert (signal.evidence["copied_into_wheel"], signal.evidence["only_in_source"]) == (0, 1)
    assert signal.summary == "the source holds 1 binary that the wheel does not hold as such"


def test_what_the_wheel_copies_is_told_first_however_many_others_there_are(tmp_path: Path) -> None:
    many = {f"tests/{at}.bin": ELF + bytes([at]) for at in range(100)}
    sdist = _sdist(tmp_path, {**many, "z": ELF})
    (signal,) = prebuilt_binaries(sdist, _wheel(tmp_path, {"thing/_core.so": ELF}))
    first = evidence_lines(signal, verbose=False)[0]
    assert first == f"thing-1.0/z: ELF, {len(ELF):,} B, in the wheel as thing/_core.so"
    assert (signal.evidence["copied_into_wheel"], signal.evidence["only_in_source"]) == (1, 100)
    listed = signal.evidence["binaries"]
    assert isinstance(listed, list)
    assert len(listed) == prebuilt.MAX_LISTED


def _object(folder: Path) -> bytes:
    (folder / "o.s").write_text(".text\nnop\n")
    run("gcc", "-c", "o.s", "-o", "o.o", cwd=folder)
    return (folder / "o.o").read_bytes()


def test_real_files_of_each_kind_are_known(tmp_path: Path) -> None:
    (tmp_path / "o.o").write_bytes(_object(tmp_path))
    run("ar", "rc", "libo.a", "o.o", cwd=tmp_path)
    (tmp_path / "module.py").write_text("VALUE = [1, 2, 3]\n")
    compileall.compile_file(tmp_path / "module.py", quiet=2, legacy=True)
    kinds = {
        name: binary_kind((tmp_path / name).read_bytes())
        for name in ("o.o", "libo.a", "module.pyc", "module.py", "o.s")
    }
    assert kinds == {
        "o.o": "ELF",
        "libo.a": "static library",
        "module.pyc": "Python bytecode",
        "module.py": None,
        "o.s": None,
    }


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (PE, "PE (Windows)"),
        (b"\xcf\xfa\xed\xfe\x07\0\0\x01", "Mach-O"),
        (b"\xca\xfe\xba\xbe\0\0\0\x02\x01\0\0\x07", "Mach-O, universal"),
        (b"\xca\xfe\xba\xbe\0\0\0\x34\0\x10", "Java class"),
        (b"!<thin>\n/   ", "static library"),
        (b"\0asm\1\0\0\0", "WebAssembly"),
        (b"PK\3\4\x14\0\0\0\0\0" + bytes(20) + b"META-INF/MANIFEST.MF", "Java archive"),
        (b"\x03\xf3\r\n\0\0\0\0c\0\0\0\0", "Python bytecode"),  # 2.7
        (b"\x64\x86\x03\0\0\0\0\0\x80\x01\0\0\x0b\0\0\0\0\0\0\0.text\0\0\0", "COFF object"),
    ],
)
def test_formats_are_known_by_their_first_bytes(head: bytes, kind: str) -> None:
    assert binary_kind(head) == kind


@pytest.mark.parametrize(
    "text",
    [
        b"MZ is how this text begins, and it ends\n",
        b"id\r\n12345c7\r\n",
        b"dL\r\n",
        b"",
        b"L\x01",
        b"PK\3\4" + bytes(26) + b"thing/__init__.py",
        b"\xff\xd8\xff\xe0\0\x10JFIF",
        b"BZh91AY&SY",
    ],
)
def test_texts_and_other_data_are_none(text: bytes) -> None:
    assert binary_kind(text) is None


def test_a_source_that_ends_too_early_is_told_as_not_searched(tmp_path: Path) -> None:
    sdist = _sdist(tmp_path, {"setup.py": b"", "a": ELF * 20, "b": ELF})
    sdist.write_bytes(sdist.read_bytes()[:2000])
    evidence = _evidence(sdist, _wheel(tmp_path, {"x": b""}))
    assert str(evidence["not_searched"]).startswith("thing-1.0.tar.gz cannot be read")


def test_a_source_that_unpacks_without_end_costs_no_more_than_the_bound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prebuilt, "MAX_SEARCHED", 16 * 1024**2)
    path = tmp_path / "thing-1.0.tar.bz2"
    info = tarfile.TarInfo("thing-1.0/big")
    info.size = 64 * 1024**2
    path.write_bytes(bz2.compress(info.tobuf() + ELF + bytes(info.size - len(ELF))))
    began = time.process_time()
    evidence = _evidence(path, _wheel(tmp_path, {"x": ELF}))
    assert "too many bytes" in str(evidence["not_searched"])
    assert time.process_time() - began < 10


def test_the_holes_of_a_sparse_file_count_as_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One header can claim a file of any size: without a bound, hashing it would never end."""
    monkeypatch.setattr(prebuilt, "MAX_SEARCHED", 16 * 1024**2)
    info = tarfile.TarInfo("thing-1.0/big")
    info.type, info.size = tarfile.GNUTYPE_SPARSE, 512
    header = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    header[386:410] = b"%011o\0%011o\0" % (0, 512)
    header[483:495] = b"%011o\0" % (1 << 32)
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    path = tmp_path / "thing-1.0.tar"
    path.write_bytes(bytes(header) + ELF[:512] + bytes(1024))
    evidence = _evidence(path, _wheel(tmp_path, {"x": ELF}))
    assert "too many bytes" in str(evidence["not_searched"])


def test_digits_in_a_file_are_no_absurd_header(tmp_path: Path) -> None:
    sdist = _sdist(tmp_path, {"pi.txt": b"3" * 300_000, "b": ELF})
    evidence = _evidence(sdist, _wheel(tmp_path, {"x": ELF}))
    assert "not_searched" not in evidence
    assert evidence["copied_into_wheel"] == 1


def test_a_zip_that_lies_about_sizes_is_told_as_not_searched(tmp_path: Path) -> None:
    sdist = _sdist(tmp_path, {"a": ELF + bytes(10**6)}, "thing-1.0.zip")
    data = sdist.read_bytes()
    size = (len(ELF) + 10**6).to_bytes(4, "little")
    sdist.write_bytes(data.replace(size, (2000).to_bytes(4, "little")))
    evidence = _evidence(sdist, _wheel(tmp_path, {"x": ELF}))
    assert "not_searched" in evidence


def test_a_zip_packed_in_another_way_is_told_as_not_searched(tmp_path: Path) -> None:
    path = tmp_path / "thing-1.0.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("thing-1.0/a", ELF)
    assert "not_searched" in _evidence(path, _wheel(tmp_path, {"x": ELF}))


def test_an_unreadable_wheel_holds_nothing(tmp_path: Path) -> None:
    wheel = tmp_path / "thing-1.0-py3-none-any.whl"
    wheel.write_bytes(b"no archive")
    evidence = _evidence(_sdist(tmp_path, {"a": ELF}), wheel)
    assert (evidence["copied_into_wheel"], evidence["only_in_source"]) == (0, 1)


def test_names_without_end_are_cut(tmp_path: Path) -> None:
    sdist = _sdist(tmp_path, {"a" * 5000: ELF})
    (binary,) = _evidence(sdist, _wheel(tmp_path, {"x": ELF}))["binaries"]
    assert len(binary["name"]) == 200


def test_links_to_binaries_are_told_once(tmp_path: Path) -> None:
    path = tmp_path / "thing-1.0.tar"
    with tarfile.open(path, "w") as tar:
        info = tarfile.TarInfo("thing-1.0/a")
        info.size = len(ELF)
        tar.addfile(info, io.BytesIO(ELF))
        link = tarfile.TarInfo("thing-1.0/b")
        link.type, link.linkname = tarfile.LNKTYPE, "thing-1.0/a"
        tar.addfile(link)
    assert _evidence(path, _wheel(tmp_path, {"x": b""}))["only_in_source"] == 1
