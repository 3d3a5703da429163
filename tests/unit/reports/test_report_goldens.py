"""Each format of a small document, whole; `python -m tests.support.golden_reports` writes them."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.command import assert_valid
from tests.support.golden_reports import kept, rendered
from tests.support.results import hostile, small, whole

TREES = """\
import json, sys
from pathlib import Path
from reports.renderers.registry import available
from reports.renderers.writing import render_all
from tests.support.results import hostile, small, whole
for name, document in (("hostile", hostile()), ("whole", whole())):
    render_all(document, Path(sys.argv[1], name), available())
"""


def test_the_documents_follow_the_contract() -> None:
    assert_valid(small())
    assert_valid(whole())


def test_reports_are_what_they_were() -> None:
    assert rendered() == kept(), "if that is meant: python -m tests.support.golden_reports"


def test_every_kind_of_result_is_in_the_goldens() -> None:
    assert {one["verdict"] for one in small()["results"]} >= {
        *("identical", "different", "suspicious", "undetermined")
    }


def test_no_report_speaks_of_safety() -> None:
    for name, text in rendered().items():
        assert "safe" not in text.lower(), name


def test_every_hash_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    trees = []
    for seed in ("0", "1", "2"):
        folder = tmp_path / seed
        subprocess.run(
            [sys.executable, "-c", TREES, str(folder)],
            env={"PYTHONHASHSEED": seed, "TZ": "Asia/Kathmandu" if seed == "1" else "UTC"},
            cwd=Path(__file__).parents[3],
            check=True,
        )
        trees.append(_tree(folder))
    assert len(trees[0]) > 40
    assert trees[0] == trees[1] == trees[2]


def _tree(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


@pytest.mark.parametrize("text", ["<script>", "\x1b[31m", "\u202e", "]]>"])
def test_the_hostile_document_is_hostile(text: str) -> None:
    assert any(text in one["requirement"] for one in hostile()["results"])
