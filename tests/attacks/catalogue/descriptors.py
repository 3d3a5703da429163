"""Data descriptors: sizes behind the data, which only some readers look at."""

import struct
import zlib

from tests.attacks.catalogue.technique import Family
from tests.support.real_wheels import RealWheel

DESCRIPTORS = Family("Data descriptors")

_EMPTY = {"crc": 0, "compressed": 0, "size": 0}
_SENTINEL = 0xFFFFFFFF
_ZIP64 = struct.pack("<HHQQ", 1, 16, 0, 0)


def _descriptor(wheel: RealWheel, layout: str = "<4sLLL") -> bytes:
    entry = wheel.entry(wheel.module)
    sizes = (zlib.crc32(entry.data), len(entry.packed), len(entry.data))
    return struct.pack(layout, b"PK\7\x08", *sizes)


@DESCRIPTORS.dangerous("archive.local-disagrees", "Streaming readers never learn the size.")
def missing_descriptor(wheel: RealWheel) -> bytes:
    return wheel.edited(flags=8, local=_EMPTY)


@DESCRIPTORS.dangerous("archive.local-disagrees", "Streaming readers believe other sizes.")
def lying_descriptor(wheel: RealWheel) -> list[bytes]:
    right = _descriptor(wheel)
    lies = (
        struct.pack("<4sLLL", b"PK\7\x08", 1, 2, 3),
        right[:4] + bytes(4) + right[8:],
        right[:12] + struct.pack("<L", 1),
    )
    return [wheel.edited(flags=8, local=_EMPTY, descriptor=lie) for lie in lies]


@DESCRIPTORS.dangerous("archive.local-disagrees", "Readers differ on what twelve bytes mean.")
def descriptor_without_signature(wheel: RealWheel) -> bytes:
    return wheel.edited(flags=8, local=_EMPTY, descriptor=_descriptor(wheel)[4:])


@DESCRIPTORS.unexplained("archive.descriptor-width", "Streaming readers find the next one amiss.")
def descriptor_of_the_wrong_width(wheel: RealWheel) -> list[bytes]:
    sentinels = {"crc": 0, "compressed": _SENTINEL, "size": _SENTINEL}
    return [
        wheel.edited(flags=8, local=_EMPTY, descriptor=_descriptor(wheel, "<4sLQQ")),
        wheel.edited(flags=8, local=sentinels, local_extra=_ZIP64, descriptor=_descriptor(wheel)),
    ]


@DESCRIPTORS.unexplained("archive.redundant-descriptor", "Two places for one size may part later.")
def redundant_descriptor(wheel: RealWheel) -> bytes:
    return wheel.edited(flags=8, descriptor=_descriptor(wheel))


@DESCRIPTORS.unexplained("archive.stored-descriptor", "Streaming readers guess where it ends.")
def stored_with_descriptor(wheel: RealWheel) -> bytes:
    data = wheel.files[wheel.module]
    sizes = struct.pack("<4sLLL", b"PK\7\x08", zlib.crc32(data), len(data), len(data))
    return wheel.edited(method=0, stream=None, flags=8, local=_EMPTY, descriptor=sizes)


@DESCRIPTORS.dangerous("archive.gap", "Bytes that look like a descriptor and are none.")
def descriptor_without_its_flag(wheel: RealWheel) -> bytes:
    return wheel.edited(descriptor=_descriptor(wheel))
