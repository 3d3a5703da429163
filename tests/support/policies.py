"""Policies as a file would write them down, and what they decide about."""

import tomllib
from collections.abc import Mapping
from datetime import date

from packaging.utils import canonicalize_name
from packaging.version import Version

from verify.finding import Finding, FindingClass, JSONValue, RuleName
from verify.policy.decide import Case
from verify.policy.document import read_policy
from verify.policy.located import Located
from verify.policy.model import Policy
from verify.verdict import Verdict

TODAY = date(2026, 6, 15)
SHA256 = "ab" * 32
OTHER = "cd" * 32
INDEX = "https://index.example.org/simple"

WAIVER = f"""
[[waivers]]
sha256 = "{SHA256}"
owner = "alice@example.org"
reason = "read by hand"
date = 2026-06-01
expires = 2026-06-30
scope = {{ verdicts = ["different"] }}
"""


def policy(text: str) -> Policy:
    """The policy that the table `policy` of a file writes down."""
    return read_policy(located(tomllib.loads(text)), "truewheel.toml")


def located(table: object) -> Located:
    return Located(file="truewheel.toml", path="policy", value=table)


def case(
    verdict: Verdict,
    *signals: str,
    project: str = "thing",
    version: str = "1.0",
    sha256: str | None = SHA256,
    index: str | None = INDEX,
    findings: tuple[Finding, ...] = (),
    sandbox: str = "bubblewrap",
) -> Case:
    return Case(
        verdict=verdict,
        project=canonicalize_name(project),
        version=Version(version),
        sha256=sha256,
        index=index,
        signals=tuple(signal(name) for name in signals),
        findings=findings,
        sandbox=sandbox,
    )


def signal(name: str) -> Finding:
    return Finding(rule=RuleName(name), kind=FindingClass.NOTE, summary="late by 20 days")


def unexplained(rule: str, member: str, **evidence: JSONValue) -> Finding:
    return finding(rule, member, FindingClass.UNEXPLAINED, evidence)


def finding(
    rule: str, member: str, kind: FindingClass, evidence: Mapping[str, JSONValue]
) -> Finding:
    return Finding(
        rule=RuleName(rule), kind=kind, member=member, summary="a finding", evidence=evidence
    )
