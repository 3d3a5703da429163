"""The process of one worker: jobs come in over a pipe, and what comes of them goes back.

It ends when the other end of the pipe does, whatever it is at: a batch that is killed leaves
nothing running. It never writes to a terminal.
"""

import os
import pickle
import signal
import sys
from collections.abc import Collection
from contextlib import closing, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from queue import SimpleQueue
from threading import Lock, Thread
from types import FrameType
from typing import NoReturn

from verify.batch.interface import Job, News, Notified, Stage
from verify.batch.work import failure_of, work
from verify.errors import TruewheelError
from verify.events import Event, Notice, Step
from verify.workbench import Settings, Workbench


@dataclass(frozen=True, kw_only=True, slots=True)
class Setup:
    """What a worker has to know before its first job.

    Attributes:
        accepted: see `verify.ledger.memory.Memory.serve`.
        carries: whether what is to be kept goes back with each result, and into no ledger here.
    """

    settings: Settings
    accepted: Collection[str] = ()
    carries: bool = False


def open_bench(setup: Setup, listener: "Talk") -> Workbench:
    """The workbench of a worker, whose ledger serves the batch.

    Raises:
        TruewheelError: it cannot be used at all.
    """
    bench = Workbench(setup.settings, listener)
    if bench.memory is not None and setup.carries:
        bench.memory.carry()
    elif bench.memory is not None:
        bench.memory.serve(setup.accepted)
    return bench


class Talk:
    """The worker's side of the pipe; events of the library go back as news of the job at hand."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._lock = Lock()

    def __call__(self, event: Event) -> None:
        """Listen to the library: see `verify.events`."""
        match event:
            case Step():
                self.send(Stage(name=event.stage))
            case Notice():
                self.send(Notified(message=event.message))

    def send(self, news: News) -> None:
        """Tell something; nobody may be there any more."""
        data = pickle.dumps(news)
        with self._lock, suppress(OSError):
            self._connection.send_bytes(data)


def main(descriptor: int) -> None:
    """Work until the other end closes the pipe.

    Args:
        descriptor: of a socket that a pickled `Setup` comes over, and then pickled jobs.
    """
    signal.signal(signal.SIGTERM, _end)
    connection = Connection(descriptor)
    jobs: SimpleQueue[Job] = SimpleQueue()
    setup = pickle.loads(connection.recv_bytes())  # noqa: S301 - of the process that started us
    Thread(target=_receive, args=(connection, jobs), daemon=True).start()
    talk = Talk(connection)
    _serve(setup, jobs, talk)


def _serve(setup: Setup, jobs: "SimpleQueue[Job]", talk: Talk) -> NoReturn:
    job = jobs.get()
    try:
        bench = open_bench(setup, talk)
    except (TruewheelError, OSError, MemoryError) as error:
        talk.send(failure_of(error))
        sys.exit(1)
    with closing(bench):
        while True:
            talk.send(work(job.task, bench))
            job = jobs.get()


def _receive(connection: Connection, jobs: "SimpleQueue[Job]") -> None:
    """Take in jobs; when nobody is there to give any, unwind what is under way."""
    with suppress(EOFError, OSError):
        while True:
            jobs.put(pickle.loads(connection.recv_bytes()))  # noqa: S301 - see above
    os.kill(os.getpid(), signal.SIGTERM)


def _end(_number: int, _frame: FrameType | None) -> NoReturn:
    """SIGTERM unwinds like an exit, so that sandboxes are taken down."""
    sys.exit(128 + signal.SIGTERM)
