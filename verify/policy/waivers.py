"""Waivers: which of them covers what speaks against a wheel, and why the others do not."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from packaging.utils import NormalizedName
from packaging.version import Version

from verify.finding import RuleName
from verify.policy.model import Waiver, is_in_scope
from verify.verdict import Verdict


@dataclass(frozen=True, kw_only=True, slots=True)
class Refusal:
    """One thing that speaks against a wheel.

    Attributes:
        text: for a person.
        verdict, signal: what a waiver has to name to cover it; with neither, none can.
    """

    text: str
    verdict: Verdict | None = None
    signal: RuleName | None = None


class State(StrEnum):
    """What becomes of a waiver; values are part of the JSON."""

    COUNTS = "counts"
    EXPIRED = "expired"
    NOT_YET = "not-yet"
    OUT_OF_SCOPE = "out-of-scope"
    OTHER_FILE = "other-file"


@dataclass(frozen=True, kw_only=True, slots=True)
class Wheel:
    """The wheel that a waiver may be for; None where it is not known."""

    sha256: str | None
    project: NormalizedName | None
    version: Version | None


def state_of(waiver: Waiver, wheel: Wheel, today: date) -> State:
    """Whether a waiver counts for a wheel today, whatever it waives."""
    if waiver.sha256 != wheel.sha256:
        return State.OTHER_FILE
    if not is_in_scope(waiver.scope, wheel.project, wheel.version):
        return State.OUT_OF_SCOPE
    if today > waiver.expires:
        return State.EXPIRED
    return State.NOT_YET if today < waiver.given else State.COUNTS


def covering(
    waivers: Sequence[Waiver], wheel: Wheel, refusals: Sequence[Refusal], today: date
) -> Waiver | None:
    """The waiver that alone covers all that speaks against a wheel; the longest of several."""
    found = [
        waiver
        for waiver in waivers
        if state_of(waiver, wheel, today) is State.COUNTS
        and all(_covers(waiver, refusal) for refusal in refusals)
    ]
    return max(found, key=lambda waiver: waiver.expires, default=None)


def why_not(
    waivers: Sequence[Waiver], wheel: Wheel, refusals: Sequence[Refusal], today: date
) -> Iterator[str]:
    """For each waiver of this very file, why it does not help."""
    for waiver in waivers:
        whose = f"the waiver of {waiver.owner}"
        match state_of(waiver, wheel, today):
            case State.EXPIRED:
                yield f"{whose} expired on {waiver.expires}"
            case State.NOT_YET:
                yield f"{whose} counts from {waiver.given} on"
            case State.OUT_OF_SCOPE:
                yield f"{whose} is for another release"
            case State.COUNTS:
                left = [refusal.text for refusal in refusals if not _covers(waiver, refusal)]
                yield f"{whose} does not cover: {'; '.join(left)}"


def _covers(waiver: Waiver, refusal: Refusal) -> bool:
    return refusal.verdict in waiver.scope.verdicts or refusal.signal in waiver.scope.signals
