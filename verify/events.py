"""What the library tells while it works. It emits events; only the command line renders them."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Transfer:
    """Bytes of one download so far; `total` is None when the server does not say."""

    filename: str
    done: int
    total: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """A stage of one wheel began: a key of `seconds`, or `explain`; `subject` is a file name."""

    stage: str
    subject: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Note:
    """Something a person may want to know, shown with -v."""

    message: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Notice:
    """Something that a person is to know while it happens, shown unless -q is given."""

    message: str


Event = Transfer | Step | Note | Notice
Listener = Callable[[Event], None]


def silent(_event: Event) -> None:
    """A listener that drops every event."""
