"""Packed data: methods that few readers know, streams that hold more than their content."""

import bz2
import lzma
import zlib

from tests.attacks.catalogue.technique import Family
from tests.support.real_wheels import RealWheel
from tests.support.wheels import Entry, deflate, pack

STREAMS = Family("Packed data")


def _unfinished(data: bytes) -> bytes:
    packer = zlib.compressobj(6, zlib.DEFLATED, -15)
    return packer.compress(data) + packer.flush(zlib.Z_SYNC_FLUSH)


def _empty_blocks(payload: bytes) -> bytes:
    """Empty stored blocks with five bits of the payload in the padding of each."""
    return b"".join(bytes([byte & 0xF8]) + b"\0\0\xff\xff" for byte in payload)


@STREAMS.dangerous("archive.unknown-method", "Scanners that know deflate alone see nothing.")
def other_method(wheel: RealWheel) -> list[bytes]:
    data = wheel.files[wheel.module]
    packed = {12: bz2.compress(data), 14: lzma.compress(data), 93: data, 9: deflate(data)}
    return [wheel.edited(method=method, stream=stream) for method, stream in packed.items()]


@STREAMS.dangerous("archive.bytes-after-deflate", "A payload behind the end of the stream.")
def bytes_after_the_stream(wheel: RealWheel) -> list[bytes]:
    packed = wheel.entry(wheel.module).packed
    return [wheel.edited(stream=packed + tail) for tail in (b"!", bytes(512), deflate(b"x"))]


@STREAMS.dangerous("archive.truncated-deflate", "Forgiving readers install what strict ones drop.")
def stream_without_end(wheel: RealWheel) -> list[bytes]:
    data = wheel.files[wheel.module]
    return [wheel.edited(stream=stream) for stream in (_unfinished(data), b"", deflate(data)[:-9])]


@STREAMS.dangerous("archive.broken-deflate", "Readers that go on after errors find a payload.")
def broken_stream(wheel: RealWheel) -> bytes:
    return wheel.edited(stream=b"\x07" * 20)


@STREAMS.dangerous("archive.lying-size", "Readers that stop at the size install half a module.")
def size_too_small(wheel: RealWheel) -> bytes:
    return wheel.edited(local={"size": 3}, central={"size": 3})


@STREAMS.dangerous("archive.lying-size", "Readers that wait for the size hang or fail.")
def size_too_large(wheel: RealWheel) -> bytes:
    size = len(wheel.files[wheel.module]) + 1
    return wheel.edited(local={"size": size}, central={"size": size})


@STREAMS.dangerous("archive.lying-crc", "Readers that check the CRC see a damaged file.")
def crc_that_lies(wheel: RealWheel) -> bytes:
    return wheel.edited(local={"crc": 5}, central={"crc": 5})


@STREAMS.dangerous("archive.lying-size", "A payload behind a stored module.")
def stored_member_with_a_tail(wheel: RealWheel) -> bytes:
    data = wheel.files[wheel.module]
    return wheel.edited(method=0, stream=data + b"hidden")


@STREAMS.dangerous("archive.bomb", "The judge, or the installer, runs out of memory or disk.")
def bomb(wheel: RealWheel) -> list[bytes]:
    if wheel.project != "iniconfig":
        return []
    zeros = bytes(80 * 1024**2)
    large = {"size": 0xFFFFFFF0}
    return [
        pack([*wheel.entries, Entry(name="zeros.bin", data=zeros, level=1)]),
        wheel.edited(local=large, central=large),
    ]


@STREAMS.unexplained("container.deflate-slack", "Seven bits per member carry a message.")
def bits_behind_the_stream(wheel: RealWheel) -> list[bytes]:
    packed = wheel.entry(wheel.module).packed
    candidates = (packed[:-1] + bytes([packed[-1] | 0x80 >> bit]) for bit in range(7))
    content = wheel.files[wheel.module]
    honest = [s for s in candidates if s != packed and _inflates_to(s, content)]
    return [wheel.edited(stream=stream) for stream in honest]


def _inflates_to(stream: bytes, content: bytes) -> bool:
    try:
        return zlib.decompress(stream, -15) == content
    except zlib.error:
        return False


@STREAMS.unexplained("container.deflate-slack", "A message in the padding of empty blocks.")
def bits_between_blocks(wheel: RealWheel) -> list[bytes]:
    packed = wheel.entry(wheel.module).packed
    payloads = (b"a message", bytes(100))
    return [wheel.edited(stream=_empty_blocks(payload) + packed) for payload in payloads]


@STREAMS.unexplained("container.deflate-slack", "A message in the lengths of needless blocks.")
def one_byte_in_each_block(wheel: RealWheel) -> bytes:
    data = wheel.files[wheel.module]
    blocks = b"".join(b"\0\1\0\xfe\xff" + data[at : at + 1] for at in range(len(data)))
    return wheel.edited(stream=blocks + b"\3\0")
