"""Having jobs done by a crew: who is begun when, what is tried again, and when to give up.

What keeps all jobs from being done is told from what one of them fails at: trouble around the jobs
(the index, a disk, a lost worker) puts a job off until all others had their turn; where it hits one
after another, or not one job comes to anything, the batch stops.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from verify.batch.interface import (
    BatchFault,
    Crew,
    Failed,
    Finished,
    Found,
    Job,
    News,
    Notified,
    Outcome,
    Progress,
    Stage,
    Trouble,
)

PATIENCE = 8
"""Jobs that fail one after another, none of them by its own fault, before the batch stops."""

TRIES = 2
"""Of a job that did not fail by its own fault."""

TICK = 0.5
"""Seconds after which the batch looks at its clock."""

TRIED_AGAIN = frozenset({Trouble.INDEX, Trouble.SURROUNDINGS, Trouble.LOST})


@dataclass(kw_only=True)
class Dispatch:
    """Jobs on their way to a crew and back.

    Attributes:
        crew: the workers.
        progress: is told what begins and ends.
        offline: whether what is not in the cache is missed by intention, and so no outage.
        streak: jobs that failed one after another, none of them by its own fault.
        successes: jobs with an end that does not speak of what is around them, since the last
            look (`require_any`).
        last_trouble: the last one that does.
    """

    crew: Crew
    progress: Progress
    offline: bool
    streak: int = 0
    successes: int = 0
    last_trouble: Failed | None = None

    def all(
        self,
        jobs: Sequence[Job],
        ended: Callable[[Job, Outcome], None],
        *,
        is_over: Callable[[], bool] = lambda: False,
    ) -> list[Job]:
        """Have all jobs done; gives those that were not begun because time was over.

        Args:
            jobs: in the order to begin them.
            ended: is told of each job's end, once.
            is_over: whether no further job may begin.

        Raises:
            BatchFault: the batch cannot go on.
        """
        waiting, under_way = deque(jobs), 0
        tries: dict[int, int] = {}
        while waiting or under_way:
            while waiting and self.crew.idle and not is_over():
                job = waiting.popleft()
                self.crew.begin(job)
                under_way += 1
                self.progress.started(job)
            if not under_way:
                break
            for job, news in self.crew.wait(TICK):
                if self._is_told(job, news):
                    continue
                under_way -= 1
                self.progress.ended(job)
                if isinstance(news, Failed) and self._is_put_off(job, news, tries):
                    waiting.append(job)
                elif isinstance(news, Found | Finished | Failed):
                    self._count(news)
                    ended(job, news)
        return list(waiting)

    def require_any(self) -> None:
        """Stop where not one job came to anything, for what is around: it is not about the wheels.

        Raises:
            BatchFault: so it is.
        """
        if self.last_trouble is not None and not self.successes:
            last = self.last_trouble
            raise BatchFault(f"nothing could be judged: {last.message}", hint=_again(last.hint))
        self.successes, self.last_trouble = 0, None

    def _count(self, news: Found | Finished | Failed) -> None:
        """An end that is not put off; all but trouble of the surroundings breaks a streak."""
        if not (isinstance(news, Failed) and news.trouble in TRIED_AGAIN):
            self.streak, self.successes = 0, self.successes + 1
        elif news.trouble is not Trouble.LOST and not self._is_offline(news):
            self.last_trouble = news

    def _is_told(self, job: Job, news: News) -> bool:
        match news:
            case Stage():
                self.progress.stage(job, news.name)
            case Notified():
                self.progress.notice(news.message)
            case _:
                return False
        return True

    def _is_put_off(self, job: Job, failed: Failed, tries: dict[int, int]) -> bool:
        """Whether a job that failed is tried once more, when all others had their turn.

        Raises:
            BatchFault: others would fail as well.
        """
        if failed.trouble is Trouble.FATAL:
            raise BatchFault(failed.message, hint=failed.hint)
        if failed.trouble not in TRIED_AGAIN or self._is_offline(failed):
            return False
        self.streak += 1
        tries[job.number] = tries.get(job.number, 0) + 1
        if self.streak >= PATIENCE:
            told = f"{PATIENCE} wheels failed one after another; the last: {failed.message}"
            raise BatchFault(told, hint=_again(failed.hint))
        return tries[job.number] < TRIES

    def _is_offline(self, failed: Failed) -> bool:
        return failed.trouble is Trouble.INDEX and self.offline


def _again(hint: str | None) -> str:
    again = "what was judged is kept: the same command goes on with the rest"
    return f"{hint}; {again}" if hint else again
