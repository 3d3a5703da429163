"""Whatever a file holds: it is read, or it is an error, and neither takes long."""

import random
import time
from collections.abc import Iterator

import pytest

from tests.support.elf import ALONE, VERSIONED, VERSIONS, C, compiled
from verify.native.dynamic import read_dynamic
from verify.native.elf import UnreadableElfError
from verify.native.elf_reader import read_elf
from verify.native.hashing import check_hashes
from verify.native.notes import read_notes
from verify.native.padding import odd_bytes
from verify.native.relocations import read_relocations
from verify.native.segments import read_segments
from verify.native.symbols import read_dynamic_symbols, read_symbol_table, unused_strings

FILES = {
    "both hashes": compiled(C, "-Wl,--hash-style=both"),
    "packed": compiled(C, "-Wl,-z,pack-relative-relocs", "-Wl,-rpath,/x", "-s"),
    "versions": compiled(VERSIONED, versions=VERSIONS),
    "32 bits": compiled(ALONE, "-m32", "-nostdlib", "-Wl,--hash-style=both"),
}
LOADER = (
    ".dynsym",
    ".gnu.hash",
    ".hash",
    ".gnu.version",
    ".gnu.version_r",
    ".gnu.version_d",
    ".rela.dyn",
    ".rela.plt",
    ".rel.dyn",
    ".rel.plt",
    ".relr.dyn",
    ".dynamic",
    ".note.gnu.build-id",
)


def read_all(data: bytes) -> int:
    """Read all there is; how many readers found fault."""
    try:
        elf = read_elf(data)
    except UnreadableElfError:
        return 1
    faults = 0
    for reader in (
        read_symbol_table,
        read_dynamic,
        read_segments,
        read_notes,
        unused_strings,
        odd_bytes,
    ):
        try:
            reader(elf)
        except UnreadableElfError:
            faults += 1
    try:
        symbols = read_dynamic_symbols(elf)
        read_relocations(elf, symbols)
        check_hashes(elf, symbols)
    except UnreadableElfError:
        faults += 1
    return faults


def test_the_files_themselves_are_read() -> None:
    assert [read_all(data) for data in FILES.values()] == [0] * len(FILES)


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_cut_off_is_an_error(name: str) -> None:
    data = FILES[name]
    for end in range(0, len(data), 64):
        assert read_all(data[:end]) == 1


def changes(data: bytes, count: int) -> Iterator[bytes]:
    """The file with one to three bytes changed, mostly in what describes it."""
    elf = read_elf(data)
    spans = [*elf.headers]
    tables = (elf.by_name[name] for name in LOADER if name in elf.by_name)
    spans += [(table.offset, table.offset + table.size) for table in tables]
    spans.append((0, len(data)))
    chance = random.Random(20_260_101)  # noqa: S311 - not for secrets, for repeatability
    for _ in range(count):
        changed = bytearray(data)
        for _ in range(chance.randint(1, 3)):
            start, end = chance.choice(spans)
            value = chance.choice((0, 1, 0x7F, 0x80, 0xFF, chance.randrange(256)))
            changed[chance.randrange(start, end)] = value
        yield bytes(changed)


@pytest.mark.parametrize("name", FILES)
def test_random_changes_raise_no_other_error_and_take_no_time(name: str) -> None:
    longest = 0.0
    faulty = 0
    for changed in changes(FILES[name], 500):
        start = time.process_time()
        faulty += read_all(changed) > 0
        longest = max(longest, time.process_time() - start)
    assert faulty > 200
    assert longest < 1
