"""The procedure linkage table: pieces of code that the linker writes, one an imported function.

Each entry jumps to an address that the loader puts into a slot, or has the loader look it up
first: then it pushes the number of the relocation that says which function is meant. Both must be
about one function, and what the slot holds before the loader comes must lead to the same entry.

Source: AMD64 supplement to the System V ABI, section 5.2; the templates are those of GNU ld
(bfd/elfxx-x86.c, elf64-x86-64.c). Another linker's table is refused.
"""

import re
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from verify.native.elf import Elf, Section, UnreadableElfError

NAMES = (".plt", ".plt.got", ".plt.sec")

_HEADS = (
    rb"\xff\x35(?P<link>.{4})\xff\x25(?P<resolve>.{4})\x0f\x1f\x40\x00",
    rb"\xff\x35(?P<link>.{4})\xf2\xff\x25(?P<resolve>.{4})\x0f\x1f\x00",
)
_LAZY = (
    rb"\xff\x25(?P<slot>.{4})\x68(?P<number>.{4})\xe9(?P<head>.{4})",
    rb"\xf3\x0f\x1e\xfa\x68(?P<number>.{4})\xf2\xe9(?P<head>.{4})\x90",
    rb"\xf3\x0f\x1e\xfa\x68(?P<number>.{4})\xe9(?P<head>.{4})\x66\x90",
)
_DIRECT = (
    rb"\xff\x25(?P<slot>.{4})\x66\x90",
    rb"\xf3\x0f\x1e\xfa\xf2\xff\x25(?P<slot>.{4})\x0f\x1f\x44\x00\x00",
    rb"\xf3\x0f\x1e\xfa\xff\x25(?P<slot>.{4})\x66\x0f\x1f\x44\x00\x00",
)


def _compiled(patterns: tuple[bytes, ...]) -> tuple[re.Pattern[bytes], ...]:
    return tuple(re.compile(pattern, re.DOTALL) for pattern in patterns)


_HEAD_PATTERNS, _LAZY_PATTERNS, _DIRECT_PATTERNS = map(_compiled, (_HEADS, _LAZY, _DIRECT))


@dataclass(frozen=True, kw_only=True, slots=True)
class LinkageTable:
    """What there is to know of the table.

    Attributes:
        slots: by the address of an entry, the address of the slot that it jumps through.
        waiting: by the address of a slot, what it has to hold until the loader fills it.
    """

    slots: Mapping[int, int]
    waiting: Mapping[int, int]


def read_linkage_table(elf: Elf) -> LinkageTable:
    """Read every entry.

    Raises:
        UnreadableElfError: one of them is none that GNU ld writes, or its parts disagree.
    """
    numbered = _numbered(elf)
    slots: dict[int, int] = {}
    waiting: dict[int, int] = {}
    for name in NAMES:
        section = elf.by_name.get(name)
        if section is None:
            continue
        for entry in _entries(elf, section):
            if entry.slot is not None:
                slots[entry.address] = entry.slot
            if entry.number is not None:
                if entry.number >= len(numbered):
                    raise UnreadableElfError(f"an entry of {name} has a number of its own")
                slot = numbered[entry.number]
                if entry.slot not in {None, slot} or slot in waiting:
                    raise UnreadableElfError(f"an entry of {name} is about two functions")
                waiting[slot] = entry.waits_at
    return LinkageTable(slots=slots, waiting=waiting)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Entry:
    address: int
    slot: int | None
    number: int | None
    waits_at: int


def _entries(elf: Elf, section: Section) -> Iterator[_Entry]:
    data, at = elf.content(section), 0
    head = _first(_HEAD_PATTERNS, data, 0)
    if head is not None:
        _check_head(elf, section, head)
        at = head.end()
    while at < len(data):
        match = _first((*_LAZY_PATTERNS, *_DIRECT_PATTERNS), data, at)
        if match is None:
            raise UnreadableElfError(f"{section.name} has an entry that GNU ld does not write")
        found = match.groupdict()
        if "head" in found and (head is None or _target(section, match, "head") != section.address):
            raise UnreadableElfError(f"an entry of {section.name} does not lead to its head")
        number = found.get("number")
        address = section.address + at
        yield _Entry(
            address=address,
            slot=_target(section, match, "slot") if "slot" in found else None,
            number=struct.unpack("<I", number)[0] if number else None,
            waits_at=address + (match.end("slot") - at if "slot" in found else 0),
        )
        at = match.end()


def _check_head(elf: Elf, section: Section, head: re.Match[bytes]) -> None:
    """The head pushes the second slot of the table and jumps through the third."""
    table = elf.by_name.get(".got.plt") or elf.by_name.get(".got")
    if table is None:
        raise UnreadableElfError(f"{section.name} has a head but no table of slots")
    places = [_target(section, head, name) - table.address for name in ("link", "resolve")]
    if places != [8, 16]:
        raise UnreadableElfError(f"the head of {section.name} leads elsewhere")


def _first(patterns: tuple[re.Pattern[bytes], ...], data: bytes, at: int) -> re.Match[bytes] | None:
    return next((match for pattern in patterns if (match := pattern.match(data, at))), None)


def _target(section: Section, match: re.Match[bytes], field: str) -> int:
    distance: int = struct.unpack("<i", match[field])[0]
    return section.address + match.end(field) + distance


def _numbered(elf: Elf) -> list[int]:
    """The slots in the order of `.rela.plt`, by which entries number them."""
    section = elf.by_name.get(".rela.plt")
    if section is None:
        return []
    content = elf.content(section)
    return [place for place, _, _ in struct.iter_unpack("<QQq", content[: len(content) // 24 * 24])]
