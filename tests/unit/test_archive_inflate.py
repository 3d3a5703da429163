"""A member's content, small ones at once and large ones window by window."""

import hashlib
import zlib
from pathlib import Path

import pytest

from tests.support.wheels import Entry, deflate, entries, pack, write
from verify.archive.limits import WINDOW
from verify.archive.reader import read_archive

NAME = "example/content.bin"
NOISE = hashlib.shake_256(b"noise").digest(WINDOW // 2)
CONTENTS = {
    "nothing": b"",
    "a byte": b"x",
    "less than a window": NOISE,
    "a window": NOISE * 2,
    "a byte more than a window": NOISE * 2 + b"x",
    "several windows": NOISE * 9,
}


def contents(tmp_path: Path, entry: Entry) -> tuple[str | None, list[str]]:
    """The digest of the entry's content if there is one, and what rules found about it."""
    archive = read_archive(write(tmp_path, pack([*entries(), entry])))
    found = archive.contents.get(archive.by_name[NAME].index)
    rules = [str(finding.rule) for finding in archive.findings if finding.member == NAME]
    return found.sha256 if found else None, rules


@pytest.mark.parametrize("method", [0, 8])
@pytest.mark.parametrize("data", CONTENTS.values(), ids=CONTENTS)
def test_sound_content_is_read(data: bytes, method: int, tmp_path: Path) -> None:
    digest, rules = contents(tmp_path, Entry(name=NAME, data=data, method=method))
    assert digest == hashlib.sha256(data).hexdigest()
    assert rules == []


def _size(data: bytes, difference: int) -> dict[str, dict[str, int]]:
    fields = {"size": len(data) + difference}
    return {"local": fields, "central": fields}


def _lies(data: bytes) -> dict[str, dict[str, object]]:
    """By the rule that must find it, what is wrong with a deflated member of this content."""
    stream = deflate(data)
    crc = {"crc": zlib.crc32(data) ^ 1}
    broken = bytearray(stream)
    broken[0] |= 0b110  # block type 3 does not exist
    return {
        "archive.lying-size": {**_size(data, 1)},
        "archive.lying-crc": {"local": crc, "central": crc},
        "archive.bytes-after-deflate": {"stream": stream + b"hidden"},
        "archive.truncated-deflate": {"stream": stream[:-1]},
        "archive.broken-deflate": {"stream": bytes(broken)},
    }


@pytest.mark.parametrize("rule", _lies(b""))
@pytest.mark.parametrize("data", [NOISE, NOISE * 9], ids=["small", "large"])
def test_lie_about_content_is_found_in_members_of_any_size(
    data: bytes, rule: str, tmp_path: Path
) -> None:
    entry = Entry(name=NAME, data=data, **_lies(data)[rule])  # type: ignore[arg-type]  # by field name
    assert contents(tmp_path, entry) == (None, [rule])


@pytest.mark.parametrize("data", [NOISE, NOISE * 9], ids=["small", "large"])
@pytest.mark.parametrize("method", [0, 8])
def test_content_longer_than_declared_is_found(data: bytes, method: int, tmp_path: Path) -> None:
    entry = Entry(name=NAME, data=data, method=method, **_size(data, -1))  # type: ignore[arg-type]  # by field name
    assert contents(tmp_path, entry) == (None, ["archive.lying-size"])


def test_of_many_large_members_the_lying_one_is_named(tmp_path: Path) -> None:
    crc = {"crc": 1}
    large = [
        Entry(
            name=f"example/{number}.bin",
            data=NOISE * 5 + bytes([number]),
            method=0,
            local=crc if number == 3 else {},
            central=crc if number == 3 else {},
        )
        for number in range(12)
    ]
    archive = read_archive(write(tmp_path, pack([*entries(), *large])))
    named = [finding.member for finding in archive.findings]
    assert named == ["example/3.bin"]
    found = {
        member.name: archive.contents[member.index].sha256
        for member in archive.members
        if member.index in archive.contents
    }
    for entry in large[:3] + large[4:]:
        assert found[str(entry.name)] == hashlib.sha256(entry.data).hexdigest()
