"""Libraries that a repair tool copied into the published wheel: told one by one, never accepted.

Each pair is a wheel as auditwheel leaves it and what a plain build gives: the extension module asks
for the copy in the one and for the system's library in the other.
"""

from collections.abc import Callable, Mapping
from functools import cache
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from tests.support.elf import compiled, in_section, section
from tests.support.wheels import entries, honest_files, pack, with_record, write
from verify.compare.engine import compare
from verify.finding import Finding
from verify.results import Diff
from verify.rules import libraries
from verify.verdict import Verdict

MODULE = "example/_core.cpython-311-x86_64-linux-gnu.so"
FOLDER = "example.libs"

BUNDLED = "native.bundled-library"
BINARY = "code.binary-only-published"
REACHES = "native.reaches-further"
TRUSTED = {Verdict.IDENTICAL, Verdict.REGENERATED, Verdict.EQUIVALENT}

LIBRARY = "int packed(int x) { return x * 31 + 7; }\nint unpacked(int x) { return (x - 7) / 31; }\n"
CALLING = "int packed(int);\nint work(int x) { return packed(x) + 1; }\n"
BACKDOOR = f'int system(const char *);\n{LIBRARY}int extra(void) {{ return system("id"); }}\n'


@cache
def library(soname: str, source: str = LIBRARY, *needed: str) -> bytes:
    """A library of some name that loads others, which exist in name only."""
    return _linked(source, needed, "-Wl,--build-id", f"-Wl,-soname,{soname}")


@cache
def module(*needed: str) -> bytes:
    """An extension module that loads some libraries."""
    return _linked(CALLING, needed)


def _linked(source: str, needed: tuple[str, ...], *flags: str) -> bytes:
    with TemporaryDirectory() as folder:
        stubs = [Path(folder, soname) for soname in needed]
        for stub in stubs:
            stub.write_bytes(compiled("", "-nostdlib", f"-Wl,-soname,{stub.name}"))
        return compiled(source, "-nostdlib", *flags, "-Wl,--no-as-needed", *map(str, stubs))


def named(original: str = "libpack.so.1.2", digits: str = "0badc0de") -> str:
    stem, _, rest = original.partition(".")
    return f"{stem}-{digits}.{rest}"


def judged(tmp_path: Path, published: Mapping[str, bytes], rebuilt: Mapping[str, bytes]) -> Diff:
    ours, theirs = (
        write(tmp_path / side, pack(entries(with_record(honest_files(dict(files))))))
        for side, files in (("p", published), ("r", rebuilt))
    )
    return compare(ours, theirs)


def found(diff: Diff, member: str) -> dict[str, Finding]:
    return {str(finding.rule): finding for finding in diff.findings if finding.member == member}


def repaired(name: str, data: bytes, folder: str = FOLDER) -> dict[str, bytes]:
    """What a wheel holds after a repair that copied one library."""
    return {MODULE: module(name), f"{folder}/{name}": data}


PLAIN = {MODULE: module("libpack.so.1")}


@pytest.mark.parametrize(
    "folder", [FOLDER, "example/.libs", "example/.dylibs", ".libs_example", "example/sub/.libs"]
)
def test_a_copied_library_is_one_finding_that_says_all_there_is(
    folder: str, tmp_path: Path
) -> None:
    name = named()
    data = library(name)
    diff = judged(tmp_path, repaired(name, data, folder), PLAIN)
    assert diff.verdict is Verdict.DIFFERENT
    (finding,) = found(diff, f"{folder}/{name}").values()
    evidence: dict[str, Any] = dict(finding.evidence)
    note = section(data, ".note.gnu.build-id")
    assert finding.rule == BUNDLED
    assert evidence["soname"] == name
    assert evidence["original_name"] == "libpack.so.1.2"
    assert evidence["hash_in_name"] == "0badc0de"
    assert evidence["build_id"] == data[note.offset + 16 : note.offset + note.size].hex()
    assert evidence["needed_by"] == [MODULE]
    assert evidence["sha256"] == sha256(data).hexdigest()
    assert (evidence["imports"], evidence["asks_for"]) == ([], {})
    assert evidence["said_to_be"] == []


def test_what_a_copied_library_imports_is_told_by_what_it_can_do(tmp_path: Path) -> None:
    name = named()
    diff = judged(tmp_path, repaired(name, library(name, BACKDOOR)), PLAIN)
    evidence = found(diff, f"{FOLDER}/{name}")[BUNDLED].evidence
    assert evidence["imports"] == ["system"]
    assert evidence["asks_for"] == {"runs commands": ["system"]}


def test_libraries_of_copied_libraries_are_told_with_who_needs_them(tmp_path: Path) -> None:
    outer, inner = named(), named("libbits.so.3", "12345678")
    published = {
        MODULE: module(outer),
        f"{FOLDER}/{outer}": library(outer, LIBRARY, inner),
        f"{FOLDER}/{inner}": library(inner),
    }
    diff = judged(tmp_path, published, PLAIN)
    assert diff.verdict is Verdict.DIFFERENT
    assert found(diff, f"{FOLDER}/{inner}")[BUNDLED].evidence["needed_by"] == [f"{FOLDER}/{outer}"]
    assert found(diff, f"{FOLDER}/{outer}")[BUNDLED].evidence["needs"] == [inner]


