"""Holds back Ctrl-C for the few lines in which it would lose track of what was just made."""

import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import FrameType
from typing import Any

HELD = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

_Handler = Callable[[int, FrameType | None], Any] | int | None


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Deliver SIGINT, SIGTERM and SIGHUP only when the block is over.

    Python runs signal handlers in the main thread alone, so elsewhere there is nothing to hold.
    Blocking the signals in the kernel instead would be inherited by every process that is started.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    arrived: list[int] = []

    def remember(number: int, _frame: FrameType | None) -> None:
        arrived.append(number)

    previous = {number: signal.getsignal(number) for number in HELD}
    try:
        try:
            for number in HELD:
                signal.signal(number, remember)
            yield
        finally:
            _restore(previous)
    finally:
        # Again: one of them may have arrived as soon as its own handler was back.
        _restore(previous)
        for late in arrived:
            signal.raise_signal(late)


def _restore(handlers: Mapping[signal.Signals, _Handler]) -> None:
    for number, handler in handlers.items():
        signal.signal(number, signal.SIG_DFL if handler is None else handler)
