"""Native code for x86 and AArch64: nothing is trusted that is loaded as other bytes."""

import random
from pathlib import Path

import pytest

from tests.attacks.native.other_machines import (
    MACHINES,
    TAMPERED,
    flipped,
    for_aarch64,
    for_x86,
)
from tests.support.elf import compiled, in_section, patched, word
from tests.support.wheels import entries, honest_files, pack, with_record, write
from verify.compare.engine import compare
from verify.finding import FindingClass
from verify.native.elf import UnreadableElfError
from verify.native.elf_reader import read_elf
from verify.native.sections import compare_sections
from verify.results import Diff
from verify.verdict import Verdict

LIBRARY = "example/_speedups.abi3.so"


def _compared(folder: Path, published: bytes, rebuilt: bytes, name: str = LIBRARY) -> Diff:
    ours, theirs = (
        write(folder / side, pack(entries(with_record(honest_files({name: data})))))
        for side, data in (("p", published), ("r", rebuilt))
    )
    return compare(ours, theirs)


def _other_id(data: bytes) -> bytes:
    return in_section(data, ".note.gnu.build-id", 16, b"\x5a" * 20)


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("technique", TAMPERED)
def test_tampered_native_code_that_is_not_read_is_never_trusted(
    machine: str, technique: str, tmp_path: Path
) -> None:
    rebuilt = MACHINES[machine]()
    published = TAMPERED[technique](rebuilt)
    assert published != rebuilt
    for tampered in (published, _with_id(published)):
        verdict = _compared(tmp_path, tampered, rebuilt).verdict
        assert verdict in {Verdict.DIFFERENT, Verdict.SUSPICIOUS}


def _with_id(data: bytes) -> bytes:
    """The same with another build id as well, which alone would be explained."""
    at = MACHINES["x86"]() if data[4] == 1 else MACHINES["aarch64"]()
    note = read_elf(at).by_name[".note.gnu.build-id"]
    return patched(data, note.offset + 16, b"\x5a" * 20)


@pytest.mark.parametrize("machine", MACHINES)
def test_another_build_id_alone_is_explained(machine: str, tmp_path: Path) -> None:
    rebuilt = MACHINES[machine]()
    diff = _compared(tmp_path, _other_id(rebuilt), rebuilt)
    assert diff.verdict is Verdict.EQUIVALENT
    assert "native.same-image" in {finding.rule for finding in diff.findings}


@pytest.mark.parametrize("machine", MACHINES)
def test_only_a_loader_is_asked_for_such_a_file(machine: str, tmp_path: Path) -> None:
    rebuilt = MACHINES[machine]()
    diff = _compared(tmp_path, _other_id(rebuilt), rebuilt, "example/program")
    assert diff.verdict is Verdict.DIFFERENT


def test_debug_information_may_be_missing() -> None:
    with_it = compiled("int one(void) { return 1; }", "-m32", "-nostdlib", "-g")
    without = compiled("int one(void) { return 1; }", "-m32", "-nostdlib")
    for published, rebuilt in ((with_it, without), (without, with_it)):
        found = compare_sections(published, rebuilt)
        assert found is not None
        assert found.problems == ()


@pytest.mark.parametrize("machine", MACHINES)
def test_no_flipped_bit_of_what_is_loaded_is_trusted(machine: str) -> None:
    rebuilt = MACHINES[machine]()
    elf = read_elf(rebuilt)
    note = elf.by_name[".note.gnu.build-id"]
    free = {*range(note.offset + 16, note.offset + note.size)}
    end = max(segment.offset + segment.file_size for segment in elf.segments)
    chosen = random.Random(5)  # noqa: S311 - the same places each time
    places = chosen.sample(sorted({*range(end)} - free), 400)
    accepted = [
        at for at in places if _is_accepted(flipped(rebuilt, at, 1 << chosen.randrange(8)), rebuilt)
    ]
    assert accepted == []


def _is_accepted(published: bytes, rebuilt: bytes) -> bool:
    try:
        found = compare_sections(published, rebuilt)
    except UnreadableElfError:
        return False
    return found is not None and not found.problems


def test_files_for_two_processors_are_never_the_same(tmp_path: Path) -> None:
    published = patched(for_aarch64(), 18, word(62, 2))
    assert _compared(tmp_path, published, for_aarch64()).verdict is Verdict.DIFFERENT
    assert _compared(tmp_path, for_aarch64(), published).verdict is Verdict.DIFFERENT
    assert _compared(tmp_path, for_x86(), for_aarch64()).verdict is Verdict.DIFFERENT


CALLING = """
extern int system(const char *);
int call(void) { return system("/bin/sh -c id"); }
"""


def test_what_reaches_further_is_suspicious_on_every_processor(tmp_path: Path) -> None:
    plain = compiled("int call(void) { return 1; }", "-m32", "-nostdlib")
    published = compiled(CALLING, "-m32", "-nostdlib")
    diff = _compared(tmp_path, published, plain)
    assert diff.verdict is Verdict.SUSPICIOUS
    reaches = next(f for f in diff.findings if f.rule == "native.reaches-further")
    assert reaches.kind is FindingClass.DANGEROUS
    assert set(reaches.evidence["reaches"]) == {  # type: ignore[arg-type]  # a mapping
        "runs commands",
        "names addresses, shells or secrets",
    }


def test_evidence_names_sections_and_functions(tmp_path: Path) -> None:
    source = "int {0}(void) {{ return {1}; }}\nint other(void) {{ return 2; }}\n"
    rebuilt = compiled(source.format("answer", 1), "-m32", "-nostdlib")
    published = compiled(source.format("answer", 3), "-m32", "-nostdlib")
    diff = _compared(tmp_path, published, rebuilt)
    assert diff.verdict is Verdict.DIFFERENT
    found = next(f for f in diff.findings if f.rule == "native.differs")
    assert "1 of 2 named functions" in found.summary
    assert found.evidence["processor"] == "x86"
    assert [item["name"] for item in found.evidence["differing"]] == ["answer"]  # type: ignore[union-attr,index,call-overload]
    names = [item["name"] for item in found.evidence["differing_sections"]]  # type: ignore[union-attr,index,call-overload]
    assert ".text" in names
