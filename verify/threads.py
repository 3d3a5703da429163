"""Several threads for what zlib and hashlib do without the interpreter's lock.

Results come in the order of the items, whichever thread is done first, so that nothing that is said
depends on how threads took turns.
"""

import os
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

THREADS = min(os.cpu_count() or 1, 4)
"""Each holds some windows of data; more would only help wheels of many large members."""

_BATCH = 1024**2
"""Bytes that a thread goes through before it is handed more, which takes some 50 µs."""

_LEAST = 4096
"""Bytes that an item counts for, however small it is."""

Stop = Callable[[], None]
"""Long work calls it now and then; it raises `StoppedError` when nobody waits for the result."""


class StoppedError(Exception):
    """Other work failed, or a person interrupted."""


def never() -> None:
    """A `Stop` for work that is waited for."""


def in_threads(
    work: Callable[[Item, Stop], Result], items: Iterable[Item], cost: Callable[[Item], int]
) -> Generator[Result, None, None]:
    """The result for each item, in order; an exception of one is raised and ends all work.

    Args:
        work: from an item to its result; changes nothing that other work sees.
        items: all of them are held in memory.
        cost: bytes that the work on an item goes through.
    """
    batches = _batches(items, cost)
    if len(batches) <= 1 or THREADS == 1:
        yield from (work(item, never) for batch in batches for item in batch)
        return
    stopped = Event()

    def stop() -> None:
        if stopped.is_set():
            raise StoppedError

    def work_all(batch: Sequence[Item]) -> list[Result]:
        return [work(item, stop) for item in batch]

    pool = ThreadPoolExecutor(THREADS)
    try:
        for results in pool.map(work_all, batches):
            yield from results
    finally:
        stopped.set()
        pool.shutdown(cancel_futures=True)


def _batches(items: Iterable[Item], cost: Callable[[Item], int]) -> list[list[Item]]:
    batches: list[list[Item]] = []
    room = 0
    for item in items:
        if room <= 0:
            batches.append([])
            room = _BATCH
        batches[-1].append(item)
        room -= max(cost(item), _LEAST)
    return batches
