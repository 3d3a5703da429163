"""Runs a started process to its end: drains both of its streams, watches clock and resources."""

import os
import selectors
import time
from collections.abc import Callable
from subprocess import Popen
from typing import Protocol, Self

from builders.sandbox.capture import Capture
from builders.sandbox.interface import Ending

CHUNK = 256 * 1024
CHECK_SECONDS = 0.05


class Meter(Protocol):
    """Tells whether a process tree has broken a bound on memory or processes."""

    def broken(self) -> Ending | None:
        """Return the broken bound, None while all is well."""


def supervise(
    process: Popen[bytes], capture: Capture, *, deadline: float, meter: Meter | None
) -> Ending:
    """Return how the process ended; after any other ending than EXITED the caller kills the tree.

    Args:
        process: started with both streams piped and unbuffered.
        capture: takes what the process prints.
        deadline: on the clock of `time.monotonic`.
        meter: asked every `CHECK_SECONDS`, and once more at the end; None measures nothing.
    """
    with selectors.DefaultSelector() as selector, _ProcessEnd(process.pid) as end:
        selector.register(end.descriptor, selectors.EVENT_READ, None)
        for stream, take in (
            (process.stdout, capture.take_output),
            (process.stderr, capture.take_log),
        ):
            if stream is not None:
                selector.register(stream.fileno(), selectors.EVENT_READ, take)
        ending = _drain(selector, deadline, meter)
    return ending or (meter and meter.broken()) or Ending.EXITED


class _ProcessEnd:
    """A descriptor that becomes readable when the process has ended."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self.descriptor = -1

    def __enter__(self) -> Self:
        self.descriptor = os.pidfd_open(self._pid)
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self.descriptor)


def _drain(selector: selectors.BaseSelector, deadline: float, meter: Meter | None) -> Ending | None:
    next_check = time.monotonic() + CHECK_SECONDS
    while selector.get_map():
        now = time.monotonic()
        if now >= deadline:
            return Ending.WALL_TIME
        if now >= next_check:
            if meter is not None and (ending := meter.broken()):
                return ending
            next_check = time.monotonic() + CHECK_SECONDS
        for key, _ in selector.select(max(0.0, min(deadline, next_check) - now)):
            if ending := _consume(selector, key.fd, key.data):
                return ending
    return None


def _consume(
    selector: selectors.BaseSelector, descriptor: int, take: Callable[[bytes], Ending | None] | None
) -> Ending | None:
    if take is None:
        selector.unregister(descriptor)
        return None
    data = os.read(descriptor, CHUNK)
    if not data:
        selector.unregister(descriptor)
        return None
    return take(data)
