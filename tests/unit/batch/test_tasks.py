"""Each wheel once, the slow ones first."""

from dataclasses import replace

from tests.support.listings import listed
from verify.batch.interface import Ask, Found, FoundWheel
from verify.batch.results import Place
from verify.batch.tasks import distinct, gathered, guess, slow_first
from verify.index.select import Target
from verify.lock.inputs.interface import Location
from verify.subject import Subject

HERE, THERE = Location(path="a.txt", line=1), Location(path="b.txt", line=7)


def ask(requirement: str = "demo==1.0", source: int = 0, glob: str | None = None) -> Ask:
    where = THERE if source else HERE
    return Ask(source=source, where=where, requirement=requirement, glob=glob, targets=(Target(),))


def found(filename: str, seconds: float | None = None, sha256: str | None = None) -> FoundWheel:
    wheel = listed(filename, None, sha256=sha256)
    return FoundWheel(
        subject=Subject(requirement="demo==1.0", wheel=wheel, source=None), seconds=seconds
    )


def test_the_same_requirement_is_looked_up_once_for_all_who_ask() -> None:
    asks = distinct([ask(), ask("other==1"), ask(source=1), ask(glob="demo-*"), ask()])
    assert [each.ask.requirement for each in asks] == ["demo==1.0", "other==1", "demo==1.0"]
    places = (Place(source=0, where=HERE), Place(source=1, where=THERE))
    assert asks[0].places == (*places, places[0])


def test_a_wheel_is_judged_once_whoever_asks_for_it() -> None:
    asks = distinct([ask(), ask("demo===1.0", source=1)])
    both = Found(wheels=(found("demo-1.0-py3-none-any.whl"), found("demo-1.0-py2-none-any.whl")))
    one = Found(wheels=(found("demo-1.0-py2-none-any.whl"),))
    wheels = gathered(asks, [both, one]).all
    assert [wheel.number for wheel in wheels] == [1, 2]
    assert [[place.source for place in wheel.asked] for wheel in wheels] == [[0], [0, 1]]


def test_other_bytes_under_the_same_name_are_another_wheel() -> None:
    asks = distinct([ask(), ask(source=1, glob="x")])
    here, there = (
        Found(wheels=(found("demo-1.0-py3-none-any.whl", sha256=digest * 32),))
        for digest in ("ab", "cd")
    )
    assert len(gathered(asks, [here, there]).all) == 2


def test_what_was_not_found_out_yet_brings_no_wheel() -> None:
    asks = distinct([ask(), ask("other==1")])
    known = Found(wheels=(found("demo-1.0-py3-none-any.whl"),))
    assert len(gathered(asks, [None, known]).all) == 1


def test_the_slow_ones_are_first_by_what_is_known_and_else_by_guess() -> None:
    names = {
        "demo-1.0-py3-none-any.whl": 3.0,
        "demo-1.1-py3-none-any.whl": None,
        "demo-1.2-py3-none-any.whl": 500.0,
        "demo-1.3-cp311-cp311-manylinux_2_17_x86_64.whl": None,
    }
    wheels = Found(wheels=tuple(found(name, seconds) for name, seconds in names.items()))
    ordered = slow_first(gathered(distinct([ask()]), [wheels]).all)
    assert [wheel.number for wheel in ordered] == [3, 4, 2, 1]


def test_a_larger_wheel_is_guessed_to_take_longer() -> None:
    subject = found("demo-1.0-py3-none-any.whl").subject
    assert subject.wheel
    larger = replace(subject, wheel=replace(subject.wheel, size=10_000_000))
    unknown = replace(subject, wheel=replace(subject.wheel, size=None))
    assert guess(larger) > guess(subject) > guess(unknown) > 0
