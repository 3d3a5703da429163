"""Whether two files are loaded as the same bytes at the same addresses, on whatever processor.

The kernel and the loader go by the ELF header, the program headers and what these map; nothing
else of a file becomes part of a process. If all of it is the same, both files do the same, and
nobody has to understand a single instruction. Free are the build id, which names a file and is read
by debuggers, where the section headers stand, and what is never loaded; the latter has to be
exactly what its kind says, as in `verify.native.unloaded`.

Which bytes are the build id, the rebuilt file says: the published one cannot claim others for it.

Source: System V ABI, chapters 4 and 5 (gABI 4.1).
"""

from collections.abc import Iterator

from verify.native.checks.case import Problem
from verify.native.elf import Elf, Section, SectionFlag, SectionKind, SegmentKind
from verify.native.headers import check_headers
from verify.native.notes import BUILD_ID, BUILD_ID_SIZES, GNU, read_notes
from verify.native.padding import odd_bytes
from verify.native.segments import read_segments
from verify.native.unloaded import judge_unloaded

_BUILD_ID_SECTION = ".note.gnu.build-id"
_NOTE_HEAD = 16
"""Bytes of a note before its content: three words and `GNU`."""

_SECTION_TABLE = {32: ((32, 36), (48, 52)), 64: ((40, 48), (60, 64))}
"""`e_shoff`, and `e_shnum` with `e_shstrndx`: [start, end) by the file's bits."""

Span = tuple[int, int]
"""[start, end) of bytes in a file."""


def check_image(ours: Elf, theirs: Elf) -> Iterator[Problem]:
    """Yield what a published file would have loaded otherwise than the rebuilt one.

    Raises:
        UnreadableElfError: a header or a note of either contradicts itself.
    """
    for elf in (ours, theirs):
        check_headers(elf)
        read_segments(elf)
    yield from _headers(ours, theirs)
    yield from _contents(ours, theirs)
    yield from _sections(ours, theirs)
    yield from _rest(ours, theirs)


def _headers(ours: Elf, theirs: Elf) -> Iterator[Problem]:
    free = _SECTION_TABLE[ours.bits]
    left, right = (_cleared(elf, elf.headers[0], free) for elf in (ours, theirs))
    if left != right:
        yield Problem(part="loading", summary="the ELF header is another one")
    left, right = (elf.data[slice(*elf.headers[1])] for elf in (ours, theirs))
    if left != right or ours.headers[1] != theirs.headers[1]:
        yield Problem(part="layout", summary="other segments are loaded")


def _contents(ours: Elf, theirs: Elf) -> Iterator[Problem]:
    """What each segment has in the file; of those that are not loaded, too, for some are read."""
    free = (*_SECTION_TABLE[ours.bits], *_build_id(theirs))
    for number, segment in enumerate(ours.segments):
        span = segment.offset, segment.offset + segment.file_size
        if span[1] > len(ours.data):
            yield Problem(part="layout", summary=f"segment {number} ends behind the file")
        elif _cleared(ours, span, free) != _cleared(theirs, span, free):
            yield Problem(part="data", summary=f"segment {number} holds other bytes")


def _cleared(elf: Elf, span: Span, free: tuple[Span, ...]) -> bytes:
    """Some bytes of a file, with zeros for those that are free."""
    data = bytearray(elf.data[slice(*span)])
    for start, end in free:
        first, last = max(start, span[0]) - span[0], min(end, span[1]) - span[0]
        if first < last:
            data[first:last] = bytes(last - first)
    return bytes(data)


def _build_id(elf: Elf) -> Iterator[Span]:
    """Where a file has its build id; nothing where it is not one note alone in its section."""
    section = elf.by_name.get(_BUILD_ID_SECTION)
    if section is None or not section.is_loaded or section.kind != SectionKind.NOTE:
        return
    if section.flags & (SectionFlag.EXEC | SectionFlag.WRITE):
        return
    notes = [note for note in read_notes(elf) if note.section == _BUILD_ID_SECTION]
    if len(notes) != 1 or (notes[0].owner, notes[0].kind) != (GNU, BUILD_ID):
        return
    size = len(notes[0].content)
    if size in BUILD_ID_SIZES and section.size == _NOTE_HEAD + size:
        yield section.offset + _NOTE_HEAD, section.offset + section.size


def _sections(ours: Elf, theirs: Elf) -> Iterator[Problem]:
    """The loader goes by no section, but whoever reads the file does."""
    left, right = ([_told(elf, one) for one in _loaded(elf)] for elf in (ours, theirs))
    if left != right:
        yield Problem(part="layout", summary="its loaded sections are others")


def _loaded(elf: Elf) -> list[Section]:
    return [section for section in elf.sections if section.is_loaded]


def _told(elf: Elf, section: Section) -> tuple[str | int, ...]:
    """All of a section header, but its place in the table."""
    return (
        section.name,
        *(section.kind, section.flags, section.address, section.offset, section.size),
        *(section.alignment, section.entry_size, elf.sections[section.link].name, section.info),
    )


def _rest(elf: Elf, rebuilt: Elf) -> Iterator[Problem]:
    """What is never loaded, none of which stands where a page of a segment might reach."""
    end = max(s.offset + s.file_size for s in elf.segments if s.kind == SegmentKind.LOAD)
    for section in elf.sections[1:]:
        if not section.is_loaded and section.in_file and section.size and section.offset < end:
            yield Problem(part="unloaded", summary=f"{section.name} stands among what is loaded")
    for one in judge_unloaded(elf, rebuilt):
        if one.problem:
            yield Problem(part="unloaded", summary=f"{one.section}: {one.problem}")
    for offset, size in odd_bytes(elf):
        yield Problem(part="padding", summary=f"{size} B at {offset:#x} belong to nothing")
