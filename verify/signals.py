"""Signals: findings about a release, not about the bytes of its wheel.

What they are called and what each means. `verify.timeline` finds those that an index's listing
tells; what is in the source is found where the source is read.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType

from verify.finding import Finding, FindingClass, JSONValue, RuleName

LATE_WHEEL = RuleName("release.late-wheel")
AFTER_NEWER_RELEASE = RuleName("release.after-newer-release")
SILENCE_BEFORE = RuleName("release.silence-before")
LATE_SOURCE = RuleName("release.late-source")
NO_SOURCE = RuleName("release.no-source")
YANKED_SOURCE = RuleName("release.yanked-source")
YANKED_WHEEL = RuleName("release.yanked-wheel")
BUILD_TAG = RuleName("release.build-tag")
ATTESTATION_MISSING = RuleName("release.attestation-missing")
ATTESTATION_CHANGED = RuleName("release.attestation-changed")
ATTESTATION_UNVERIFIED = RuleName("release.attestation-unverified")
PREBUILT_BINARY = RuleName("release.prebuilt-binary")

SIGNALS: Mapping[RuleName, str] = MappingProxyType(
    {
        LATE_WHEEL: "the wheel was uploaded long after the source",
        AFTER_NEWER_RELEASE: "the file was added when a newer release was already there",
        SILENCE_BEFORE: "the file was uploaded after a long silence of the project",
        LATE_SOURCE: "the source was uploaded long after the wheel",
        NO_SOURCE: "the release has no source",
        YANKED_SOURCE: "the source was yanked",
        YANKED_WHEEL: "the wheel was yanked",
        BUILD_TAG: "the wheel has a build tag",
        ATTESTATION_MISSING: "the file has no attestation, but files before or beside it have one",
        ATTESTATION_CHANGED: "the file was published by another identity than those before it",
        ATTESTATION_UNVERIFIED: "the file has an attestation that could not be verified",
        PREBUILT_BINARY: "the source has a compiled binary in it",
    }
)
"""Every signal there is, and what it says in one line."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Thresholds:
    """How long is long.

    Attributes:
        late_after: between source and wheel, in either order.
        silent_for: without any upload to the project.
    """

    late_after: timedelta = timedelta(days=14)
    silent_for: timedelta = timedelta(days=365)


DEFAULT_THRESHOLDS = Thresholds()


def signal(rule: RuleName, summary: str, **evidence: JSONValue) -> Finding:
    """One signal: a note, whose weight is the policy's to say."""
    return Finding(rule=rule, kind=FindingClass.NOTE, summary=summary, evidence=evidence)
