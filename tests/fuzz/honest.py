"""Honest pairs of wheels, one for each trusted verdict: what flips start from."""

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from tests.support.real_wheels import real_wheels
from tests.support.wheels import (
    DIST_INFO,
    FILENAME,
    Entry,
    entries,
    honest_files,
    pack,
    varied_text,
    wheel_file,
    with_record,
)

_REAL = "six"


@dataclass(frozen=True, kw_only=True)
class HonestPair:
    """Two wheels of one file name that are to be trusted."""

    published: bytes
    rebuilt: bytes
    filename: str = FILENAME
    has_other_compressor: bool = False
    """Nothing reproduces the published streams, so another one of equal content does not show."""


def _files(generator: str = "bdist_wheel (0.43.0)") -> dict[str, bytes]:
    wheel = {f"{DIST_INFO}/WHEEL": wheel_file(generator)}
    return with_record(honest_files({"example/text.txt": varied_text(2000), **wheel}))


def streamed(entry: Entry) -> Entry:
    """As written to a pipe: sizes follow the data."""
    fields = entry.fields()
    sizes = (fields["crc"], fields["compressed"], fields["size"])
    return replace(
        entry,
        flags=entry.flags | 8,
        local={**entry.local, "crc": 0, "compressed": 0, "size": 0},
        descriptor=b"PK\7\x08" + b"".join(value.to_bytes(4, "little") for value in sizes),
    )


def redated(members: Sequence[Entry]) -> list[Entry]:
    """As packed on another day, by another person, on another system."""
    return [
        replace(entry, date=0x5821 + at % 2, mode=0o100755 if at % 3 == 0 else 0o100664)
        for at, entry in enumerate(members)
    ]


def flushed(entry: Entry) -> Entry:
    """As packed by a compressor that no setting of the search is: it flushes after a byte."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -10)
    first = packer.compress(entry.data[:1]) + packer.flush(zlib.Z_SYNC_FLUSH)
    stream = first + packer.compress(entry.data[1:]) + packer.flush()
    return replace(entry, method=8, stream=stream)


def identical() -> HonestPair:
    """The same file twice."""
    data = pack(entries(_files()))
    return HonestPair(published=data, rebuilt=data)


def regenerated() -> HonestPair:
    """The same members: other dates, modes, levels, methods, order, descriptors."""
    members = redated(entries(_files()))[::-1]
    members[0] = streamed(members[0])
    members[1] = replace(members[1], level=1)
    members[2] = replace(members[2], method=0, system=0)
    return HonestPair(published=pack(members), rebuilt=pack(entries(_files())))


def equivalent() -> HonestPair:
    """Another Generator, and RECORD rows that follow."""
    members = redated(entries(_files("setuptools (75.6.0)")))
    return HonestPair(published=pack(members), rebuilt=pack(entries(_files())))


def other_compressor() -> HonestPair:
    """The same members, packed by what is not zlib as we know it."""
    published = pack(map(flushed, redated(entries(_files()))))
    rebuilt = pack(entries(_files()))
    return HonestPair(published=published, rebuilt=rebuilt, has_other_compressor=True)


def real_identical() -> HonestPair:
    """A published wheel against itself."""
    wheel = real_wheels()[_REAL]
    return HonestPair(published=wheel.data, rebuilt=wheel.data, filename=wheel.filename)


def real_regenerated() -> HonestPair:
    """A published wheel against one that was built on another day."""
    wheel = real_wheels()[_REAL]
    rebuilt = pack(redated(wheel.entries))
    return HonestPair(published=wheel.data, rebuilt=rebuilt, filename=wheel.filename)


PAIRS: dict[str, Callable[[], HonestPair]] = {
    "identical": identical,
    "regenerated": regenerated,
    "equivalent": equivalent,
    "other-compressor": other_compressor,
    "real-identical": real_identical,
    "real-regenerated": real_regenerated,
}
