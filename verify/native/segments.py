"""The segments other than what is loaded: each is exactly the sections that it is about.

Source: System V ABI, chapter 5, "Program Header"; the GNU ones as glibc and ld treat them.
"""

import struct
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from verify.native.elf import (
    Elf,
    Section,
    SectionFlag,
    SectionKind,
    Segment,
    SegmentFlag,
    SegmentKind,
    UnreadableElfError,
)
from verify.native.padding import FILLER

_EH_FRAME_HEADER = ".eh_frame_hdr"
_PROPERTY = ".note.gnu.property"
_INTERPRETER = ".interp"
_SINGLE = frozenset(SegmentKind) - {SegmentKind.LOAD, SegmentKind.NOTE, SegmentKind.NULL}

_READ_ONLY = frozenset(SegmentKind) - {
    SegmentKind.LOAD,
    SegmentKind.NULL,
    SegmentKind.DYNAMIC,
    SegmentKind.GNU_STACK,
}
_HEADER_SIZE = 56
"""Bytes of a program header of 64 bits."""

_WORD = 4
"""What notes are aligned by that loaders of 64 bits take no properties from."""

_PAGE = 4096
"""The smallest page: what shares one with other data stays writable."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Segments:
    """What segments say that sections do not.

    Attributes:
        stack_flags: how the stack has to be mapped; None leaves it to the system (executable).
        relro: names of the sections that are read-only after relocation, by address.
        interpreter: the loader that a program asks for.
        protected: [start, end) of what can be read only after relocation: whole pages.
        protection: the name of each loaded section, by address, and the flags of its mapping.
    """

    stack_flags: int | None
    relro: tuple[str, ...]
    protected: tuple[int, int]
    interpreter: str | None
    protection: tuple[tuple[str, int], ...]


def read_segments(elf: Elf) -> Segments:
    """Check each segment against the sections and take what is a value of its own.

    Raises:
        UnreadableElfError: a segment is unknown or doubled, is not what its sections are, or maps
            memory that can be both written and executed.
    """
    _check_headers(elf)
    for segment in elf.segments:
        check = _CHECKS.get(segment.kind)
        if check is not None:
            check(elf, segment)
    _check_covered(elf)
    return Segments(
        stack_flags=_stack_flags(elf),
        relro=_relro(elf),
        protected=_protected(elf),
        interpreter=_interpreter(elf),
        protection=_protection(elf),
    )


def _of(elf: Elf, kind: SegmentKind) -> list[Segment]:
    return [segment for segment in elf.segments if segment.kind == kind]


def _check_headers(elf: Elf) -> None:
    """No unknown kind, none doubled, and no field that says something that nobody reads."""
    known = frozenset(SegmentKind)
    for segment in elf.segments:
        if segment.kind not in known:
            raise UnreadableElfError(f"has a segment of the unknown type {segment.kind:#x}")
        if segment.flags > SegmentFlag.READ | SegmentFlag.WRITE | SegmentFlag.EXEC:
            raise UnreadableElfError(f"has a segment with the unknown flags {segment.flags:#x}")
        if segment.kind == SegmentKind.LOAD and not segment.flags & SegmentFlag.READ:
            raise UnreadableElfError("has a segment that nobody may read")
        if segment.kind in _READ_ONLY and segment.flags != SegmentFlag.READ:
            raise UnreadableElfError("has a segment with flags that it does not need")
        if segment.alignment & (segment.alignment - 1):
            raise UnreadableElfError("has a segment whose alignment is no power of two")
    for kind in _SINGLE:
        if len(_of(elf, kind)) > 1:
            raise UnreadableElfError(f"has several segments of the type {kind.name}")
    start, end = elf.headers[1]
    layout = struct.Struct("<24xQ24x" if elf.bits == 64 else "<12xI16x")
    physical = [address for (address,) in layout.iter_unpack(elf.data[start:end])]
    if physical != [segment.address for segment in elf.segments]:
        raise UnreadableElfError("has a segment with a physical address of its own")


def _is_exactly(segment: Segment, first: Section, last: Section) -> bool:
    """Whether a segment is what lies in the file from one section to another."""
    size = last.end - first.address
    return (segment.address, segment.offset, segment.file_size, segment.memory_size) == (
        first.address,
        first.offset,
        size,
        size,
    )


def _expect_section(elf: Elf, segment: Segment, name: str) -> None:
    section = elf.by_name.get(name)
    if section is None or not section.is_loaded or not _is_exactly(segment, section, section):
        raise UnreadableElfError(f"its segment for {name} is not that section")


def _check_empty(_: Elf, segment: Segment) -> None:
    values = (segment.flags, segment.offset, segment.address)
    if any((*values, segment.file_size, segment.memory_size, segment.alignment)):
        raise UnreadableElfError("has an unused program header that is not empty")


def _check_interpreter(elf: Elf, segment: Segment) -> None:
    _expect_section(elf, segment, _INTERPRETER)


def _check_eh_frame_header(elf: Elf, segment: Segment) -> None:
    _expect_section(elf, segment, _EH_FRAME_HEADER)


def _check_property(elf: Elf, segment: Segment) -> None:
    _expect_section(elf, segment, _PROPERTY)


def _check_stack(_: Elf, segment: Segment) -> None:
    values = (segment.offset, segment.address, segment.file_size, segment.memory_size)
    if any(values):
        raise UnreadableElfError("asks for a stack of a certain size or place")


def _check_own_headers(elf: Elf, segment: Segment) -> None:
    start, end = elf.headers[1]
    sizes = (segment.offset, segment.file_size, segment.memory_size)
    if sizes != (start, end - start, end - start):
        raise UnreadableElfError("its segment for program headers is not where they are")
    for load in _of(elf, SegmentKind.LOAD):
        inside = load.offset <= start and end <= load.offset + load.file_size
        if inside and load.address - load.offset == segment.address - start:
            return
    raise UnreadableElfError("its program headers are not loaded where it says")


def is_former_note(elf: Elf, segment: Segment) -> bool:
    """Whether a segment of notes is about a place that patchelf up to 0.11 moved them away from.

    It did not move the segment with them. There are program headers now, or patchelf's filler, and
    nobody reads them as notes: those that loaders of 64 bits look for are aligned by eight bytes.
    """
    start, end = segment.offset, segment.offset + segment.file_size
    sizes = [section.size for section in _notes(elf)]
    is_like_it = (
        (elf.bits, segment.kind, segment.alignment) == (64, SegmentKind.NOTE, _WORD)
        and segment.address == start
        and segment.memory_size == segment.file_size
        and segment.file_size in sizes
    )
    is_taken = any(s.offset < end and start < s.offset + s.size for s in elf.sections if s.in_file)
    first, behind = elf.headers[1]
    # It was behind the program headers that there were before patchelf added some.
    writable = [s for s in _of(elf, SegmentKind.LOAD) if s.flags & SegmentFlag.WRITE]
    first += (len(elf.segments) + 1 - len(writable)) * _HEADER_SIZE
    is_behind = start >= first and start % _WORD == 0
    rest = elf.data[max(start, behind) : end]
    return is_like_it and not is_taken and is_behind and not rest.strip(FILLER)


def _check_notes(elf: Elf, segment: Segment) -> None:
    if is_former_note(elf, segment):
        return
    found = [section for section in _notes(elf) if _within(section, segment)]
    if not found or not _is_exactly(segment, found[0], found[-1]):
        raise UnreadableElfError("a segment of notes is not made of sections of notes")
    for section in elf.loaded:
        if section.kind != SectionKind.NOTE and _within(section, segment):
            raise UnreadableElfError("a segment of notes is not made of sections of notes")


def _notes(elf: Elf) -> list[Section]:
    return [section for section in elf.loaded if section.kind == SectionKind.NOTE]


def _within(section: Section, segment: Segment) -> bool:
    end = segment.address + segment.memory_size
    return segment.address <= section.address and section.end <= end


def _thread_sections(elf: Elf) -> list[Section]:
    found = [s for s in elf.sections if s.is_loaded and s.flags & SectionFlag.TLS and s.size]
    return sorted(found, key=lambda section: (section.address, not section.in_file))


def _check_thread(elf: Elf, segment: Segment) -> None:
    sections = _thread_sections(elf)
    if not sections:
        raise UnreadableElfError("has a segment for threads and no section for them")
    in_file = [section for section in sections if section.in_file]
    file_size = in_file[-1].end - in_file[0].address if in_file else 0
    first, last = sections[0], sections[-1]
    offset_is_right = segment.offset == first.offset or not in_file
    if in_file != sections[: len(in_file)] or not offset_is_right:
        raise UnreadableElfError("its segment for threads is not the sections for threads")
    size = last.end - first.address
    step = max(segment.alignment, 1)
    expected = {size, (size + step - 1) // step * step}
    if (segment.address, segment.file_size) != (first.address, file_size) or (
        segment.memory_size not in expected
    ):
        raise UnreadableElfError("its segment for threads is not the sections for threads")


def _check_relro(elf: Elf, segment: Segment) -> None:
    end = segment.address + segment.memory_size
    if end % _PAGE:
        raise UnreadableElfError("protects memory after relocation that is no whole page")
    for load in _of(elf, SegmentKind.LOAD):
        page = max(load.alignment, 1)
        load_end = (load.address + load.memory_size + page - 1) & -page
        inside = load.address <= segment.address and end <= load_end
        stored = load.offset + load.file_size - segment.offset
        if segment.file_size not in {segment.memory_size, min(segment.memory_size, stored)}:
            continue
        if inside and load.address - load.offset == segment.address - segment.offset:
            return
    raise UnreadableElfError("protects memory after relocation that is not its own")


_CHECKS: Mapping[int, Callable[[Elf, Segment], None]] = {
    SegmentKind.NULL: _check_empty,
    SegmentKind.INTERP: _check_interpreter,
    SegmentKind.NOTE: _check_notes,
    SegmentKind.PHDR: _check_own_headers,
    SegmentKind.TLS: _check_thread,
    SegmentKind.GNU_EH_FRAME: _check_eh_frame_header,
    SegmentKind.GNU_STACK: _check_stack,
    SegmentKind.GNU_RELRO: _check_relro,
    SegmentKind.GNU_PROPERTY: _check_property,
}
"""What is not loaded; LOAD is checked by `verify.native.elf_layout`, DYNAMIC by `dynamic`."""


def _check_covered(elf: Elf) -> None:
    """The other way round: what the loader looks for by a segment has one."""
    segments = _of(elf, SegmentKind.NOTE)
    former = Counter(s.memory_size for s in segments if is_former_note(elf, s))
    for section in _notes(elf):
        count = sum(_within(section, segment) for segment in segments)
        if section.name != _PROPERTY:
            former[section.size] -= not count
        elif not count:
            raise UnreadableElfError(f"{section.name} is of no segment of notes")
        if count > 1 or former[section.size] < 0:
            raise UnreadableElfError(f"{section.name} is of no segment of notes")
    if former.total():
        raise UnreadableElfError("has a segment of notes where there are none")
    if _thread_sections(elf) and not _of(elf, SegmentKind.TLS):
        raise UnreadableElfError("has sections for threads and no segment for them")
    for name, kind in (
        (_EH_FRAME_HEADER, SegmentKind.GNU_EH_FRAME),
        (_INTERPRETER, SegmentKind.INTERP),
    ):
        if name in elf.by_name and not _of(elf, kind):
            raise UnreadableElfError(f"{name} is of no segment")


def _stack_flags(elf: Elf) -> int | None:
    found = _of(elf, SegmentKind.GNU_STACK)
    return found[0].flags if found else None


def _relro(elf: Elf) -> tuple[str, ...]:
    found = _of(elf, SegmentKind.GNU_RELRO)
    if not found:
        return ()
    return tuple(section.name for section in elf.loaded if _within(section, found[0]))


def _protected(elf: Elf) -> tuple[int, int]:
    """Whole pages, from the one that the segment begins in (glibc, `_dl_protect_relro`)."""
    found = _of(elf, SegmentKind.GNU_RELRO)
    if not found:
        return 0, 0
    return found[0].address & -_PAGE, (found[0].address + found[0].memory_size) & -_PAGE


def _interpreter(elf: Elf) -> str | None:
    section = elf.by_name.get(_INTERPRETER)
    if section is None:
        return None
    content = elf.content(section)
    if content.find(b"\0") != len(content) - 1 or not content.isascii():
        raise UnreadableElfError(f"{_INTERPRETER} is not one name")
    return content[:-1].decode("ascii")


def _protection(elf: Elf) -> tuple[tuple[str, int], ...]:
    both = SegmentFlag.WRITE | SegmentFlag.EXEC
    if any(segment.flags & both == both for segment in _of(elf, SegmentKind.LOAD)):
        raise UnreadableElfError("has memory that can be both written and executed")
    found = []
    for section in elf.loaded:
        flags = elf.segment_flags(section)
        if section.is_code and not flags & SegmentFlag.EXEC:
            raise UnreadableElfError(f"{section.name} is code and not mapped as such")
        if section.flags & SectionFlag.WRITE and not flags & SegmentFlag.WRITE:
            raise UnreadableElfError(f"{section.name} is written to and mapped read-only")
        found.append((section.name, flags))
    return tuple(found)
