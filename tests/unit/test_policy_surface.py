"""The limit for native code accepts nothing but functions of native code, and rows that follow."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.elf import compiled
from tests.support.policies import TODAY, case, finding, policy, unexplained
from tests.support.wheels import entries, honest_files, pack, with_record, write
from verify.compare.engine import compare
from verify.finding import Finding, FindingClass
from verify.policy.decide import Basis, decide
from verify.policy.model import DEFAULT_POLICY
from verify.verdict import Verdict

NATIVE = unexplained("native.differs", "a.so", unaccounted_code_bytes=20, code_bytes=1000)
LARGER = unexplained("native.differs", "b.so", unaccounted_code_bytes=30, code_bytes=9000)
RECORD = unexplained("member.differs", "thing-1.0.dist-info/RECORD", rows=["a.so"])


def accepted(limit: str, *findings: Finding, verdict: Verdict = Verdict.DIFFERENT) -> bool:
    one = case(verdict, findings=findings)
    decision = decide(one, policy(f"native-review-surface = {limit}"), TODAY)
    assert not decision.trusted or decision.basis is Basis.NATIVE_REVIEW_SURFACE
    return decision.trusted


def test_by_default_no_native_code_that_differs_is_accepted() -> None:
    tiny = unexplained("native.differs", "a.so", unaccounted_code_bytes=0, code_bytes=1000)
    assert not decide(case(Verdict.DIFFERENT, findings=(tiny,)), DEFAULT_POLICY, TODAY).trusted


def test_what_is_accepted_says_how_much_it_was() -> None:
    one = case(Verdict.DIFFERENT, findings=(NATIVE, RECORD))
    decision = decide(one, policy('native-review-surface = "2%"'), TODAY)
    (reason,) = decision.reasons
    assert reason == (
        "the verdict is different, but all that differs is 20 of 1,000 bytes of native code,"
        " and native-review-surface is 2%"
    )


@pytest.mark.parametrize(
    ("limit", "findings", "expected"),
    [
        ('"2%"', (NATIVE, RECORD), True),
        ('"1.99%"', (NATIVE, RECORD), False),
        ("20", (NATIVE, RECORD), True),
        ("19", (NATIVE, RECORD), False),
        ("50", (NATIVE, LARGER), True),
        ("49", (NATIVE, LARGER), False),
        ('"2%"', (NATIVE, LARGER), True),
        ('"1%"', (NATIVE, LARGER), False),  # a large file beside it does not make it smaller
    ],
)
def test_the_limit_is_a_share_of_each_file_or_bytes_of_all(
    limit: str,
    findings: tuple[Finding, ...],
    expected: bool,  # noqa: FBT001
) -> None:
    assert accepted(limit, *findings) is expected


OTHERS = {
    "another member": unexplained("member.differs", "a.txt"),
    "a module": unexplained("code.differs", "a.py"),
    "a row of something else": replace(RECORD, evidence={"rows": ["a.so", "b.py"]}),
    "a RECORD of which nothing is known": replace(RECORD, evidence={}),
    "a RECORD without rows": replace(RECORD, evidence={"rows": []}),
    "a RECORD elsewhere": replace(RECORD, member="thing/RECORD"),
    "rows of another kind of finding": replace(RECORD, rule=NATIVE.rule),
    "rows that are a text": replace(RECORD, evidence={"rows": "a.so"}),
    "native code that was not read": unexplained("native.differs", "c.so", unread="too large"),
    "more than code": unexplained(
        "native.differs", "c.so", unaccounted_code_bytes=None, code_bytes=1000
    ),
    "impossible numbers": unexplained(
        "native.differs", "c.so", unaccounted_code_bytes=-5, code_bytes=1000
    ),
    "more than there is": unexplained(
        "native.differs", "c.so", unaccounted_code_bytes=5, code_bytes=4
    ),
    "a truth value": unexplained(
        "native.differs", "c.so", unaccounted_code_bytes=True, code_bytes=1000
    ),
    "something dangerous": finding("code.autostart", "a.pth", FindingClass.DANGEROUS, {}),
    "the archive": unexplained("container.not-regenerated", "a.so"),
}


@pytest.mark.parametrize("other", OTHERS)
def test_anything_else_unexplained_is_not_accepted(other: str) -> None:
    assert accepted('"100%"', NATIVE)
    assert not accepted('"100%"', NATIVE, OTHERS[other])
    assert not accepted("1000000", OTHERS[other], NATIVE)


@pytest.mark.parametrize("verdict", [Verdict.SUSPICIOUS, Verdict.UNDETERMINED])
def test_only_different_is_accepted(verdict: Verdict) -> None:
    assert not accepted('"100%"', NATIVE, verdict=verdict)


def test_rows_of_what_a_benign_rule_explains_follow_too() -> None:
    rows = replace(RECORD, evidence={"rows": ["a.so", "thing/LICENSE"]})
    benign = finding("text-line-ends", "thing/LICENSE", FindingClass.BENIGN, {})
    note = replace(benign, kind=FindingClass.NOTE)
    assert accepted('"2%"', NATIVE, rows, benign)
    assert not accepted('"2%"', NATIVE, rows, note)


def test_without_native_code_there_is_nothing_to_accept() -> None:
    assert not accepted('"100%"')
    assert not accepted('"100%"', RECORD)


SOURCE = """
static const int primes[] = {2, 3, 5, 7};
int one(int x) { return x * primes[x & 3] + 1; }
int two(int x) { return x ^ 5; }
"""
LIBRARY = "example/_speedups.cpython-311-x86_64-linux-gnu.so"


@pytest.mark.parametrize(
    ("old", "new", "more", "expected"),
    [
        ("x ^ 5", "x ^ 6", {}, True),
        ("x ^ 5", "x ^ 6", {"example/more.py": b"VALUE = 1\n"}, False),
        ("5, 7}", "5, 9}", {}, False),
        ("int two", "int three", {}, False),
        ("x ^ 5", "system(0)", {}, False),
    ],
    ids=["code", "code and a module", "data", "exports", "imports"],
)
def test_real_wheels_are_accepted_if_functions_differ_and_nothing_else(
    old: str,
    new: str,
    more: dict[str, bytes],
    expected: bool,  # noqa: FBT001
    tmp_path: Path,
) -> None:
    published = {LIBRARY: compiled(SOURCE.replace(old, new)), **more}
    rebuilt = {LIBRARY: compiled(SOURCE, "-Wl,--emit-relocs")}
    ours, theirs = (
        write(tmp_path / side, pack(entries(with_record(honest_files(files)))))
        for side, files in (("published", published), ("rebuilt", rebuilt))
    )
    diff = compare(ours, theirs)
    assert diff.verdict in {Verdict.DIFFERENT, Verdict.SUSPICIOUS}
    assert accepted('"100%"', *diff.findings, verdict=diff.verdict) is expected
