"""Machine code as bytes without addresses, and the addresses that were in them.

On x86-64 only two kinds of operand name an address: memory relative to the instruction pointer, and
the target of a relative branch (AMD64 Architecture Programmer's Manual, volume 3, sections 1.4 and
1.7). Everything else of an instruction is the same wherever it is loaded. capstone tells where each
instruction ends and which of them have such an operand; of two functions with equal bytes
outside these operands it is asked about one alone (`reread`): no reading of it can differ between
the two, and it is most of the time that a comparison takes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from capstone import Cs

_RELATIVE = re.compile(r"\[rip(?: ([+-]) (0x[0-9a-f]+|[0-9]+))?\]")
_BRANCHES = ("j", "call", "loop", "xbegin", "bnd ", "notrack ")
_PADDING = re.compile(
    rb"\xcc|\x66?\x90|\x66{0,6}\x2e?\x0f\x1f"
    rb"(?:\x00|\x40\x00|\x44\x00\x00|\x80\x00{4}|\x84\x00\x00{4})"
)
"""What assemblers align code with (gas/config/tc-i386.c), and the interrupt that linkers use."""

_LAST = ("ret", "jmp", "ud2", "hlt", "int3", "call")
"""What nothing is run behind; a call in the end is of a function that does not return."""

_IMMEDIATES = (0, 1, 2, 4)
"""Bytes of an immediate value, which follows the displacement."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reference:
    """An operand that names an address.

    Attributes:
        at: offset of the instruction in its piece of code.
        field: offset of the operand's bytes in the piece; their number is `width`.
        origin: offset in the piece that the operand is a distance from, the next instruction's.
        target: the address.
        is_branch: whether control goes there.
        is_address: whether the instruction takes the address itself (`lea`), so that nothing says
            how many bytes there are used.
    """

    at: int
    field: int
    width: int
    origin: int
    target: int
    is_branch: bool
    is_address: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Code:
    """A piece of code.

    Attributes:
        skeleton: its bytes, zero where an operand names an address outside the piece.
        references: those operands, in order.
        tables: those of them, by place in `references`, that are bases of jump tables: 32-bit
            distances from the base, one of which is loaded, added to it and jumped to.
        goes_on: control may leave it behind its last instruction.
        jumps: control goes to an address in a register or in memory.
        is_whole: every byte of it is an instruction that is known here.
    """

    skeleton: bytes
    references: tuple[Reference, ...]
    tables: tuple[int, ...]
    goes_on: bool
    jumps: bool
    is_whole: bool


def decode(data: bytes, address: int) -> Code:
    """Decode a piece of code that starts at an address."""
    skeleton = bytearray(data)
    references: list[Reference] = []
    end, reached, last = address + len(data), address, ""
    jumps = False
    instructions = list(disassemble(data, address))
    for at, size, mnemonic, operands in instructions:
        if "ip" in operands and "[" in operands:
            one = _Instruction(at=at, offset=at - address, size=size, mnemonic=mnemonic)
            references.append(_memory(data, one, operands))
        elif is_branch(mnemonic):
            if not operands.startswith("0x"):
                jumps = jumps or mnemonic.endswith("jmp")
            elif not address <= (target := int(operands, 16)) < end:
                one = _Instruction(at=at, offset=at - address, size=size, mnemonic=mnemonic)
                references.append(_branch(data, one, target))
    if instructions:
        at, size, last, _ = instructions[-1]
        reached = at + size
    for reference in references:
        skeleton[reference.field : reference.field + reference.width] = bytes(reference.width)
    tables = tuple(sorted({*_tables(instructions, address, references)})) if jumps else ()
    return Code(
        skeleton=bytes(skeleton),
        references=tuple(references),
        tables=tables,
        goes_on=not last.endswith(_LAST),
        jumps=jumps,
        is_whole=reached == end,
    )


def reread(known: Code, data: bytes, address: int) -> Code | None:
    """What `decode` makes of bytes that are those of a known piece, but for its operands.

    Where instructions end does not hang on the value of such an operand, nor does anything else of
    them. None if other bytes differ, or a branch leads into the piece itself or nowhere.
    """
    if len(data) != len(known.skeleton):
        return None
    skeleton = bytearray(data)
    references: list[Reference] = []
    for one in known.references:
        field = data[one.field : one.field + one.width]
        skeleton[one.field : one.field + one.width] = bytes(one.width)
        target = address + one.origin + int.from_bytes(field, "little", signed=True)
        if one.is_branch and (target < 0 or address <= target < address + len(data)):
            return None
        references.append(replace(one, target=target))
    if skeleton != known.skeleton:
        return None
    return replace(known, references=tuple(references))


