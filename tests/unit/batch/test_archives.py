"""Archives are asked about until it is known what they are, and no longer."""

from packaging.utils import canonicalize_name
from packaging.version import Version

from benchmarks.replay import listed
from verify.batch.archives import Archives
from verify.batch.interface import Ask, Found, FoundWheel
from verify.batch.results import Left, Place
from verify.batch.tasks import DistinctAsk
from verify.lock.inputs.interface import Location, LockedFile, LockedPackage, SourceKind
from verify.lock.sources import MAX_TRIES
from verify.results import CheckResult
from verify.verdict import Verdict

HERE = Location(path="requirements.txt", line=3)
SUBJECT = listed("thing==1.0")
PACKAGE = LockedPackage(
    name=canonicalize_name("thing"),
    version=Version("1.0"),
    files=(LockedFile(filename="thing-1.0.tar.gz", where=HERE),),
    kind=SourceKind.URL,
    where=HERE,
)
OPEN = Found(wheels=(), open=(SUBJECT,))
SAID = CheckResult(
    requirement="thing==1.0",
    wheel=None,
    source=None,
    verdict=Verdict.DIFFERENT,
    reason=None,
    detail=None,
    trusted=False,
    reasons=(),
)


def archives() -> Archives:
    ask = Ask(source=0, where=HERE, packages=(PACKAGE,), lock=HERE.path)
    place = Place(source=0, where=HERE)
    return Archives(asks=[DistinctAsk(ask=ask, places=(place,))], found=[OPEN])


def test_what_was_judged_is_told_when_it_is_asked_again() -> None:
    open_archives = archives()
    assert open_archives.wanted() == [(0, SUBJECT)]
    open_archives.judged(0, SUBJECT, SAID)
    (job,) = open_archives.again([0, 0])
    assert isinstance(job.task, Ask)
    assert [(each.subject, each.result) for each in job.task.judged] == [(SUBJECT, SAID)]
    open_archives.settled(0, Found(wheels=()))
    assert (open_archives.wanted(), list(open_archives.left())) == ([], [])


def test_an_index_that_says_something_else_each_time_is_not_asked_for_ever() -> None:
    open_archives = archives()
    for _ in range(MAX_TRIES):
        assert open_archives.wanted()
        open_archives.judged(0, SUBJECT, SAID)
        open_archives.settled(0, OPEN)
    assert open_archives.wanted() == []
    (left,) = open_archives.left()
    assert (left.wheel, left.why) == ("thing-1.0.tar.gz", Left.BROKEN_OFF)


def test_what_cannot_be_asked_again_is_left() -> None:
    open_archives = archives()
    open_archives.settled(0, None)
    assert open_archives.wanted() == []
    assert [left.requirement for left in open_archives.left()] == ["thing==1.0"]


def test_a_wheel_that_the_index_lists_meanwhile_is_not_lost() -> None:
    """Only the first answer's wheels are judged: of others something is left."""
    late = FoundWheel(subject=SUBJECT)
    open_archives = archives()
    open_archives.settled(0, Found(wheels=(late,)))
    assert open_archives.wanted() == []
    assert [left.requirement for left in open_archives.left()] == ["thing==1.0"]
    known = archives()
    known.found[0] = Found(wheels=(late,), open=(SUBJECT,))
    known.settled(0, Found(wheels=(late,)))
    assert list(known.left()) == []
