"""What patchelf changed is read like any other file, and accounted for by a rebuild of its kind."""

import pytest

from tests.attacks.native.building import told
from tests.attacks.native.repairing import CALLING, built, copied, repaired
from tests.attacks.native.sources import CPP, RESOLVED
from tests.support.patchelf import NEWEST, USUAL, VERSIONS
from verify.native.compare import compare_native
from verify.native.parts import BUNDLED, REPAIR

WORD = "-Wl,--emit-relocs"
LINKS = {
    "plain": (),
    "code-among-constants": ("-Wl,-z,noseparate-code",),
    "bound-at-once": ("-Wl,-z,now", "-Wl,--hash-style=both"),
    "with-a-path-of-its-own": ("-Wl,-rpath,/opt/some/where/long/enough/to/be/written/over",),
    "stripped": ("-s",),
}
SOURCES = {"c": CALLING, "c++": CPP, "resolved": RESOLVED}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("link", LINKS)
def test_a_repaired_file_is_accounted_for(link: str, version: str) -> None:
    # The linker keeps its word in what it does not strip.
    kept = tuple(flag for flag in LINKS[link] if flag != "-s")
    plain, word = built(LINKS[link]), built((*kept, WORD))
    assert told(repaired(plain, version), repaired(word, version)) == []


@pytest.mark.parametrize("source", SOURCES)
def test_a_repaired_file_of_another_source_is_accounted_for(source: str) -> None:
    plain, word = built((), SOURCES[source]), built((WORD,), SOURCES[source])
    assert told(repaired(plain), repaired(word)) == []


@pytest.mark.parametrize("version", VERSIONS)
def test_another_patchelf_in_the_rebuild_is_no_difference(version: str) -> None:
    assert told(repaired(built(), version), repaired(built((WORD,)), NEWEST)) == []


@pytest.mark.parametrize("version", [USUAL, NEWEST])
def test_a_copy_of_another_file_is_all_that_is_told(version: str) -> None:
    ours = repaired(built(), version)
    theirs = repaired(built((WORD,)), version, ("12345678", "feedface"))
    comparison = compare_native(ours, theirs)
    (problem,) = comparison.problems
    assert comparison.parts == {BUNDLED}
    assert copied("libfoo.so.1", "0badc0de") in problem.summary
    assert copied("libfoo.so.1", "12345678") in problem.summary
    assert comparison.surface.identical == comparison.surface.functions
    assert comparison.surface.bytes_to_read == 0
    assert comparison.unaccounted is None, "no limit of code bytes accepts it"


def test_code_that_differs_is_told_beside_the_copy() -> None:
    other = CALLING.replace("packed(x) + 3", "packed(x) + 4")
    ours = repaired(built((), other))
    comparison = compare_native(ours, repaired(built((WORD,)), USUAL, ("12345678", "feedface")))
    assert comparison.parts == {BUNDLED, "code"}
    assert [read.name for read in comparison.surface.differing] == ["work"]


@pytest.mark.parametrize("version", [USUAL, NEWEST])
def test_what_repairing_changes_is_all_that_is_told_of_a_rebuild_without(version: str) -> None:
    comparison = compare_native(repaired(built(), version), built((WORD,)))
    assert comparison.parts == {REPAIR}
    assert comparison.surface.bytes_to_read == 0


def test_a_repair_of_what_the_rebuild_has_repaired_is_none() -> None:
    comparison = compare_native(built(), repaired(built((WORD,))))
    assert comparison.problems
    assert not comparison.parts & {BUNDLED, REPAIR}
