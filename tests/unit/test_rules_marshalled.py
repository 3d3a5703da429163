"""Code objects of every Python since 3.6, taken apart without making them."""

import marshal
import sys

import pytest

from tests.support.bytecode import SOURCE, VERSIONS, marshalled
from verify.archive.blocks import BlockWalker
from verify.rules.marshalled import Code, read_code

PATH = "/project/example/mod.py"


def _read(data: bytes, version: tuple[int, int] = (3, 11)) -> Code | None:
    return read_code(data, version, BlockWalker())


@pytest.mark.parametrize("version", VERSIONS)
def test_only_the_file_name_tells_two_places_apart(version: tuple[int, int]) -> None:
    ours = _read(marshalled(version, PATH), version)
    theirs = _read(marshalled(version, "/elsewhere.py"), version)
    assert ours is not None
    assert theirs is not None
    assert ours.files == {PATH.encode()}
    assert theirs.files == {b"/elsewhere.py"}
    assert ours.skeleton == theirs.skeleton
    assert PATH.encode() not in ours.skeleton


@pytest.mark.parametrize("version", VERSIONS)
def test_every_other_byte_counts(version: tuple[int, int]) -> None:
    data = marshalled(version, PATH)
    honest = _read(data, version)
    name = data.index(PATH.encode())
    for at in set(range(len(data))) - set(range(name - 1, name + len(PATH))):
        changed = _read(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :], version)
        assert changed is None or changed != honest, at


@pytest.mark.parametrize("version", VERSIONS)
def test_code_that_ends_early_or_late_is_none(version: tuple[int, int]) -> None:
    data = marshalled(version, PATH)
    assert all(_read(data[:end], version) is None for end in range(len(data)))
    assert _read(data + b"N", version) is None


def test_format_of_this_interpreter_is_read() -> None:
    version = sys.version_info[:2]
    if version in VERSIONS:
        assert marshal.loads(marshalled(version, PATH)) == compile(SOURCE, PATH, "exec")  # noqa: S302 - our own
    code = marshal.dumps(compile(SOURCE * 40, PATH, "exec"))
    read = _read(code, version)
    assert read is not None
    assert read.files == {PATH.encode()}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"N",
        b")\0",
        b"[\0\0\0\0",
        b"{0",
        b"c" + b"\0" * 20 + b"r\0\0\0\0",
        b"c" + b"\0" * 20 + b"(\xff\xff\xff\xff",
        b"c" + b"\0" * 20 + b"s\xff\xff\xff\x7f",
        b"c" + b"\0" * 20 + b")\1" * 100_000,
        (b"c" + b"\0" * 20) * 30_000,
        b"\xe3" + b"\0" * 20 + b"\xce",
        b"\xff" * 1000,
    ],
)
def test_what_no_compiler_writes_is_refused(data: bytes) -> None:
    assert _read(data) is None


def test_work_is_paid_for_even_where_nothing_comes_of_it() -> None:
    walker = BlockWalker(10_000)
    code = b"c" + b"\0" * 20 + b"(\xff\xff\0\0" + b"N" * 0xFFFF
    assert read_code(code, (3, 11), walker) is None
    assert walker.left < 100
    assert read_code(marshalled((3, 11), PATH), (3, 11), walker) is None
