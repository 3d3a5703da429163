"""The end of central directory record: what says where the directory is, and how large."""

import struct

from tests.attacks.catalogue.technique import PAYLOAD, Family
from tests.support.real_wheels import RealWheel
from tests.support.wheels import pack

END_RECORDS = Family("End records")

_END = struct.pack("<4sHHHHLLH", b"PK\5\6", 0, 0, 0, 0, 0, 0, 0)


@END_RECORDS.dangerous("archive.end-counts", "Readers that count leave the last members out.")
def count_too_low(wheel: RealWheel) -> bytes:
    return pack(wheel.entries, end={"here": 2, "total": 2})


@END_RECORDS.dangerous("archive.end-counts", "Readers that count read on behind the directory.")
def count_too_high(wheel: RealWheel) -> bytes:
    return pack(wheel.entries, end={"here": 99, "total": 99})


@END_RECORDS.dangerous("archive.end-counts", "Readers differ in which of two counts they take.")
def counts_that_differ(wheel: RealWheel) -> bytes:
    return pack(wheel.entries, end={"here": 1})


@END_RECORDS.dangerous("archive.multi-volume", "Readers look for members in other files.")
def volume_number(wheel: RealWheel) -> list[bytes]:
    return [pack(wheel.entries, end={field: 1}) for field in ("disk", "start_disk")]


@END_RECORDS.dangerous("archive.end-offset", "Readers by size and by offset see two directories.")
def directory_size_that_lies(wheel: RealWheel) -> bytes:
    return pack(wheel.entries, end={"size": 46})


@END_RECORDS.dangerous("archive.end-offset", "Readers by offset and by size see two directories.")
def directory_offset_that_lies(wheel: RealWheel) -> bytes:
    return pack(wheel.entries, end={"offset": 0})


@END_RECORDS.dangerous("archive.truncated-comment", "Strict readers refuse, others install.")
def comment_longer_than_the_file(wheel: RealWheel) -> bytes:
    return pack(wheel.entries, end={"comment": 9})


@END_RECORDS.unexplained("archive.comment", "A payload behind the archive that tools skip.")
def archive_comment(wheel: RealWheel) -> list[bytes]:
    return [pack(wheel.entries, comment=comment) for comment in (b"hidden", bytes(40_000))]


@END_RECORDS.unexplained("archive.comment", "The file is a page for browsers as well.")
def page_in_the_comment(wheel: RealWheel) -> bytes:
    return pack(wheel.entries, comment=b"<html><script src=x></script></html>")


@END_RECORDS.dangerous("archive.unreadable", "Forward and backward searches find two ends.")
def end_record_in_the_comment(wheel: RealWheel) -> bytes:
    return pack(wheel.entries, comment=_END + b"!")


@END_RECORDS.dangerous("archive.second-end-record", "Forward readers see an empty archive.")
def end_record_before_the_end(wheel: RealWheel) -> bytes:
    return pack(wheel.entries, before_end=_END[:-2] + struct.pack("<H", 22))


@END_RECORDS.dangerous("archive.end-offset", "Forward readers install the first of two wheels.")
def evil_wheel_in_front(wheel: RealWheel) -> bytes:
    return wheel.forge({wheel.module: PAYLOAD}) + wheel.data


@END_RECORDS.dangerous("archive.end-offset", "Backward readers install the second of two wheels.")
def evil_wheel_behind(wheel: RealWheel) -> bytes:
    return wheel.data + wheel.forge({wheel.module: PAYLOAD})


@END_RECORDS.dangerous("archive.trailing-bytes", "A payload behind the end of the archive.")
def trailing_bytes(wheel: RealWheel) -> list[bytes]:
    return [pack(wheel.entries, trailing=tail) for tail in (b"hidden", bytes(4), b"\n")]


@END_RECORDS.dangerous("archive.end-offset", "A payload between directory and end record.")
def gap_before_the_end_record(wheel: RealWheel) -> bytes:
    return pack(wheel.entries, before_end=b"hidden")


@END_RECORDS.dangerous("archive.unreadable", "Readers that repair archives find members.")
def no_end_record(wheel: RealWheel) -> list[bytes]:
    return [wheel.data[:-22], wheel.data[:-1], wheel.data[: len(wheel.data) // 2]]
