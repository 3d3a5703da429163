"""Checks the notes that tools leave in sections that are not loaded.

Sources: System V ABI (gABI 4.1), chapter 5, "Note Section"; SystemTap's wiki,
"UserSpaceProbeImplementation" (`.note.stapsdt`); gold's `layout.cc` (`create_gold_note`); annobin's
documentation, "The Watermark Specification" (`.gnu.build.attributes`).
"""

import re
from collections.abc import Iterator

from verify.native.cursor import Cursor
from verify.native.elf import Elf, Section, UnreadableElfError


def check_probes(elf: Elf, section: Section) -> None:
    """Check `.note.stapsdt`: places in the code, each with a provider, a name and arguments.

    Raises:
        UnreadableElfError: it is something else.
    """
    word = elf.bits // 8
    for kind, owner, description in _notes(elf.content(section)):
        if kind != 3 or owner != b"stapsdt\0" or not _PROBE.fullmatch(description[3 * word :]):
            raise UnreadableElfError("has a note that is no probe")


_PROBE = re.compile(rb"[\w-]{1,100}\x00[\w-]{1,100}\x00[\w%$@(),.*+:\[\] -]{0,500}\x00", re.ASCII)


def check_gold(elf: Elf, section: Section) -> None:
    """Check `.note.gnu.gold-version`: one note with the linker's version.

    Raises:
        UnreadableElfError: it is something else.
    """
    notes = list(_notes(elf.content(section)))
    if [(kind, owner) for kind, owner, _ in notes] != [(4, b"GNU\0")]:
        raise UnreadableElfError("has a note that is not the linker's version")
    if not _GOLD.fullmatch(notes[0][2]):
        raise UnreadableElfError("has a note that is not the linker's version")


_GOLD = re.compile(rb"gold \d{1,2}(?:\.\d{1,3}){1,3}\x00*")


def check_attributes(elf: Elf, section: Section) -> None:
    """Check `.gnu.build.attributes`: how code was compiled, about open ranges and functions.

    Raises:
        UnreadableElfError: it is something else.
    """
    word = elf.bits // 8
    for kind, owner, description in _notes(elf.content(section)):
        if kind not in _ATTRIBUTE_KINDS or len(description) not in {0, 2 * word}:
            raise UnreadableElfError("has a note that is no build attribute")
        if not _ATTRIBUTE.fullmatch(owner):
            raise UnreadableElfError("has a note that is no build attribute")


_ATTRIBUTE_KINDS = {0x100, 0x101}
_ATTRIBUTE = re.compile(
    rb"GA(?:\$[\x01-\x08][ -~]{0,100}\x00|\*(?:[\x01-\x08]|[A-Za-z_]{1,40}\x00)[^ ]{1,8}\x00"
    rb"|[+!](?:[\x01-\x08]|[A-Za-z_-]{1,40})\x00)",
    re.DOTALL,
)


def _notes(data: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """Notes: type, owner with its NUL, description; zeros align them to four bytes."""
    cursor = Cursor(data)
    while cursor.at < cursor.end:
        owner_size, description_size, kind = (cursor.unsigned(4) for _ in range(3))
        owner = _padded(cursor, owner_size)
        yield kind, owner, _padded(cursor, description_size)


def _padded(cursor: Cursor, size: int) -> bytes:
    found = cursor.take(size)
    if any(cursor.take(-size % 4)):
        raise UnreadableElfError("has bytes between its notes")
    return found
