"""Where installers put members, and which of them meet there."""

from pathlib import Path

import pytest

from tests.support.wheels import Entry, pack, write
from verify.archive.reader import read_archive
from verify.distinfo.targets import target_facts

DATA = "example-1.0.data"

MEETING = [
    ("example/x.py", f"{DATA}/purelib/example/x.py"),
    ("example/x.py", f"{DATA}/platlib/Example/X.py"),
    (f"{DATA}/scripts/tool", f"{DATA}/data/bin/tool"),
    (f"{DATA}/scripts/tool", f"{DATA}/data/Scripts/tool"),
    ("x.py", f"{DATA}/data/lib/python3.11/site-packages/x.py"),
    ("x.py", f"{DATA}/data/Lib/site-packages/x.py"),
    ("x.py", f"{DATA}/data/lib64/pypy3.10/site-packages/x.py"),
    ("x.py", f"{DATA}/data/local/lib/python3/dist-packages/x.py"),
    (f"{DATA}/headers/x.h", f"{DATA}/data/include/site/python3.11/example/x.h"),
    (f"{DATA}/headers/x.h", f"{DATA}/data/Include/example/x.h"),
]

APART = [
    ("example/x.py", "example/y.py"),
    ("bin/tool", f"{DATA}/scripts/tool"),
    ("x.py", f"{DATA}/data/x.py"),
    ("x.py", f"{DATA}/scripts/x.py"),
    ("example/x.py", f"{DATA}/headers/example/x.py"),
    (f"{DATA}/data/include/one/x.h", f"{DATA}/data/include/two/x.h"),
    (f"{DATA}/data/lib/python3.8/site-packages/x", f"{DATA}/data/lib/python3.9/site-packages/x"),
    ("example.data.txt", "example.data/purelib"),
]


def _met(names: tuple[str, str], tmp_path: Path) -> list[str]:
    path = write(tmp_path, pack([Entry(name=name) for name in names]))
    return [str(fact.evidence["other"]) for fact in target_facts(read_archive(path).members)]


@pytest.mark.parametrize("names", MEETING)
def test_members_that_some_installer_puts_at_one_path_meet(
    names: tuple[str, str], tmp_path: Path
) -> None:
    assert _met(names, tmp_path / "1") == [names[0]]
    assert _met(names[::-1], tmp_path / "2") == [names[1]]


@pytest.mark.parametrize("names", APART)
def test_members_at_different_paths_do_not_meet(names: tuple[str, str], tmp_path: Path) -> None:
    assert _met(names, tmp_path) == []
