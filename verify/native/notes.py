"""Notes: what tools say about a file, to the loader or to people.

Source: System V ABI, chapter 5, "Note Section"; the Linux extensions to the gABI, "GNU property".
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from verify.native.elf import Elf, Section, SectionKind, UnreadableElfError

GNU = "GNU"
MAX_NOTES = 100_000
ABI_TAG, BUILD_ID, PROPERTIES = 1, 3, 5
"""Kinds of notes whose owner is `GNU`."""

BUILD_ID_SIZES = frozenset({8, 16, 20, 32})
"""Bytes of what linkers write: a fast hash, MD5 or UUID, SHA-1, SHA-256."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Note:
    """One note.

    Attributes:
        section: the name of its section.
        owner: who defines the kind; bytes that are no ASCII as in Latin-1.
        kind: `n_type`.
        content: its bytes as they stand.
        properties: of a property note, each property and its bytes; else none.
    """

    section: str
    owner: str
    kind: int
    content: bytes
    properties: tuple[tuple[int, bytes], ...]


def read_notes(elf: Elf) -> tuple[Note, ...]:
    """Read every note of every section of notes, in their order, loaded or not.

    Raises:
        UnreadableElfError: a section is not made of notes, or the padding is not zero.
    """
    sections = [section for section in elf.sections if section.kind == SectionKind.NOTE]
    notes = (note for section in sections for note in _notes(elf, section))
    found = tuple(islice(notes, MAX_NOTES + 1))
    if len(found) > MAX_NOTES:
        raise UnreadableElfError(f"has more than {MAX_NOTES} notes")
    return found


def _notes(elf: Elf, section: Section) -> Iterator[Note]:
    step = 8 if section.alignment == 8 else 4
    content = elf.content(section)
    at = 0
    while at < len(content):
        if len(content) - at < 12:
            raise UnreadableElfError(f"{section.name} is not made of notes")
        owner_size, size, kind = struct.unpack_from("<III", content, at)
        owner, at = _piece(section, content, at + 12, owner_size, step)
        value, at = _piece(section, content, at, size, step)
        name = owner.removesuffix(b"\0").decode("latin-1")
        is_property = (name, kind) == (GNU, PROPERTIES)
        yield Note(
            section=section.name,
            owner=name,
            kind=kind,
            content=value,
            properties=tuple(_properties(section, value, elf.bits // 8)) if is_property else (),
        )


def _properties(section: Section, content: bytes, step: int) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at < len(content):
        if len(content) - at < 8:
            raise UnreadableElfError(f"{section.name} is not made of properties")
        kind, size = struct.unpack_from("<II", content, at)
        value, at = _piece(section, content, at + 8, size, step)
        yield kind, value


def _piece(section: Section, content: bytes, at: int, size: int, step: int) -> tuple[bytes, int]:
    """Some bytes and where the next begin; between them is padding, which may end the section."""
    end = at + size
    following = (end + step - 1) // step * step
    if end > len(content):
        raise UnreadableElfError(f"{section.name} has a note that is cut off")
    if any(content[end:following]):
        raise UnreadableElfError(f"{section.name} has something between its notes")
    return content[at:end], following
