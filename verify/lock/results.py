"""What `lock --check` returns: an outcome for each hash, and for what no hash pins."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from verify.finding import Finding
from verify.index.interface import Sha256
from verify.lock.inputs.interface import Location, Lock, LockedFile, LockedPackage
from verify.results import CheckResult, Failure, PolicyId


class Standing(StrEnum):
    """What an outcome means for the lock; values are part of the JSON.

    NOTED: nothing to judge, and nothing that speaks against the lock.
    """

    TRUSTED = "trusted"
    DISTRUSTED = "distrusted"
    UNDETERMINED = "undetermined"
    NOTED = "noted"


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What became of one hash of a lock, or of an entry that has none.

    Attributes:
        file: as the lock has it; None for what is about the entry.
        filename: the index's name of the file with that hash, else the lock's, else None.
        findings: what the lock and the index tell; what a rebuild tells is in `check`.
        check: None where nothing was rebuilt.
        advice: what to do, where something can be said.
    """

    package: LockedPackage
    file: LockedFile | None = None
    filename: str | None = None
    standing: Standing
    findings: tuple[Finding, ...] = ()
    check: CheckResult | None = None
    advice: str | None = None

    @property
    def where(self) -> Location:
        """The place in the lock that an annotation points to."""
        return self.file.where if self.file else self.package.where

    @property
    def sha256(self) -> Sha256 | None:
        """The hash it is about."""
        return self.file.sha256 if self.file else None


@dataclass(frozen=True, kw_only=True, slots=True)
class LockReport:
    """All outcomes, in the order of the lock.

    Attributes:
        since: what the lock was compared with, as it was asked for.
        written: when the lock was written, None where that is not known.
        failure: set when the tool failed before the end.
        policy: which policy decided.
    """

    lock: Lock
    since: str | None = None
    written: datetime | None = None
    outcomes: tuple[Outcome, ...]
    failure: Failure | None = None
    policy: PolicyId | None = None