def test_a_version_in_the_name_before_the_hash_is_part_of_the_name(tmp_path: Path) -> None:
    """auditwheel puts the hash before the first dot: `libldap-2-89849551.4.so.2.10.9`."""
    name = named("libpack-2.4.so.2.10.9")
    diff = judged(tmp_path, repaired(name, library(name)), {MODULE: module("libpack-2.4.so.2")})
    assert name == "libpack-2-0badc0de.4.so.2.10.9"
    assert list(found(diff, f"{FOLDER}/{name}")) == [BUNDLED]
    assert diff.verdict is Verdict.DIFFERENT


@pytest.mark.parametrize(
    ("file", "stem"),
    [
        ("libz-2f1d0a3c.so.1.2.7", "libz"),
        ("libz.so.1", "libz"),
        ("libssl-cd1d6220.so.1.0.2k", "libssl"),
        ("libldap-2-89849551.4.so.2.10.9", "libldap-2.4"),
        ("libldap-2.4.so.2", "libldap-2.4"),
        ("libsodium-5c8df72c1d2e.so", "libsodium"),
        ("libfoo-bar.so.1", "libfoo-bar"),
        ("libz.1.dylib", "libz.1.dylib"),
    ],
)
def test_the_stem_of_a_library_is_what_all_its_names_share(file: str, stem: str) -> None:
    assert libraries.stem(file) == stem


def _as_debian_has_it() -> tuple[str, str, str]:
    """File, sha256 and build-id of a library in the table."""
    from builders.packaged_libraries import _table  # noqa: PLC0415

    row = next(row for row in _table() if row.file.startswith("libz.so"))
    return row.file, row.sha256, row.build_id


def test_a_library_that_is_labelled_as_a_distributions_is_still_unexplained(
    tmp_path: Path,
) -> None:
    """The right hash in its name, the right build-id, and other bytes."""
    file, digest, build_id = _as_debian_has_it()
    name = named(file, digest[:8])
    data = in_section(library(name, BACKDOOR), ".note.gnu.build-id", 16, bytes.fromhex(build_id))
    diff = judged(tmp_path, repaired(name, data), {MODULE: module("libz.so.1")})
    assert diff.verdict is Verdict.DIFFERENT
    finding = found(diff, f"{FOLDER}/{name}")[BUNDLED]
    (origin,) = _list(finding.evidence["said_to_be"])
    assert origin["told_by"] == ["hash-in-name", "build-id"]
    assert str(origin["package"]).startswith("zlib ")
    assert "proves nothing" in finding.summary


def _list(value: object) -> list[Any]:
    assert isinstance(value, list)
    return value


def test_a_known_hash_in_the_name_of_another_library_is_no_label(tmp_path: Path) -> None:
    _file, digest, _build_id = _as_debian_has_it()
    name = named("libpack.so.1.2", digest[:8])
    diff = judged(tmp_path, repaired(name, library(name)), PLAIN)
    assert found(diff, f"{FOLDER}/{name}")[BUNDLED].evidence["said_to_be"] == []


def test_the_same_library_on_both_sides_is_reproduced(tmp_path: Path) -> None:
    name = named()
    files = repaired(name, library(name))
    assert judged(tmp_path, files, files).verdict in TRUSTED


def test_one_byte_changed_in_a_copy_that_the_rebuild_has_is_no_longer_trusted(
    tmp_path: Path,
) -> None:
    name = named()
    honest = library(name)
    code = section(honest, ".text")
    tampered = in_section(honest, ".text", code.size - 2, b"\x90")
    assert tampered != honest
    diff = judged(tmp_path, repaired(name, tampered), repaired(name, honest))
    assert diff.verdict is Verdict.DIFFERENT
    assert list(found(diff, f"{FOLDER}/{name}")) == ["native.differs"]


def test_another_release_of_the_rebuilds_library_is_compared_with_it(tmp_path: Path) -> None:
    ours, theirs = named(), named(digits="feedface")
    diff = judged(tmp_path, repaired(ours, library(ours)), repaired(theirs, library(theirs)))
    evidence: dict[str, Any] = dict(found(diff, f"{FOLDER}/{ours}")[BUNDLED].evidence)
    assert evidence["rebuilt_library"] == f"{FOLDER}/{theirs}"
    assert evidence["compared"]["identical"] == evidence["compared"]["functions"] > 0
    assert diff.verdict is Verdict.DIFFERENT, "the same code under another name is no proof either"


def test_a_copy_that_reaches_further_than_the_rebuilds_is_dangerous(tmp_path: Path) -> None:
    ours, theirs = named(), named(digits="feedface")
    diff = judged(
        tmp_path, repaired(ours, library(ours, BACKDOOR)), repaired(theirs, library(theirs))
    )
    assert diff.verdict is Verdict.SUSPICIOUS
    finding = found(diff, f"{FOLDER}/{ours}")[REACHES]
    assert dict(_mapping(finding.evidence["reaches"])) == {"runs commands": ["system"]}


