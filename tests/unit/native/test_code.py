"""Code that is read again by the pattern of other code is read as if it had been decoded."""

import random
import struct

import pytest

from tests.attacks.native.building import linked
from tests.attacks.native.sources import CPP, EXTENSION, MAIN
from tests.attacks.native.test_native_honest import PYTHON
from verify.native.code import decode, reread
from verify.native.elf_reader import read_elf
from verify.native.module import Module, read_module

SOURCES = {"main": (MAIN, ()), "cpp": (CPP, ("-O0",)), "extension": (EXTENSION, PYTHON)}


def module(name: str) -> Module:
    source, flags = SOURCES[name]
    return read_module(linked(source, flags=("-O2", "-g0", *flags)))


@pytest.mark.parametrize("name", SOURCES)
def test_every_piece_is_read_again_as_it_was_decoded(name: str) -> None:
    one = module(name)
    assert any(piece.code.references for piece in one.pieces)
    for piece in one.pieces:
        data = one.elf.read(piece.start, piece.size)
        assert reread(piece.code, data, piece.start) == piece.code


@pytest.mark.parametrize("name", SOURCES)
def test_moved_code_with_other_operands_is_read_as_it_would_be_decoded(name: str) -> None:
    chance = random.Random(7)  # noqa: S311 - repeatable
    one, read_again = module(name), 0
    for piece in one.pieces:
        data = bytearray(one.elf.read(piece.start, piece.size))
        for reference in piece.code.references:
            if reference.width == 4:
                distance = chance.choice([chance.randrange(-(2**31), 2**31), 0, -1, piece.size])
                struct.pack_into("<i", data, reference.field, distance)
        found = reread(piece.code, bytes(data), piece.start + 0x1230)
        if found is not None:
            read_again += 1
            assert found == decode(bytes(data), piece.start + 0x1230)
    assert read_again


@pytest.mark.parametrize("name", SOURCES)
def test_a_changed_byte_is_decoded_or_read_as_it_would_be(name: str) -> None:
    chance = random.Random(11)  # noqa: S311 - repeatable
    one, other = module(name), 0
    for piece in one.pieces:
        for _ in range(20):
            data = bytearray(one.elf.read(piece.start, piece.size))
            data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
            found = reread(piece.code, bytes(data), piece.start)
            other += found is None
            if found is not None:
                assert found == decode(bytes(data), piece.start)
    assert other


def test_code_of_another_length_is_not_read_by_a_pattern() -> None:
    code = decode(b"\xc3", 0x1000)
    assert reread(code, b"\xc3\xc3", 0x1000) is None
    assert reread(code, b"\xc3", 0x2000) == code


def test_a_branch_that_leads_into_the_piece_itself_is_not_read_by_a_pattern() -> None:
    call = b"\xe8" + struct.pack("<i", 100) + b"\xc3"
    code = decode(call, 0x1000)
    assert [one.target for one in code.references] == [0x1000 + 5 + 100]
    assert reread(code, b"\xe8" + struct.pack("<i", -5) + b"\xc3", 0x1000) is None


@pytest.mark.parametrize("name", SOURCES)
def test_a_module_is_the_same_whichever_it_is_read_beside(name: str) -> None:
    data = linked(SOURCES[name][0], flags=("-O2", "-g0", *SOURCES[name][1]))
    moved = linked(
        SOURCES[name][0],
        flags=("-O2", "-g0", *SOURCES[name][1]),
        link=("-Wl,--section-start=.text=0x9000",),
    )
    assert read_elf(data) != read_elf(moved)
    assert read_module(moved, read_module(data)).pieces == read_module(moved).pieces
