"""A rebuild that could not be repaired: what repairing changes is no finding, all else is."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from builders import repair
from builders.repair import FAILED, why_unrepaired
from tests.attacks.native.image import Image
from tests.attacks.native.repairing import CALLING, built, copied, repaired
from tests.attacks.native.test_bundled_libraries import FOLDER, MODULE, judged, library
from tests.support.wheels import DIST_INFO
from verify.compare.decide import why_undetermined
from verify.compare.unrepaired import as_unrepaired
from verify.finding import FindingClass
from verify.results import Diff
from verify.verdict import Reason, Verdict

NAMES = (copied("libfoo.so.1", "0badc0de"), copied("libbar.so.2", "feedface"))
WORD = ("-Wl,--emit-relocs",)
PLAIN = {MODULE: built(WORD)}


def _published(**changes: bytes) -> dict[str, bytes]:
    """A repaired wheel."""
    copies = {f"{FOLDER}/{name}": library(name) for name in NAMES}
    return {MODULE: repaired(built()), **copies, **changes}


def _judged(tmp_path: Path, files: Mapping[str, bytes]) -> Diff:
    return as_unrepaired(judged(tmp_path, files, PLAIN), "it broke")


def test_what_repairing_changes_is_undetermined_and_says_why(tmp_path: Path) -> None:
    diff = _judged(tmp_path, _published())
    assert (diff.verdict, diff.reason) == (Verdict.UNDETERMINED, Reason.REPAIR_FAILED)
    told = why_undetermined(diff)
    assert told == "The rebuilt wheel could not be repaired as the published one was: it broke."
    assert {str(one.rule) for one in diff.findings if one.kind is FindingClass.UNEXPLAINED} == {
        "member.differs",  # RECORD
        "native.bundled-library",
        "native.differs",
    }


def test_the_list_that_auditwheel_makes_is_none_either(tmp_path: Path) -> None:
    listed = {f"{DIST_INFO}/sboms/auditwheel.cdx.json": b"{}"}
    assert _judged(tmp_path, {**_published(), **listed}).verdict is Verdict.UNDETERMINED


def _instruction(data: bytes) -> bytes:
    image = Image(data)
    at = image.address_of("work")
    image.write(at + image.read(at, 40).index(b"\x83\xc0\x03") + 2, b"\x04")
    return image.done()


def _elsewhere(data: bytes) -> bytes:
    image = Image(data)
    image.swap(".dynstr", b"$ORIGIN/../example.libs", b"/tmp/../../example.libs")
    return image.done()


OTHERS: dict[str, dict[str, bytes]] = {
    "an instruction": {MODULE: _instruction(repaired(built()))},
    "a string": {MODULE: repaired(built()).replace(b"hello %s", b"hullo %s")},
    "another source": {MODULE: repaired(built((), CALLING.replace("+ 3", "+ 5")))},
    "a module": {"example/more.py": b"x = 1\n"},
    "a file": {"example/data.bin": b"\0\1"},
    "a list elsewhere": {"example/x.dist-info/sboms/auditwheel.cdx.json": b"{}"},
}


@pytest.mark.parametrize("what", OTHERS)
def test_whatever_else_differs_is_different(what: str, tmp_path: Path) -> None:
    diff = _judged(tmp_path, _published(**OTHERS[what]))
    assert diff.verdict is Verdict.DIFFERENT
    assert "rebuild.unrepaired" in {str(one.rule) for one in diff.findings}


DANGEROUS: dict[str, dict[str, bytes]] = {
    "code on start": {"example.pth": b"import os; os.system('id')\n"},
    "a library that nothing asks for": {f"{FOLDER}/libother-12345678.so.1": library("libother.so")},
    "a path that leads elsewhere": {MODULE: _elsewhere(repaired(built()))},
}


@pytest.mark.parametrize("what", DANGEROUS)
def test_what_is_dangerous_is_told_as_before(what: str, tmp_path: Path) -> None:
    files = _published(**DANGEROUS[what])
    before = judged(tmp_path, files, PLAIN)
    diff = as_unrepaired(before, "it broke")
    assert diff.verdict is before.verdict is Verdict.SUSPICIOUS
    assert all(one in diff.findings for one in before.findings)


def test_a_rebuild_with_copies_of_its_own_was_repaired(tmp_path: Path) -> None:
    others = (copied("libfoo.so.1", "12345678"), copied("libbar.so.2", "12345678"))
    rebuilt = {
        MODULE: repaired(built(WORD), digits=("12345678", "12345678")),
        **{f"{FOLDER}/{name}": library(name) for name in others},
    }
    diff = as_unrepaired(judged(tmp_path, _published(), rebuilt), "a line in its log")
    assert diff.verdict is Verdict.DIFFERENT


def test_a_wheel_that_is_accounted_for_stays_so(tmp_path: Path) -> None:
    diff = judged(tmp_path, PLAIN, PLAIN)
    assert as_unrepaired(diff, "it broke") is diff


def test_the_last_line_of_a_log_that_says_so_is_the_reason() -> None:
    assert why_unrepaired(f"{FAILED}one\nmore\n{FAILED}auditwheel made no wheel\nend\n") == (
        "auditwheel made no wheel"
    )
    assert why_unrepaired(f"quoted: {FAILED}one\n") is None
    assert why_unrepaired("") is None


@pytest.mark.parametrize("tag", ["any", "manylinux_2_17_x86_64", "linux_x86_64"])
def test_a_wheel_that_cannot_be_repaired_stays_and_its_log_says_why(
    tag: str, tmp_path: Path
) -> None:
    """In the last case there is nothing but what auditwheel cannot read, if there is auditwheel."""
    wheel = tmp_path / f"example-1.0-py3-none-{tag}.whl"
    wheel.write_bytes(b"no archive")
    command = [sys.executable, repair.__file__, str(tmp_path), "repair", "manylinux2014_x86_64"]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    assert wheel.read_bytes() == b"no archive"
    assert why_unrepaired(ended.stderr), ended.stderr
    assert why_unrepaired(ended.stdout) is None
