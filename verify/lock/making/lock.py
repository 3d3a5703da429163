"""A made lock as a value: what it holds, whether it closes, what changed since the one before."""

from collections.abc import Sequence
from dataclasses import dataclass

from verify.finding import Finding
from verify.lock.making.closing import LockEntry
from verify.lock.making.targets import LockTarget
from verify.results import CheckResult, PolicyId


@dataclass(frozen=True, kw_only=True, slots=True)
class MadeLock:
    """What `truewheel lock` made.

    Attributes:
        entries: by name.
        index_url, extra_index_urls: what the inputs name, without secrets.
        changes: what happened at the index to what the lock before this one pins.
        policy: which policy decided.
    """

    targets: tuple[LockTarget, ...]
    entries: tuple[LockEntry, ...]
    index_url: str | None = None
    extra_index_urls: tuple[str, ...] = ()
    changes: tuple[Finding, ...] = ()
    policy: PolicyId | None = None

    @property
    def closes(self) -> bool:
        """Whether every target has a trusted wheel of all that it needs."""
        return not self.open_entries

    @property
    def open_entries(self) -> tuple[LockEntry, ...]:
        """The entries that keep it from closing."""
        return tuple(entry for entry in self.entries if entry.gaps)

    @property
    def open_results(self) -> Sequence[CheckResult]:
        """What was judged of those, and is not trusted."""
        return [result for entry in self.open_entries for result in entry.refused]
