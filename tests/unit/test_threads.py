"""Work on many items in threads."""

import threading
import time
from contextlib import closing

import pytest

from verify import threads
from verify.threads import Stop, StoppedError, in_threads

LARGE = 4 * 1024**2
"""A cost that fills a batch, so that each item is handed to a thread on its own."""


@pytest.fixture(params=[1, 2, 4])
def count(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """Machines with that many cores."""
    found: int = request.param
    monkeypatch.setattr(threads, "THREADS", found)
    return found


@pytest.mark.parametrize("cost", [0, 100_000, LARGE])
@pytest.mark.usefixtures("count")
def test_results_come_in_the_order_of_the_items(cost: int) -> None:
    def work(item: int, _stop: Stop) -> int:
        time.sleep(0.002 * (item % 3))
        return item * item

    found = list(in_threads(work, range(40), lambda _item: cost))
    assert found == [item * item for item in range(40)]


def test_work_is_shared_by_as_many_threads_as_there_are(count: int) -> None:
    together = threading.Barrier(count, timeout=30)

    def work(_item: int, _stop: Stop) -> int:
        # Nobody passes before all are here at the same time.
        together.wait()
        return threading.get_ident()

    assert len(set(in_threads(work, range(count), lambda _item: LARGE))) == count


@pytest.mark.usefixtures("count")
def test_an_exception_ends_the_work() -> None:
    started, ended = [], []

    def work(item: int, stop: Stop) -> int:
        started.append(item)
        if item == 1:
            raise ValueError("broken")
        for _ in range(60_000 if item else 0):
            time.sleep(0.01)
            stop()
        ended.append(item)
        return item

    with pytest.raises(ValueError, match="broken"):
        list(in_threads(work, range(100), lambda _item: LARGE))
    assert len(started) < 20
    assert set(ended) <= {0}


def test_work_that_nobody_waits_for_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "THREADS", 2)
    begun, told = threading.Event(), threading.Event()

    def work(item: int, stop: Stop) -> int:
        if item:
            begun.set()
        assert begun.wait(30)
        while item:
            try:
                stop()
            except StoppedError:
                told.set()
                raise
            time.sleep(0.001)
        return item

    with closing(in_threads(work, range(2), lambda _item: LARGE)) as results:
        assert next(results) == 0
    assert told.is_set()


def test_few_small_items_take_no_thread() -> None:
    found = list(in_threads(lambda _item, _stop: threading.get_ident(), range(9), lambda _item: 1))
    assert set(found) == {threading.get_ident()}
