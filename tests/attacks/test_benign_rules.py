"""Every benign rule, and attempts to smuggle something through it."""

import time
import zlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from tests.fuzz.honest import flushed
from tests.support.wheels import (
    DIST_INFO,
    RECORD,
    Entry,
    changed,
    deflate,
    entries,
    honest_files,
    pack,
    wheel_file,
    with_record,
    write,
)
from verify.compare.engine import compare
from verify.finding import FindingClass
from verify.results import Diff
from verify.verdict import Verdict

WHEEL = f"{DIST_INFO}/WHEEL"
HONEST = with_record(honest_files())
CORE = "example/core.py"

Packing = Callable[[Entry], Entry]


def _compare(tmp_path: Path, published: bytes, rebuilt: bytes) -> Diff:
    return compare(write(tmp_path / "p", published), write(tmp_path / "r", rebuilt))


def _files(tmp_path: Path, published: Mapping[str, bytes]) -> Diff:
    return _compare(tmp_path, pack(entries(published)), pack(entries(HONEST)))


def _benign(diff: Diff) -> set[str]:
    return {finding.rule for finding in diff.findings if finding.kind is FindingClass.BENIGN}


@pytest.mark.parametrize(
    "generator", ["bdist_wheel (0.37.1)", "setuptools (75.6.0)", "flit 3.9.0", "uv 0.8.17"]
)
def test_other_generator_is_equivalent_with_its_record_row(generator: str, tmp_path: Path) -> None:
    diff = _files(tmp_path, with_record(honest_files({WHEEL: wheel_file(generator)})))
    assert _benign(diff) == {"wheel-generator", "record-follows"}
    assert diff.verdict is Verdict.EQUIVALENT
    assert diff.accounting.unexplained_bytes == 0


@pytest.mark.parametrize(
    "wheel",
    [
        wheel_file("evil 1.0"),
        wheel_file("bdist_wheel (0.37.1+payload)"),
        wheel_file("bdist_wheel (0.37.1"),
        wheel_file("bdist_wheel 0.37.1)"),
        wheel_file("bdist_wheel  (0.37.1)"),
        wheel_file("bdist_wheel (0.37.1) "),
        wheel_file("bdist_wheel (0.37.1)\r"),
        wheel_file("bdist_wheel (0.37.1)\nPayload: x"),
        wheel_file("bdist_wheel (not.a.version)"),
        wheel_file(f"bdist_wheel ({'1' * 300})"),
        wheel_file("bdist_wheel (\u0661)"),
        wheel_file().replace(b"Generator: bdist_wheel (0.43.0)\n", b""),
        wheel_file().replace(b"\n\n", b"\nGenerator: flit 1\n\n"),
        wheel_file().replace(b"true", b"false"),
        wheel_file("flit 1.0").replace(b"true", b"false"),
        wheel_file("flit 1.0") + b"tail",
        wheel_file("flit 1.0").replace(b"Generator", b"generator"),
    ],
)
def test_nothing_else_passes_as_a_generator_line(wheel: bytes, tmp_path: Path) -> None:
    diff = _files(tmp_path, with_record(honest_files({WHEEL: wheel})))
    assert "wheel-generator" not in _benign(diff)
    assert diff.verdict is Verdict.DIFFERENT


def test_generator_line_of_a_file_elsewhere_is_not_explained(tmp_path: Path) -> None:
    ours = with_record(honest_files({"example/WHEEL": wheel_file("flit 1.0")}))
    theirs = with_record(honest_files({"example/WHEEL": wheel_file()}))
    diff = _compare(tmp_path, pack(entries(ours)), pack(entries(theirs)))
    assert _benign(diff) == set()
    assert diff.verdict is Verdict.DIFFERENT


def test_reordered_record_is_equivalent(tmp_path: Path) -> None:
    rows = HONEST[RECORD].decode().splitlines()
    diff = _files(tmp_path, with_record(honest_files(), rows[::-1]))
    assert _benign(diff) == {"record-follows"}
    assert diff.verdict is Verdict.EQUIVALENT


