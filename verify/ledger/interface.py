"""The ledger axis: what a verdict depends on, what is remembered of it, and how a ledger fails."""

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

from verify.errors import TruewheelError
from verify.results import CheckResult, Judgement


class LedgerFault(TruewheelError):  # noqa: N818 - the axis' root, not one concrete error
    """The ledger cannot be used: damaged, of a newer truewheel, no ledger at all, out of reach."""


class UnwritableError(LedgerFault):
    """There is no room for the ledger, or no permission: nothing is lost but memory."""


@dataclass(frozen=True, kw_only=True)
class Key:
    """All that a verdict depends on, but for what the machine that judged was able to do.

    Attributes:
        wheel, source: file names; both are judged, too, and tell project and version.
        wheel_sha256, source_sha256: lower-case hex.
        uploaded: the wheel's upload as the index tells it; build requirements are of that day.
        served: sha256 of each METADATA that the index serves beside the wheel, sorted.
        indexes: digest of the configured indexes, where build requirements come from.
        recipe: digest of the recipe that a person gave to start from.
        confined: whether builds are confined, or run as they like on the host.
        tool: truewheel's version.
        rules: see `verify.ledger.rules`.
    """

    wheel: str
    wheel_sha256: str
    source: str
    source_sha256: str
    uploaded: str | None
    served: tuple[str, ...]
    indexes: str
    recipe: str | None
    confined: bool
    tool: str
    rules: str

    @cached_property
    def digest(self) -> str:
        """Lower-case hex sha256, by which the ledger finds the verdict."""
        values = {name: getattr(self, name) for name in self.__dataclass_fields__}
        text = json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        return hashlib.sha256(text.encode("ascii")).hexdigest()


@dataclass(frozen=True, kw_only=True, slots=True)
class Effort:
    """How far a check may go.

    Attributes:
        attempts: rebuilds at most.
        search_seconds: after which no further one is begun.
        build_seconds: wall time of one build at most.
        memory_bytes: of one build at most.
        offline: whether nothing could be fetched.
    """

    attempts: int
    search_seconds: float
    build_seconds: float
    memory_bytes: int
    offline: bool

    def covers(self, other: "Effort") -> bool:
        """Whether it goes at least as far as another in every respect."""
        return (
            self.attempts >= other.attempts
            and self.search_seconds >= other.search_seconds
            and self.build_seconds >= other.build_seconds
            and self.memory_bytes >= other.memory_bytes
            and self.offline <= other.offline
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Remembered:
    """A judgement as the ledger keeps it; `judged_at` is in UTC."""

    key: Key
    judgement: Judgement
    effort: Effort
    judged_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class RunEntry:
    """What a run said of one wheel.

    Attributes:
        key: digest of the verdict's key, None where a file was missing, so that there is none.
        wheel: file name, None where no wheel was found.
        remembered: whether an earlier run had judged it.
        wheel_sha256: None where it was not found out.
        said: the result as `verify.ledger.said` packs it; None where it is not asked for.
    """

    requirement: str
    wheel: str | None
    key: str | None
    verdict: str
    reason: str | None
    trusted: bool
    remembered: bool
    wheel_sha256: str | None = None
    said: bytes | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """What a run said of one wheel, with all that is left of it.

    Attributes:
        result: None where it cannot be read; `entry` says what matters most of it.
        asked: as it was noted, see `truewheel_run_entries`.
    """

    entry: RunEntry
    result: CheckResult | None
    asked: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """A run that was noted.

    Attributes:
        rules: the rules version that judged.
        ended: whether nothing was left of it.
        job: see `truewheel_runs`; so is `body`.
    """

    number: int
    inputs: tuple[str, ...]
    rules: str
    ended: bool
    job: str | None = None
    body: bytes | None = None


def moment_text(moment: datetime) -> str:
    """A moment in UTC to the microsecond, such that texts sort as moments do."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
