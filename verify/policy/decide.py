"""The decision: is a wheel trusted, and why.

its verdict is trusted, or its native code within the limit    verify.policy.surface
its rebuild was confined
it comes from an index that is allowed
no signal refuses
else one waiver for its sha256 covers all of that              verify.policy.waivers
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from packaging.utils import NormalizedName
from packaging.version import Version

from verify.finding import Finding
from verify.policy.defaults import TRUSTED_VERDICTS, UNSAFE_SANDBOX, Action
from verify.policy.indexes import is_among
from verify.policy.model import DEFAULT, Effective, Policy, Waiver
from verify.policy.surface import accepted_surface
from verify.policy.waivers import Refusal, Wheel, covering, why_not
from verify.verdict import Reason, Verdict


class Basis(StrEnum):
    """What a wheel is trusted for; values are part of the JSON."""

    VERDICT = "verdict"
    NATIVE_REVIEW_SURFACE = "native-review-surface"
    WAIVER = "waiver"


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """What is decided about; None where it is not known.

    Attributes:
        reason: why a verdict is `undetermined`.
        sha256: of the wheel.
        index: URL of the index that it comes from, None for a file from disk.
        signals: about its release.
        findings: of its comparison.
        sandbox: the one that the rebuild ran in.
        what: the file is.
    """

    verdict: Verdict
    reason: Reason | None = None
    project: NormalizedName | None = None
    version: Version | None = None
    sha256: str | None = None
    index: str | None = None
    signals: Sequence[Finding] = ()
    findings: Sequence[Finding] = ()
    sandbox: str | None = None
    what: str = "wheel"


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """Whether a wheel is trusted, and each reason for the answer.

    Attributes:
        basis: what it is trusted for, None if it is not.
        warnings: what refuses nothing, and yet should be looked at.
        waiver: the one that was needed.
    """

    trusted: bool
    reasons: tuple[str, ...]
    basis: Basis | None = None
    warnings: tuple[str, ...] = ()
    waiver: Waiver | None = None


def decide(case: Case, policy: Policy, today: date) -> Decision:
    """The policy's answer on a day in UTC."""
    effective = policy.rules_for(case.project, case.version)
    accepted = _accepted(case, effective)
    refusals = (
        *([] if accepted else [_refused_verdict(case)]),
        *_refusals(case, effective),
    )
    warned = [signal for signal in case.signals if _action(signal, effective) is Action.WARN]
    warnings = tuple(f"{signal.rule}: {signal.summary}" for signal in warned)
    said = tuple(f"signal {signal.rule} warns, and does not refuse" for signal in warned)
    wheel = Wheel(sha256=case.sha256, project=case.project, version=case.version)
    if accepted and not refusals:
        basis, text = accepted
        return Decision(trusted=True, reasons=(text, *said), basis=basis, warnings=warnings)
    waiver = covering(policy.waivers, wheel, refusals, today)
    texts = tuple(refusal.text for refusal in refusals)
    if waiver is not None:
        return Decision(
            trusted=True,
            reasons=(*texts, _waived(waiver), *said),
            basis=Basis.WAIVER,
            warnings=warnings,
            waiver=waiver,
        )
    why = why_not(policy.waivers, wheel, refusals, today)
    return Decision(trusted=False, reasons=(*texts, *why, *said), warnings=warnings)


def refusals_beside_verdict(case: Case, policy: Policy) -> tuple[str, ...]:
    """What speaks against a file whatever its verdict, which no waiver takes back."""
    effective = policy.rules_for(case.project, case.version)
    return tuple(refusal.text for refusal in _refusals(case, effective))


def _accepted(case: Case, effective: Effective) -> tuple[Basis, str] | None:
    """What the verdict is accepted for, and the reason; None if it is not."""
    if case.verdict in effective.rules.trusted:
        return Basis.VERDICT, f"the verdict is {case.verdict}"
    if case.verdict is not Verdict.DIFFERENT:
        return None
    surface = accepted_surface(effective.rules.native_review_surface, case.findings)
    if surface is None:
        return None
    return Basis.NATIVE_REVIEW_SURFACE, f"the verdict is {case.verdict}, but {surface}"


def _refused_verdict(case: Case) -> Refusal:
    text = f"the verdict is {case.verdict}"
    if case.verdict in TRUSTED_VERDICTS:
        text += ", which this policy does not trust"
    # What the index served are not the bytes that a waiver for the promised sha256 is about.
    is_other_file = case.reason is Reason.HASH_MISMATCH
    return Refusal(text=text, verdict=None if is_other_file else case.verdict)


def _refusals(case: Case, effective: Effective) -> Iterator[Refusal]:
    """What speaks against a wheel whatever its verdict."""
    if case.sandbox == UNSAFE_SANDBOX:
        yield Refusal(text="the rebuild ran unconfined on the host (sandbox unsafe-host)")
    allowed = effective.rules.indexes
    if allowed is not None and not is_among(case.index, allowed):
        place = "from no index" if case.index is None else f"from {case.index}"
        yield Refusal(
            text=f"the {case.what} is {place}, which {effective.origins['indexes']} forbids"
        )
    for signal in case.signals:
        if _action(signal, effective) is Action.REFUSE:
            by = effective.origins.get(f"signals.{signal.rule}", DEFAULT)
            yield Refusal(
                text=f"signal {signal.rule} refuses ({by}): {signal.summary}", signal=signal.rule
            )


def _action(signal: Finding, effective: Effective) -> Action:
    """What a signal does; one that nobody knows refuses."""
    return effective.rules.signals.get(signal.rule, Action.REFUSE)


def _waived(waiver: Waiver) -> str:
    return f"waived by {waiver.owner} until {waiver.expires}: {waiver.reason}"