@pytest.mark.parametrize(
    "record",
    [
        HONEST[RECORD].replace(b"\n", b"\r\n"),
        HONEST[RECORD] + b"\n",
        HONEST[RECORD][:-1],
        HONEST[RECORD].replace(b"example/core.py", b'"example/core.py"'),
        HONEST[RECORD].replace(b"=", b"=", 1).replace(b"sha256", b"sha512", 1),
        HONEST[RECORD] + f"{DIST_INFO}/RECORD.jws,,\n".encode(),
        b"\xef\xbb\xbf" + HONEST[RECORD],
    ],
)
def test_record_with_anything_but_other_rows_is_not_explained(
    record: bytes, tmp_path: Path
) -> None:
    diff = _files(tmp_path, {**HONEST, RECORD: record})
    assert "record-follows" not in _benign(diff)
    assert diff.verdict in {Verdict.DIFFERENT, Verdict.SUSPICIOUS}


def test_record_rows_of_unexplained_members_are_not_explained(tmp_path: Path) -> None:
    diff = _files(tmp_path, with_record(honest_files({CORE: b"pass\n"})))
    assert _benign(diff) == set()


TEXT = b"".join(b"line %d of a text that packs well\n" % (at % 97) for at in range(2000))


def _stream_of_another_compressor(data: bytes) -> bytes:
    """Blocks that no zlib setting chooses: a flush in the middle, then a new window."""
    packer = zlib.compressobj(6, zlib.DEFLATED, -15)
    half = packer.compress(data[:100]) + packer.flush(zlib.Z_SYNC_FLUSH)
    return half + packer.compress(data[100:]) + packer.flush()


BASE = entries(with_record(honest_files({"example/text.txt": TEXT})))


def _with_stream(stream: bytes) -> bytes:
    """This stream in an archive that another compressor than zlib packed."""
    return pack(changed("example/text.txt", {"stream": stream}, [*map(flushed, BASE)]))


def test_stream_of_another_compressor_is_equivalent_and_not_regenerated(tmp_path: Path) -> None:
    published = _with_stream(_stream_of_another_compressor(TEXT))
    diff = _compare(tmp_path, published, pack(BASE))
    assert _benign(diff) == {"container.deflate-stream"}
    assert diff.verdict is Verdict.EQUIVALENT
    assert diff.accounting.explained_bytes > 0
    assert diff.accounting.unexplained_bytes == 0


def test_free_bits_behind_a_stream_are_unexplained(tmp_path: Path) -> None:
    honest = _stream_of_another_compressor(TEXT)
    padded = honest[:-1] + bytes([honest[-1] | 0x80])
    # The fixture is only worth something if the bit is free.
    assert zlib.decompress(padded, -15) == TEXT
    assert padded != honest
    diff = _compare(tmp_path, _with_stream(padded), pack(BASE))
    assert "container.deflate-slack" in {finding.rule for finding in diff.findings}
    assert diff.verdict is Verdict.DIFFERENT
    assert diff.accounting.unexplained_bytes >= len(padded)


def test_explained_member_with_free_bits_behind_its_stream_is_unexplained(tmp_path: Path) -> None:
    other = wheel_file("flit 3.9.0")
    stream = deflate(other)
    padded = stream[:-1] + bytes([stream[-1] | 0x80])
    assert zlib.decompress(padded, -15) == other
    base = entries(with_record(honest_files({WHEEL: other})))
    published = pack(changed(WHEEL, {"stream": padded}, [*map(flushed, base)]))
    diff = _compare(tmp_path, published, pack(entries(HONEST)))
    assert "container.deflate-slack" in {finding.rule for finding in diff.findings}
    assert diff.verdict is Verdict.DIFFERENT


def test_one_stream_of_another_compressor_among_those_of_zlib_is_unexplained(
    tmp_path: Path,
) -> None:
    stream = _stream_of_another_compressor(TEXT)
    published = pack(changed("example/text.txt", {"stream": stream}, BASE))
    diff = _compare(tmp_path, published, pack(BASE))
    assert "container.stream-differs" in {finding.rule for finding in diff.findings}
    assert diff.verdict is Verdict.DIFFERENT


def test_few_streams_of_another_compressor_among_many_of_zlib_are_unexplained(
    tmp_path: Path,
) -> None:
    texts = {f"example/text{at}.txt": TEXT + b"%d" % at for at in range(5)}
    base = entries(with_record(honest_files(texts)))
    odd = {"example/text0.txt", "example/text1.txt"}
    published = pack(flushed(entry) if entry.name in odd else entry for entry in base)
    diff = _compare(tmp_path, published, pack(base))
    assert {f.member for f in diff.findings if f.rule == "container.stream-differs"} == odd
    assert diff.verdict is Verdict.DIFFERENT


