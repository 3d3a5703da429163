"""The table of rules is complete, and findings come in its order."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from tests.support.wheels import DIST_INFO, entries, honest_files, pack, with_record, write
from verify.archive.facts import dangerous, unexplained
from verify.archive.findings import MAX_SHOWN, Findings
from verify.compare.engine import compare
from verify.finding import Finding
from verify.rules.ranking import RANKING, finding_order, rank

PACKAGE = Path(__file__).resolve().parents[2] / "verify"
TABLE = [rule for group in RANKING for rule in group.rules]

CONSTRUCTORS = {"dangerous", "unexplained", "benign", "note", "RuleName", "_fault"}
"""Functions whose first argument, or whose argument `rule`, is the name of a rule."""

FAMILIES = {rule.partition(".")[0] for rule in TABLE if "." in rule}
NAME = re.compile(rf"(?:{'|'.join(sorted(FAMILIES))})\.[a-z0-9-]+")
"""What a rule's name looks like, wherever it is written."""


@cache
def _sources() -> list[ast.AST]:
    paths = (path for path in sorted(PACKAGE.rglob("*.py")) if path.name != "ranking.py")
    return [node for path in paths for node in ast.walk(ast.parse(path.read_bytes()))]


def _arguments() -> Iterator[ast.expr]:
    """Whatever is handed to a constructor as the name of a rule."""
    for node in _sources():
        if isinstance(node, ast.Call):
            function = node.func
            name = function.id if isinstance(function, ast.Name) else ""
            if name in CONSTRUCTORS:
                yield from node.args[:1]
                yield from (keyword.value for keyword in node.keywords if keyword.arg == "rule")


def _literals() -> set[str]:
    """Every string in the code that is, or could be, the name of a rule."""
    given = {node.value for node in _arguments() if isinstance(node, ast.Constant)}
    written = {
        node.value
        for node in _sources()
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and NAME.fullmatch(node.value)
    }
    return {name for name in given | written if isinstance(name, str)}


def _patterns() -> set[str]:
    """Names that are put together, as regular expressions."""
    return {
        "".join(
            re.escape(str(part.value)) if isinstance(part, ast.Constant) else "[a-z0-9-]+"
            for part in node.values
        )
        for node in _arguments()
        if isinstance(node, ast.JoinedStr)
    }


def test_every_rule_of_the_code_is_in_the_table() -> None:
    assert sorted(_literals() - set(TABLE)) == []
    assert all(any(re.fullmatch(each, rule) for rule in TABLE) for each in _patterns())


def test_every_rule_of_the_table_is_in_the_code() -> None:
    literals, patterns = _literals(), _patterns()
    unknown = [
        rule
        for rule in TABLE
        if rule not in literals and not any(re.fullmatch(each, rule) for each in patterns)
    ]
    assert unknown == []


def test_no_rule_is_in_the_table_twice() -> None:
    assert len(TABLE) == len(set(TABLE))


def test_each_group_says_why_in_one_sentence() -> None:
    assert all(group.rules and group.reason.endswith(".") for group in RANKING)
    assert len({group.reason for group in RANKING}) == len(RANKING)


def test_a_rule_that_the_table_lacks_is_not_put_behind_others() -> None:
    unknown, known = dangerous("zzz.unknown", "x"), dangerous(TABLE[0], "x")
    assert rank(unknown.rule) < rank(known.rule) == 0
    assert sorted([known, unknown], key=finding_order) == [unknown, known]


def test_findings_are_ordered_by_class_then_rank_then_reach_then_member() -> None:
    expected = [
        dangerous("code.autostart", "x", member="z.pth"),
        dangerous("metadata.dependency-added", "x", member="a"),
        dangerous("record.hash", "x", member="a"),
        unexplained("code.differs", "x", member="z.py", touches=["network", "process"]),
        unexplained("code.differs", "x", member="y.py", touches=["network"]),
        unexplained("code.differs", "x", member="a.py", touches=[]),
        unexplained("code.differs", "x", member="b.py", touches=[]),
        unexplained("code.differs", "More findings of this rule.", count=3),
        unexplained("code.only-published", "x", member="a.py", touches=["network"] * 3),
        unexplained("member.differs", "x", member="a"),
    ]
    backwards = list(reversed(expected))
    assert sorted(backwards, key=finding_order) == expected


def test_the_foremost_findings_are_held_whenever_they_come() -> None:
    def numbered(at: int) -> Finding:
        return unexplained("code.differs", "x", member=f"{at:04}.py")

    numbers = [(at * 7919) % 1000 for at in range(1000)]
    findings = Findings(finding_order)
    findings.add(map(numbered, numbers))
    told = findings.told()
    assert [fact.member for fact in told[:-1]] == [f"{at:04}.py" for at in range(MAX_SHOWN)]
    assert dict(told[-1].evidence) == {"count": 1000 - MAX_SHOWN}


def test_a_report_is_told_in_the_order_of_the_table(tmp_path: Path) -> None:
    metadata = honest_files()[f"{DIST_INFO}/METADATA"]
    tampered = {
        "a.py": b"x = 1\n",
        "b.txt": b"x\n",
        "x.pth": b"import os\n",
        "example/core.py": b"exec(base64.b64decode(b''))\n",
        f"{DIST_INFO}/METADATA": metadata.replace(b"\n\n", b"\nRequires-Dist: evil\n\n", 1),
    }
    published = with_record(honest_files(tampered))
    rows = published[f"{DIST_INFO}/RECORD"].replace(b"sha256=", b"sha256=A", 1)
    diff = compare(
        write(tmp_path / "p", pack(entries({**published, f"{DIST_INFO}/RECORD": rows}))),
        write(tmp_path / "r", pack(entries())),
    )
    ranks = [(-finding.kind.weight, rank(finding.rule)) for finding in diff.findings]
    assert ranks == sorted(ranks)
    assert list(dict.fromkeys(finding.rule for finding in diff.findings))[:7] == [
        "code.autostart",
        "code.hidden-payload",
        "metadata.dependency-added",
        "record.hash",
        "code.differs",
        "code.only-published",
        "metadata.dependencies-differ",
    ]
