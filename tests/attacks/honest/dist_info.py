"""dist-info files that other versions of a build tool write differently."""

import re
from dataclasses import replace

from tests.attacks.honest.pair import HonestFamily
from tests.support.real_wheels import RealWheel
from tests.support.wheels import deflate, pack

DIST_INFO = HonestFamily("dist-info")

_GENERATORS = (
    b"bdist_wheel (0.37.1)",
    b"setuptools (80.9.0)",
    b"flit 3.9.0",
    b"hatchling 1.27.0",
    b"uv 0.8.17",
)


def _with_generator(wheel: RealWheel, generator: bytes) -> dict[str, bytes | None]:
    name = wheel.info("WHEEL")
    line = b"Generator: " + generator
    return {name: re.sub(rb"Generator: [^\r\n]*", line, wheel.files[name])}


def _rows(wheel: RealWheel, changes: dict[str, bytes | None]) -> list[bytes]:
    """The rows of the RECORD that fits, each with its line end."""
    (record,) = (e.data for e in wheel.with_files(changes) if e.name == wheel.record)
    return record.splitlines(keepends=True)


@DIST_INFO.equivalent("wheel-generator", "record-follows")
def other_generator(wheel: RealWheel) -> list[bytes]:
    return [
        wheel.forge(_with_generator(wheel, generator))
        for generator in _GENERATORS
        if generator not in wheel.files[wheel.info("WHEEL")]
    ]


@DIST_INFO.equivalent("record-follows")
def rows_of_record_in_another_order(wheel: RealWheel) -> list[bytes]:
    rows = _rows(wheel, {})
    orders = (rows[::-1], sorted(rows), [rows[-1], *rows[:-1]])
    return [wheel.forge({}, record=b"".join(order)) for order in orders if order != rows]


@DIST_INFO.equivalent("wheel-generator", "record-follows")
def other_generator_and_order_of_rows(wheel: RealWheel) -> bytes:
    changes = _with_generator(wheel, b"flit 3.8.0")
    return wheel.forge(changes, record=b"".join(_rows(wheel, changes)[::-1]))


@DIST_INFO.equivalent("wheel-generator", "record-follows", "container.deflate-stream")
def other_generator_order_day_and_compressor(wheel: RealWheel) -> bytes:
    changes = _with_generator(wheel, b"flit 3.8.0")
    entries = wheel.with_files(changes, record=b"".join(_rows(wheel, changes)[::-1]))
    return pack(
        replace(entry, date=0x5822, stream=b"\0\0\0\xff\xff" + deflate(entry.data))
        if entry.method
        else entry
        for entry in entries[::-1]
    )
