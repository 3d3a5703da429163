"""Whether the file is a tar archive, too, for readers that ask for that first.

What makes a tar archive is not a magic number, which the format of Version 7 lacks, but a first
block whose checksum is right (POSIX.1, pax: "ustar Interchange Format"). A ZIP file has such a
block if the name and the data of its first member are chosen for it.

Only the first block counts. Readers go on behind a block that is no header only if they are told to
(CPython), or end with an error (GNU), and a stored member may honestly be a tar archive. Formats
with a magic number at the start need bytes before the first local header, which are a finding.
"""

import struct

from verify.archive.facts import dangerous
from verify.archive.raw import RawFile
from verify.finding import Finding

_BLOCK = 512
_CHECKSUM_AT = 148
_CHECKSUM_END = 156
_MAGIC_AT = 257
_MAGIC = b"ustar"
_BLANK = 8 * ord(" ")
"""The checksum is made with spaces in its own place."""

_BASE256 = 0x80
"""GNU: under the top bit of its first byte a number is not octal but binary."""


def tar_facts(raw: RawFile) -> list[Finding]:
    """A finding when the first block of the file is the header of a tar archive."""
    block = raw.slice(0, _BLOCK)
    if len(block) < _BLOCK:
        return []
    has_magic = block[_MAGIC_AT:].startswith(_MAGIC)
    has_checksum = _has_checksum(block)
    if not (has_magic or has_checksum):
        return []
    return [
        dangerous(
            "archive.tar",
            "The file begins as a tar archive, so that some readers see another content in it.",
            magic=has_magic,
            checksum=has_checksum,
        )
    ]


def _has_checksum(block: bytes) -> bool:
    rest = block[:_CHECKSUM_AT] + block[_CHECKSUM_END:]
    # Some old writers added up signed bytes; readers take either sum.
    sums = {_BLANK + sum(rest), _BLANK + sum(struct.unpack(f"{len(rest)}b", rest))}
    return not sums.isdisjoint(_numbers(block[_CHECKSUM_AT:_CHECKSUM_END]))


def _numbers(field: bytes) -> set[int]:
    """Everything that some reader takes the field for."""
    binary = int.from_bytes(field[1:], "big")
    found = {binary, binary - (1 << 56)} if field[0] & _BASE256 else set()
    text = field.lstrip(b" \t\n\v\f\r\0")
    digits = len(text) - len(text.lstrip(b"01234567"))
    if digits:
        found.add(int(text[:digits], 8))
    return found
