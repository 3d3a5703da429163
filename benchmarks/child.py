"""Run one command and print, as JSON, how long it took and how much memory it held.

    python -m benchmarks.child SECONDS MEMORY COMMAND...

In a process of its own, because the kernel's peak of a child starts at that of its parent.
"""

import json
import os
import resource
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import asdict, dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """One finished command.

    Attributes:
        seconds: wall time.
        peak: bytes of memory that the largest of its processes held at one moment.
        code: its exit code; negative for a signal, None when it was ended at the cap.
    """

    seconds: float
    peak: int
    code: int | None


def run(command: tuple[str, ...], *, seconds: float, memory: int) -> Run:
    """Run a command with no terminal, ended after `seconds`; no process gets `memory` bytes."""
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    start = time.perf_counter()
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, process_group=0
    )
    try:
        code: int | None = process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        code = None
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    took = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    return Run(seconds=took, peak=peak, code=code)


if __name__ == "__main__":
    cap, limit, *argv = sys.argv[1:]
    print(json.dumps(asdict(run(tuple(argv), seconds=float(cap), memory=int(limit)))))
