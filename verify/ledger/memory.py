"""What a check asks of the ledger, and tells it. A verdict is never lost because it is not kept."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING

from verify import __version__
from verify.events import Listener, Notice
from verify.index.interface import IndexFile, Sha256
from verify.ledger.answers import answers
from verify.ledger.interface import (
    Effort,
    Key,
    LedgerFault,
    Remembered,
    RunEntry,
    UnwritableError,
    moment_text,
)
from verify.ledger.rules import rules_version
from verify.ledger.said import pack_said
from verify.results import CheckResult, Judgement

if TYPE_CHECKING:
    from verify.ledger.store import Ledger


@dataclass(frozen=True, kw_only=True, slots=True)
class Circumstances:
    """What verdicts of one workbench depend on besides their files.

    Attributes:
        indexes, recipe, confined: see `Key`.
        effort: how far a check goes here.
    """

    indexes: str
    recipe: str | None
    confined: bool
    effort: Effort


class Memory:
    """The ledger as a check sees it; threads may share it.

    Args:
        where: a file or a database's URL.
        circumstances: those of today.
        asks: whether a remembered verdict answers; else everything is judged, and remembered.
        listener: is told, once, that verdicts cannot be kept.

    Raises:
        LedgerFault: truewheel cannot tell its own version.
    """

    def __init__(
        self, where: str, circumstances: Circumstances, *, asks: bool, listener: Listener
    ) -> None:
        self._where = where
        self._circumstances = circumstances
        self._asks = asks
        self._listener = listener
        # Now, before somebody installs another truewheel over the one that is running.
        self._rules = rules_version()
        self._lock = Lock()
        self._inputs: tuple[str, ...] = ()
        self._run: int | None = None
        self._position = 0
        self._warned = False
        self._serves = False
        self._accepted: Collection[str] = ()
        self._carries = False
        self.latest: RunEntry | None = None
        self.kept: Remembered | None = None

    @property
    def effort(self) -> Effort:
        """How far a check goes here, with which a verdict is remembered."""
        return self._circumstances.effort

    def key(
        self,
        wheel: IndexFile,
        source: IndexFile,
        sha256: tuple[Sha256, Sha256],
        served: Sequence[str],
    ) -> Key:
        """By what a verdict is found: two files, their `sha256`, and what is `served` beside."""
        wheel_sha256, source_sha256 = sha256
        return Key(
            wheel=wheel.filename,
            wheel_sha256=wheel_sha256,
            source=source.filename,
            source_sha256=source_sha256,
            uploaded=moment_text(wheel.upload_time) if wheel.upload_time else None,
            served=tuple(sorted(set(served))),
            indexes=self._circumstances.indexes,
            recipe=self._circumstances.recipe,
            confined=self._circumstances.confined,
            tool=__version__,
            rules=self._rules,
        )

    def recall(self, key: Key) -> Remembered | None:
        """What an earlier check found out, if it answers this one.

        Raises:
            LedgerFault: the ledger is there, but cannot be used.
        """
        ledger = self._ledger
        is_accepted = key.digest in self._accepted
        if ledger is None or not (self._asks or is_accepted):
            return None
        try:
            found = ledger.recall(key)
        except UnwritableError as fault:
            self._warn(fault)
            return None
        if found and is_accepted and found.effort.covers(self.effort):
            return found
        return found if found and self._asks and answers(found, self.effort) else None

    def serve(self, accepted: Collection[str]) -> None:
        """Remember for a batch, which notes its run itself; `latest` is what there is to note.

        What cannot be kept is an error from now on: a batch is resumed by what the ledger has.

        Args:
            accepted: digests of keys whose verdict answers whatever it is, also if all is to be
                judged anew: the batch found them out itself, before it was broken off.
        """
        self._serves, self._accepted = True, frozenset(accepted)

    def carry(self) -> None:
        """Open no ledger: `kept` is what whoever asked for the latest check is to record of it."""
        self._carries = True

    def seconds(self, wheel_sha256: str) -> float | None:
        """What judging a wheel took, whenever that was; None where nothing is known.

        Raises:
            LedgerFault: the ledger is there, but cannot be used.
        """
        return self._ledger.seconds(wheel_sha256) if self._ledger is not None else None

    def begin(self, inputs: Sequence[str]) -> None:
        """A run begins, for these inputs; it is noted with its first result."""
        with self._lock:
            self._inputs, self._run, self._position = tuple(inputs), None, 0

    def note(self, result: CheckResult, judgement: Judgement, key: Key | None) -> None:
        """Remember a result of the run; a failure is told, not raised, unless a batch is served."""
        now = datetime.now(UTC)

        kept: Remembered | None = None
        if key is not None and result.judged_at is None:
            kept = Remembered(key=key, judgement=judgement, effort=self.effort, judged_at=now)

        def write(ledger: "Ledger") -> None:
            if kept is not None:
                ledger.record(kept)
            if not self._serves:
                run, position = self._place(ledger)
                ledger.note(run, position, entry)

        entry = _entry(result, key)
        self._try(write)
        self.latest, self.kept = entry, kept if self._carries else None

    def end(self) -> None:
        """The run came to its end; a failure is told, not raised."""
        run = self._run
        if run is not None:
            self._try(lambda ledger: ledger.end_run(run))

    def close(self) -> None:
        """Let go of the ledger."""
        if "_ledger" in self.__dict__ and self._ledger is not None:
            self._ledger.close()

    @cached_property
    def _ledger(self) -> "Ledger | None":
        """None where there is no room for one.

        Raises:
            LedgerFault: there is one, but it cannot be used.
        """
        if self._carries:
            return None
        # A third of the start-up of a check.
        from verify.ledger.store import Ledger  # noqa: PLC0415

        try:
            return Ledger.open(self._where)
        except UnwritableError as fault:
            self._warn(fault)
            return None

    def _place(self, ledger: "Ledger") -> tuple[int, int]:
        """Number of the run, and the next position in it."""
        with self._lock:
            if self._run is None:
                self._run = ledger.begin_run(self._inputs, tool=__version__, rules=self._rules)
            self._position += 1
            return self._run, self._position

    def _try(self, write: "Callable[[Ledger], None]") -> None:
        try:
            if self._ledger is not None:
                write(self._ledger)
        except LedgerFault as fault:
            self._warn(fault)

    def _warn(self, fault: LedgerFault) -> None:
        if self._serves:
            raise fault
        if not self._warned:
            self._warned = True
            hint = f" ({fault.hint})" if fault.hint else ""
            self._listener(Notice(message=f"warning: not remembered: {fault.message}{hint}"))


def _entry(result: CheckResult, key: Key | None) -> RunEntry:
    return RunEntry(
        requirement=result.requirement,
        wheel=result.wheel.filename if result.wheel else None,
        key=key.digest if key else None,
        verdict=result.verdict.value,
        reason=result.reason.value if result.reason else None,
        trusted=result.trusted,
        remembered=result.judged_at is not None,
        wheel_sha256=result.wheel.sha256 if result.wheel else None,
        said=pack_said(result, has_verdict=key is not None),
    )
