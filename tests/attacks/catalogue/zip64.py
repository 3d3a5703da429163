"""ZIP64: a second place for every size, count and offset."""

import struct

from tests.attacks.catalogue.technique import Family
from tests.support.real_wheels import RealWheel
from tests.support.wheels import pack

ZIP64 = Family("ZIP64")

_SENTINEL = 0xFFFFFFFF
_BOTH = {"compressed": _SENTINEL, "size": _SENTINEL}


def _sizes(wheel: RealWheel) -> tuple[int, int]:
    entry = wheel.entry(wheel.module)
    return len(entry.data), len(entry.packed)


def _extra(*values: int) -> bytes:
    return struct.pack(f"<HH{len(values)}Q", 1, 8 * len(values), *values)


def _end(wheel: RealWheel, **changes: int) -> bytes:
    """A ZIP64 end record and its locator for this wheel, fields replaced by name."""
    size, offset = struct.unpack_from("<LL", wheel.data, len(wheel.data) - 10)
    values = {
        "record": 44,
        "made_by": 45,
        "needed": 45,
        "disk": 0,
        "start_disk": 0,
        "here": len(wheel.entries),
        "total": len(wheel.entries),
        "size": size,
        "offset": offset,
    }
    locator = {"place": offset + size, "disks": 1}
    values |= {key: value for key, value in changes.items() if key in values}
    locator |= {key: value for key, value in changes.items() if key in locator}
    return struct.pack("<4sQHHLLQQQQ", b"PK\6\6", *values.values()) + struct.pack(
        "<4sLQL", b"PK\6\7", 0, *locator.values()
    )


@ZIP64.dangerous("archive.zip64-contradiction", "Readers that know ZIP64 read other sizes.")
def extra_field_without_need(wheel: RealWheel) -> list[bytes]:
    lie = _extra(1, 1)
    zeros = _extra(0, 0)
    return [
        wheel.edited(central_extra=lie),
        wheel.edited(local_extra=lie),
        wheel.edited(local_extra=zeros),
        wheel.edited(central_extra=_extra(*_sizes(wheel))),
    ]


@ZIP64.dangerous("archive.local-disagrees", "Streaming readers take the sizes of ZIP64.")
def local_sizes_that_lie(wheel: RealWheel) -> bytes:
    size, compressed = _sizes(wheel)
    return wheel.edited(local=_BOTH, local_extra=_extra(size, compressed + 1))


@ZIP64.dangerous("archive.zip64-contradiction", "Readers differ in which value is meant.")
def local_sizes_of_which_one_is_needed(wheel: RealWheel) -> bytes:
    return wheel.edited(local={"size": _SENTINEL}, local_extra=_extra(*_sizes(wheel)))


@ZIP64.unexplained("container.not-regenerated", "True sizes in a place that no writer uses.")
def central_sizes_without_need(wheel: RealWheel) -> bytes:
    return wheel.edited(central=_BOTH, central_extra=_extra(*_sizes(wheel)))


@ZIP64.dangerous("archive.zip64-contradiction", "Readers take a value that the field lacks.")
def central_field_too_short(wheel: RealWheel) -> bytes:
    return wheel.edited(central=_BOTH, central_extra=_extra(_sizes(wheel)[0]))


@ZIP64.unexplained("archive.zip64-unneeded", "A second directory record to be changed later.")
def end_records_without_need(wheel: RealWheel) -> bytes:
    return pack(wheel.entries, before_end=_end(wheel))


@ZIP64.dangerous("archive.zip64-contradiction", "Readers with and without ZIP64 see two archives.")
def end_records_that_contradict(wheel: RealWheel) -> list[bytes]:
    return [
        pack(wheel.entries, before_end=_end(wheel, here=1, total=1)),
        pack(wheel.entries, before_end=_end(wheel, here=1)),
    ]


@ZIP64.dangerous("archive.zip64-contradiction", "A payload in the record's extensible part.")
def end_record_with_a_data_sector(wheel: RealWheel) -> bytes:
    return pack(wheel.entries, before_end=_end(wheel, record=60))


@ZIP64.dangerous("archive.zip64-contradiction", "Readers look for members in other files.")
def end_records_of_several_volumes(wheel: RealWheel) -> list[bytes]:
    return [
        pack(wheel.entries, before_end=_end(wheel, disk=1, start_disk=1)),
        pack(wheel.entries, before_end=_end(wheel, disks=2)),
    ]


@ZIP64.dangerous("archive.zip64-contradiction", "Readers follow the locator to another record.")
def locator_that_lies(wheel: RealWheel) -> list[bytes]:
    return [
        pack(wheel.entries, before_end=_end(wheel, place=0)),
        pack(wheel.entries, before_end=struct.pack("<4sLQL", b"PK\6\7", 0, 0, 1)),
    ]
