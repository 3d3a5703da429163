"""Standard streams as they come: closed, full, or with an encoding that knows few characters."""

import io
import os
import select
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_NAMES = ("stdin", "stdout", "stderr")
"""By file descriptor."""


def prepare() -> None:
    """Make the streams such that writing text fails for no other reason than the file behind it.

    A descriptor that the caller closed (`>&-`) is opened on the null device: the next file to be
    opened would get its number, and with it what others write there.
    """
    for number, name in enumerate(_NAMES):
        if getattr(sys, name) is None:
            send_nowhere(number)
            mode = "r" if number == 0 else "w"
            # Open to the end of the process, like the stream that it stands for.
            setattr(sys, name, open(number, mode, encoding="utf-8", closefd=False))  # noqa: SIM115
    if isinstance(sys.stderr, io.TextIOWrapper) and sys.stderr is sys.__stderr__:
        sys.stderr = _patient(sys.stderr)
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout is sys.__stdout__:
        sys.stdout = _whole(sys.stdout)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A name that the terminal's encoding lacks is spelled out like a control character.
            stream.reconfigure(errors="backslashreplace")


def _patient(stream: io.TextIOWrapper) -> io.TextIOWrapper:
    """Standard error that takes everything: a full disk under a log costs nobody a verdict."""
    raw = _Patient(stream.fileno(), "w", closefd=False)
    buffered = io.BufferedWriter(raw)
    return io.TextIOWrapper(buffered, encoding=stream.encoding, line_buffering=True)


class _Patient(io.FileIO):
    """A file that drops what it cannot take, and all that comes after it."""

    def write(self, data: "ReadableBuffer", /) -> int:
        """How much was taken, which is all of it where none can be."""
        size = memoryview(data).nbytes
        try:
            written = super().write(data)
        except OSError:
            send_nowhere(self.fileno())
            return size
        return size if written is None else written  # None: the reader is slow, and we do not wait


def _whole(stream: io.TextIOWrapper) -> io.TextIOWrapper:
    """Standard output of which nothing is lost: Python's own, unbuffered, writes once and no more.

    A process that is stopped and goes on (Ctrl-Z, `fg`) has written a part by then.
    """
    buffered = io.BufferedWriter(_Waiting(stream.fileno(), "w", closefd=False))
    at_once = stream.line_buffering or stream.write_through
    return io.TextIOWrapper(buffered, encoding=stream.encoding, line_buffering=at_once)


class _Waiting(io.FileIO):
    """A file that waits for its reader, also where another process said that nobody is to wait."""

    def write(self, data: "ReadableBuffer", /) -> int:
        """How much was taken."""
        while (written := super().write(data)) is None:
            ready = select.poll()
            ready.register(self.fileno(), select.POLLOUT)
            ready.poll()
        return written


def send_nowhere(number: int) -> None:
    """Drop what is still to be written to a descriptor, also when the interpreter ends."""
    with suppress(OSError):
        null = os.open(os.devnull, os.O_RDWR)
        os.dup2(null, number)
        if null != number:
            os.close(null)
