"""Notes that are not loaded say nothing about loading; those that are have to be the rebuild's."""

from tests.support.elf import C, compiled
from tests.unit.native.test_unloaded import ATTRIBUTES
from verify.native.compare import compare_native

PLAIN = compiled(C, "-Wl,--emit-relocs")
LOADED = ATTRIBUTES.replace('.gnu.build.attributes,\\"\\"', '.note.other,\\"a\\"')


def parts(published: str) -> set[str]:
    """Of what the problems are, of the source with something published beside it."""
    return {problem.part for problem in compare_native(compiled(C + published), PLAIN).problems}


def test_a_note_that_is_not_loaded_is_judged_by_what_it_is() -> None:
    assert parts(ATTRIBUTES) == set()
    assert parts(ATTRIBUTES.replace("0x101", "0x102")) == {"unloaded"}
    assert parts(ATTRIBUTES.replace(".gnu.build.attributes", ".note.other")) == {"unloaded"}


def test_a_note_that_is_loaded_has_to_be_the_rebuilds() -> None:
    assert LOADED != ATTRIBUTES
    assert parts(LOADED) == {"loading"}
