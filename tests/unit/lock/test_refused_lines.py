"""Lines of a lock that does not close: no words of an index or a wheel make them a requirement."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.utils import NormalizedName
from packaging.version import Version
from uv import find_uv_bin

from verify.lock.making.closing import Gap, LockEntry
from verify.lock.making.lock import MadeLock
from verify.lock.making.requirements_text import requirements_text
from verify.lock.making.resolution import Pin
from verify.lock.making.targets import LockTarget

TARGET = LockTarget(python=(3, 11))
WHEEL = "thing-1.0-py3-none-any.whl"


def refused(why: str) -> str:
    pin = Pin(name=NormalizedName("thing"), version=Version("1.0"))
    entry = LockEntry(pin=pin, wheels=(), refused=(), gaps=(Gap(target=TARGET, why=why),))
    return requirements_text(MadeLock(targets=(TARGET,), entries=(entry,)))


@pytest.mark.parametrize(
    "why",
    [
        f"see ./{WHEEL}",
        f"see ./{WHEEL} # ",
        f"see ./{WHEEL} ; python_version > '3' # \\",
        f"\n./{WHEEL}\u2028./{WHEEL}\r\n",
    ],
)
def test_no_words_make_a_path_of_a_refused_line(tmp_path: Path, why: str) -> None:
    text = refused(why)
    (line,) = [each for each in text.splitlines() if not each.startswith("# ")]
    # uv takes a line that ends like a wheel for a path; here there is one, wherever it may look.
    place = tmp_path / line.partition(WHEEL)[0].rpartition("/")[0]
    place.mkdir(parents=True)
    (place / WHEEL).write_bytes(b"")
    lock = tmp_path / "requirements.txt"
    lock.write_text(text, encoding="utf-8")
    command = (find_uv_bin(), "pip", "install", "--offline", "--no-cache", "--no-deps")
    done = subprocess.run(
        [*command, "--python", sys.executable, "--target", "here", "-r", lock.name],
        cwd=tmp_path,
        env={**os.environ, "UV_NO_CONFIG": "1"},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode != 0
    assert "Couldn't parse requirement" in done.stderr


def test_a_refused_line_fills_in_no_variable() -> None:
    assert "${" not in refused("a ${HOME}")
