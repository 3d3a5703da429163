"""Archives of sources that inputs name by their URL, each verified by a wheel that it builds to.

`verify.lock.rejudge` says which wheels these are and what comes of it, for locks as for batches. It
asks for one judgement after another, and building takes a worker that can: so what it asks for is
judged like any other wheel, and then it is asked again, with what came of that.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from verify.batch.interface import Ask, Found, Job, Judged
from verify.batch.results import Left, LeftOver
from verify.batch.tasks import DistinctAsk
from verify.batch.work import identity_of
from verify.lock.sources import MAX_TRIES
from verify.results import CheckResult
from verify.subject import Subject

Wanted = tuple[int, Subject]
"""A wheel to judge, and the position of what asks for it."""


@dataclass(kw_only=True)
class Archives:
    """What is still to be found out of archives.

    Attributes:
        asks: everything that is asked for.
        found: what of each is known, in the same order; it grows.
        why: what keeps the rest from being found out.
    """

    asks: Sequence[DistinctAsk]
    found: list[Found | None]
    why: Left = Left.BROKEN_OFF
    _judged: dict[int, tuple[Judged, ...]] = field(default_factory=dict)
    _given_up: set[int] = field(default_factory=set)

    def wanted(self) -> list[Wanted]:
        """Wheels to judge next."""
        return [
            (at, subject)
            for at, found in enumerate(self.found)
            if found is not None and at not in self._given_up
            for subject in found.open
        ]

    def judged(self, at: int, subject: Subject, result: CheckResult) -> None:
        """What came of a wheel."""
        one = Judged(subject=subject, result=result)
        self._judged[at] = (*self._judged.get(at, ()), one)

    def again(self, positions: Sequence[int]) -> list[Job]:
        """To ask again what these mean."""
        return [Job(number=at, task=self._asked(at)) for at in sorted(set(positions))]

    def settled(self, at: int, found: Found | None) -> None:
        """What is meant now; None where that could not be found out: it stays open.

        So it does where the index says by now that other wheels are meant, which nobody judges.
        """
        before = self.found[at]
        is_lost = found is None or before is None or not _wheels(found) <= _wheels(before)
        if is_lost or len(self._judged.get(at, ())) >= self._most(at):
            self._given_up.add(at)
        if found is not None and before is not None and not is_lost:
            self.found[at] = replace(before, remarks=found.remarks, open=found.open)

    def left(self) -> Iterator[LeftOver]:
        """Archives of which it was not found out."""
        for each, found in zip(self.asks, self.found, strict=False):
            for subject in found.open if found else ():
                yield LeftOver(
                    requirement=str(each.ask),
                    wheel=subject.source.filename if subject.source else None,
                    why=self.why,
                    asked=each.places,
                )

    def _most(self, at: int) -> int:
        """Judgements; more there are only where an index says something else each time."""
        return MAX_TRIES * sum(len(package.files) for package in self.asks[at].ask.packages)

    def _asked(self, at: int) -> Ask:
        return replace(self.asks[at].ask, judged=self._judged.get(at, ()))


def _wheels(found: Found) -> set[tuple[str, str]]:
    return {identity_of(wheel.subject) for wheel in found.wheels}
