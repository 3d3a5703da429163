"""Finding the setting of zlib that packed a stream."""

import time
import zlib
from collections.abc import Iterator

import pytest

from tests.support.wheels import deflate, varied_text
from verify.archive.raw import RawFile
from verify.compare.deflate import CANDIDATES, Setting, SettingSearch

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
    start = time.perf_counter()
    assert search.reproduce(RawFile(stream), 0, len(stream), windows) is None
    assert time.perf_counter() - start < 6


def test_setting_after_the_budget_is_spent_is_still_found_if_likely() -> None:
    search = SettingSearch(packed=1 << 40)
    for level, expected in ((6, Setting(level=6)), (9, None)):
        stream = deflate(TEXT, level)
        found = search.reproduce(RawFile(stream), 0, len(stream), lambda: iter([TEXT]))
        assert found == expected
