"""What CPython's `tarfile` opens as a tar archive is one here, too."""

import io
import tarfile
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.wheels import entries, pack
from verify.archive.polyglot import tar_facts
from verify.archive.raw import RawFile

BLOCK = 512
CHECKSUM = slice(148, 156)


def _is_tar(data: bytes) -> bool:
    return bool(tar_facts(RawFile(data)))


def _header(name: str = "setup.py", format: Literal[0, 1, 2] = tarfile.USTAR_FORMAT) -> bytearray:  # noqa: A002 - tarfile's word
    return bytearray(tarfile.TarInfo(name).tobuf(format)[:BLOCK])


def _blank_sum(header: bytearray) -> int:
    return sum(header[:148]) + 8 * 32 + sum(header[156:])


@pytest.mark.parametrize("format", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_headers_of_each_format_are_found(
    format: Literal[0, 1, 2],  # noqa: A002 - tarfile's word
) -> None:
    assert _is_tar(bytes(_header(format=format)))


def test_header_without_magic_is_found_by_its_checksum() -> None:
    header = _header()
    header[257:265] = bytes(8)
    assert not _is_tar(bytes(header))
    header[CHECKSUM] = b"%06o\0 " % _blank_sum(header)
    assert _is_tar(bytes(header))


@pytest.mark.parametrize("spelling", ["%06o\0 ", "%07o\0", "  %o \0\0", "%08o"])
def test_every_spelling_of_the_checksum_is_read(spelling: str) -> None:
    header = _header()
    header[257:265] = bytes(8)
    header[CHECKSUM] = (spelling % _blank_sum(header)).encode().ljust(8, b"\0")
    assert _is_tar(bytes(header))


def test_checksum_in_base_256_is_read() -> None:
    header = _header()
    header[257:265] = bytes(8)
    header[CHECKSUM] = b"\x80" + _blank_sum(header).to_bytes(7, "big")
    assert tarfile.is_tarfile(io.BytesIO(bytes(header) + bytes(2 * BLOCK)))
    assert _is_tar(bytes(header))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"PK\3\4" * 100,
        pack(entries()),
        bytes(_header()[: BLOCK - 1]),
        # A tar archive in a stored member is what the source has there.
        pack(entries()) + bytes(BLOCK - len(pack(entries())) % BLOCK) + bytes(_header()),
    ],
)
def test_other_files_are_no_tar_archive(data: bytes) -> None:
    assert not _is_tar(data)


@given(
    name=st.text(st.characters(codec="ascii", categories=["L", "N", "P"]), max_size=40),
    at=st.integers(0, BLOCK - 1),
    byte=st.integers(0, 255),
    checksum=st.sampled_from(["own", "right"]),
)
def test_whatever_tarfile_opens_is_found(name: str, at: int, byte: int, checksum: str) -> None:
    header = _header(name)
    header[at] = byte
    if checksum == "right":
        header[CHECKSUM] = b"%06o\0 " % _blank_sum(header)
    data = bytes(header) + bytes(2 * BLOCK)
    if tarfile.is_tarfile(io.BytesIO(data)):
        assert _is_tar(data)
