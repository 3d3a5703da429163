"""docs/rules.md lists every benign rule and every dangerous pattern, and no others."""

import re
import sys
from collections.abc import Callable
from pathlib import Path

from verify.rules.registry import BENIGN, DANGEROUS, FIELDS, STREAMS

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "rules.md").read_text("utf-8")
ROW = re.compile(r"^\| `([a-z.-]+)`(?:, `([a-z.-]+)`)* \| .+ \| .+ \| .+ \|$", re.MULTILINE)
NAMED = re.compile(r"Rules? (`[a-z.-]+`(?:,? (?:and )?`[a-z.-]+`)*)")


def _documented(title: str) -> list[str]:
    """The rules in the first column of the sections whose headings start so."""
    sections = re.split(r"^## ", TEXT, flags=re.MULTILINE)
    chosen = "\n".join(section for section in sections if section.startswith(title))
    rows = [match[0] for match in ROW.finditer(chosen)]
    return [name for row in rows for name in re.findall(r"`([a-z.-]+)`", row.split(" | ")[0])]


def _declared(rules: tuple[Callable[..., object], ...]) -> list[str]:
    """The names in the first lines of the rules' modules."""
    names: list[str] = []
    for rule in rules:
        found = NAMED.match(sys.modules[rule.__module__].__doc__ or "")
        assert found is not None, rule.__module__
        names += re.findall(r"`([a-z.-]+)`", found[1])
    return names


def test_every_benign_rule_is_documented_once() -> None:
    assert sorted(_documented("Benign")) == sorted(_declared((*BENIGN, *FIELDS, *STREAMS)))


def test_every_dangerous_pattern_is_documented_once() -> None:
    assert sorted(_documented("Dangerous")) == sorted(set(_declared(DANGEROUS)))
