"""Standard streams as they come: closed, full, or with an encoding that knows few characters."""

import io
import os
import sys
from contextlib import suppress

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
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A name that the terminal's encoding lacks is spelled out like a control character.
            stream.reconfigure(errors="backslashreplace")


def send_nowhere(number: int) -> None:
    """Drop what is still to be written to a descriptor, also when the interpreter ends."""
    with suppress(OSError):
        null = os.open(os.devnull, os.O_RDWR)
        os.dup2(null, number)
        if null != number:
            os.close(null)
