"""The seed that brings a set into the order of a published module: by real Pythons."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from builders.search.hash_seed import seed_for
from tests.support.native import run

SET = ("<", ">", "-", "=", "~", "|", "_")
WIDE = ("丅", "丄")
PYTHON = sys.version_info[:2]


def in_order(words: tuple[str, ...], seed: int) -> list[str]:
    """A set as this Python gives it under a seed."""
    ended = subprocess.run(
        [sys.executable, "-c", f"print(ascii([*frozenset({words!r})]))"],
        env={"PYTHONHASHSEED": str(seed)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    found = eval(ended.stdout)  # noqa: S307 - a list of strings, of our own
    assert isinstance(found, list)
    return found


def row(words: list[str]) -> bytes:
    """Literals as mypyc writes them down (`mypyc/codegen/literals.py`)."""
    texts = [word.encode() for word in words]
    return bytes([len(texts)]) + b"".join(bytes([len(text)]) + text for text in texts)


def module(folder: Path, *rows: bytes) -> bytes:
    """A shared object with a table of literals."""
    folder.mkdir(exist_ok=True)
    lines = ",".join('"' + "".join(f"\\x{byte:02x}" for byte in text) + '"' for text in rows)
    (folder / "m.c").write_text(f"const char *const CPyLit_Str[] = {{{lines}, 0}};\n")
    run("gcc", "-O2", "-fPIC", "-shared", "-nostdlib", "m.c", "-o", "m.so", cwd=folder)
    return (folder / "m.so").read_bytes()


def published(folder: Path, seed: int) -> bytes:
    first = row(["before", *in_order(SET, seed), "after"])
    return module(folder, first, row(["x", *in_order(WIDE, seed)]))


@pytest.mark.parametrize("seed", [5, 6])
def test_a_seed_is_found_that_gives_the_published_order(seed: int, tmp_path: Path) -> None:
    pair = published(tmp_path / "a", seed), published(tmp_path / "b", 0)
    found = seed_for(*pair, PYTHON)
    assert found is not None
    assert published(tmp_path / "c", found) == pair[0]
    assert published(tmp_path / "c", found) != pair[1]


def test_other_literals_are_no_matter_of_a_seed(tmp_path: Path) -> None:
    one, other = (module(tmp_path, row(words)) for words in (["a", "b"], ["a", "c"]))
    assert seed_for(one, other, (3, 11)) is None
    assert seed_for(one, one, (3, 11)) is None
    assert seed_for(one, b"no file", (3, 11)) is None
    longer = module(tmp_path, row(["a", "b", "longer" * 20]))
    assert seed_for(one, longer, (3, 11)) is None


def test_an_order_of_more_than_can_be_looked_for_is_left(tmp_path: Path) -> None:
    words = [f"word{at}" for at in range(9)]
    one, other = (module(tmp_path, row(found)) for found in (words, [*reversed(words)]))
    assert seed_for(one, other, (3, 11)) is None


def test_long_literals_are_not_hashed_for_each_seed(tmp_path: Path) -> None:
    """Whoever makes a wheel can bring docstrings into another order."""
    size = 2_000
    texts = [bytes([0x80 | size >> 7, size & 0x7F, *[97 + at] * size]) for at in range(8)]
    one, other = (
        module(tmp_path, bytes([8]) + b"".join(found)) for found in (texts, [*reversed(texts)])
    )
    started = time.process_time()
    assert seed_for(one, other, (3, 11)) is None
    assert time.process_time() - started < 5


@pytest.mark.parametrize("start", [b"\x7f", b"\xff\xff\xff\xff\xff", b"\x02\x7f", b"\x01\x01\xff"])
def test_bytes_that_are_no_literals_are_left(start: bytes, tmp_path: Path) -> None:
    one, other = (module(tmp_path, start + rest) for rest in (b"ab", b"ba"))
    assert seed_for(one, other, (3, 11)) is None
