"""When to try again, and when to stop: one schedule and one deadline for all requests."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import TypeVar

from verify.index.interface import IndexUnreachableError

DELAYS = (0.5, 1.0, 2.0, 4.0)
"""Seconds before the second, third, ... attempt. No jitter: runs stay reproducible."""

MAX_RETRY_AFTER = 60.0
"""Seconds of a server's Retry-After (RFC 9110, 10.2.3) that are waited for at most."""

_Result = TypeVar("_Result")


@dataclass(frozen=True, kw_only=True, slots=True)
class Clock:
    """Where time comes from; tests give their own.

    Attributes:
        now: POSIX seconds.
        monotonic: seconds since any moment, never set back.
        sleep: waits for seconds.
    """

    now: Callable[[], float] = time.time
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


class TransientError(IndexUnreachableError):
    """A failure that another attempt may not see; after the last attempt it is the failure.

    Attributes:
        retry_after: seconds that the server asks to wait, 0 if it does not say.
    """

    def __init__(self, message: str, *, retry_after: float = 0.0) -> None:
        super().__init__(message, hint="the index may be overloaded or down; try again later")
        self.retry_after = retry_after


class Deadline:
    """A bound on the total time of one page or file, all attempts and waits included."""

    def __init__(self, clock: Clock, seconds: float) -> None:
        self._clock = clock
        self._seconds = seconds
        self._end = clock.monotonic() + seconds

    def leaves(self, seconds: float) -> bool:
        """Whether that much time is left."""
        return self._clock.monotonic() + seconds < self._end

    def check(self, url: str) -> None:
        """Raise when the time is over.

        Raises:
            IndexUnreachableError: it is over.
        """
        if not self.leaves(0.0):
            raise IndexUnreachableError(
                f"{url} was not received within {self._seconds:g} seconds",
                hint="the index is slow; try again later",
            )


def retrying(
    attempt: Callable[[], _Result],
    *,
    clock: Clock,
    deadline: Deadline,
    tell: Callable[[str], None],
) -> _Result:
    """The result of the first attempt that does not fail with a `TransientError`.

    `tell` hears of each failure that is tried again.

    Raises:
        IndexUnreachableError: every attempt failed, or the deadline leaves no time for another.
    """
    for delay in DELAYS:
        try:
            return attempt()
        except TransientError as error:
            wait = max(delay, error.retry_after)
            if not deadline.leaves(wait):
                raise
            tell(f"{error.message}; trying again in {wait:g} s")
        clock.sleep(wait)
    return attempt()


def retry_after_seconds(header: str | None, now: float) -> float:
    """Seconds that a Retry-After header (a number or an HTTP date) asks for; capped, at least 0."""
    if header is None:
        return 0.0
    text = header.strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:9]), MAX_RETRY_AFTER)
    try:
        date = parsedate_to_datetime(text)
        if date.tzinfo is None:  # `-0000`: a UTC time from nowhere in particular (RFC 5322)
            date = date.replace(tzinfo=UTC)
        seconds = date.timestamp() - now
    except (ValueError, TypeError, IndexError, OverflowError):
        return 0.0
    return min(max(seconds, 0.0), MAX_RETRY_AFTER)
