"""Attacks on what is learned from a published wheel: it chooses among what its source asks for.

The source is honest, and so is every tool. The wheel was built by what reads less of the source.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from builders.requirements import rules_out_from
from tests.fuzz.honest import flushed
from tests.integration.test_adversary_forged_builds import (
    ASKS_A_TOOL,
    is_trusted,
    tool,
)
from tests.support.index_server import IndexServer
from tests.support.interpreters import needs_python
from tests.support.projects import MODULES, NAME, PYPROJECT, make_sdist, make_wheel
from tests.support.real_wheels import take_apart
from tests.support.wheels import Entry, deflate, entries, honest_files, pack, with_record, write
from verify.compare.engine import compare

PATH_FILE = "thing-1.0-py3.9-nspkg.pth"
WHEEL_FILE = f"{NAME}-1.0.dist-info/WHEEL"

NAMED_BY_PYTHON = ASKS_A_TOOL.replace(
    "    rows = []\n",
    "    import sys\n"
    "    files['thing-1.0-py%d.%d-nspkg.pth' % sys.version_info[:2]] = b'\\n'\n"
    "    rows = []\n",
)
"""Its wheels say which Python built them."""


@pytest.fixture
def index() -> Iterator[IndexServer]:
    with IndexServer() as server:
        yield server


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ([], False),
        (["setuptools"], False),
        (["setuptools>=40"], False),
        (["setuptools<80"], False),
        (["setuptools~=61.0"], False),
        (["setuptools==64.*"], False),
        (["setuptools<61; python_version < '3.8'"], False),
        (["setuptools-scm<7"], False),
        (["setuptools<61"], True),
        (["Setuptools==59.6"], True),
        (["setuptools==59.*"], True),
        (["setuptools>=40,<=60.9"], True),
        (["setuptools~=59.5"], True),
    ],
)
def test_only_the_source_itself_rules_out_what_reads_all_of_it(
    asked: list[str], *, expected: bool
) -> None:
    assert rules_out_from(asked, "setuptools>=61") is expected


@needs_python((3, 9), (3, 11))
@pytest.mark.parametrize("table", ["project", "tool.project"])
def test_no_python_is_chosen_for_which_every_tool_is_from_before_the_project_table(
    table: str, index: IndexServer, tmp_path: Path
) -> None:
    old, new = (
        tool(tmp_path, f"flit_core-{it}-py3-none-any.whl", "flit_made.py", f"VERSION = '{it}'\n")
        for it in ("3.1.0", "3.9.0")
    )
    index.add("flit-core", [old, replace(new, requires_python=">=3.10")])
    asks = PYPROJECT.replace("[]", '["flit-core"]', 1) + f"\n[{table}]\nname = '{NAME}'\n"
    sdist = make_sdist(tmp_path, backend=NAMED_BY_PYTHON, pyproject=asks)
    wheel = take_apart("", make_wheel(tmp_path, modules={**MODULES, "made_by.py": "3.1.0"}))
    told = {entry.name: entry.data for entry in wheel.entries}[WHEEL_FILE]
    forged = {WHEEL_FILE: told.replace(b"in-tree 1", b"flit 3.1.0"), PATH_FILE: b"\n"}
    assert is_trusted(index, tmp_path, wheel.forge(forged), sdist) is (table != "project")


LINES = "".join(f"VALUE_{at} = {at * at}\n" for at in range(120))

SAME = {f"same/module{at}.py": LINES.encode() for at in range(45)}


OTHER = [f"other/module{at:02}.py" for at in range(40)]


def _packed(files: dict[str, bytes]) -> bytes:
    """A wheel of which another compressor packed some members."""

    def by_another(entry: Entry) -> Entry:
        is_so = entry.name in OTHER
        return flushed(entry) if is_so else replace(entry, stream=deflate(entry.data))

    return pack(map(by_another, entries(with_record(honest_files(files)))))


@pytest.mark.parametrize(("count", "left"), [(3, 0), (40, 8)])
def test_few_rebuilt_members_are_asked_who_packed_them(
    count: int, left: int, tmp_path: Path
) -> None:
    """Each costs time, of which a published wheel must not take as much as it likes."""
    names = OTHER[:count]
    rebuilt = {name: LINES.encode() for name in names}
    published = {name: LINES.replace("\n", "\r\n").encode() for name in names}
    diff = compare(
        write(tmp_path / "p", _packed({**SAME, **published})),
        write(tmp_path / "r", _packed({**SAME, **rebuilt})),
    )
    rules = [str(finding.rule) for finding in diff.findings]
    assert rules.count("container.deflate-stream") == count - left
    assert rules.count("container.stream-differs") == left