MANY = {f"example/module{at}.py": b"VALUE = %d\n" % at for at in range(40)}


def _by_zlib(entry: Entry) -> Entry:
    return replace(entry, stream=deflate(entry.data))


def _but_for_short(entry: Entry) -> Entry:
    """Most compressors pack a short text alike."""
    return _by_zlib(entry) if entry.name == WHEEL else flushed(entry)


def _by_uv(version: str, packed: Packing = _but_for_short, record: Packing = flushed) -> bytes:
    """A wheel with a long RECORD, which may be packed otherwise than all other members."""
    members = with_record(honest_files({WHEEL: wheel_file(f"uv {version}"), **MANY}))
    return pack(
        record(entry) if entry.name == RECORD else packed(entry) for entry in entries(members)
    )


def _flushed_twice(entry: Entry) -> Entry:
    return replace(entry, stream=_stream_of_another_compressor(entry.data))


def _with_free_bits(entry: Entry) -> Entry:
    stream = flushed(entry).stream or b""
    padded = stream[:-1] + bytes([stream[-1] | 0x80])
    assert padded != stream
    assert zlib.decompress(padded, -10) == entry.data
    return replace(entry, stream=padded)


def test_explained_record_is_packed_by_the_compressor_of_the_rebuilt_one(tmp_path: Path) -> None:
    diff = _compare(tmp_path, _by_uv("0.8.17"), _by_uv("0.8.12"))
    assert _benign(diff) == {"wheel-generator", "record-follows", "container.deflate-stream"}
    assert diff.verdict is Verdict.EQUIVALENT
    assert diff.accounting.unexplained_bytes == 0


@pytest.mark.parametrize(
    ("published", "rebuilt"),
    [
        # zlib packs the rebuilt one, whatever packs the rest.
        (_by_uv("0.8.17", record=flushed), _by_uv("0.8.12", record=_by_zlib)),
        (_by_uv("0.8.17", _by_zlib, flushed), _by_uv("0.8.12", _by_zlib, _by_zlib)),
        # The content is the rebuilt one's, so an honest stream is, too.
        (_by_uv("0.8.12", record=_flushed_twice), _by_uv("0.8.12")),
        # Bits of the stream mean nothing.
        (_by_uv("0.8.17", record=_with_free_bits), _by_uv("0.8.12")),
    ],
    ids=["rebuilt by zlib", "all by zlib", "same content", "free bits"],
)
def test_stream_of_a_record_that_the_rebuilt_one_does_not_account_for_is_unexplained(
    published: bytes, rebuilt: bytes, tmp_path: Path
) -> None:
    diff = _compare(tmp_path, published, rebuilt)
    found = {f.rule for f in diff.findings if f.member == RECORD and f.rule.startswith("container")}
    assert found & {"container.stream-differs", "container.deflate-slack"}
    assert diff.verdict is Verdict.DIFFERENT


def test_stored_bytes_behind_a_stored_member_cannot_hide(tmp_path: Path) -> None:
    base = [Entry(name=entry.name, data=entry.data, method=0) for entry in entries()]
    published = pack(changed(CORE, {"stream": HONEST[CORE] + b"hidden"}, base))
    diff = _compare(tmp_path, published, pack(entries(HONEST)))
    assert diff.verdict is Verdict.SUSPICIOUS


def test_stream_larger_than_its_content_is_unexplained(tmp_path: Path) -> None:
    # One byte in each stored block: every bit has a meaning, but no compressor does this.
    blocks = b"".join(b"\0\1\0\xfe\xff" + TEXT[at : at + 1] for at in range(len(TEXT)))
    stream = blocks + b"\3\0"
    assert zlib.decompress(stream, -15) == TEXT
    diff = _compare(tmp_path, _with_stream(stream), pack(BASE))
    assert "container.deflate-slack" in {finding.rule for finding in diff.findings}
    assert diff.verdict is Verdict.DIFFERENT


def test_many_path_files_under_new_names_cost_no_time(tmp_path: Path) -> None:
    def named(suffix: str) -> bytes:
        files = {f"x{at}{suffix}.pth": b"import os%06d\n" % at for at in range(3000)}
        return pack(entries(with_record(honest_files(files))))

    start = time.process_time()
    diff = _compare(tmp_path, named("-py3.8"), named("-py3.9"))
    assert diff.verdict is Verdict.DIFFERENT
    assert "code.autostart" not in {finding.rule for finding in diff.findings}
    assert time.process_time() - start < 10
