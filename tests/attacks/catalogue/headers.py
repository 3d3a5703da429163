"""What the two headers of one member say: readers differ in which of them they believe."""

import struct

from tests.attacks.catalogue.technique import Family
from tests.support.real_wheels import RealWheel

HEADERS = Family("Headers of a member")

_NTFS_TIMES = struct.pack("<HHLHHQQQ", 0x000A, 32, 0, 1, 24, 1, 1, 1)


@HEADERS.dangerous("archive.local-disagrees", "Readers of local headers install another module.")
def local_name(wheel: RealWheel) -> bytes:
    return wheel.edited(local_name=b"sitecustomize.py")


@HEADERS.dangerous("archive.local-disagrees", "The file looks damaged to auditors who stream it.")
def local_crc(wheel: RealWheel) -> bytes:
    return wheel.edited(local={"crc": 1})


@HEADERS.dangerous("archive.local-disagrees", "Streaming readers stop early or read on.")
def local_size(wheel: RealWheel) -> list[bytes]:
    return [wheel.edited(local={"size": size}) for size in (0, 1)]


@HEADERS.dangerous("archive.local-disagrees", "Streaming readers find the next member elsewhere.")
def local_compressed_size(wheel: RealWheel) -> bytes:
    return wheel.edited(local={"compressed": 1})


@HEADERS.dangerous("archive.local-disagrees", "One reader inflates what another one copies.")
def local_method(wheel: RealWheel) -> bytes:
    return wheel.edited(local={"method": 0})


@HEADERS.dangerous("archive.local-disagrees", "Two readers decode one name in two ways.")
def local_flags(wheel: RealWheel) -> bytes:
    return wheel.edited(local={"flags": 0x800})


@HEADERS.dangerous("archive.local-disagrees", "Sizes are withheld from streaming readers.")
def local_zero_sizes(wheel: RealWheel) -> bytes:
    return wheel.edited(local={"crc": 0, "compressed": 0, "size": 0})


@HEADERS.dangerous("archive.local-disagrees", "The directory promises another content.")
def central_crc(wheel: RealWheel) -> bytes:
    return wheel.edited(central={"crc": 1})


@HEADERS.dangerous("archive.local-header", "The member is only there for forgiving readers.")
def no_local_header(wheel: RealWheel) -> list[bytes]:
    return [wheel.edited(central={"offset": offset}) for offset in (7, 0xFFFFFF0)]


@HEADERS.dangerous("archive.encrypted", "Scanners skip what they take for encrypted.")
def encryption_flag(wheel: RealWheel) -> list[bytes]:
    return [wheel.edited(flags=flag) for flag in (1, 1 << 6)]


@HEADERS.dangerous("archive.encrypted", "Readers that know masking hide header values.")
def masking_flag(wheel: RealWheel) -> bytes:
    return wheel.edited(flags=1 << 13)


@HEADERS.dangerous("archive.encrypted", "Readers that know patches expect a difference file.")
def patch_flag(wheel: RealWheel) -> bytes:
    return wheel.edited(flags=1 << 5)


@HEADERS.unexplained("archive.unknown-flags", "Sixteen bits per member carry a message.")
def unknown_flags(wheel: RealWheel) -> list[bytes]:
    return [wheel.edited(flags=1 << bit) for bit in (4, 8, 15)]


@HEADERS.unexplained("archive.local-differs", "A message in version fields that nobody reads.")
def local_version(wheel: RealWheel) -> bytes:
    return wheel.edited(local={"needed": 45})


@HEADERS.unexplained("archive.local-differs", "A message in times that nobody compares.")
def local_time(wheel: RealWheel) -> bytes:
    return wheel.edited(local={"time": 99})


@HEADERS.unexplained("archive.unknown-version", "Some extractors leave the member out.")
def version_too_new(wheel: RealWheel) -> bytes:
    return wheel.edited(local={"needed": 63}, central={"needed": 63})


@HEADERS.unexplained("archive.unknown-version", "A message in the version of the writer.")
def unknown_writer_version(wheel: RealWheel) -> bytes:
    return wheel.edited(central={"made_by": 99})


@HEADERS.unexplained("archive.unknown-system", "Modes are read by another system's rules.")
def unknown_system(wheel: RealWheel) -> list[bytes]:
    return [wheel.edited(system=system) for system in (7, 19)]


