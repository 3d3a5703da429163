"""The two pages about all wheels: the overview, and what of it fits on one sheet of paper."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from reports.as_json import moment_text
from reports.renderers.html.bars import Piece, pieces
from reports.renderers.html.page import fill
from reports.renderers.results import (
    BY_WORST,
    Change,
    Reported,
    Results,
    Trend,
    What,
    rules,
)
from reports.renderers.words import CLAIM, WHAT, since, trust, why
from verify import __version__
from verify.finding import FindingClass, JSONValue
from verify.signals import SIGNALS
from verify.verdict import Verdict

SUMMARY = "summary.html"

MOST_CHANGES = 200
"""Wheels that changed, in the list of them; all are marked among the wheels."""

_MOST_OPEN = 20
"""Wheels that changed, up to which the list is open if a wheel is not trusted any more."""

_MOST, _MOST_UNDECIDED = 4, 10
"""Rows of the tables of a summary: with all of them full it is one page."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Tally:
    """How many wheels have a verdict, and how many had it in the previous run, if there is one."""

    verdict: Verdict
    now: int
    before: int | None


def overview(results: Results, worst_first: Sequence[Reported], names: Sequence[str]) -> bytes:
    """`index.html`."""
    changes = changes_by_wheel(results.trend)
    return fill(
        "overview.html.j2",
        "overview.js",
        results=results,
        rows=list(zip(worst_first, names, strict=True)),
        pages={result.label: name for result, name in zip(worst_first, names, strict=True)},
        changed=changes,
        tags=_tags,
        is_open=_is_open(results.trend),
        most_changes=MOST_CHANGES,
        what_words=WHAT,
        bar=_bar(results),
        tallies=tallies(results),
        order={verdict: place for place, verdict in enumerate(BY_WORST)},
        run=list(_facts(results.run)),
        inputs=list(_facts(results.inputs)),
        classes=FindingClass,
        rules=rules,
        trust=trust,
        moment=moment_text,
        meanings=SIGNALS,
        version=__version__,
    )


def summary(results: Results, worst_first: Sequence[Reported]) -> bytes:
    """`summary.html`: one page to print, however many wheels there are."""
    undecided = [(result, _reason(result)) for result in worst_first if not result.trusted]
    by_count = sorted(results.by_signal.items(), key=lambda item: (-item[1], item[0]))
    return fill(
        "summary.html.j2",
        "wheel.js",
        results=results,
        bar=_bar(results),
        tallies=tallies(results),
        since=_sentence(since(results.trend)) if results.trend else "",
        lost=_lost(results.trend),
        undecided=undecided,
        waived=[result for result in worst_first if result.waiver],
        most=_MOST,
        most_undecided=_MOST_UNDECIDED,
        shown_signals=by_count[:_MOST],
        meanings=SIGNALS,
        claims=CLAIM,
        version=__version__,
    )


def tallies(results: Results) -> list[Tally]:
    """The verdicts of this run and of the previous one, the worst first."""
    now = results.by_verdict
    then = results.trend.by_verdict if results.trend else None
    return [
        Tally(
            verdict=verdict,
            now=now.get(verdict, 0),
            before=None if then is None else then.get(verdict, 0),
        )
        for verdict in BY_WORST
        if verdict in now or (then and verdict in then)
    ]


def changes_by_wheel(trend: Trend | None) -> Mapping[tuple[str, str | None], Change]:
    """What became of each wheel that is still there, by label and hash."""
    if trend is None:
        return {}
    return {(change.label, change.sha256): change for change in trend.changes if change.after}


def _is_open(trend: Trend | None) -> bool:
    """Whether what changed is to be seen without asking."""
    return trend is not None and bool(_lost(trend)) and len(trend.changes) <= _MOST_OPEN


def _tags(change: Change) -> list[What]:
    """What is said beside a wheel; of two words for one thing the one that weighs more."""
    implied = {
        What.NEWLY_DISTRUSTED: What.WORSE,
        What.NEWLY_TRUSTED: What.BETTER,
    }
    known = {implied[what] for what in change.what if what in implied}
    return [what for what in change.what if what not in known]


def _lost(trend: Trend | None) -> list[Change]:
    changes = trend.changes if trend else ()
    return [change for change in changes if What.NEWLY_DISTRUSTED in change.what]


def _reason(result: Reported) -> str:
    """Why a wheel is not trusted, by what was found rather than by its verdict."""
    counts = [
        f"{count:,} {kind.value}"
        for kind in (FindingClass.DANGEROUS, FindingClass.UNEXPLAINED)
        if (count := result.count(kind))
    ]
    if counts:
        return f"{', '.join(counts)}; {result.unexplained_bytes:,} bytes unexplained"
    return why(result)


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}"


def _bar(results: Results) -> list[Piece]:
    return pieces((verdict.value, count) for verdict, count in results.by_verdict.items())


def _facts(value: JSONValue, name: str = "") -> Iterator[tuple[str, str]]:
    """What a document says in fields that later versions may change, as names and words."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _facts(item, f"{name} {key}".strip().replace("_", " "))
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for item in value:
            yield from _facts(item, name)
    elif value is not None:
        yield name, str(value)
