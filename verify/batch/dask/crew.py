"""Workers on other machines, by a scheduler of dask's; what they say is judged before it counts.

Inputs are read and wheels looked up where the batch runs, and so are policy and ledger: workers get
a wheel's name, hash and URL, and give back what they found out.
"""

import time
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from verify.batch.dask.cluster import Cluster
from verify.batch.dask.hands import indexes_digest
from verify.batch.dask.machines import Machine, merged, of_rules
from verify.batch.dask.placing import Placed, Unplaced, place, places
from verify.batch.dask.settled import settled
from verify.batch.dask.wire import Answer, Order, Terms, write_order
from verify.batch.interface import (
    Ask,
    BatchFault,
    Crew,
    Failed,
    Job,
    Notified,
    Outcome,
    Stage,
    Tidings,
    Trouble,
)
from verify.ledger.rules import rules_version
from verify.subject import Subject
from verify.workbench import Workbench

LOOK_SECONDS = 1.0
"""After which the batch looks again which workers there are."""


@dataclass(frozen=True, kw_only=True)
class _Sent:
    job: Job
    needs: frozenset[str]


@dataclass(kw_only=True)
class DaskCrew:
    """The workers of a scheduler.

    Attributes:
        cluster: the scheduler.
        finders: look up what is asked for, on this machine.
        bench: decides and remembers.
        terms: how wheels are judged.
        patience: seconds after which a job that no worker can do is given up.
    """

    cluster: Cluster
    finders: Crew
    bench: Workbench
    terms: Terms
    patience: float
    _rules: str = field(default_factory=rules_version)
    _machines: list[Machine] = field(default_factory=list)
    _looked_at: float = float("-inf")
    _asks: int = 0
    _under_way: Counter[frozenset[str]] = field(default_factory=Counter)
    _room: dict[frozenset[str], int] = field(default_factory=dict)
    _sent: dict[str, _Sent] = field(default_factory=dict)
    _ready: dict[frozenset[str], list[Job]] = field(default_factory=dict)
    _parked: list[tuple[Job, Unplaced]] = field(default_factory=list)
    _parked_since: dict[str, float] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """See `Crew`."""
        fit = frozenset({of_rules(self._rules)})
        return max(places(fit, self._machines), 1)

    @property
    def idle(self) -> int:
        """See `Crew`; jobs that few workers can do do not keep others waiting."""
        if not self.finders.idle:
            return 0
        self._look()
        if self._parked and self._parked[-1][1].at_all:
            return 0  # what this one waits for, any other one would
        taken = sum(min(count, self._room[needs]) for needs, count in self._under_way.items())
        return max(self.size - taken, 0 if taken or self._parked else 1)

    def begin(self, job: Job) -> None:
        """See `Crew`."""
        if isinstance(job.task, Ask):
            self.finders.begin(job)
            self._asks += 1
        else:
            self._place(job, job.task)

    def wait(self, seconds: float) -> Sequence[Tidings]:
        """See `Crew`."""
        if self._asks:
            found = self.finders.wait(seconds)
            self._asks -= sum(not isinstance(news, Stage | Notified) for _, news in found)
            return found
        self._look()
        given_up = list(self._given_up())
        self._send()
        return [*given_up, *self._heard(0.0 if given_up else seconds)]

    def close(self) -> None:
        """See `Crew`."""
        self.finders.close()
        self.cluster.close()

    def _look(self) -> None:
        """Which workers there are; jobs that were left without one are placed anew.

        Raises:
            BatchFault: the scheduler is gone.
        """
        if time.monotonic() - self._looked_at < LOOK_SECONDS:
            return
        before, self._machines = self._machines, merged(self.cluster.machines())
        self._looked_at = time.monotonic()
        if self._machines == before:
            return
        self._room = {needs: places(needs, self._machines) for needs in self._under_way}
        jobs = [*self._taken_back(), *(job for job, _ in self._parked)]
        self._parked = []
        for job in jobs:
            if isinstance(job.task, Subject):
                self._place(job, job.task)
        since = {unplaced.why: self._looked_at for _, unplaced in self._parked}
        self._parked_since = {
            why: self._parked_since.get(why, moment) for why, moment in since.items()
        }

    def _taken_back(self) -> list[Job]:
        """Jobs that were placed, and that no worker has what it takes for any more."""
        left = [key for key, sent in self._sent.items() if not self._room[sent.needs]]
        self.cluster.forget(left)
        jobs = [self._dropped(key).job for key in left]
        for needs in [needs for needs in self._ready if not self._room[needs]]:
            jobs += self._ready.pop(needs)
            del self._under_way[needs]
        return jobs

    def _place(self, job: Job, subject: Subject) -> None:
        found = place(subject.wheel, self._machines, sandbox=self.terms.sandbox, rules=self._rules)
        if isinstance(found, Placed):
            self._ready.setdefault(found.needs, []).append(job)
            self._under_way[found.needs] += 1
            if found.needs not in self._room:
                self._room[found.needs] = places(found.needs, self._machines)
        else:
            self._parked.append((job, found))
            self._parked_since.setdefault(found.why, time.monotonic())

    def _dropped(self, key: str) -> _Sent:
        sent = self._sent.pop(key)
        self._under_way[sent.needs] -= 1
        if not self._under_way[sent.needs]:
            del self._under_way[sent.needs]
        return sent

    def _given_up(self) -> Iterator[Tidings]:
        """Jobs that no worker can do, and that none came for.

        Raises:
            BatchFault: there is none for any job.
        """
        now, still = time.monotonic(), []
        for job, unplaced in self._parked:
            if now - self._parked_since[unplaced.why] < self.patience:
                still.append((job, unplaced))
            elif unplaced.at_all:
                raise BatchFault(unplaced.why, hint="start workers: truewheel worker ADDRESS")
            else:
                yield job, Failed(trouble=Trouble.UNPLACED, message=unplaced.why)
        self._parked = still

    def _send(self) -> None:
        ready, self._ready = self._ready, {}
        for needs, jobs in ready.items():
            orders = {}
            for job in jobs:
                if isinstance(job.task, Subject):
                    key = f"truewheel-{uuid.uuid4().hex}"
                    orders[key] = write_order(self._order(job.task))
                    self._sent[key] = _Sent(job=job, needs=needs)
            self.cluster.send(orders, needs)

    def _order(self, subject: Subject) -> Order:
        """With what the policy says about this project that is asked before the decision."""
        wheel, policy = subject.wheel, self.bench.settings.policy
        project, version = (wheel.project, wheel.version) if wheel else (None, None)
        rules = policy.rules_for(project, version).rules
        terms = replace(
            self.terms,
            late_after_days=rules.late_after_days,
            silent_for_days=rules.silent_for_days,
        )
        return Order(terms=terms, subject=subject)

    def _heard(self, seconds: float) -> Iterable[Tidings]:
        for delivery in self.cluster.take(seconds):
            sent, what = self._sent.get(delivery.key), delivery.what
            if sent is None or what is None:
                continue
            if isinstance(what, Stage | Notified):
                yield sent.job, what
                continue
            self._dropped(delivery.key)
            yield sent.job, what if isinstance(what, Failed) else self._settled(sent.job, what)

    def _settled(self, job: Job, answer: Answer) -> Outcome:
        if not isinstance(job.task, Subject):
            raise TypeError(f"{job.name} was never sent")
        return settled(answer, job.task, self.bench)


def terms_of(bench: Workbench, batch: str, seconds: float) -> Terms:
    """How a bench's settings have wheels judged; `batch` names it, see `Terms` for `seconds`.

    Raises:
        IndexFault: the configuration of indexes cannot be read.
    """
    settings = bench.settings
    rules = settings.policy.rules_for(None, None).rules
    return Terms(
        batch=batch,
        sandbox=settings.sandbox,
        index_urls=bench.config.urls,
        indexes=indexes_digest(bench.config),
        offline=settings.offline,
        fresh=settings.fresh,
        attempts=settings.attempts,
        search_seconds=settings.search_seconds,
        limits=settings.limits,
        late_after_days=rules.late_after_days,
        silent_for_days=rules.silent_for_days,
        seconds=seconds,
    )