@HEADERS.unexplained("archive.internal-attributes", "Bits for a message in the directory.")
def internal_attributes(wheel: RealWheel) -> bytes:
    return wheel.edited(central={"internal": 2})


@HEADERS.unexplained("archive.dos-attributes", "The member is hidden on some systems.")
def hidden_file(wheel: RealWheel) -> bytes:
    return wheel.edited(central={"external": 0o100644 << 16 | 2})


@HEADERS.unexplained("archive.invalid-time", "Times that no calendar has carry a message.")
def impossible_date(wheel: RealWheel) -> list[bytes]:
    return [
        wheel.edited(date=0),
        wheel.edited(date=40 << 9 | 2 << 5 | 30),
        wheel.edited(time=31 << 11),
    ]


@HEADERS.dangerous("archive.special-file", "The member is a link to any file of the machine.")
def symbolic_link(wheel: RealWheel) -> list[bytes]:
    link = wheel.with_files({"link.py": b"/etc/passwd"})
    return [
        wheel.edited(base=link, name="link.py", mode=0o120777),
        wheel.edited(base=link, name="link.py", mode=0o120777, system=0),
    ]


@HEADERS.dangerous("archive.special-file", "Extracting makes a device or a pipe.")
def device(wheel: RealWheel) -> list[bytes]:
    return [wheel.edited(mode=mode) for mode in (0o020666, 0o060666, 0o010666, 0o140666)]


@HEADERS.dangerous("archive.special-mode", "An extracted program runs as its owner.")
def set_user_id(wheel: RealWheel) -> list[bytes]:
    return [wheel.edited(mode=mode) for mode in (0o104755, 0o102755, 0o101644)]


@HEADERS.dangerous("archive.kind-contradiction", "A module is a directory for some extractors.")
def directory_mode_on_a_file(wheel: RealWheel) -> bytes:
    return wheel.edited(mode=0o040755)


@HEADERS.dangerous("archive.renaming-extra", "Info-ZIP readers install it under another name.")
def unicode_path(wheel: RealWheel) -> list[bytes]:
    field = struct.pack("<HHBL", 0x7075, 12, 1, 0) + b"evil.py"
    return [wheel.edited(central_extra=field), wheel.edited(local_extra=field)]


@HEADERS.dangerous("archive.renaming-extra", "Info-ZIP readers show another comment.")
def unicode_comment(wheel: RealWheel) -> bytes:
    return wheel.edited(central_extra=struct.pack("<HHBL", 0x6375, 9, 1, 0) + b"evil")


@HEADERS.dangerous("archive.malformed-extra", "Readers lose track of the extra block.")
def malformed_extra(wheel: RealWheel) -> list[bytes]:
    return [wheel.edited(central_extra=b"\1\0\xff\xff"), wheel.edited(local_extra=b"\1")]


@HEADERS.dangerous("archive.many-extra-fields", "A payload in pieces that no list shows.")
def many_extra_fields(wheel: RealWheel) -> bytes:
    return wheel.edited(local_extra=struct.pack("<HH", 0xCAFE, 0) * 100)


@HEADERS.unexplained("archive.extra-field", "A payload in a field that readers skip.")
def private_extra(wheel: RealWheel) -> list[bytes]:
    field = struct.pack("<HH", 0xCAFE, 6) + b"hidden"
    return [wheel.edited(local_extra=field), wheel.edited(central_extra=field)]


@HEADERS.unexplained("archive.extra-field", "Times and owners in fields that no wheel has.")
def timestamp_and_owner_extra(wheel: RealWheel) -> list[bytes]:
    return [
        wheel.edited(central_extra=struct.pack("<HHBL", 0x5455, 5, 1, 0)),
        wheel.edited(local_extra=struct.pack("<HHBBLBL", 0x7875, 11, 1, 4, 0, 4, 0)),
        wheel.edited(central_extra=_NTFS_TIMES),
    ]


@HEADERS.unexplained("archive.extra-field", "Padding, as aligned archives have it, hides bytes.")
def alignment_padding(wheel: RealWheel) -> bytes:
    return wheel.edited(local_extra=struct.pack("<HHH", 0xD935, 8, 4) + b"hidden")


@HEADERS.unexplained("archive.member-comment", "A payload that only the directory shows.")
def member_comment(wheel: RealWheel) -> bytes:
    return wheel.edited(comment=b"hidden")
