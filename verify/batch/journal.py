"""What the ledger knows of earlier runs of a batch, and what it is told of this one.

A run is open until nothing of it is left. The next run of the same batch takes what open ones had
finished as it is, so that it repeats only what was under way.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import takewhile

from verify import __version__
from verify.ledger.interface import LedgerFault, RunEntry
from verify.ledger.rules import rules_version
from verify.ledger.store import Ledger
from verify.subject import Subject
from verify.verdict import Reason

OWN = frozenset({Reason.WORKER_LOST.value, Reason.TIMEOUT.value})
"""What the batch itself found out of a wheel, so that no key of a verdict stands for it."""

Identity = tuple[str, str | None]
"""Of a wheel in the ledger: its name, with its hash if that is known; else the requirement."""


@dataclass(frozen=True, kw_only=True)
class Earlier:
    """What is known from earlier runs.

    Attributes:
        accepted: keys of verdicts that open runs found out.
        own: what open runs found out that has no key.
        known: the latest word on each wheel from all other runs of the job.
    """

    accepted: frozenset[str] = frozenset()
    own: Mapping[Identity, RunEntry] = field(default_factory=dict)
    known: Mapping[Identity, RunEntry] = field(default_factory=dict)


def job_of(parts: Sequence[object]) -> str:
    """A digest of what makes two batches the same."""
    text = json.dumps(list(parts), ensure_ascii=True, sort_keys=True, default=str)
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def identity(subject: Subject) -> Identity:
    """See `Identity`."""
    wheel = subject.wheel
    return (wheel.filename, wheel.sha256) if wheel else (subject.requirement, None)


def _identity(entry: RunEntry) -> Identity:
    return (entry.wheel, entry.wheel_sha256) if entry.wheel else (entry.requirement, None)


class Journal:
    """The ledger of one run under way.

    Every method raises LedgerFault where the database fails.
    """

    def __init__(self, where: str, job: str, inputs: Sequence[str]) -> None:
        self._ledger = Ledger.open(where)
        self._job = job
        self._inputs = tuple(inputs)
        self._rules = rules_version()
        self.run: int | None = None

    def earlier(self) -> Earlier:
        """What earlier runs found out; asked before this one begins."""
        runs = self._ledger.runs_of(self._job)
        same = [run for run in runs if run.inputs == self._inputs]
        broken = [
            run.number
            for run in takewhile(lambda run: not run.ended, same)
            if run.rules == self._rules
        ]
        finished = [entry for run in reversed(broken) for entry in self._ledger.entries(run)]
        others = [run.number for run in reversed(runs) if run.number not in broken]
        return Earlier(
            accepted=frozenset(entry.key for entry in finished if entry.key is not None),
            own={
                _identity(entry): entry
                for entry in finished
                if entry.key is None and entry.wheel and entry.reason in OWN
            },
            known={
                _identity(entry): entry for run in others for entry in self._ledger.entries(run)
            },
        )

    def begin(self) -> None:
        """The run begins."""
        self.run = self._ledger.begin_run(
            self._inputs, tool=__version__, rules=self._rules, job=self._job
        )

    def note(self, entries: Iterable[tuple[int, RunEntry]]) -> None:
        """What the run says of wheels, by their positions."""
        if self.run is not None:
            self._ledger.note_all(self.run, entries)

    def end(self) -> None:
        """Nothing is left of the run."""
        if self.run is not None:
            self._ledger.end_run(self.run)

    def close(self) -> None:
        """Let go of the ledger."""
        with suppress(LedgerFault):
            self._ledger.close()
