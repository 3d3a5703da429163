"""One law: no byte of a published wheel can change unseen, except in a recorded header field."""

import tempfile
from functools import cache
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.wheels import entries, pack, write
from verify.archive.layout import RegionKind
from verify.archive.reader import read_archive
from verify.compare.engine import compare
from verify.verdict import Verdict

HONEST = pack(entries())
TRUSTED = {Verdict.IDENTICAL, Verdict.REGENERATED, Verdict.EQUIVALENT}

RECORDABLE = {4, 5, 36, 40, 41}
"""Offsets in a central header of: version made by, system, text bit, mode. Other recordable fields
stand in both headers, so one byte alone makes the two disagree."""


@cache
def _recordable() -> frozenset[int]:
    with tempfile.TemporaryDirectory() as directory:
        regions = read_archive(write(Path(directory), HONEST)).regions
    return frozenset(
        region.start + offset
        for region in regions
        if region.kind is RegionKind.CENTRAL_HEADER
        for offset in RECORDABLE
    )


def _verdict(published: bytes) -> Verdict:
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory)
        diff = compare(write(root / "p", published), write(root / "r", HONEST))
    accounting = diff.accounting
    assert accounting.published_bytes == len(published)
    assert accounting.published_bytes == (
        accounting.reproduced_bytes + accounting.explained_bytes + accounting.unexplained_bytes
    )
    return diff.verdict


@settings(max_examples=400, deadline=None)
@given(position=st.integers(0, len(HONEST) - 1), change=st.integers(1, 255))
def test_flipped_byte_is_never_trusted_outside_recorded_fields(position: int, change: int) -> None:
    flipped = bytearray(HONEST)
    flipped[position] ^= change
    if _verdict(bytes(flipped)) in TRUSTED:
        assert position in _recordable()


@settings(max_examples=150, deadline=None)
@given(start=st.integers(0, len(HONEST)), end=st.integers(0, len(HONEST)))
def test_missing_or_repeated_bytes_are_never_trusted(start: int, end: int) -> None:
    edited = HONEST[:start] + HONEST[end:]
    if edited != HONEST:
        assert _verdict(edited) not in TRUSTED


@settings(max_examples=150, deadline=None)
@given(data=st.binary(max_size=400))
def test_bytes_that_are_no_archive_are_suspicious(data: bytes) -> None:
    assert _verdict(data) is Verdict.SUSPICIOUS


@settings(max_examples=150, deadline=None)
@given(at=st.integers(0, len(HONEST)), data=st.binary(min_size=1, max_size=60))
def test_inserted_bytes_are_never_trusted(at: int, data: bytes) -> None:
    assert _verdict(HONEST[:at] + data + HONEST[at:]) not in TRUSTED
