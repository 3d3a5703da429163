"""A worker of dask's, which judges wheels for any batch that reaches the same scheduler."""

import asyncio
import signal
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from tempfile import TemporaryDirectory
from typing import Any

from distributed import Worker, WorkerPlugin, get_worker
from distributed.core import Status

from verify.batch.dask.hands import Hands
from verify.batch.dask.machines import Machine
from verify.batch.dask.secured import security_for
from verify.batch.dask.wire import Answer, read_order, write_answer
from verify.batch.interface import Failed, Notified, Stage, Trouble
from verify.errors import TruewheelError

PLUGIN = "truewheel"
"""Under which a worker has its `Hands`."""

RUNNING = frozenset({Status.running, Status.paused})

CLOSE_SECONDS = 20
"""For what is under way to be ended."""

LEAVE_SECONDS = 5
"""For the scheduler to give what is under way to others."""


class SchedulerGoneError(TruewheelError):
    """The scheduler does not answer."""


def judge(data: bytes) -> Answer:
    """Judge a wheel; runs on a worker, in one of its threads."""
    worker = get_worker()
    key = worker.get_current_task()
    order = read_order(data)
    plugin = worker.plugins.get(PLUGIN)
    if order is None or not isinstance(plugin, JudgePlugin):
        told = "the worker does not understand the batch: they are of different versions"
        return write_answer(Failed(trouble=Trouble.BUG, message=told))
    topic = order.terms.batch

    def tell(news: Stage | Notified) -> None:
        message = news.name if isinstance(news, Stage) else news.message
        worker.log_event(topic, [str(key), isinstance(news, Stage), message])

    def is_wanted() -> bool:
        task = worker.state.tasks.get(key)
        return task is not None and task.state == "executing"

    return write_answer(plugin.hands.judge(order, tell, is_wanted))


class JudgePlugin(WorkerPlugin):
    """Gives `judge` who judges on this worker, and ends what is under way with the worker."""

    name = PLUGIN

    def __init__(self, hands: Hands) -> None:
        self.hands = hands

    def teardown(self, worker: Worker) -> None:  # noqa: ARG002 - dask's signature
        """The worker ends."""
        self.hands.close()


@dataclass(frozen=True, kw_only=True)
class Service:
    """A worker for the batches of a scheduler, also of one that is restarted.

    Attributes:
        address: the scheduler's.
        machine: what is offered.
        hands: makes who judges.
        name: of the worker; its address by default.
        seconds: after which a scheduler that does not answer is given up.
        told: is told what happens.
    """

    address: str
    machine: Machine
    hands: Callable[[], Hands]
    name: str | None
    seconds: float
    told: Callable[[str], None]

    def run(self) -> int:
        """Work until a signal ends it; its number.

        Raises:
            SchedulerGoneError: the scheduler does not answer.
            CertificatesError: see `security_for`.
        """
        return asyncio.run(self._run())

    async def _run(self) -> int:
        loop = asyncio.get_running_loop()
        ended: asyncio.Future[int] = loop.create_future()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, _end, ended, number)
        while not ended.done():
            with TemporaryDirectory(prefix="truewheel-worker-") as folder:
                await self._work(self._worker(folder), ended)
        return ended.result()

    async def _work(self, worker: Worker, ended: "asyncio.Future[int]") -> None:
        """Until the scheduler is gone, or a signal comes."""
        start = asyncio.ensure_future(self._started(worker))
        await _first(start, ended)
        if start.done():
            start.result()
            self.told(f"at work for {self.address}")
            await _first(asyncio.ensure_future(_finished(worker)), ended)
        if ended.done():
            start.cancel()
            await _left(worker)
            await worker.close(timeout=CLOSE_SECONDS, executor_wait=False)
        else:
            self.told(f"{self.address} is gone; waiting for it")

    def _worker(self, folder: str) -> Worker:
        return Worker(
            self.address,
            nthreads=self.machine.places,
            resources=self.machine.resources,
            name=self.name,
            local_directory=folder,
            memory_limit=0,  # builds are bounded by their sandbox
            death_timeout=self.seconds,
            plugins=(JudgePlugin(self.hands()),),
            security=security_for(self.address, "worker"),
        )

    async def _started(self, worker: Worker) -> None:
        try:
            await worker
        except (OSError, TimeoutError, ValueError, RuntimeError) as error:
            raise SchedulerGoneError(
                f"there is no scheduler at {self.address}: {str(error) or 'no answer'}",
                hint="start one with the same truewheel and the same dask: dask scheduler",
            ) from error


async def _first(*futures: "asyncio.Future[Any]") -> None:
    await asyncio.wait(futures, return_when=asyncio.FIRST_COMPLETED)


async def _left(worker: Worker) -> None:
    """Tell the scheduler first, so that what is under way begins elsewhere at once.

    A worker that leaves without a word is taken for one that its wheel brought down: after a few
    of these (dask's `allowed-failures`) the wheel would be given up.
    """
    if worker.status not in RUNNING:
        return
    with suppress(OSError, TimeoutError, RuntimeError):
        left = worker.scheduler.retire_workers(
            workers=[worker.address],
            close_workers=False,
            remove=True,
            stimulus_id=f"truewheel-left-{worker.address}",
        )
        await asyncio.wait_for(left, LEAVE_SECONDS)


async def _finished(worker: Worker) -> None:
    await worker.finished()  # type: ignore[no-untyped-call]


def _end(ended: "asyncio.Future[int]", number: int) -> None:
    if not ended.done():
        ended.set_result(number)
