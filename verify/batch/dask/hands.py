"""Who judges on a worker: processes of its own, as those of a batch on one machine.

Dask's worker itself never touches a wheel: what hangs is ended, and what dies takes one wheel with
it.
"""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Protocol

from builders.recipe import digest_of
from verify.batch.crew import GRACE_SECONDS, LocalCrew
from verify.batch.dask.wire import Order, Terms
from verify.batch.interface import (
    Failed,
    Finished,
    Job,
    Notified,
    Stage,
    Trouble,
)
from verify.batch.worker import Setup
from verify.errors import TruewheelError
from verify.index.config import IndexConfig, load_config, uv_arguments
from verify.policy.model import Layer, Policy
from verify.workbench import Settings

TICK = 0.5
"""Seconds after which somebody who judges asks whether the wheel is still wanted."""

CARRIED = "carried"
"""Stands for a ledger that is elsewhere."""

Told = Callable[[Stage | Notified], None]


class Hands(Protocol):
    """Judges wheels, several at once, each call in a thread of its own."""

    def judge(self, order: Order, told: Told, is_wanted: Callable[[], bool]) -> Finished | Failed:
        """What comes of an order; anything once nobody wants it any more."""

    def close(self) -> None:
        """End all that is under way."""


@dataclass(kw_only=True)
class LocalHands:
    """Processes of this machine, kept from one wheel of a batch to the next.

    Attributes:
        sandbox: the kind that this worker offers.
        cache_root: where everything fetched and built is kept.
    """

    sandbox: str
    cache_root: Path
    _idle: list[tuple[Terms, LocalCrew]] = field(default_factory=list)
    _busy: list[LocalCrew] = field(default_factory=list)
    _is_closed: bool = False
    _lock: Lock = field(default_factory=Lock)

    def judge(self, order: Order, told: Told, is_wanted: Callable[[], bool]) -> Finished | Failed:
        """See `Hands`."""
        try:
            crew = self._taken(order.terms)
        except TruewheelError as error:
            return _surroundings(error.message, error.hint)
        if crew is None:
            return _surroundings("the worker asks other indexes than the batch", OTHER_INDEXES)
        is_fit = False
        try:
            crew.begin(Job(number=0, task=order.subject))
            outcome = _outcome(crew, told, lambda: is_wanted() and not self._is_closed)
            is_fit = outcome is not None
        except TruewheelError as error:
            outcome = _surroundings(error.message, error.hint)
        finally:
            self._put_back(order.terms, crew, is_fit=is_fit)
        return outcome or Failed(trouble=Trouble.LOST, message="nobody wants it any more")

    def close(self) -> None:
        """See `Hands`; whoever is at a wheel ends it itself."""
        self._is_closed = True
        with self._lock:
            crews, self._idle = self._idle, []
        for _, crew in crews:
            crew.close()
        end = time.monotonic() + GRACE_SECONDS + TICK
        while self._busy and time.monotonic() < end:
            time.sleep(TICK / 10)

    def _taken(self, terms: Terms) -> LocalCrew | None:
        """Somebody who has nothing to do, and was told these terms."""
        with self._lock:
            for each in self._idle:
                if each[0] == terms:
                    self._idle.remove(each)
                    self._busy.append(each[1])
                    return each[1]
            others, self._idle = self._idle, []
        for _, crew in others:  # of a batch that is over
            crew.close()
        settings = settings_for(terms, sandbox=self.sandbox, cache_root=self.cache_root)
        if settings is None:
            return None
        setup = Setup(settings=settings, carries=True)
        crew = LocalCrew(size=1, setup=setup, seconds=terms.seconds)
        with self._lock:
            self._busy.append(crew)
        return crew

    def _put_back(self, terms: Terms, crew: LocalCrew, *, is_fit: bool) -> None:
        if not is_fit:
            crew.close()
        with self._lock:
            self._busy.remove(crew)
            if is_fit:
                self._idle.append((terms, crew))


OTHER_INDEXES = "configure pip or uv on the worker for the same indexes"


def settings_for(terms: Terms, *, sandbox: str, cache_root: Path) -> Settings | None:
    """How this machine judges for a batch; None where it would ask other indexes.

    Where it is itself configured for the batch's indexes, that counts: it may have passwords.

    Raises:
        IndexFault: its own configuration cannot be read.
    """
    environ, cwd = tuple(sorted(os.environ.items())), Path("/")
    index_url: str | None = None
    extras: tuple[str, ...] = ()
    own = load_config(index_url=None, extra_index_urls=(), environ=dict(environ), cwd=cwd)
    if indexes_digest(own) != terms.indexes:
        index_url, extras = terms.index_urls[0], terms.index_urls[1:]
        named = load_config(
            index_url=index_url, extra_index_urls=extras, environ=dict(environ), cwd=cwd
        )
        if indexes_digest(named) != terms.indexes:
            return None
    days = {"late_after_days": terms.late_after_days, "silent_for_days": terms.silent_for_days}
    return Settings(
        sandbox=sandbox,
        cache_root=cache_root,
        index_url=index_url,
        extra_index_urls=extras,
        offline=terms.offline,
        fresh=terms.fresh,
        ledger=CARRIED,
        attempts=terms.attempts,
        search_seconds=terms.search_seconds,
        policy=Policy(base=Layer(where="batch", settings=days)),
        limits=terms.limits,
        environ=environ,
        cwd=cwd,
    )


def indexes_digest(config: IndexConfig) -> str:
    """What `verify.ledger.interface.Key` names the indexes by."""
    return digest_of(uv_arguments(config))


def _outcome(
    crew: LocalCrew, told: Told, is_wanted: Callable[[], bool]
) -> Finished | Failed | None:
    """What comes of the one job of a crew; None where nobody wants it any more."""
    while is_wanted():
        for _, news in crew.wait(TICK):
            match news:
                case Stage() | Notified():
                    told(news)
                case Finished() | Failed():
                    return news
    return None


def _surroundings(message: str, hint: str | None) -> Failed:
    return Failed(trouble=Trouble.SURROUNDINGS, message=message, hint=hint)
