"""Wall-clock seconds by stage of one check."""

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter

from verify.results import Seconds

STAGES = ("fetch", "resolve", "build", "compare")


class Stopwatch:
    """Adds up stages from the moment it is made."""

    def __init__(self) -> None:
        self._start = perf_counter()
        self._spent = dict.fromkeys(STAGES, 0.0)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Times what runs inside as one of STAGES."""
        start = perf_counter()
        try:
            yield
        finally:
            self._spent[name] += perf_counter() - start

    def read(self) -> Seconds:
        """The seconds so far, to the millisecond."""
        spent = {name: round(seconds, 3) for name, seconds in self._spent.items()}
        return Seconds(**spent, total=round(perf_counter() - self._start, 3))
