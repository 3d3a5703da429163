"""One line for each outcome of a lock: what annotations, SARIF and the terminal say alike."""

from collections.abc import Iterator
from dataclasses import dataclass

from verify.finding import Finding
from verify.lock.results import LockReport, Outcome, Standing

COMMON = frozenset({"lock.sdist", "lock.directory", "lock.other-target"})
"""What stands in every lock of every project, and would bury what matters."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """A rule, and what it says about one place of a lock."""

    rule: str
    standing: Standing
    text: str
    outcome: Outcome


def messages(outcome: Outcome) -> Iterator[Message]:
    """What is to be told of an outcome: nothing, where a wheel is trusted and nothing else is."""
    for finding in outcome.findings:
        yield Message(
            rule=finding.rule,
            standing=outcome.standing if outcome.check is None else Standing.NOTED,
            text=_with_advice(finding, outcome),
            outcome=outcome,
        )
    check = outcome.check
    if check is None:
        return
    for signal in check.signals:
        yield Message(
            rule=signal.rule,
            standing=Standing.NOTED,
            text=f"{outcome.filename or outcome.package}: {signal.summary}",
            outcome=outcome,
        )
    if outcome.standing is Standing.TRUSTED:
        return
    yield Message(
        rule=f"verdict.{check.verdict}",
        standing=outcome.standing,
        text=_verdict(outcome),
        outcome=outcome,
    )


def annotations(report: LockReport) -> list[Message]:
    """The messages that are worth a mark in the lock, in its order."""
    return [
        message
        for outcome in report.outcomes
        for message in messages(outcome)
        if message.rule not in COMMON
    ]


def _verdict(outcome: Outcome) -> str:
    check = outcome.check
    if check is None:
        return ""
    name = outcome.filename or str(outcome.package)
    why = check.detail or "; ".join(check.reasons)
    worst = (
        max(check.diff.findings, key=lambda each: each.kind.weight, default=None)
        if (check.diff)
        else None
    )
    found = f"; {worst.rule}: {worst.summary}" if worst else ""
    return f"{name} is {check.verdict} ({check.reason or 'not trusted'}): {why}{found}"


def _with_advice(finding: Finding, outcome: Outcome) -> str:
    return f"{finding.summary}. {outcome.advice}" if outcome.advice else finding.summary