def _mapping(value: object) -> Mapping[str, object]:
    assert isinstance(value, Mapping)
    return value


def _nobody_needs_it(name: str) -> tuple[dict[str, bytes], dict[str, bytes]]:
    return {MODULE: module("libpack.so.1"), f"{FOLDER}/{name}": library(name)}, PLAIN


def _needed_by_what_the_rebuild_lacks(name: str) -> tuple[dict[str, bytes], dict[str, bytes]]:
    return {"example/_more.so": module(name), f"{FOLDER}/{name}": library(name)}, {}


def _the_rebuild_needs_no_such(name: str) -> tuple[dict[str, bytes], dict[str, bytes]]:
    return repaired(name, library(name)), {MODULE: module("libother.so.1")}


def _lies_elsewhere(name: str) -> tuple[dict[str, bytes], dict[str, bytes]]:
    return repaired(name, library(name), "example/lib"), PLAIN


def _calls_itself_otherwise(name: str) -> tuple[dict[str, bytes], dict[str, bytes]]:
    return repaired(name, library("libpack.so.1")), PLAIN


def _is_no_library(name: str) -> tuple[dict[str, bytes], dict[str, bytes]]:
    return repaired(name, b"\x7fELF" + bytes(60)), PLAIN


def _has_lying_headers(name: str) -> tuple[dict[str, bytes], dict[str, bytes]]:
    data = bytearray(library(name))
    data[0x28:0x30] = (len(data) - 64).to_bytes(8, "little")
    return repaired(name, bytes(data)), PLAIN


@pytest.mark.parametrize(
    "pair",
    [
        _nobody_needs_it,
        _needed_by_what_the_rebuild_lacks,
        _the_rebuild_needs_no_such,
        _lies_elsewhere,
        _calls_itself_otherwise,
        _is_no_library,
        _has_lying_headers,
    ],
    ids=lambda pair: pair.__name__.strip("_"),
)
def test_native_code_that_is_no_copied_library_stays_dangerous(
    pair: Callable[[str], tuple[dict[str, bytes], dict[str, bytes]]], tmp_path: Path
) -> None:
    name = named()
    published, rebuilt = pair(name)
    diff = judged(tmp_path, published, rebuilt)
    assert diff.verdict is Verdict.SUSPICIOUS
    member = next(member for member in published if member.endswith(name))
    assert BINARY in found(diff, member)
    assert BUNDLED not in found(diff, member)


@pytest.mark.parametrize(
    "original",
    ["libc.so.6", "libm.so.6", "libpthread.so.0", "libdl.so.2", "libstdc++.so.6", "libgcc_s.so.1"],
)
def test_a_copy_of_what_every_platform_has_is_none_that_a_repair_tool_makes(
    original: str, tmp_path: Path
) -> None:
    name = named(original)
    rebuilt = {MODULE: module(original)}
    diff = judged(tmp_path, repaired(name, library(name)), rebuilt)
    assert diff.verdict is Verdict.SUSPICIOUS
    assert BINARY in found(diff, f"{FOLDER}/{name}")


def test_libraries_that_need_each_other_in_a_ring_are_told_once_each(tmp_path: Path) -> None:
    first, second = named("liba.so.1", "00000001"), named("libb.so.1", "00000002")
    published = {
        MODULE: module(first),
        f"{FOLDER}/{first}": library(first, LIBRARY, second),
        f"{FOLDER}/{second}": library(second, LIBRARY, first),
    }
    diff = judged(tmp_path, published, {MODULE: module("liba.so.1")})
    assert list(found(diff, f"{FOLDER}/{first}")) == list(found(diff, f"{FOLDER}/{second}"))
    assert diff.verdict is Verdict.DIFFERENT


def test_a_ring_that_nothing_rebuilt_needs_is_dangerous(tmp_path: Path) -> None:
    first, second = named("liba.so.1", "00000001"), named("libb.so.1", "00000002")
    published = {
        **PLAIN,
        f"{FOLDER}/{first}": library(first, LIBRARY, second),
        f"{FOLDER}/{second}": library(second, LIBRARY, first),
    }
    assert judged(tmp_path, published, PLAIN).verdict is Verdict.SUSPICIOUS


def test_a_library_that_loads_ever_so_many_others_leads_to_none_of_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else some thousand files could name some thousand each, and each edge would be gone along."""
    monkeypatch.setattr(libraries, "MAX_NEEDED", 3)
    outer, inner = named(), named("libbits.so.3", "12345678")
    others = ("libx.so.1", "liby.so.1", "libz.so.1")
    published = {
        MODULE: module(outer),
        f"{FOLDER}/{outer}": library(outer, LIBRARY, inner, *others),
        f"{FOLDER}/{inner}": library(inner),
    }
    diff = judged(tmp_path, published, PLAIN)
    assert diff.verdict is Verdict.SUSPICIOUS
    assert BINARY in found(diff, f"{FOLDER}/{outer}")
    assert BINARY in found(diff, f"{FOLDER}/{inner}")
