"""The attach stream of a container: one connection that carries standard output and error."""

import socket
import struct
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from builders.sandbox.capture import Capture
from builders.sandbox.interface import Ending, SandboxFault
from builders.sandbox.supervise import CHECK_SECONDS, CHUNK, Meter

HEADER = struct.Struct(">BxxxI")
STDOUT, STDERR = 1, 2


@dataclass(kw_only=True, slots=True)
class Demultiplexer:
    """Splits frames of (stream, length, payload): "Stream format" of the Engine API's attach."""

    capture: Capture
    _header: bytearray = field(default_factory=bytearray)
    _left: int = 0
    _stream: int = 0

    def feed(self, data: bytes) -> Ending | None:
        """Take the next piece of the connection; tells the bound it breaks, if any.

        Raises:
            SandboxFault: the engine does not speak the protocol.
        """
        view = memoryview(data)
        while view:
            if not self._left:
                view = self._take_header(view)
                continue
            piece, view = view[: self._left], view[self._left :]
            self._left -= len(piece)
            if ending := self._deliver(bytes(piece)):
                return ending
        return None

    def _take_header(self, view: memoryview) -> memoryview:
        missing = HEADER.size - len(self._header)
        self._header += view[:missing]
        if len(self._header) == HEADER.size:
            self._stream, self._left = HEADER.unpack(self._header)
            self._header.clear()
            if self._stream not in {STDOUT, STDERR}:
                raise SandboxFault(
                    "the container engine sent a stream that is neither output nor log"
                )
        return view[missing:]

    def _deliver(self, piece: bytes) -> Ending | None:
        if self._stream == STDOUT:
            return self.capture.take_output(piece)
        return self.capture.take_log(piece)


def follow(
    connection: socket.socket, take: Callable[[bytes], Ending | None], deadline: float, meter: Meter
) -> Ending | None:
    """Read until the container ends (None) or a bound is broken.

    Args:
        connection: attached before the container was started, so nothing is missed.
        take: gets every piece read.
        deadline: on the clock of `time.monotonic`.
        meter: asked about every `CHECK_SECONDS`; it decides how often it really looks.
    """
    connection.settimeout(CHECK_SECONDS)
    # In a thread of its own: an engine answers nothing about a container that ends before all that
    # it wrote is read.
    with ThreadPoolExecutor(1) as pool:
        looking = pool.submit(meter.broken)
        while True:
            if time.monotonic() >= deadline:
                return Ending.WALL_TIME
            if looking.done():
                if ending := looking.result():
                    return ending
                looking = pool.submit(meter.broken)
            try:
                data = connection.recv(CHUNK)
            except TimeoutError:
                continue
            if not data:
                return None
            if ending := take(data):
                return ending