def without_padding(data: bytes) -> tuple[int, int]:
    """[start, end) of what is left without instructions that do nothing at either end.

    Both are 0 where there is nothing else: compilers align functions so.
    """
    start = end = reached = 0
    is_inside = False
    for at, size, _, _ in _engine().disasm_lite(data, 0):
        reached = at + size
        if _PADDING.fullmatch(data, at, reached) is None:
            start = start if is_inside else at
            is_inside = True
            end = reached
    if reached < len(data):  # no instruction: it is kept
        start = start if is_inside else reached
        end = len(data)
    return start, end


class OddCodeError(ValueError):
    """An operand that names an address, and it cannot be told where its bytes are."""


_LOAD = re.compile(r"(\w+), dword ptr \[(\w+) \+ \w+\*4\]")
_PAIR = re.compile(r"(\w+), (\w+)")


def _tables(
    instructions: Sequence[tuple[int, int, str, str]], address: int, references: list[Reference]
) -> Iterator[int]:
    """Follow addresses from `lea` over a load by index and an addition to a jump.

    Code does not run in the order it stands in: a register may hold whichever address is ever taken
    into it. One that is no table's is harmless, see `verify.native.data.jump_tables`.
    """
    taken = {one.at: place for place, one in enumerate(references) if one.is_address}
    bases: dict[str, set[int]] = {}
    for at, _, mnemonic, operands in instructions:
        if mnemonic == "lea" and at - address in taken:
            bases.setdefault(operands.partition(",")[0], set()).add(taken[at - address])
    loaded: dict[str, set[int]] = {}
    for _, _, mnemonic, operands in instructions:
        if mnemonic == "movsxd" and (load := _LOAD.fullmatch(operands)) and load[2] in bases:
            loaded[load[1]] = bases[load[2]]
        elif mnemonic == "add" and (pair := _PAIR.fullmatch(operands)):
            if pair[1] in bases and loaded.get(pair[2]) == bases[pair[1]]:
                loaded[pair[1]] = bases[pair[1]]
        elif mnemonic.endswith("jmp") and operands in loaded:
            yield from loaded[operands]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Instruction:
    """An instruction's address, its offset in the piece, its bytes, its name."""

    at: int
    offset: int
    size: int
    mnemonic: str


def _memory(data: bytes, one: _Instruction, operands: str) -> Reference:
    match = _RELATIVE.search(operands)
    if match is None:
        raise OddCodeError(f"{one.mnemonic} {operands} at {one.at:#x}")
    distance = int(match[2], 0) if match[2] else 0
    distance = -distance if match[1] == "-" else distance
    wanted = distance.to_bytes(4, "little", signed=True)
    fits = [
        field
        for immediate in _IMMEDIATES
        if (field := one.offset + one.size - 4 - immediate) > one.offset
        and data[field : field + 4] == wanted
    ]
    field = fits[0] if len(fits) == 1 else _exact_field(data, one)
    if data[field : field + 4] != wanted:
        raise OddCodeError(f"{one.mnemonic} {operands} at {one.at:#x}")
    return Reference(
        at=one.offset,
        field=field,
        width=4,
        origin=one.offset + one.size,
        target=one.at + one.size + distance,
        is_branch=one.mnemonic.endswith(("call", "jmp")),
        is_address=one.mnemonic == "lea",
    )


def _exact_field(data: bytes, one: _Instruction) -> int:
    """Where an instruction has its displacement, read in full, which is slow."""
    bytes_of_it = data[one.offset : one.offset + one.size]
    found: list[Any] = list(_engine(detail=True).disasm(bytes_of_it, one.at))
    if len(found) != 1 or found[0].encoding.disp_size != 4:
        raise OddCodeError(f"{one.mnemonic} at {one.at:#x}")
    return one.offset + int(found[0].encoding.disp_offset)


def _branch(data: bytes, one: _Instruction, target: int) -> Reference:
    """A relative branch out of the piece: its operand is at the end of the instruction."""
    width = 4 if one.size >= 5 else 1
    field = one.offset + one.size - width
    distance = int.from_bytes(data[field : field + width], "little", signed=True)
    if one.at + one.size + distance != target:
        raise OddCodeError(f"{one.mnemonic} at {one.at:#x}")
    return Reference(
        at=one.offset,
        field=field,
        width=width,
        origin=one.offset + one.size,
        target=target,
        is_branch=True,
        is_address=False,
    )


def disassemble(data: bytes, address: int) -> Iterator[tuple[int, int, str, str]]:
    """Address, size in bytes, mnemonic and operands of each instruction, up to one that is none."""
    yield from _engine().disasm_lite(data, address)


def is_branch(mnemonic: str) -> bool:
    """Whether an instruction's operand may be the address that control goes to."""
    return mnemonic.startswith(_BRANCHES)


@cache
def _engine(*, detail: bool = False) -> Cs:
    import capstone  # noqa: PLC0415 - a tenth of a second that only native wheels need

    engine = capstone.Cs(capstone.CS_ARCH_X86, capstone.CS_MODE_64)
    engine.detail = detail
    return engine
