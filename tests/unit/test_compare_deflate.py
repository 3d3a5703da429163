"""Finding the setting of zlib that packed a stream."""

import hashlib
import time
import zlib
from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.support.wheels import deflate, varied_text
from verify.archive.raw import RawFile
from verify.compare.deflate import CANDIDATES, Setting, SettingSearch, Stream

TEXT = varied_text(90_000)


@pytest.mark.parametrize("level", range(1, 10))
@pytest.mark.parametrize("memory_level", [8, 9])
def test_every_level_is_found_at_an_offset(level: int, memory_level: int) -> None:
    packer = zlib.compressobj(level, zlib.DEFLATED, -15, memory_level)
    stream = packer.compress(TEXT) + packer.flush()
    search = SettingSearch()
    found = search.reproduce(
        RawFile(b"before" + stream + b"behind"), 6, len(stream), lambda: iter([TEXT])
    )
    assert found is not None
    again = zlib.compressobj(found.level, zlib.DEFLATED, -15, found.memory_level, found.strategy)
    assert again.compress(TEXT) + again.flush() == stream


@pytest.mark.parametrize("change", ["longer", "shorter", "other"])
def test_stream_that_is_not_exactly_reproduced_is_not_found(change: str) -> None:
    stream = deflate(TEXT)
    start, size = {"longer": (0, len(stream) + 1), "shorter": (0, len(stream) - 1)}.get(
        change, (1, len(stream) - 1)
    )
    search = SettingSearch()
    raw = RawFile(stream + b"\0")
    assert search.reproduce(raw, start, size, lambda: iter([TEXT])) is None
    assert search.failures == 1


def test_setting_that_worked_is_tried_first() -> None:
    search = SettingSearch()
    stream = deflate(TEXT, 9)
    assert search.reproduce(RawFile(stream), 0, len(stream), lambda: iter([TEXT])) == Setting(
        level=9
    )
    small = deflate(b"x", 9)
    assert search.reproduce(RawFile(small), 0, len(small), lambda: iter([b"x"])) == Setting(level=9)


def test_candidates_are_distinct_and_start_with_the_default() -> None:
    assert len(set(CANDIDATES)) == len(CANDIDATES)
    assert str(CANDIDATES[0]) == "level 6"


def test_content_that_many_settings_pack_alike_costs_little() -> None:
    """Of zeros every setting makes the same stream up to the end, where this one differs."""
    zeros = [bytes(256 * 1024)] * 240
    packer = zlib.compressobj(6, zlib.DEFLATED, -15)
    stream = b"".join(map(packer.compress, zeros)) + packer.compress(b"x") + packer.flush()

    def windows() -> Iterator[bytes]:
        return iter(zeros)

    search = SettingSearch()
    start = time.process_time()
    assert search.reproduce(RawFile(stream), 0, len(stream), windows) is None
    assert time.process_time() - start < 6


def test_setting_after_the_budget_is_spent_is_still_found_if_likely() -> None:
    search = SettingSearch(packed=1 << 40)
    for level, expected in ((6, Setting(level=6)), (9, None)):
        stream = deflate(TEXT, level)
        found = search.reproduce(RawFile(stream), 0, len(stream), lambda: iter([TEXT]))
        assert found == expected


def packed(data: bytes, level: int) -> Stream:
    stream = deflate(data, level)
    return Stream(raw=RawFile(stream), start=0, size=len(stream), content=lambda: iter([data]))


def test_all_streams_are_reproduced_in_their_order() -> None:
    """Most with one setting, some with another, one by no compressor of ours."""
    texts = [varied_text(size) for size in range(20_000, 44_000, 400)]
    levels = [1 if at % 7 == 3 else 6 for at in range(len(texts))]
    streams = [packed(text, level) for text, level in zip(texts, levels, strict=True)]
    streams[20] = replace(streams[20], content=lambda: iter([TEXT]))
    found = list(SettingSearch().reproduce_all(streams))
    expected: list[Setting | None] = [Setting(level=level) for level in levels]
    expected[20] = None
    assert found == expected


def test_streams_too_large_for_a_sample_are_reproduced() -> None:
    noise = hashlib.shake_256(b"noise").digest(300_000)
    streams = [packed(noise, 6), packed(noise + b"x", 6)]
    assert list(SettingSearch().reproduce_all(streams)) == [Setting(level=6)] * 2


def test_failed_attempts_count_against_the_budget() -> None:
    """What the threads packed in vain is known to the search that follows."""
    zeros = bytes(8 * 1024**2)
    stream = packed(zeros + b"x", 6)
    others = [
        replace(stream, content=lambda: iter([zeros] * 4)),
        replace(stream, content=lambda: iter([zeros, b"y"])),
    ]
    search = SettingSearch()
    assert list(search.reproduce_all([packed(TEXT, 6), *others])) == [Setting(level=6), None, None]
    assert search.packed >= len(zeros)
