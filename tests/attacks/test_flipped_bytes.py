"""One law: no byte of a published wheel can change unseen, except in a recorded header field."""

import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.flips import Flip, Subject, Told
from tests.fuzz.honest import (
    PAIRS,
    HonestPair,
    equivalent,
    flushed,
    identical,
    other_compressor,
    regenerated,
)
from tests.fuzz.laws import TRUSTED, check_account
from tests.support.wheels import changed, entries, honest_files, pack, with_record, write
from verify.archive.layout import RegionKind
from verify.compare.engine import compare
from verify.verdict import Verdict

HONEST = pack(entries())


@pytest.fixture(scope="module", params=PAIRS)
def subject(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Subject:
    return Subject(PAIRS[request.param](), tmp_path_factory.mktemp(request.param))


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("edited")


def _verdict(published: bytes, directory: Path) -> Verdict:
    diff = compare(write(directory / "p", published), write(directory / "r", HONEST))
    check_account(diff, published)
    return diff.verdict


@pytest.mark.parametrize(
    ("pair", "verdict"),
    [
        (identical, Verdict.IDENTICAL),
        (regenerated, Verdict.REGENERATED),
        (equivalent, Verdict.EQUIVALENT),
        (other_compressor, Verdict.EQUIVALENT),
    ],
)
def test_every_trusted_verdict_is_a_start(
    pair: Callable[[], HonestPair], verdict: Verdict, tmp_path: Path
) -> None:
    assert Subject(pair(), tmp_path).judge().verdict is verdict


@settings(max_examples=300, deadline=None)
@given(data=st.data(), change=st.integers(1, 255))
def test_flipped_byte_is_never_trusted_outside_recorded_fields(
    subject: Subject, data: st.DataObject, change: int
) -> None:
    region = data.draw(st.sampled_from(subject.regions))
    position = data.draw(st.integers(region.start, region.end - 1))
    assert subject.flip(Flip(position=position, change=change)).violation is None


@pytest.mark.parametrize("pair", [identical, regenerated])
def test_no_bit_of_a_directory_entry_is_free_and_unnamed(
    pair: Callable[[], HonestPair], tmp_path: Path
) -> None:
    subject = Subject(pair(), tmp_path)
    entry = next(region for region in subject.regions if region.kind is RegionKind.CENTRAL_HEADER)
    told = _bits(subject, entry.start, entry.end - entry.start)
    assert [one.violation for one in told if one.violation] == []
    # Nine bits of the mode, the text bit, versions and systems: the law is not empty.
    assert sum(one.verdict in TRUSTED for one in told) >= 10


ALIKE = b"ab" * 400
"""A distance of two or of four repeats it alike; only the compressor's choice shows."""


@pytest.mark.parametrize("is_zlib", [True, False])
def test_another_match_is_trusted_in_an_archive_of_another_compressor_only(
    tmp_path: Path,
    is_zlib: bool,  # noqa: FBT001 - by name
) -> None:
    name = "example/repeated.txt"
    base = entries(with_record(honest_files({name: ALIKE})))
    others = base if is_zlib else [*map(flushed, base)]
    wheel = pack(changed(name, {"strategy": zlib.Z_FIXED, "stream": None, "method": 8}, others))
    pair = HonestPair(published=wheel, rebuilt=pack(base), has_other_compressor=not is_zlib)
    told = _bits(Subject(pair, tmp_path), wheel.index(_fixed(ALIKE)), len(_fixed(ALIKE)))
    assert [one.violation for one in told if one.violation] == []
    assert any(one.verdict in TRUSTED for one in told) is not is_zlib


def _bits(subject: Subject, start: int, size: int) -> list[Told]:
    return [
        subject.flip(Flip(position=start + at, change=1 << bit))
        for at in range(size)
        for bit in range(8)
    ]


def _fixed(data: bytes) -> bytes:
    packer = zlib.compressobj(6, zlib.DEFLATED, -15, 8, zlib.Z_FIXED)
    return packer.compress(data) + packer.flush()


@settings(max_examples=150, deadline=None)
@given(start=st.integers(0, len(HONEST)), end=st.integers(0, len(HONEST)))
def test_missing_or_repeated_bytes_are_never_trusted(directory: Path, start: int, end: int) -> None:
    edited = HONEST[:start] + HONEST[end:]
    if edited != HONEST:
        assert _verdict(edited, directory) not in TRUSTED


@settings(max_examples=150, deadline=None)
@given(data=st.binary(max_size=400))
def test_bytes_that_are_no_archive_are_suspicious(directory: Path, data: bytes) -> None:
    assert _verdict(data, directory) is Verdict.SUSPICIOUS


@settings(max_examples=150, deadline=None)
@given(at=st.integers(0, len(HONEST)), data=st.binary(min_size=1, max_size=60))
def test_inserted_bytes_are_never_trusted(directory: Path, at: int, data: bytes) -> None:
    assert _verdict(HONEST[:at] + data + HONEST[at:], directory) not in TRUSTED
