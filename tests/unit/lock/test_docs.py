"""docs/lock.md lists every finding about a lock, with what it means."""

import re
from pathlib import Path

from verify.lock.lock_findings import STANDINGS

DOCS = Path(__file__).resolve().parents[3] / "docs" / "lock.md"


def test_every_rule_is_documented_with_its_standing() -> None:
    rows = re.findall(r"^\| `(lock\.[a-z-]+)` \| ([a-z]+)", DOCS.read_text("utf-8"), re.MULTILINE)
    assert dict(rows) == {rule: standing.value for rule, standing in STANDINGS.items()}
