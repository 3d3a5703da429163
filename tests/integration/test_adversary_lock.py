"""What an uploader of one tampered wheel wants of `lock`, whose users trust all the others."""

import base64
import hashlib
import io
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.support.command import Ran, truewheel
from tests.support.index_server import IndexServer, ServedFile
from tests.support.shop import Shop

LATE = datetime(2024, 6, 1, tzinfo=UTC)
PREFERRED = "upper-1.0-1-py3-none-any.whl"
"""By its build tag, pip and uv take it before the wheel without."""


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    folder = tmp_path / "shop"
    folder.mkdir()
    with IndexServer() as server:
        yield Shop(server, folder)


def lock(shop: Shop, cache: Path, *arguments: str | Path) -> Ran:
    asked = shop.folder / "requirements.in"
    asked.write_text("upper\n", encoding="utf-8")
    ran = truewheel(
        *("lock", "--sandbox", "bubblewrap", "--index-url", shop.index.url),
        *(asked, "-o", shop.folder / "requirements.txt", *arguments),
        cache=cache,
    )
    assert "Traceback" not in ran.stderr
    return ran


def names(shop: Shop) -> list[str]:
    lines = (shop.folder / "requirements.txt").read_text(encoding="utf-8").splitlines()
    return [line.split("==")[0] for line in lines if "==" in line]


def asking_otherwise(wheel: bytes, lines: str) -> ServedFile:
    """The wheel with other Requires-Dist lines, and a RECORD that fits."""
    with zipfile.ZipFile(io.BytesIO(wheel)) as archive:
        files = {info.filename: archive.read(info) for info in archive.infolist()}
    info = "upper-1.0.dist-info"
    kept = [line for line in files[f"{info}/METADATA"].split(b"\n") if b"Requires-" not in line]
    files[f"{info}/METADATA"] = b"\n".join(kept).rstrip(b"\n") + b"\n" + lines.encode()
    del files[f"{info}/RECORD"]
    rows = [
        f"{name},sha256="
        + base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        + f",{len(data)}\n"
        for name, data in files.items()
    ]
    files[f"{info}/RECORD"] = ("".join(rows) + f"{info}/RECORD,,\n").encode()
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return ServedFile(filename=PREFERRED, content=written.getvalue(), upload_time=LATE)


def tamper(shop: Shop, lines: str, *requires: str) -> None:
    honest = shop.release("upper", requires=requires)
    shop.release("upper", requires=requires, more=(asking_otherwise(honest, lines),))


def test_a_wheel_that_is_not_trusted_adds_no_project_to_the_lock(shop: Shop, cache: Path) -> None:
    shop.release("lower")
    shop.release("evil")
    tamper(shop, "Requires-Dist: lower\nRequires-Dist: evil\n", "lower")
    ran = lock(shop, cache)
    assert ran.code == 0
    assert f"not trusted: {PREFERRED}" in ran.stderr
    assert "left out: evil==1.0, no trusted wheel asks for it" in ran.stderr
    assert names(shop) == ["lower", "upper"]


@pytest.mark.parametrize("lines", ["", "Requires-Dist: lower<2\n"])
def test_a_wheel_that_is_not_trusted_decides_on_no_other_project(
    shop: Shop, cache: Path, lines: str
) -> None:
    shop.release("lower")
    tamper(shop, lines, "lower>=2; python_version > '3'")
    ran = lock(shop, cache)
    assert ran.code not in {0, 2, 4}
    assert "asks for lower>=2" in ran.stdout
    assert not (shop.folder / "requirements.txt").exists()


@pytest.mark.parametrize("value", ["a # b", "a --hash=sha256:0", "a' #", "a${HOME}"])
def test_a_marker_writes_no_option_and_no_comment_into_a_lock(
    shop: Shop, cache: Path, value: str
) -> None:
    shop.release("lower")
    shop.release("upper", requires=(f'lower; sys_platform != \\"{value}\\"',))
    ran = lock(shop, cache, "--universal")
    assert ran.code in {2, 4}
    assert not (shop.folder / "requirements.txt").exists()
