"""What a batch returns: values only; `reports` makes text of them."""

from dataclasses import dataclass
from enum import StrEnum

from verify.batch.inputs import Input
from verify.batch.interface import LockRemark
from verify.lock.inputs.interface import Location
from verify.results import CheckResult, Failure, PolicyId


class Left(StrEnum):
    """Why a wheel was not judged, though it is asked for; values are part of the JSON."""

    LIMIT = "limit"
    BUDGET = "budget"
    BROKEN_OFF = "broken-off"


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where something is asked for; `source` is the position of the input."""

    source: int
    where: Location


@dataclass(frozen=True, kw_only=True, slots=True)
class BatchResult:
    """One wheel's result, and every place that asks for it."""

    check: CheckResult
    asked: tuple[Place, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class LeftOver:
    """A wheel, or all that a requirement means, that was not judged."""

    requirement: str
    wheel: str | None
    why: Left
    asked: tuple[Place, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class BatchRemark:
    """What a lock says that there is nothing to rebuild for, and in which input."""

    source: int
    remark: LockRemark


@dataclass(frozen=True, kw_only=True, slots=True)
class BatchReport:
    """All that came of a batch, in the order of its inputs.

    Attributes:
        run: its number in the ledger, None without one.
        resumed: how many wheels an earlier run of the same batch had finished before it broke off.
        skipped: how many wheels were asked for, and left out as the person wished.
        interrupted: whether somebody ended it early.
        failure: set when the tool failed before the end.
    """

    run: int | None
    inputs: tuple[Input, ...]
    results: tuple[BatchResult, ...]
    remarks: tuple[BatchRemark, ...] = ()
    left: tuple[LeftOver, ...] = ()
    resumed: int = 0
    skipped: int = 0
    interrupted: bool = False
    failure: Failure | None = None
    policy: PolicyId | None = None
