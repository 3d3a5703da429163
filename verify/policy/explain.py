"""What a policy says about a wheel before anybody has judged it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from packaging.utils import NormalizedName
from packaging.version import Version

from verify.policy.decide import Case, Decision, decide
from verify.policy.model import Effective, Policy, Waiver
from verify.policy.waivers import State, Wheel, state_of
from verify.verdict import Verdict


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What somebody asks about; None where they do not say.

    Attributes:
        text: as it was written.
    """

    text: str
    project: NormalizedName | None = None
    version: Version | None = None
    sha256: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What holds for one wheel.

    Attributes:
        asked: which one.
        effective: its rules, and where each comes from.
        elsewhere: places of rules for other versions of its project.
        decisions: the answer for each verdict, were there no signals.
        waivers: those for this file, and what becomes of each.
    """

    asked: Asked
    effective: Effective
    elsewhere: tuple[str, ...]
    decisions: Mapping[Verdict, Decision]
    waivers: tuple[tuple[Waiver, State], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Explanation:
    """A policy, and what it says on a day.

    Attributes:
        answers: one for each wheel that was asked about.
        expired: waivers that count for nothing any more.
        unused: waivers for other files than those asked about; none where no file was.
    """

    policy: Policy
    today: date
    effective: Effective
    answers: tuple[Answer, ...]
    expired: tuple[Waiver, ...]
    unused: tuple[Waiver, ...]


def explain(policy: Policy, asked: Sequence[Asked], today: date) -> Explanation:
    """What a policy says, in general and about some wheels."""
    hashes = {one.sha256 for one in asked} - {None}
    return Explanation(
        policy=policy,
        today=today,
        effective=policy.rules_for(None, None),
        answers=tuple(_answer(policy, one, today) for one in asked),
        expired=tuple(waiver for waiver in policy.waivers if today > waiver.expires),
        unused=tuple(w for w in policy.waivers if hashes and w.sha256 not in hashes),
    )


def _answer(policy: Policy, asked: Asked, today: date) -> Answer:
    effective = policy.rules_for(asked.project, asked.version)
    indexes = effective.rules.indexes
    wheel = Wheel(sha256=asked.sha256, project=asked.project, version=asked.version)

    def decision(verdict: Verdict) -> Decision:
        case = Case(
            verdict=verdict,
            project=asked.project,
            version=asked.version,
            sha256=asked.sha256,
            index=indexes[0] if indexes else None,
        )
        return decide(case, policy, today)

    return Answer(
        asked=asked,
        effective=effective,
        elsewhere=tuple(
            f"{one.layer.where} ({one.versions})"
            for one in policy.projects
            if one.project == asked.project and not one.is_for(asked.project, asked.version)
        ),
        decisions={verdict: decision(verdict) for verdict in Verdict},
        waivers=tuple(
            (waiver, state_of(waiver, wheel, today))
            for waiver in policy.waivers
            if waiver.sha256 == asked.sha256
        ),
    )
