"""Changed bytes and broken headers: what is loaded never changes unseen, and nothing else happens.

`tests/fuzz/native.py` has the law and a long run.
"""

import random
import struct
import time
from collections.abc import Iterator

import pytest

from tests.attacks.native.building import linked, told, with_word
from tests.attacks.native.image import Image
from tests.attacks.native.sources import CPP, MAIN
from tests.fuzz.native import FREE, SEED, SOURCES, is_accounted_for, native, subject, unseen_flips

PARTS = 4
FLIPS = 250
"""Three sources by four parts by so many: 3,000 changed bytes."""

HEADERS = 400
"""Times five parts, and both files: 4,000 comparisons of broken headers."""


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("name", SOURCES)
def test_no_loaded_byte_changes_unseen(name: str, part: int) -> None:
    assert unseen_flips(name, FLIPS, f"{SEED} test {part}") == []


def test_a_free_byte_changes_unseen() -> None:
    """The law is not empty: a build-id is any number."""
    of = subject("c")
    changed = bytearray(of.published)
    start, end = of.free[0]
    assert (end - start, len(of.free), len(FREE)) == (20, 1, 1)
    changed[start] ^= 1
    assert is_accounted_for(bytes(changed), of.rebuilt)


@pytest.mark.parametrize("name", SOURCES)
def test_a_file_that_is_cut_off_is_no_crash(name: str) -> None:
    of = subject(name)
    source = random.Random(SEED)  # noqa: S311 - to be repeated
    sizes = [*range(70), *(source.randrange(len(of.published)) for _ in range(300))]
    for size in sizes:
        assert not is_accounted_for(of.published[:size], of.rebuilt)
        is_accounted_for(of.published, of.published[:size])


_NUMBERS = (
    0,
    1,
    2,
    7,
    8,
    0x40,
    0xFFFF,
    0x1000,
    2**31 - 1,
    2**31,
    2**32 - 1,
    2**62,
    2**63,
    2**64 - 1,
)


def _broken(data: bytes, seed: str, count: int) -> Iterator[bytes]:
    """Files of which one to three header fields or words of tables are other numbers."""
    source = random.Random(seed)  # noqa: S311 - to be repeated
    image = Image(data)
    tables = [
        (image.number(40), 64 * image.number(60, 2)),
        (image.number(32), 56 * image.number(56, 2)),
        (0, 64),
        *(
            (header.offset, header.size)
            for header in image.headers()
            if header.kind not in {0, 1, 8} and header.size
        ),
        *((image.section(n).offset, image.section(n).size) for n in (".eh_frame", ".eh_frame_hdr")),
    ]
    for _ in range(count):
        changed = bytearray(data)
        for _ in range(source.randrange(1, 4)):
            start, size = source.choice(tables)
            width = source.choice((1, 2, 4, 8))
            at = start + source.randrange(max(size - width, 0) // width + 1) * width
            value = source.choice((*_NUMBERS, source.getrandbits(64), source.randrange(0x5000)))
            changed[at : at + width] = struct.pack("<Q", value)[:width]
        yield bytes(changed)


@pytest.mark.parametrize("part", range(5))
def test_broken_headers_and_tables_are_no_crash(part: int) -> None:
    for source in (MAIN, CPP):
        data = linked(source)
        rebuilt = with_word(data)
        for broken in _broken(data, f"{SEED} {part}", HEADERS // 2):
            is_accounted_for(broken, rebuilt)
            is_accounted_for(data, broken)


@pytest.mark.parametrize("part", range(3))
def test_a_broken_rebuild_with_the_linkers_word_is_no_crash(part: int) -> None:
    data = linked(MAIN)
    for broken in _broken(with_word(data), f"{SEED} word {part}", HEADERS // 2):
        is_accounted_for(data, broken)


def test_any_bytes_are_no_crash() -> None:
    source = random.Random(SEED)  # noqa: S311 - to be repeated
    for size in (*range(80), 200, 1000, 5000):
        for head in (b"", b"\x7fELF", linked(MAIN)[:64]):
            content = head + source.randbytes(size)
            assert told(content, linked(MAIN))
            assert told(linked(MAIN), content)


@pytest.mark.parametrize("part", range(4))
def test_any_decisions_of_the_fuzzer_keep_the_law(part: int, tmp_path: object) -> None:
    source = random.Random(f"{SEED} decisions {part}")  # noqa: S311 - to be repeated
    start = time.process_time()
    for _ in range(100):
        native(source.randbytes(source.randrange(200)), tmp_path)  # type: ignore[arg-type]
    assert time.process_time() - start < 60
