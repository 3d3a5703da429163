"""A scheduler of dask's as a batch sees it: machines to place jobs on, and what came of them."""

import asyncio
import warnings
from collections.abc import Iterable, Mapping
from concurrent.futures import CancelledError
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any

from distributed import Client, Future, KilledWorker

from verify.batch.dask.machines import Machine, read_machine
from verify.batch.dask.secured import security_for
from verify.batch.dask.wire import Answer
from verify.batch.dask.worker import judge
from verify.batch.interface import BatchFault, Failed, Notified, Stage, Trouble

CLOSE_SECONDS = 5

RUNNING = "running"
ERRED = "error"
"""What dask calls a client that is connected, and a future whose work raised an error."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivery:
    """Something about an order; `what` is None where it is not known any more."""

    key: str
    what: Answer | Failed | Stage | Notified | None


class Cluster:
    """A connection to a scheduler; what it is given runs where its needs are met.

    Args:
        address: as dask writes it: `tcp://HOST:PORT`, or `tls://` with dask's own configuration.
        topic: under which workers tell what they are at.
        seconds: after which a scheduler that does not answer is given up.

    Raises:
        BatchFault: it does not answer.
        CertificatesError: see `security_for`.
    """

    def __init__(self, address: str, topic: str, seconds: float) -> None:
        self._address = address
        self._news: SimpleQueue[Delivery] = SimpleQueue()
        self._futures: dict[str, Future[Answer]] = {}
        self._client = _connected(address, seconds)
        self._client.subscribe_topic(topic, self._told)

    def machines(self) -> list[Machine]:
        """Those of all workers that are there now.

        Raises:
            BatchFault: the scheduler is gone.
        """
        self._require()
        try:
            workers = self._client.scheduler_info(n_workers=-1)["workers"]
        except (OSError, TimeoutError, RuntimeError, KeyError) as error:
            raise self._gone() from error
        found = (read_machine(each.get("resources") or {}) for each in workers.values())
        return [machine for machine in found if machine is not None]

    def send(self, orders: Mapping[str, bytes], needs: Iterable[str]) -> None:
        """Have orders carried out, each by a worker that has what they need.

        Raises:
            BatchFault: the scheduler is gone.
        """
        self._require()
        futures = self._client.map(
            judge,
            list(orders.values()),
            key=list(orders),
            resources=dict.fromkeys(sorted(needs), 1),
            pure=False,
        )
        for key, future in zip(orders, futures, strict=True):
            self._futures[key] = future
            self._client.loop.add_callback(self._follow, key, future)

    def take(self, seconds: float) -> list[Delivery]:
        """What came meanwhile, after that time at most.

        Raises:
            BatchFault: the scheduler is gone, and with it all that was sent.
        """
        news: list[Delivery] = []
        try:
            news.append(self._news.get(timeout=max(seconds, 0.0)))
            while True:
                news.append(self._news.get_nowait())
        except Empty:
            pass
        self._require()
        if any(each.what is None and each.key in self._futures for each in news):
            raise self._gone()
        return [each for each in news if self._is_expected(each)]

    def forget(self, keys: Iterable[str]) -> None:
        """Nobody wants these any more; who is at one stops."""
        futures = [self._futures.pop(key) for key in keys if key in self._futures]
        if futures and self._client.status == RUNNING:
            self._client.cancel(futures, force=True)

    def close(self) -> None:
        """Let go; what is under way stops."""
        try:
            self.forget(list(self._futures))
            self._client.close(timeout=CLOSE_SECONDS)
        except (OSError, TimeoutError, RuntimeError):
            pass  # it is gone already

    async def _follow(self, key: str, future: "Future[Answer]") -> None:
        self._news.put(Delivery(key=key, what=await self._outcome(future)))

    async def _outcome(self, future: "Future[Answer]") -> Answer | Failed | None:
        try:
            answer: Answer = await self._client.gather(future, asynchronous=True)
        except (asyncio.CancelledError, CancelledError):
            return None
        except KilledWorker as lost:
            told = f"each of the {lost.allowed_failures + 1} workers that tried it was lost"
            return Failed(trouble=Trouble.LOST, message=told)
        except Exception as error:  # noqa: BLE001 - whatever a worker raised
            if future.status != ERRED:  # what failed is fetching the answer, not the work
                return None
            return Failed(trouble=Trouble.BUG, message=f"the worker failed: {_line(error)}")
        return answer

    def _told(self, event: tuple[float, Any]) -> None:
        """A stage that a worker tells of; whatever else anybody puts there is not heard."""
        match event[1]:
            case [str(key), bool(is_stage), str(message)]:
                what = Stage(name=message) if is_stage else Notified(message=message)
                self._news.put(Delivery(key=key, what=what))

    def _is_expected(self, delivery: Delivery) -> bool:
        if isinstance(delivery.what, Stage | Notified):
            return delivery.key in self._futures
        return self._futures.pop(delivery.key, None) is not None

    def _require(self) -> None:
        if self._client.status != RUNNING:
            raise self._gone()

    def _gone(self) -> BatchFault:
        return BatchFault(
            f"the scheduler at {self._address} is gone",
            hint="what was judged is kept: the same command goes on with the rest",
        )


def _connected(address: str, seconds: float) -> Any:  # noqa: ANN401 - a Client, half untyped
    security = security_for(address, "client")
    try:
        with warnings.catch_warnings():
            # Of versions that differ: where that matters, placing says so.
            warnings.simplefilter("ignore")
            return Client(  # type: ignore[no-untyped-call]
                address, timeout=seconds, set_as_default=False, security=security
            )
    except (OSError, TimeoutError, ValueError, RuntimeError, TypeError) as error:
        raise BatchFault(
            f"there is no scheduler at {address}: {_line(error)}",
            hint="start one with the same truewheel and the same dask: dask scheduler",
        ) from error


def _line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
