"""Workers on this machine, each a process of its own.

`multiprocessing` was looked at: the program that it starts a worker with imports from the working
directory first, which may be a project that somebody else wrote.
"""

import json
import os
import pickle
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait

from verify.batch.interface import (
    BatchFault,
    Failed,
    Finished,
    Found,
    Job,
    News,
    Tidings,
    Trouble,
)
from verify.batch.worker import Setup

GRACE_SECONDS = 15.0
"""For a worker to take its sandbox down."""

_START = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from verify.batch.worker import main; main(int(sys.argv[2]))"
)


def cores() -> int:
    """Those that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0)) or 1
    return os.cpu_count() or 1


@dataclass(kw_only=True)
class _Worker:
    process: "subprocess.Popen[bytes]"
    connection: Connection
    job: Job | None = None
    since: float = 0.0

    def tell(self, value: object) -> None:
        self.connection.send_bytes(pickle.dumps(value))

    def kill(self) -> None:
        """At once, with all that it started and that did not leave its group."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.connection.close()


@dataclass(kw_only=True)
class LocalCrew:
    """Processes on this machine, started as they are needed.

    Attributes:
        size: how many there are at most.
        setup: what each is told first.
        seconds: after which a job is taken to hang, and its worker is ended.
    """

    size: int
    setup: Setup
    seconds: float
    _workers: list[_Worker] = field(default_factory=list)

    @property
    def idle(self) -> int:
        """See `Crew`."""
        return self.size - sum(worker.job is not None for worker in self._workers)

    def begin(self, job: Job) -> None:
        """See `Crew`."""
        for worker in [each for each in self._workers if each.job is None]:
            try:
                self._give(worker, job)
            except OSError:  # it ended while it had nothing to do
                self._drop(worker)
            else:
                return
        try:
            worker = self._started()
            self._workers.append(worker)
            worker.tell(self.setup)
            self._give(worker, job)
        except OSError as error:
            raise BatchFault(f"a worker cannot be started: {error.strerror}") from error

    def wait(self, seconds: float) -> Sequence[Tidings]:
        """See `Crew`."""
        busy = {worker.connection: worker for worker in self._workers if worker.job is not None}
        news: list[Tidings] = []
        ready = set(wait(list(busy), seconds))
        for connection, worker in busy.items():
            if connection in ready:
                news += self._heard(worker)
        for worker in busy.values():
            if worker.job is not None and time.monotonic() - worker.since > self.seconds:
                news.append((worker.job, _overdue(self.seconds)))
                self._drop(worker)
        return news

    def close(self) -> None:
        """See `Crew`."""
        for worker in list(self._workers):
            if worker.job is None:
                self._drop(worker)  # there is nothing to take down
                continue
            with suppress(ProcessLookupError):
                worker.process.terminate()
        end = time.monotonic() + GRACE_SECONDS
        for worker in list(self._workers):
            with suppress(subprocess.TimeoutExpired):
                worker.process.wait(max(end - time.monotonic(), 0.1))
            self._drop(worker)

    def _give(self, worker: _Worker, job: Job) -> None:
        worker.tell(job)
        worker.job, worker.since = job, time.monotonic()

    def _heard(self, worker: _Worker) -> list[Tidings]:
        job = worker.job
        if job is None:
            return []
        try:
            news: News = pickle.loads(worker.connection.recv_bytes())  # noqa: S301 - our own process
        except (EOFError, OSError):
            self._drop(worker)
            return [(job, _lost(worker.process.returncode))]
        if isinstance(news, Found | Finished | Failed):
            worker.job = None
        return [(job, news)]

    def _drop(self, worker: _Worker) -> None:
        worker.job = None
        worker.kill()
        self._workers.remove(worker)

    def _started(self) -> _Worker:
        ours, theirs = socket.socketpair()
        with ours, theirs:
            # -I: neither the environment nor the working directory says what is imported, and
            # what this process itself found is handed over.
            process = subprocess.Popen(
                [
                    *(sys.executable, "-I", "-c", _START),
                    *(json.dumps(sys.path), str(theirs.fileno())),
                ],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                process_group=0,  # Ctrl-C is for the batch, which ends its workers itself
            )
            return _Worker(process=process, connection=Connection(ours.detach()))


def _overdue(seconds: float) -> Failed:
    told = f"nothing came of it within {seconds:g} s, and its worker was ended"
    return Failed(trouble=Trouble.OVERDUE, message=told)


def _lost(code: int | None) -> Failed:
    how = f"was killed by signal {-code}" if code and code < 0 else f"ended with code {code}"
    return Failed(trouble=Trouble.LOST, message=f"the worker's process {how}")
