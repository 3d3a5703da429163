"""From a verdict and signals to trusted: yes or no, with reasons."""

from collections.abc import Sequence
from dataclasses import dataclass

from verify.finding import Finding
from verify.verdict import Verdict

TRUSTED_VERDICTS = frozenset({Verdict.IDENTICAL, Verdict.REGENERATED, Verdict.EQUIVALENT})

UNSAFE_SANDBOX = "unsafe-host"

REFUSING_SIGNALS: frozenset[str] = frozenset()
"""Rules of signals that refuse a wheel whatever its verdict; by default signals only inform."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """Whether a wheel is trusted, and each reason for the answer."""

    trusted: bool
    reasons: tuple[str, ...]


def decide(verdict: Verdict, signals: Sequence[Finding], sandbox: str | None) -> Decision:
    """The default policy's answer; `sandbox` is the one that the rebuild ran in."""
    refusals = []
    if verdict not in TRUSTED_VERDICTS:
        refusals.append(f"the verdict is {verdict}")
    if sandbox == UNSAFE_SANDBOX:
        refusals.append("the rebuild ran unconfined on the host (sandbox unsafe-host)")
    refusals += [
        f"signal {signal.rule}: {signal.summary}"
        for signal in signals
        if signal.rule in REFUSING_SIGNALS
    ]
    if refusals:
        return Decision(trusted=False, reasons=tuple(refusals))
    return Decision(trusted=True, reasons=(f"the verdict is {verdict}",))
