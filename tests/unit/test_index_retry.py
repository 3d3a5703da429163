from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from verify.index.interface import IndexUnreachableError
from verify.index.retry import (
    DELAYS,
    MAX_RETRY_AFTER,
    Clock,
    Deadline,
    TransientError,
    retry_after_seconds,
    retrying,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)


class Attempts:
    """Fails a number of times; time passes only while it sleeps."""

    def __init__(self, failures: int, retry_after: float = 0.0) -> None:
        self.failures = failures
        self.retry_after = retry_after
        self.made = 0
        self.slept: list[float] = []
        self.told: list[str] = []

    def __call__(self) -> str:
        self.made += 1
        if self.made <= self.failures:
            raise TransientError("busy", retry_after=self.retry_after)
        return "done"

    def run(self, seconds: float = 100.0) -> str:
        clock = Clock(monotonic=lambda: sum(self.slept), sleep=self.slept.append)
        deadline = Deadline(clock, seconds)
        return retrying(self, clock=clock, deadline=deadline, tell=self.told.append)


def test_each_attempt_waits_longer_without_jitter() -> None:
    attempts = Attempts(failures=len(DELAYS))
    assert attempts.run() == "done"
    assert tuple(attempts.slept) == DELAYS
    assert len(attempts.told) == len(DELAYS)


def test_the_last_failure_is_raised() -> None:
    attempts = Attempts(failures=99)
    with pytest.raises(TransientError, match="busy"):
        attempts.run()
    assert attempts.made == len(DELAYS) + 1


def test_what_the_server_asks_for_is_waited_for() -> None:
    attempts = Attempts(failures=1, retry_after=7.0)
    attempts.run()
    assert attempts.slept == [7.0]


def test_no_attempt_begins_after_the_deadline() -> None:
    attempts = Attempts(failures=99)
    with pytest.raises(TransientError):
        attempts.run(seconds=2.0)
    assert attempts.slept == [0.5, 1.0]


def test_a_deadline_that_is_over_is_final() -> None:
    times = iter([0.0, 11.0])
    deadline = Deadline(Clock(monotonic=lambda: next(times)), 10.0)
    with pytest.raises(IndexUnreachableError, match="within 10 seconds"):
        deadline.check("https://index.example.org")


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, 0.0),
        ("5", 5.0),
        (" 5 ", 5.0),
        ("9" * 5000, MAX_RETRY_AFTER),
        ("-5", 0.0),
        ("\u0665", 0.0),
        ("soon", 0.0),
        ("", 0.0),
        (format_datetime(NOW + timedelta(seconds=9), usegmt=True), 9.0),
        ("Thu, 01 Jan 2026 00:00:09 -0000", 9.0),
        (format_datetime(NOW - timedelta(days=9), usegmt=True), 0.0),
        (format_datetime(NOW + timedelta(days=9), usegmt=True), MAX_RETRY_AFTER),
        ("Thu, 99 Jan 99999 00:00:09 GMT", 0.0),
    ],
)
def test_retry_after_is_a_number_or_a_date_and_capped(header: str | None, seconds: float) -> None:
    assert retry_after_seconds(header, NOW.timestamp()) == seconds
