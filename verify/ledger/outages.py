"""A database server that is gone for a moment: waiting for it, for a bounded time."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from sqlalchemy import URL
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

T = TypeVar("T")

PATIENCE_SECONDS = 30.0
"""How long a server may be gone before a command gives up: a restart, or a replica taking over."""

CONNECT_SECONDS = 10
"""For one connection; the client library waits for ever by default."""

FIRST_PAUSE, LONGEST_PAUSE = 0.1, 2.0

_LIBPQ = frozenset({"psycopg", "psycopg2"})
_KEPT_ALIVE = {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3}
"""A server that vanished without a word is noticed after a minute, not after two hours."""

_PASSING = frozenset(
    {
        "40001",  # serialization_failure
        "40P01",  # deadlock_detected
        "53300",  # too_many_connections
        "57P01",  # admin_shutdown
        "57P02",  # crash_shutdown
        "57P03",  # cannot_connect_now
    }
)
"""What PostgreSQL says that is otherwise a moment later
(https://www.postgresql.org/docs/current/errcodes-appendix.html)."""


@dataclass(kw_only=True)
class Patience:
    """Tries again what failed because the server was gone.

    Attributes:
        seconds: for how long at most; None for a file, which is not gone for a moment.
    """

    seconds: float | None
    _given_up: bool = field(default=False, init=False)

    def of(self, action: Callable[[], T]) -> T:
        """What an action gives, which may be begun several times.

        Raises:
            SQLAlchemyError: it failed for another reason, or the server did not come back; later
                actions do not wait again until one of them came through.
        """
        if self.seconds is None:
            return action()
        end = time.monotonic() + (0 if self._given_up else self.seconds)
        pause = 0.0  # a connection that was kept open too long needs but another one
        while True:
            try:
                found = action()
            except SQLAlchemyError as error:
                if not is_passing(error):
                    raise
                if pause and time.monotonic() + pause > end:
                    self._given_up = True
                    raise
            else:
                self._given_up = False
                return found
            time.sleep(pause)
            pause = min(2 * pause or FIRST_PAUSE, LONGEST_PAUSE)


def is_passing(error: SQLAlchemyError) -> bool:
    """Whether it may be otherwise in a moment: no connection, or none any more."""
    if not isinstance(error, DBAPIError):
        return False
    state = getattr(error.orig, "sqlstate", None)
    if error.connection_invalidated or state in _PASSING:
        return True
    # A connection that was refused has no state, and one that broke a state of class 08.
    is_operational = type(error.orig).__name__ == "OperationalError"
    return is_operational and (state is None or state.startswith("08"))


def patience_of(url: URL) -> Patience:
    """As the URL's `connect_timeout` says, in seconds; that of PATIENCE_SECONDS without one."""
    said = url.query.get("connect_timeout")
    try:
        return Patience(seconds=float(said) if isinstance(said, str) else PATIENCE_SECONDS)
    except ValueError:
        return Patience(seconds=PATIENCE_SECONDS)


def connect_arguments(url: URL) -> dict[str, int]:
    """What bounds the waiting of the client library, where the URL does not say otherwise."""
    if url.get_driver_name() not in _LIBPQ:
        return {}
    bounds = {"connect_timeout": CONNECT_SECONDS, **_KEPT_ALIVE}
    return {name: value for name, value in bounds.items() if name not in url.query}
