"""Walking the blocks of deflate streams: what encoders write passes, what nobody needs does not."""

import hashlib
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.wheels import deflate, varied_text
from verify.archive.blocks import BLOCK_WORK, BlockWalker

TEXT = varied_text(90_000)
CONTENTS = {
    "empty": b"",
    "text": TEXT,
    "zeros": bytes(100_000),
    "random": b"".join(hashlib.sha256(b"%d" % at).digest() for at in range(3000)),
}


def _fault(stream: bytes) -> str | None:
    return BlockWalker().fault(stream)


@pytest.mark.parametrize("content", CONTENTS)
@pytest.mark.parametrize("level", range(10))
@pytest.mark.parametrize("memory_level", [1, 8, 9])
@pytest.mark.parametrize("strategy", [zlib.Z_DEFAULT_STRATEGY, zlib.Z_HUFFMAN_ONLY, zlib.Z_FIXED])
def test_every_bit_of_an_encoder_has_a_meaning(
    content: str, level: int, memory_level: int, strategy: int
) -> None:
    packer = zlib.compressobj(level, zlib.DEFLATED, -15, memory_level, strategy)
    stream = packer.compress(CONTENTS[content]) + packer.flush()
    assert _fault(stream) is None
    assert _fault(stream + b"\0") is not None
    assert _fault(stream[:-1]) is not None


def _flushed(times: int) -> bytes:
    packer = zlib.compressobj(6, zlib.DEFLATED, -15)
    stream = packer.compress(TEXT)
    # Nothing is between the flushes, so that each leaves one empty block.
    empty = b"\0\0\0\xff\xff"
    return stream + packer.flush(zlib.Z_SYNC_FLUSH) + empty * (times - 1) + packer.flush()


@pytest.mark.parametrize(("times", "fault"), [(1, None), (2, None), (3, "it holds empty blocks")])
def test_flushes_are_allowed_up_to_what_writers_of_wheels_do(times: int, fault: str | None) -> None:
    stream = _flushed(times)
    assert zlib.decompress(stream, -15) == TEXT
    assert _fault(stream) == fault


FAULTS = {
    # An empty block with the fixed code: 0 (not last), 01 (fixed), seven zeros (end of block).
    "empty fixed block": (b"\x02\x00" + b"\0\0\0\xff\xff" + deflate(b"x"), "it holds empty blocks"),
    "padding": (b"\xf8\x01\0\xfe\xffa" + deflate(b"x"), "the bits before a stored block"),
    "behind the end": (b"\x03\x80", "bits behind its end are not zero"),
    "reserved kind": (b"\x07", "it is not valid"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_bits_without_a_meaning_are_told(name: str) -> None:
    stream, fault = FAULTS[name]
    assert (_fault(stream) or "").startswith(fault)


@given(data=st.binary(max_size=60))
def test_any_bytes_are_a_stream_or_a_fault(data: bytes) -> None:
    fault = _fault(data)
    try:
        stream = zlib.decompressobj(-15)
        stream.decompress(data)
        is_whole = stream.eof and not stream.unused_data
    except zlib.error:
        is_whole = False
    assert is_whole or fault is not None


def test_budget_is_shared_by_all_streams_of_a_walker() -> None:
    stream = deflate(b"content")
    walker = BlockWalker(2 * (BLOCK_WORK + len(stream)))
    assert [walker.fault(stream) for _ in range(3)] == [
        None,
        None,
        "it is too large to be looked through",
    ]
