"""The same members packed by compressors that are not zlib, each by its own library."""

import zlib
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial

import cramjam
import deflate as libdeflate
import zopfli.zlib  # type: ignore[import-untyped]  # ships no types
from isal import isal_zlib
from zlib_ng import zlib_ng

from tests.attacks.honest.container import is_script
from tests.attacks.honest.pair import HonestFamily
from tests.support.real_wheels import RealWheel
from tests.support.wheels import Entry, pack

COMPRESSORS = HonestFamily("Compressors")

_STREAM = "container.deflate-stream"

_SMALL = 8 * 1024
"""Bytes of a wheel that zopfli packs in less than a second."""

Packer = Callable[[bytes], bytes]


def _packed(wheel: RealWheel, packers: Iterable[Packer]) -> list[bytes]:
    """The wheel packed by each, where that is not what zlib makes anyway."""
    return [
        pack(
            replace(entry, stream=packer(entry.data)) if entry.method else entry
            for entry in wheel.entries
        )
        for packer in packers
    ]


def _flushing(data: bytes) -> bytes:
    """A writer that flushes its buffer once on the way."""
    packer = zlib.compressobj(6, zlib.DEFLATED, -15)
    half = packer.compress(data[: len(data) // 2]) + packer.flush(zlib.Z_SYNC_FLUSH)
    return half + packer.compress(data[len(data) // 2 :]) + packer.flush()


@COMPRESSORS.equivalent(_STREAM)
def zlib_ng_by_level(wheel: RealWheel) -> list[bytes]:
    return _packed(
        wheel,
        (partial(zlib_ng.compress, level=level, wbits=-15) for level in (1, 2, 3, 5, 6, 8, 9)),
    )


@COMPRESSORS.equivalent(_STREAM)
def isa_l_by_level(wheel: RealWheel) -> list[bytes]:
    return _packed(
        wheel,
        (partial(isal_zlib.compress, level=level, wbits=-15) for level in (1, 2, 3)),
    )


@COMPRESSORS.equivalent(_STREAM)
def libdeflate_by_level(wheel: RealWheel) -> list[bytes]:
    def at(level: int) -> Packer:
        return lambda data: bytes(libdeflate.deflate_compress(data, level))

    return _packed(wheel, map(at, (1, 4, 6, 9, 12)))


@COMPRESSORS.equivalent(_STREAM)
def zopfli_of_one_round(wheel: RealWheel) -> list[bytes]:
    if len(wheel.data) > _SMALL:
        return []
    # Two bytes of zlib's header, four of its checksum.
    return _packed(wheel, [lambda data: zopfli.zlib.compress(data, numiterations=1)[2:-4]])


@COMPRESSORS.equivalent(_STREAM)
def flate2_by_level(wheel: RealWheel) -> list[bytes]:
    """The library that build tools written in Rust use."""

    def at(level: int) -> Packer:
        return lambda data: bytes(cramjam.deflate.compress(data, level))

    return _packed(wheel, map(at, (1, 6, 9)))


@COMPRESSORS.equivalent(_STREAM)
def flushed_on_the_way(wheel: RealWheel) -> list[bytes]:
    return _packed(wheel, [_flushing])


@COMPRESSORS.equivalent(_STREAM)
def other_compressor_on_another_day(wheel: RealWheel) -> bytes:
    def packed(entry: Entry) -> Entry:
        if not entry.method:
            return replace(entry, date=0x5822)
        stream = zlib_ng.compress(entry.data, 6, wbits=-15)
        system = entry.system if is_script(entry) else 0
        return replace(entry, stream=stream, date=0x5822, system=system)

    return pack(map(packed, wheel.entries[::-1]))
