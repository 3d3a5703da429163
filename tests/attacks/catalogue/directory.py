"""The central directory against the members that are really there."""

import struct
import zlib
from dataclasses import replace

from tests.attacks.catalogue.technique import PAYLOAD, Family
from tests.support.real_wheels import RealWheel, with_fields
from tests.support.wheels import Entry, deflate, pack

DIRECTORY = Family("Central directory")


def _local_member(name: str, data: bytes) -> bytes:
    """A local header and its data, which no directory entry names."""
    stream = deflate(data)
    sizes = (zlib.crc32(data), len(stream), len(data))
    fields = (b"PK\3\4", 20, 0, 8, 0, 0x21, *sizes, len(name), 0)
    return struct.pack("<4sHHHHHLLLHH", *fields) + name.encode() + stream


def _offset(wheel: RealWheel, name: str) -> int:
    """Where the local header of a member is."""
    at = [entry.name for entry in wheel.entries].index(name)
    before = wheel.entries[:at]
    return len(pack([replace(entry, has_central=False) for entry in before])) - 22


@DIRECTORY.dangerous("archive.duplicate-name", "One reader takes the first module, one the last.")
def duplicate_name(wheel: RealWheel) -> list[bytes]:
    evil = replace(wheel.entry(wheel.module), data=PAYLOAD, stream=None)
    return [pack([*wheel.entries, evil]), pack([evil, *wheel.entries])]


@DIRECTORY.dangerous("archive.duplicate-name", "The same content twice hides a third one later.")
def duplicate_of_the_same_content(wheel: RealWheel) -> bytes:
    return pack([*wheel.entries, wheel.entry(wheel.module)])


@DIRECTORY.dangerous("archive.duplicate-name", "Two RECORDs: auditors read one, others the other.")
def duplicate_record(wheel: RealWheel) -> bytes:
    return pack([*wheel.entries, replace(wheel.entry(wheel.record), data=b"", stream=None)])


@DIRECTORY.dangerous("archive.hidden-member", "Streaming readers extract one module more.")
def member_without_directory_entry(wheel: RealWheel) -> list[bytes]:
    hidden = Entry(name="sitecustomize.py", data=PAYLOAD, has_central=False)
    return [pack([*wheel.entries, hidden]), pack([*wheel.entries[:1], hidden, *wheel.entries[1:]])]


@DIRECTORY.dangerous("archive.hidden-member", "Streaming readers install another module.")
def local_twin_in_front(wheel: RealWheel) -> bytes:
    return wheel.edited(gap=_local_member(wheel.module, PAYLOAD))


@DIRECTORY.dangerous("archive.hidden-member", "A published module vanishes for strict readers.")
def entry_taken_out_of_the_directory(wheel: RealWheel) -> bytes:
    return wheel.edited(has_central=False)


@DIRECTORY.dangerous("archive.local-header", "The directory names a module that is not there.")
def entry_without_data(wheel: RealWheel) -> bytes:
    return pack([*wheel.entries, Entry(name="ghost.py", data=PAYLOAD, has_local=False)])


@DIRECTORY.dangerous("archive.overlap", "Two names share one content that only one of them lists.")
def overlapping_members(wheel: RealWheel) -> bytes:
    again = replace(
        wheel.entry(wheel.module),
        name="again.py",
        has_local=False,
        central={"offset": _offset(wheel, wheel.module)},
    )
    return pack([*wheel.entries, again])


@DIRECTORY.dangerous("archive.local-header", "A member in a member, seen by who looks for it.")
def quoted_member(wheel: RealWheel) -> bytes:
    """The directory points at a local header inside the data of a stored member."""
    inner = _local_member("evil.py", PAYLOAD)
    base = wheel.with_files({"notes.bin": inner})
    stored = [replace(e, method=0) if e.name == "notes.bin" else e for e in base]
    at = pack(stored).index(inner)
    lie = {"offset": at, "compressed": 1 << 30}
    quoted = Entry(name="evil.py", data=PAYLOAD, has_local=False, central=lie)
    return pack([*stored, quoted])


@DIRECTORY.dangerous("archive.overlap", "A member in a member, with everything else right.")
def quoted_member_with_right_sizes(wheel: RealWheel) -> bytes:
    inner = _local_member("evil.py", PAYLOAD)
    base = wheel.with_files({"notes.bin": inner})
    stored = [replace(e, method=0) if e.name == "notes.bin" else e for e in base]
    at = pack(stored).index(inner)
    quoted = Entry(name="evil.py", data=PAYLOAD, has_local=False, central={"offset": at})
    return pack([*stored, quoted])


@DIRECTORY.dangerous("archive.local-disagrees", "Two members change places for some readers.")
def exchanged_offsets(wheel: RealWheel) -> bytes:
    first, second = wheel.module, wheel.info("METADATA")
    offsets = {first: _offset(wheel, second), second: _offset(wheel, first)}
    return pack(
        with_fields(entry, central={"offset": offsets[str(entry.name)]})
        if entry.name in offsets
        else entry
        for entry in wheel.entries
    )


@DIRECTORY.unexplained("archive.physical-order", "Streaming readers install in another order.")
def order_of_data_unlike_directory(wheel: RealWheel) -> bytes:
    name = wheel.info("WHEEL")
    moved = with_fields(
        wheel.entry(name), has_local=False, central={"offset": _offset(wheel, name)}
    )
    hollow = [replace(e, has_central=False) if e.name == name else e for e in wheel.entries]
    return pack([*hollow, moved])


@DIRECTORY.dangerous("archive.malformed-directory", "Readers that resynchronize go on behind it.")
def garbage_in_the_directory(wheel: RealWheel) -> bytes:
    at = wheel.data.index(b"PK\1\2", wheel.data.index(b"PK\1\2") + 1)
    return wheel.data[:at] + b"PKxx" + wheel.data[at + 4 :]


@DIRECTORY.dangerous("archive.multi-volume", "The member is on a volume that is elsewhere.")
def member_on_another_volume(wheel: RealWheel) -> bytes:
    return wheel.edited(central={"disk": 1})


@DIRECTORY.dangerous("archive.directory-data", "A directory entry carries a payload.")
def directory_with_content(wheel: RealWheel) -> bytes:
    return pack([*wheel.entries, Entry(name="sub/", data=PAYLOAD, mode=0o40755)])


@DIRECTORY.unexplained("member.only-published", "An empty directory that some program looks for.")
def directory_added(wheel: RealWheel) -> bytes:
    folder = Entry(name="tests/", method=0, mode=0o40755)
    return pack([*wheel.entries[:-1], folder, wheel.entries[-1]])
