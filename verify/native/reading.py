"""Reads what addresses lead to as a person would; for people, and it decides nothing.

Two addresses read the same where they mean the same, or lead to data that reads the same although
it stands elsewhere.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cached_property

from verify.native.elf import Section, UnreadableElfError
from verify.native.meaning import Meaning
from verify.native.module import SLOTS, Module, Piece, is_data
from verify.native.pairing import Pair
from verify.native.places import piece_at
from verify.native.runtime import is_empty_table
from verify.native.symbols import Kind, read_symbol_table

_LOOKED_AT = 16
"""Bytes of a constant; an instruction reads no more of most."""

_MAX_STRING = 4096
_MAX_WORDS = 60
"""Characters of a name or a text that are quoted."""

_SHORTEST = 3
"""Characters of what is quoted as a text, and not told as a place."""


class Reader:
    """Reads what the addresses of two modules lead to."""

    def __init__(self, published: Module, rebuilt: Module, meaning: Meaning) -> None:
        self._ours, self._theirs, self._meaning = published, rebuilt, meaning

    def is_identical(self, pair: Pair) -> bool:
        """The same instructions, with addresses that mean the same or lead to the same data."""
        return pair.is_same_code and all(
            is_empty_table(pair, ours) or self.reads_same(ours.target, theirs.target)
            for ours, theirs in zip(
                pair.published.code.references, pair.rebuilt.code.references, strict=True
            )
        )

    def has_same_footprint(self, pair: Pair) -> bool:
        """What two functions call and use, however often and in whatever order."""
        ours = {*_footprint(self._ours, pair.published)}
        return ours == {*_footprint(self._theirs, pair.rebuilt)}

    def reads_same(self, ours: int, theirs: int) -> bool:
        """Whether a published address reads as a rebuilt one does."""
        if self._meaning.is_same(ours, theirs):
            return True
        left, right = self._ours.elf.section_at(ours), self._theirs.elf.section_at(theirs)
        if left is None or right is None or left.name != right.name or not is_data(left):
            return False
        named = self._objects[0].get(ours), self._objects[1].get(theirs)
        if named[0] and named[0] == named[1]:
            return True
        return left.in_file and _reading(self._ours, left, ours) == _reading(
            self._theirs, right, theirs
        )

    def words(self, address: int, *, published: bool) -> str:
        """What an address of one side denotes: a symbol, a text in quotes, or a place.

        Bounded and ASCII, whatever the file says.
        """
        module = self._ours if published else self._theirs
        name = _imported(module, address) or self._objects[0 if published else 1].get(address)
        return _name(name) if name else _place(module, address)

    @cached_property
    def _objects(self) -> tuple[Mapping[int, str], Mapping[int, str]]:
        return _objects(self._ours), _objects(self._theirs)


def _footprint(module: Module, piece: Piece) -> Iterator[str]:
    for reference in piece.code.references:
        target = reference.target
        section = module.elf.section_at(target)
        if name := _imported(module, target):
            yield name
        elif section is None:
            yield "?"
        elif section.is_code:
            called = piece_at(module.pieces, target)
            yield (called.name if called is not None else None) or "code"
        elif is_data(section):
            yield f"{section.name}:{_reading(module, section, target)!r}"


def _imported(module: Module, address: int) -> str | None:
    """The symbol that the loader puts where an address leads, directly or by a linkage table."""
    slot = module.linkage.slots.get(address, address)
    relocation = module.relocations.get(slot)
    return relocation.symbol.name if relocation is not None and relocation.symbol else None


def _place(module: Module, address: int) -> str:
    section = module.elf.section_at(address)
    if section is None:
        return f"{address:#x}"
    piece = piece_at(module.pieces, address) if section.is_code else None
    if piece is not None and piece.name:
        distance = address - piece.start
        return _name(piece.name) + (f"+{distance:#x}" if distance else "")
    text = _text(module, section, address) if is_data(section) else b""
    if len(text) >= _SHORTEST:
        return _quoted(text)
    if section.name in SLOTS and (relocation := module.relocations.get(address)) is not None:
        return f"slot of {relocation.addend:#x}"
    return f"{_name(section.name)}+{address - section.address:#x}"


def _name(name: str) -> str:
    shown = name[:_MAX_WORDS].encode("unicode_escape").decode("ascii")
    return shown[:_MAX_WORDS] + ("..." if len(shown) > _MAX_WORDS else "")


def _quoted(text: bytes) -> str:
    shown = text[:_MAX_WORDS].decode("ascii").encode("unicode_escape").decode("ascii")
    return f'"{shown}"' + ("..." if len(text) > _MAX_WORDS else "")


def _objects(module: Module) -> dict[int, str]:
    """Names of variables by address."""
    try:
        symbols = read_symbol_table(module.elf)
    except UnreadableElfError:
        return {}
    counts = Counter(symbol.name for symbol in symbols if symbol.kind == Kind.OBJECT)
    return {
        symbol.address: symbol.name
        for symbol in symbols
        if symbol.kind == Kind.OBJECT and counts[symbol.name] == 1
    }


def _reading(module: Module, section: Section, address: int) -> bytes:
    """A text up to its end, else as many bytes as a constant may have."""
    if not section.in_file:
        return b""
    at = address - section.address
    return _text(module, section, address) or module.elf.content(section)[at : at + _LOOKED_AT]


def _text(module: Module, section: Section, address: int) -> bytes:
    """The ASCII up to a zero byte; nothing where there is none."""
    if not section.in_file:
        return b""
    content = module.elf.content(section)
    at = address - section.address
    end = content.find(b"\0", at, at + _MAX_STRING)
    text = content[at:end] if end > at else b""
    return text if text.isascii() else b""
