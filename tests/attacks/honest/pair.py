"""Honest pairs: two wheels of one source that build tools and repackers make differently."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from tests.support.real_wheels import RealWheel
from verify.verdict import Verdict


@dataclass(frozen=True, kw_only=True)
class Pair:
    """What is published, and what its source builds to; both under the base wheel's name."""

    base: RealWheel
    published: bytes
    rebuilt: bytes


Made = bytes | tuple[bytes, bytes]
"""What is published, or that and what the source builds to, where this is not the base wheel."""

Make = Callable[[RealWheel], Made | Sequence[Made]]


@dataclass(frozen=True, kw_only=True)
class HonestPair:
    """One way in which honest wheels of one source differ, and what explains it.

    Attributes:
        verdict: exactly what it must get.
        rules: the benign rules that it needs, all of them, by the names of their findings.
        is_symmetric: it is trusted with the two wheels exchanged, too.
        make: makes the pairs of a base wheel; an empty sequence where it does not fit.
    """

    name: str
    verdict: Verdict
    rules: frozenset[str]
    is_symmetric: bool
    make: Make

    def variants(self, wheel: RealWheel) -> tuple[Pair, ...]:
        """The pairs that it can make of this wheel."""
        answer = self.make(wheel)
        made = [answer] if isinstance(answer, bytes | tuple) else answer
        return tuple(_pair(wheel, each) for each in made)

    def pairs(self, wheels: Iterable[RealWheel]) -> Iterator[Pair]:
        """Every variant of the first wheel that fits, and one of each other that fits."""
        is_first = True
        for wheel in wheels:
            made = self.variants(wheel)
            yield from made if is_first else made[:1]
            is_first = is_first and not made


def _pair(wheel: RealWheel, made: Made) -> Pair:
    published, rebuilt = (made, wheel.data) if isinstance(made, bytes) else made
    return Pair(base=wheel, published=published, rebuilt=rebuilt)


class HonestFamily:
    """Honest pairs that differ in the same thing, in the order in which they are written down.

    The function that makes the wheels gives a pair its name.
    """

    def __init__(self, title: str) -> None:
        self.title = title
        self._pairs: list[HonestPair] = []

    @property
    def pairs(self) -> tuple[HonestPair, ...]:
        """All of them."""
        return tuple(self._pairs)

    def regenerated(self, make: Make) -> Make:
        """List a pair that must be `regenerated`, without the help of any rule."""
        self._list(make, Verdict.REGENERATED, frozenset())
        return make

    def equivalent(self, *rules: str, is_symmetric: bool = True) -> Callable[[Make], Make]:
        """List a pair that must be `equivalent` by exactly these benign rules."""

        def listed(make: Make) -> Make:
            self._list(make, Verdict.EQUIVALENT, frozenset(rules), is_symmetric=is_symmetric)
            return make

        return listed

    def _list(
        self, make: Make, verdict: Verdict, rules: frozenset[str], *, is_symmetric: bool = True
    ) -> None:
        pair = HonestPair(
            name=make.__name__.replace("_", "-"),
            verdict=verdict,
            rules=rules,
            is_symmetric=is_symmetric,
            make=make,
        )
        self._pairs.append(pair)
