"""A member of an archive, as its checked headers describe it."""

from dataclasses import dataclass

from verify.archive.extra import LocalZip64
from verify.archive.records import DEFLATED, FLAG_DESCRIPTOR, STORED


@dataclass(frozen=True, kw_only=True, slots=True)
class Member:
    r"""One entry of the central directory; sizes and offsets in bytes, offsets absolute.

    A value that the local header contradicts has a finding on the archive.

    Attributes:
        index: position in the central directory.
        name: the decoded name; bytes that are no text are shown as `\xNN`.
        raw_name: the name's bytes.
        dos_time, dos_date: the 16-bit fields as stored, APPNOTE 4.4.6.
        made_by, create_system: the two bytes of "version made by", APPNOTE 4.4.2.
        local_version_needed: that of the local header; the entry's when it is no header.
        data_offset: start of the compressed data; None when the local header is no header.
        descriptor_size: length of the data descriptor behind the data, 0 without one.
        local_zip64: whether the local header has its sizes in a ZIP64 extra field.
    """

    index: int
    name: str
    raw_name: bytes
    method: int
    flags: int
    crc32: int
    compressed_size: int
    size: int
    dos_time: int
    dos_date: int
    made_by: int
    create_system: int
    version_needed: int
    local_version_needed: int
    internal_attr: int
    external_attr: int
    header_offset: int
    data_offset: int | None
    descriptor_size: int
    local_zip64: LocalZip64
    central_offset: int
    central_size: int

    @property
    def date_time(self) -> tuple[int, int, int, int, int, int]:
        """Year, month, day, hour, minute, second; not necessarily a date that exists."""
        date, time = self.dos_date, self.dos_time
        return (
            (date >> 9) + 1980,
            (date >> 5) & 0xF,
            date & 0x1F,
            time >> 11,
            (time >> 5) & 0x3F,
            (time & 0x1F) * 2,
        )

    @property
    def mode(self) -> int:
        """The Unix mode in the upper half of the external attributes."""
        return self.external_attr >> 16

    @property
    def is_dir(self) -> bool:
        """Whether the name says directory (APPNOTE 4.4.17: a trailing slash)."""
        return self.raw_name.endswith(b"/")

    @property
    def has_descriptor(self) -> bool:
        """Whether sizes and CRC follow the data instead of preceding it."""
        return bool(self.flags & FLAG_DESCRIPTOR)

    @property
    def is_readable(self) -> bool:
        """Whether its data can be located and its method is understood."""
        return self.data_offset is not None and self.method in {STORED, DEFLATED}


@dataclass(frozen=True, kw_only=True, slots=True)
class Content:
    """What a member inflates to: lower-case hex sha256 and size in bytes."""

    sha256: str
    size: int
