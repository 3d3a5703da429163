"""What comes out of a job: its output stream and its log, each up to a bound."""

from dataclasses import dataclass, field
from typing import BinaryIO

from builders.sandbox.interface import Ending, Limits, SandboxFault


@dataclass(kw_only=True, slots=True)
class Capture:
    """Receives the two streams of one job; never holds or passes on more than the limits."""

    output: BinaryIO
    limits: Limits
    _written: int = 0
    _log: bytearray = field(default_factory=bytearray)

    def take_output(self, data: bytes) -> Ending | None:
        """Pass on a piece of standard output; tells the bound it breaks, if any.

        Raises:
            SandboxFault: `output` could not take it (a full disk).
        """
        room = self.limits.output_bytes - self._written
        try:
            self.output.write(data[:room])
        except OSError as error:
            raise SandboxFault(f"cannot write the output of a job: {error}") from error
        self._written += min(room, len(data))
        return Ending.OUTPUT_SIZE if len(data) > room else None

    def take_log(self, data: bytes) -> Ending | None:
        """Keep a piece of standard error; tells the bound it breaks, if any."""
        room = self.limits.log_bytes - len(self._log)
        self._log += data[:room]
        return Ending.LOG_SIZE if len(data) > room else None

    def log(self) -> str:
        """Return the log so far, undecodable bytes replaced."""
        return self._log.decode("utf-8", "replace")
