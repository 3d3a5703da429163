"""Times, spans and hostile texts as signals put them."""

from datetime import UTC, datetime, timedelta

_MAX_TEXT = 200


def moment(time: datetime | None) -> str | None:
    """ISO 8601 in UTC with a Z, as PEP 700 writes upload times."""
    return None if time is None else time.astimezone(UTC).isoformat().replace("+00:00", "Z")


def span(delta: timedelta) -> str:
    """A span of time, whatever its sign, in its largest whole unit: `1,230 days`, `3 hours`."""
    delta = abs(delta)
    for unit, size in (("day", timedelta(days=1)), ("hour", timedelta(hours=1))):
        if delta >= size:
            return counted(delta // size, unit)
    return counted(delta // timedelta(minutes=1), "minute")


def counted(number: int, noun: str) -> str:
    """`1 wheel`, `1,230 wheels`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def shortened(text: str) -> str:
    """A text that somebody else wrote, of bounded length."""
    return text if len(text) <= _MAX_TEXT else f"{text[:_MAX_TEXT]}..."
