"""What a technique of tampering is, and how a family of them is listed."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from tests.support.real_wheels import RealWheel
from verify.finding import FindingClass

PAYLOAD = b"import os  # not what the source says\n"
"""Code that the source does not have; what it does is of no account."""


@dataclass(frozen=True, kw_only=True)
class Tampered:
    """A tampered wheel.

    Attributes:
        data: the file as somebody publishes it.
        rebuilt: what its source builds to; None for the untampered wheel.
        filename: what it is published as; None for the name of the untampered wheel.
    """

    data: bytes
    rebuilt: bytes | None = None
    filename: str | None = None


@dataclass(frozen=True, kw_only=True)
class Forgery:
    """A tampered wheel with all that there is to know for its judge.

    Attributes:
        base: the wheel that it was made of, under whose name the rebuilt file goes.
        filename: what it is published as.
        data: what is published.
        rebuilt: what the source builds to.
    """

    base: RealWheel
    filename: str
    data: bytes
    rebuilt: bytes


Answer = bytes | Tampered | Sequence[bytes | Tampered]
"""One tampered wheel or several; an empty sequence where the base wheel does not fit."""

Tamper = Callable[[RealWheel], Answer]


@dataclass(frozen=True, kw_only=True)
class Technique:
    """One way to publish what the source does not build to, and what the judge must say of it.

    Attributes:
        family: what it tampers with.
        gain: what the attacker gets, in one line.
        kind: the class of the finding that it must lead to.
        rule: the rule of that finding.
        tamper: makes the tampered wheels of a base wheel.
    """

    family: str
    name: str
    gain: str
    kind: FindingClass
    rule: str
    tamper: Tamper

    def variants(self, wheel: RealWheel) -> tuple[Tampered, ...]:
        """The tampered wheels that it can make of this one."""
        answer = self.tamper(wheel)
        made = [answer] if isinstance(answer, bytes | Tampered) else answer
        return tuple(Tampered(data=each) if isinstance(each, bytes) else each for each in made)

    def forge(self, wheels: Iterable[RealWheel]) -> tuple[Forgery, ...]:
        """Every variant of the first wheel that fits, and one of each other that fits."""
        forged: list[Forgery] = []
        for wheel in wheels:
            made = self.variants(wheel)
            forged += [_forgery(wheel, each) for each in (made[:1] if forged else made)]
        return tuple(forged)


def _forgery(wheel: RealWheel, tampered: Tampered) -> Forgery:
    return Forgery(
        base=wheel,
        filename=tampered.filename or wheel.filename,
        data=tampered.data,
        rebuilt=wheel.data if tampered.rebuilt is None else tampered.rebuilt,
    )


class Family:
    """Techniques that tamper with the same thing, in the order in which they are written down.

    The function that makes the wheels gives a technique its name.
    """

    def __init__(self, title: str) -> None:
        self.title = title
        self._techniques: list[Technique] = []

    @property
    def techniques(self) -> tuple[Technique, ...]:
        """All of them."""
        return tuple(self._techniques)

    def dangerous(self, rule: str, gain: str) -> Callable[[Tamper], Tamper]:
        """List a technique that must make a wheel suspicious."""
        return self._listing(FindingClass.DANGEROUS, rule, gain)

    def unexplained(self, rule: str, gain: str) -> Callable[[Tamper], Tamper]:
        """List a technique that must make a wheel different."""
        return self._listing(FindingClass.UNEXPLAINED, rule, gain)

    def _listing(self, kind: FindingClass, rule: str, gain: str) -> Callable[[Tamper], Tamper]:
        def listed(tamper: Tamper) -> Tamper:
            technique = Technique(
                family=self.title,
                name=tamper.__name__.replace("_", "-"),
                gain=gain,
                kind=kind,
                rule=rule,
                tamper=tamper,
            )
            self._techniques.append(technique)
            return tamper

        return listed
