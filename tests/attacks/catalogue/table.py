"""The page docs/attacks.md, made of the catalogue."""

from collections.abc import Mapping
from pathlib import Path

from tests.attacks.catalogue import FAMILIES
from tests.attacks.catalogue.technique import Family, Technique

PAGE = Path(__file__).resolve().parents[3] / "docs" / "attacks.md"

_INTRODUCTION = """\
# The attack catalogue

Every technique here is code in `tests/attacks/catalogue/`. It tampers with small published wheels
and makes RECORD, sizes and checksums fit wherever an attacker would. The tests hold each of the
{wheels} tampered wheels of the {techniques} techniques against what the source builds to: none is
trusted, and each gets the class and the rule under which it is listed. `dangerous` makes a wheel
`suspicious`, `unexplained` makes it `different`.

Where the source itself builds to the tampered members (a RECORD that lies on both sides, a date
that makes stale bytecode run), the rebuilt wheel has them, too.

This page is made by `python -m tests.attacks.catalogue`.
"""


_HEAD = (
    "| technique | class | rule | wheels | what the attacker gains |",
    "|---|---|---|---|---|",
)


def render(counts: Mapping[Technique, int]) -> str:
    """The whole page, given how many tampered wheels each technique makes."""
    introduction = _INTRODUCTION.format(wheels=sum(counts.values()), techniques=len(counts))
    sections = [_section(family, counts) for family in FAMILIES]
    return "\n".join([introduction, *sections])


def _section(family: Family, counts: Mapping[Technique, int]) -> str:
    rows = [
        f"| {technique.name} | {technique.kind} | `{technique.rule}` | {counts[technique]} "
        f"| {technique.gain} |"
        for technique in family.techniques
    ]
    return "\n".join([f"## {family.title}", "", *_HEAD, *rows, ""])
