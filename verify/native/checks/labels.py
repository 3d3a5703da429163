"""Labels: notes, and what is never loaded or belongs to nothing."""

from collections import Counter
from collections.abc import Iterator, Sequence

from verify.native.checks.case import Case, Problem
from verify.native.elf import Elf
from verify.native.notes import BUILD_ID, BUILD_ID_SIZES, GNU, PROPERTIES, Note, read_notes
from verify.native.padding import odd_bytes
from verify.native.unloaded import judge_unloaded


def check_notes(case: Case) -> Iterator[Problem]:
    """The published file has no note that the rebuilt one lacks, but for its build id.

    Notes that are not loaded are judged with all else that is not, by what they are.
    """
    ours, theirs = (
        Counter(_note_key(note) for note in _loaded(module.elf) if not _is_build_id(note))
        for module in (case.published, case.rebuilt)
    )
    missing = {key for key in theirs - ours if key[2] == PROPERTIES}
    for section, owner, kind, *_ in sorted({*(ours - theirs)} | missing, key=str):
        yield Problem(part="loading", summary=f"{section}: note {kind} of {owner}")
    own = [len(note.content) for note in read_notes(case.published.elf) if _is_build_id(note)]
    if len(own) > 1 or not BUILD_ID_SIZES.issuperset(own):
        yield Problem(part="loading", summary="a build id that no linker writes")


def check_unloaded(case: Case) -> Iterator[Problem]:
    """What is never loaded is what its kind says; what is of no section is zero."""
    for section in judge_unloaded(case.published.elf, case.rebuilt.elf):
        if section.problem:
            yield Problem(part="unloaded", summary=f"{section.section}: {section.problem}")
    for offset, size in odd_bytes(case.published.elf):
        yield Problem(part="padding", summary=f"{size} B at {offset:#x} belong to nothing")


def _loaded(elf: Elf) -> Iterator[Note]:
    """The notes of sections that are loaded, or are named as one that is."""
    loaded = {section.name for section in elf.sections if section.is_loaded}
    return (note for note in read_notes(elf) if note.section in loaded)


def _is_build_id(note: Note) -> bool:
    return (note.owner, note.kind) == (GNU, BUILD_ID)


def _note_key(note: Note) -> tuple[str, str, int, bytes, Sequence[tuple[int, bytes]]]:
    return note.section, note.owner, note.kind, note.content, note.properties
