"""Bytes of an ELF file by the name of a section, and texts in a table of strings."""

from collections.abc import Iterator

from verify.native.elf import Elf

_MAX_TEXT = 1000


def contents(elf: Elf, name: str) -> Iterator[bytes]:
    """The bytes of every section of a name that has some in the file."""
    found = (section for section in elf.sections if section.name == name and section.in_file)
    return map(elf.content, found)


def text_at(strings: bytes, at: int) -> bytes:
    """The text that begins somewhere in a table of strings; empty for one that does not end."""
    return strings[at : max(at, strings.find(b"\0", at, at + _MAX_TEXT))]
