"""Who judges the wheels of a batch: processes of this machine, or workers of a dask scheduler."""

import uuid
from collections.abc import Callable, Collection
from dataclasses import dataclass

from verify.batch.crew import LocalCrew, cores
from verify.batch.interface import Crew
from verify.batch.worker import Setup
from verify.cli.options import Work
from verify.errors import UsageFault
from verify.workbench import Workbench

CONNECT_SECONDS = 10.0

SPARE_SECONDS = 900.0
"""For all that is no build and no search: fetching, resolving, comparing, compilers made once."""

EXTRA = UsageFault(
    "dask.distributed is not installed", hint="pip install 'truewheel[dask]'; see docs/scale.md"
)

Hired = Callable[[Collection[str]], Crew]
"""A crew, given what it is to accept as judged."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Hiring:
    """Whom a person has judge the wheels.

    Attributes:
        jobs: processes of this machine; None for one a core.
        wheel_timeout: seconds after which a wheel is given up; None for more than any takes.
        dask: the address of a scheduler; None for this machine.
        dask_wait: seconds after which a wheel is given up that no worker can judge.
    """

    jobs: int | None
    wheel_timeout: float | None
    dask: str | None
    dask_wait: float

    def crew(self, bench: Workbench, work: Work) -> Hired:
        """The crew.

        Raises:
            UsageFault: dask.distributed is asked for and not installed.
        """
        seconds = self.wheel_timeout or _patience(work)
        crew = local_crew(bench, self.jobs or cores(), seconds)
        if self.dask is None:
            return crew
        return dask_crew(bench, crew, self.dask, seconds=seconds, patience=self.dask_wait)


def local_crew(bench: Workbench, size: int, seconds: float) -> Hired:
    """Processes of this machine; after these seconds a wheel is given up."""

    def crew(accepted: Collection[str]) -> Crew:
        setup = Setup(settings=bench.settings, accepted=accepted)
        return LocalCrew(size=size, setup=setup, seconds=seconds)

    return crew


def dask_crew(
    bench: Workbench, finders: Hired, address: str, *, seconds: float, patience: float
) -> Hired:
    """Workers elsewhere; `finders` find the wheels, one that no worker can do waits `patience`.

    Raises:
        UsageFault: dask.distributed is not installed, or that is no address of a scheduler.
    """
    require_dask(address)

    def crew(accepted: Collection[str]) -> Crew:
        from verify.batch.dask.cluster import Cluster  # noqa: PLC0415 - few batches need it
        from verify.batch.dask.crew import DaskCrew, terms_of  # noqa: PLC0415

        topic = f"truewheel-{uuid.uuid4().hex}"
        return DaskCrew(
            cluster=Cluster(address, topic, min(CONNECT_SECONDS, max(patience, 1.0))),
            finders=finders(accepted),
            bench=bench,
            terms=terms_of(bench, topic, seconds),
            patience=patience,
        )

    return crew


def require_dask(address: str) -> None:
    """Import dask.distributed, which then logs nothing, and have it look at an address.

    Raises:
        UsageFault: it is not installed, or it cannot read the address.
    """
    from verify.batch.dask.quiet import hush  # noqa: PLC0415 - few commands need it

    try:
        hush()
    except ImportError as error:
        raise EXTRA from error
    from distributed.comm.addressing import parse_address, parse_host_port  # noqa: PLC0415
    from distributed.comm.registry import get_backend  # noqa: PLC0415

    try:
        scheme, place = parse_address(address)
        get_backend(scheme)
        parse_host_port(place)
    except ValueError as error:
        raise UsageFault(
            f"{address!r} is no address of a scheduler", hint="write it as tcp://HOST:PORT"
        ) from error


def _patience(work: Work) -> float:
    """Seconds that one wheel may take: no honest one takes longer."""
    return 2 * work.search_seconds + 4 * work.timeout + SPARE_SECONDS
