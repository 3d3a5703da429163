"""The instructions of one function, each with what its address denotes; for people."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from verify.native.code import Reference, disassemble, is_branch
from verify.native.module import Module, Piece
from verify.native.reading import Reader

MAX_INSTRUCTIONS = 3000
"""Of one function on one side; what is behind is not looked at."""

_MAX_SIZE = 15
"""Bytes of an instruction (AMD64 Architecture Programmer's Manual, volume 3, section 1.1)."""

_UNKNOWN = ".byte"
_MAX_UNKNOWN = 16
_WORD = re.compile(r"[a-z]\w*")
_NUMBER = re.compile(r"\b(?:0x[0-9a-f]+|[0-9]+)\b")


@dataclass(frozen=True, kw_only=True, slots=True)
class Instruction:
    """One instruction as a person reads it.

    Attributes:
        address: where it stands.
        data: its bytes.
        mnemonic, operands: as capstone tells them; `.byte` for what is no instruction.
        denotes: what the address in it leads to; None without one.
        outside: the operand that names an address outside of the function, None without one.
        inside: the address in the function that it jumps to, None without one.
    """

    address: int
    data: bytes
    mnemonic: str
    operands: str
    denotes: str | None
    outside: Reference | None
    inside: int | None

    @property
    def plain(self) -> bytes:
        """Its bytes, with zeros for an address outside of the function."""
        if self.outside is None:
            return self.data
        at, width = self.outside.field - self.outside.at, self.outside.width
        return self.data[:at] + bytes(width) + self.data[at + width :]

    @property
    def shape(self) -> tuple[str, str, str | None]:
        """What two instructions share that do the same with other registers or numbers."""
        operands = _NUMBER.sub("1", _WORD.sub("r", self.operands))
        return self.mnemonic, operands, self.denotes if self.outside else None


def read_instructions(
    module: Module, piece: Piece, reader: Reader, *, published: bool
) -> tuple[Instruction, ...]:
    """The first instructions of a function, at most `MAX_INSTRUCTIONS`."""
    return tuple(islice(_read(module, piece, reader, published=published), MAX_INSTRUCTIONS))


def _read(
    module: Module, piece: Piece, reader: Reader, *, published: bool
) -> Iterator[Instruction]:
    size = min(piece.size, MAX_INSTRUCTIONS * _MAX_SIZE)
    data = module.elf.read(piece.start, size)
    outside = {reference.at: reference for reference in piece.code.references}
    end = piece.start
    for address, length, mnemonic, operands in disassemble(data, piece.start):
        at, end = address - piece.start, address + length
        reference = outside.get(at)
        inside = _inside(piece, mnemonic, operands) if reference is None else None
        words = None if inside is None else f"+{inside - piece.start:#x}"
        yield Instruction(
            address=address,
            data=data[at : at + length],
            mnemonic=mnemonic,
            operands=operands,
            denotes=reader.words(reference.target, published=published) if reference else words,
            outside=reference,
            inside=inside,
        )
    if end < piece.start + size:
        rest = data[end - piece.start :]
        more = "..." if len(rest) > _MAX_UNKNOWN else ""
        yield Instruction(
            address=end,
            data=rest,
            mnemonic=_UNKNOWN,
            operands=rest[:_MAX_UNKNOWN].hex(" ") + more,
            denotes=None,
            outside=None,
            inside=None,
        )


def _inside(piece: Piece, mnemonic: str, operands: str) -> int | None:
    if not is_branch(mnemonic) or not operands.startswith("0x"):
        return None
    target = int(operands, 16)
    return target if piece.start <= target < piece.end else None
