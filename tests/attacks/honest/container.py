"""The same members in another container, as other tools, systems and days make it."""

import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial

from tests.attacks.honest.pair import HonestFamily
from tests.support.real_wheels import RealWheel, with_fields
from tests.support.wheels import Entry, deflate, pack

CONTAINER = HonestFamily("Container")

_STRATEGIES = (zlib.Z_FILTERED, zlib.Z_HUFFMAN_ONLY, zlib.Z_RLE, zlib.Z_FIXED)
_SENTINEL = 0xFFFFFFFF


class _Pipe(io.RawIOBase):
    """A file that can only be written on, as a pipe or a socket is."""

    def __init__(self) -> None:
        self.data = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        piece = bytes(memoryview(data))  # type: ignore[arg-type]  # whatever zipfile writes
        self.data += piece
        return len(piece)


def _each(wheel: RealWheel, change: Callable[[Entry], Entry]) -> bytes:
    return pack(map(change, wheel.entries))


def _is_directory(entry: Entry) -> bool:
    return str(entry.name).endswith("/")


def _repacked(
    wheel: RealWheel, *, compression: int = zipfile.ZIP_DEFLATED, level: int | None = None
) -> bytes:
    """The members written again by CPython's `zipfile`."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compression, compresslevel=level) as archive:
        for info, data in _infos(wheel):
            archive.writestr(info, data, compression, level)
    return stream.getvalue()


def _infos(wheel: RealWheel) -> Iterator[tuple[zipfile.ZipInfo, bytes]]:
    for entry in wheel.entries:
        info = zipfile.ZipInfo(str(entry.name), (2024, 2, 29, 12, 34, 56))
        info.external_attr = entry.mode << 16 | (0x10 if _is_directory(entry) else 0)
        yield info, entry.data


def is_script(entry: Entry) -> bool:
    """Whether a mode of its own makes a program of the member, so that it is not free."""
    return ".data/scripts/" in str(entry.name)


def _packed_by(packer: Callable[[bytes], bytes]) -> Callable[[Entry], Entry]:
    def packed(entry: Entry) -> Entry:
        return entry if entry.method == 0 else replace(entry, stream=packer(entry.data))

    return packed


def _with_memory_level(level: int) -> Callable[[bytes], bytes]:
    def packed(data: bytes) -> bytes:
        packer = zlib.compressobj(6, zlib.DEFLATED, -15, level)
        return packer.compress(data) + packer.flush()

    return packed


@CONTAINER.regenerated
def other_day(wheel: RealWheel) -> bytes:
    return _each(wheel, lambda entry: replace(entry, date=0x5822, time=0x7D1C))


@CONTAINER.regenerated
def another_time_for_each_member(wheel: RealWheel) -> bytes:
    days = iter(range(1, 28))
    return _each(wheel, lambda entry: replace(entry, date=0x5820 | next(days)))


@CONTAINER.regenerated
def other_modes(wheel: RealWheel) -> list[bytes]:
    def with_mode(mode: int) -> bytes:
        return _each(
            wheel,
            lambda entry: (
                entry if _is_directory(entry) or is_script(entry) else replace(entry, mode=mode)
            ),
        )

    return [with_mode(mode) for mode in (0o100600, 0o100666, 0o100755, 0o644, 0o100664, 0)]


@CONTAINER.regenerated
def made_on_another_system(wheel: RealWheel) -> bytes:
    return _each(
        wheel,
        lambda entry: entry if is_script(entry) else replace(entry, system=3 - entry.system),
    )


@CONTAINER.regenerated
def made_by_another_version(wheel: RealWheel) -> list[bytes]:
    def made_by(version: int) -> bytes:
        return _each(wheel, lambda entry: with_fields(entry, central={"made_by": version}))

    return [made_by(version) for version in (10, 30, 45, 63)]


@CONTAINER.regenerated
def another_version_needed(wheel: RealWheel) -> list[bytes]:
    def needing(version: int) -> bytes:
        fields = {"needed": version}
        return _each(wheel, lambda entry: with_fields(entry, local=fields, central=fields))

    return [needing(10), needing(45)]


@CONTAINER.regenerated
def text_bit(wheel: RealWheel) -> bytes:
    return _each(wheel, lambda entry: with_fields(entry, central={"internal": 1}))


@CONTAINER.regenerated
def compression_flags(wheel: RealWheel) -> bytes:
    return _each(wheel, lambda entry: replace(entry, flags=entry.flags | 2))


@CONTAINER.regenerated
def names_marked_as_utf8(wheel: RealWheel) -> bytes:
    return _each(wheel, lambda entry: replace(entry, flags=entry.flags | 0x800))


@CONTAINER.regenerated
def reordered(wheel: RealWheel) -> list[bytes]:
    entries = list(wheel.entries)
    by_name = sorted(entries, key=lambda entry: str(entry.name))
    return [pack(entries[::-1]), pack(by_name), pack(by_name[::-1])]


@CONTAINER.regenerated
def stored(wheel: RealWheel) -> bytes:
    return _each(wheel, lambda entry: replace(entry, method=0, stream=None))


@CONTAINER.regenerated
def small_members_stored(wheel: RealWheel) -> bytes:
    return _each(
        wheel,
        lambda entry: replace(entry, method=0, stream=None) if len(entry.data) < 200 else entry,
    )


@CONTAINER.regenerated
def other_level(wheel: RealWheel) -> list[bytes]:
    made = [_each(wheel, _packed_by(partial(deflate, level=level))) for level in range(10)]
    # One of them is the level of the wheel itself.
    return [each for each in made if each != wheel.data]


@CONTAINER.regenerated
def another_level_for_each_member(wheel: RealWheel) -> bytes:
    levels = iter([1, 6, 9] * 10)
    return _each(wheel, _packed_by(lambda data: deflate(data, next(levels))))


@CONTAINER.regenerated
def other_strategy(wheel: RealWheel) -> list[bytes]:
    return [
        _each(wheel, _packed_by(partial(deflate, strategy=strategy))) for strategy in _STRATEGIES
    ]


@CONTAINER.regenerated
def other_memory_level(wheel: RealWheel) -> list[bytes]:
    made = _each(wheel, _packed_by(_with_memory_level(9)))
    # Only members of some length are packed otherwise.
    return [made] if made != wheel.data else []


@CONTAINER.regenerated
def repacked_by_zipfile(wheel: RealWheel) -> list[bytes]:
    return [
        _repacked(wheel),
        _repacked(wheel, level=1),
        _repacked(wheel, level=9),
        _repacked(wheel, compression=zipfile.ZIP_STORED),
    ]


@CONTAINER.regenerated
def zip64_local_headers(wheel: RealWheel) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for info, data in _infos(wheel):
            info.compress_type = zipfile.ZIP_DEFLATED
            with archive.open(info, "w", force_zip64=True) as member:
                member.write(data)
    return stream.getvalue()


@CONTAINER.regenerated
def sizes_repeated_in_zip64(wheel: RealWheel) -> bytes:
    """As `zipfile` of CPython before 3.11.4 wrote when it was told to force ZIP64."""

    def repeated(entry: Entry) -> Entry:
        sizes = struct.pack("<HHQQ", 1, 16, len(entry.data), len(entry.packed))
        return replace(entry, local_extra=sizes)

    return _each(wheel, repeated)


@CONTAINER.regenerated
def streamed_into_a_pipe(wheel: RealWheel) -> bytes:
    """With data descriptors, as `zipfile` writes where it cannot go back."""
    pipe = _Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        for info, data in _infos(wheel):
            info.compress_type = zipfile.ZIP_DEFLATED
            with archive.open(info, "w") as member:
                member.write(data)
    return bytes(pipe.data)


@CONTAINER.regenerated
def streamed_with_zip64(wheel: RealWheel) -> bytes:
    def streamed(entry: Entry) -> Entry:
        values = (zlib.crc32(entry.data), len(entry.packed), len(entry.data))
        return with_fields(
            entry,
            flags=entry.flags | 8,
            local={"crc": 0, "compressed": _SENTINEL, "size": _SENTINEL},
            local_extra=struct.pack("<HHQQ", 1, 16, 0, 0),
            descriptor=struct.pack("<4sLQQ", b"PK\7\x08", *values),
        )

    return _each(wheel, lambda entry: streamed(entry) if entry.data and entry.method else entry)


@CONTAINER.regenerated
def everything_at_once(wheel: RealWheel) -> bytes:
    def changed(entry: Entry) -> Entry:
        packed = entry if entry.method == 0 else replace(entry, stream=deflate(entry.data, 9))
        return replace(packed, date=0x5822, system=entry.system if is_script(entry) else 0)

    return pack(changed(entry) for entry in wheel.entries[::-1])


def by_directory_first(entries: Iterable[Entry]) -> list[Entry]:
    """dist-info first, against the recommendation of the specification."""
    return sorted(entries, key=lambda entry: ".dist-info/" not in str(entry.name))


@CONTAINER.regenerated
def dist_info_first(wheel: RealWheel) -> bytes:
    return pack(by_directory_first(wheel.entries))
