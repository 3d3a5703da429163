"""What is to be judged: each wheel once, whoever asks for it, and the slow ones first."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from verify.batch.interface import Ask, Finished, Found, FoundWheel
from verify.batch.results import Left, Place
from verify.batch.work import identity_of
from verify.subject import Subject

PURE = 5.0, 3.0
NATIVE = 60.0, 30.0
"""A guess at the seconds that judging takes: of any wheel, and of each MB. Only the order and the
time left depend on it, and what the ledger remembers is better."""


@dataclass(kw_only=True)
class Wheel:
    """A wheel of the batch, and how far it is.

    Attributes:
        number: its position in the order of the inputs.
        asked: every place that asks for it.
        seconds: what judging it takes, known or guessed.
        finished: its result, once it is there.
        left: why it was not judged, if it was not.
    """

    number: int
    subject: Subject
    asked: list[Place]
    seconds: float
    finished: Finished | None = None
    left: Left | None = None


@dataclass(kw_only=True)
class Wheels:
    """All wheels of a batch in the order of its inputs."""

    all: list[Wheel] = field(default_factory=list)
    _by_identity: dict[tuple[str, str], Wheel] = field(default_factory=dict)

    def add(self, found: FoundWheel, place: Place) -> Wheel:
        """A wheel that was found, which may be known already."""
        identity = identity_of(found.subject)
        known = self._by_identity.get(identity)
        if known is not None:
            if place not in known.asked:
                known.asked.append(place)
            known.finished = known.finished or found.finished
            return known
        wheel = Wheel(
            number=len(self.all) + 1,
            subject=found.subject,
            asked=[place],
            seconds=found.seconds if found.seconds is not None else guess(found.subject),
            finished=found.finished,
        )
        self.all.append(wheel)
        self._by_identity[identity] = wheel
        return wheel


def guess(subject: Subject) -> float:
    """Seconds that judging a wheel may take, of which nothing is known but name and size."""
    wheel = subject.wheel
    if wheel is None:
        return 0.0
    base, more = PURE if wheel.filename.endswith("-none-any.whl") else NATIVE
    return base + more * (wheel.size or 0) / 1e6


def slow_first(wheels: Iterable[Wheel]) -> list[Wheel]:
    """Those that take longest first, so that none of them is begun when all others are done."""
    return sorted(wheels, key=lambda wheel: (-wheel.seconds, wheel.number))


@dataclass(frozen=True, kw_only=True)
class DistinctAsk:
    """What is looked up once, though several places may ask for it."""

    ask: Ask
    places: tuple[Place, ...]


def distinct(asks: Sequence[Ask]) -> list[DistinctAsk]:
    """The asks in their order, those that ask for the same as one."""
    places: dict[object, list[Place]] = {}
    first: dict[object, Ask] = {}
    for at, ask in enumerate(asks):
        # Entries of a lock are a case each: two locks seldom say the same of a project.
        key: object = at
        if ask.requirement is not None:
            key = ask.requirement, ask.glob, ask.all_wheels, ask.targets
        first.setdefault(key, ask)
        places.setdefault(key, []).append(Place(source=ask.source, where=ask.where))
    return [DistinctAsk(ask=ask, places=tuple(places[key])) for key, ask in first.items()]


def gathered(asks: Sequence[DistinctAsk], found: Sequence[Found | None]) -> Wheels:
    """The wheels of all asks; an ask that nothing is known of yet brings none."""
    wheels = Wheels()
    for each, what in zip(asks, found, strict=True):
        for wheel in what.wheels if what else ():
            for place in each.places:
                wheels.add(wheel, place)
    return wheels
