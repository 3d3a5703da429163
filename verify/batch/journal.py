"""What the ledger knows of earlier runs of a batch, and what it is told of this one.

A run is open until nothing of it is left. The next run of the same batch takes what open ones had
finished as it is, so that it repeats only what was under way.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import takewhile

from verify import __version__
from verify.batch.recalled import identity_in, pack_asked, pack_rest
from verify.batch.results import BatchReport, Place
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
        known: gives the latest word on each wheel from all other runs of the job: of a batch that
            runs every day these are many, and few ask for them.
    """

    accepted: frozenset[str] = frozenset()
    own: Mapping[Identity, RunEntry] = field(default_factory=dict)
    known: Callable[[], Mapping[Identity, RunEntry]] = dict


def job_of(parts: Sequence[object]) -> str:
    """A digest of what makes two batches the same."""
    text = json.dumps(list(parts), ensure_ascii=True, sort_keys=True, default=str)
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def identity(subject: Subject) -> Identity:
    """See `Identity`."""
    wheel = subject.wheel
    return (wheel.filename, wheel.sha256) if wheel else (subject.requirement, None)


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
        finished = list(self._ledger.entries_of(broken))
        others = [run.number for run in runs if run.number not in broken]
        return Earlier(
            accepted=frozenset(entry.key for entry in finished if entry.key is not None),
            own={
                identity_in(entry): entry
                for entry in finished
                if entry.key is None and entry.wheel and entry.reason in OWN
            },
            known=lambda: {identity_in(entry): entry for entry in self._ledger.entries_of(others)},
        )

    def begin(self, known: BatchReport) -> None:
        """The run begins, of which that much is known."""
        self.run = self._ledger.begin_run(
            self._inputs,
            tool=__version__,
            rules=self._rules,
            job=self._job,
            body=pack_rest(known, is_open=True),
        )

    def note(self, noted: Iterable[tuple[int, RunEntry, Sequence[Place]]]) -> None:
        """What the run says of wheels, by their positions, and the places that ask for them."""
        if self.run is None:
            return
        rows = list(noted)
        entries = [(position, entry) for position, entry, _ in rows]
        self._ledger.note_all(self.run, entries, [pack_asked(places) for *_, places in rows])

    def keep(self, report: BatchReport) -> None:
        """What the run came to, for whoever wants its report later."""
        if self.run is not None:
            self._ledger.keep(self.run, pack_rest(report, is_open=False))

    def end(self) -> None:
        """Nothing is left of the run."""
        if self.run is not None:
            self._ledger.end_run(self.run)

    def close(self) -> None:
        """Let go of the ledger."""
        with suppress(LedgerFault):
            self._ledger.close()
