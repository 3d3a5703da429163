"""What changed since the previous run: found by comparing two runs, and kept in the document.

A wheel is the same in both by its file name, and by its hash where a run has several of that name.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from reports.as_json import JSONObject
from reports.renderers.interface import Document
from reports.renderers.reading import read_results
from reports.renderers.results import BY_WORST, Change, Results, Stand, Trend, What, by_worst
from verify.finding import JSONValue
from verify.verdict import Verdict


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """A wheel as one run had it; without a wheel, `label` is the requirement."""

    label: str
    sha256: str | None
    stand: Stand


@dataclass(frozen=True, kw_only=True, slots=True)
class EarlierRun:
    """The run that another one is compared with; `number` is the ledger's, if it has one."""

    number: int | None
    wheels: tuple[Known, ...]


def earlier_run(document: Document) -> EarlierRun:
    """The run that a document of results is of.

    Raises:
        UnreadableResultsError: it holds none.
    """
    run = document.get("run")
    number = run if isinstance(run, int) and not isinstance(run, bool) else None
    return EarlierRun(number=number, wheels=tuple(_known(read_results(document))))


def trend_since(document: Document, before: EarlierRun) -> Trend:
    """What changed since an earlier run.

    Raises:
        UnreadableResultsError: the document holds no results.
    """
    results = read_results(document)
    is_whole = results.failure is None and not (results.left or results.skipped)
    return trend_of(_known(results), before, is_whole=is_whole)


def with_trend(document: Document, trend: Trend) -> JSONObject:
    """The same document with what changed."""
    return {**document, "trend": trend_object(trend)}


def trend_of(now: Iterable[Known], before: EarlierRun, *, is_whole: bool) -> Trend:
    """What changed; a wheel that stands as it stood is not in it.

    Args:
        now: the run as it is.
        before: the run that it is compared with.
        is_whole: whether the run had all that it was asked for; else nothing is said to be gone.
    """
    changes = [_change(old, new) for old, new in _pairs(before.wheels, tuple(now))]
    if not is_whole:
        changes = [change for change in changes if change.after is not None]
    return Trend(
        run=before.number,
        total=len(before.wheels),
        trusted=sum(known.stand.trusted for known in before.wheels),
        by_verdict=by_worst(known.stand.verdict for known in before.wheels),
        changes=tuple(sorted((change for change in changes if change.what), key=_rank)),
    )


def trend_object(trend: Trend) -> JSONObject:
    """`trend` of a document of results."""
    return {
        "previous": {
            "run": trend.run,
            "total": trend.total,
            "trusted": trend.trusted,
            "by_verdict": {
                verdict.value: count for verdict, count in sorted(trend.by_verdict.items())
            },
        },
        "changes": [
            {
                "wheel": change.label,
                "sha256": change.sha256,
                "what": [what.value for what in change.what],
                "before": _stand(change.before),
                "after": _stand(change.after),
            }
            for change in trend.changes
        ],
    }


def _known(results: Results) -> Iterator[Known]:
    for result in results.results:
        stand = Stand(verdict=result.verdict, trusted=result.trusted)
        yield Known(label=result.label, sha256=result.sha256, stand=stand)


def _pairs(
    before: Sequence[Known], after: Sequence[Known]
) -> Iterator[tuple[Known | None, Known | None]]:
    """Each wheel of either run once, with itself in the other."""
    olds, news = _by_label(before), _by_label(after)
    for label in sorted({*olds, *news}):
        yield from _paired(olds.get(label, []), news.get(label, []))


def _paired(olds: list[Known], news: list[Known]) -> Iterator[tuple[Known | None, Known | None]]:
    """Those of one name: equal hashes first, then in their order."""
    rest = list(olds)
    unpaired = []
    for new in news:
        same = next((old for old in rest if old.sha256 == new.sha256), None)
        if same is None:
            unpaired.append(new)
        else:
            rest.remove(same)
            yield same, new
    for at in range(max(len(rest), len(unpaired))):
        yield (rest[at] if at < len(rest) else None, unpaired[at] if at < len(unpaired) else None)


def _by_label(wheels: Iterable[Known]) -> dict[str, list[Known]]:
    found: defaultdict[str, list[Known]] = defaultdict(list)
    for known in wheels:
        found[known.label].append(known)
    return found


def _change(old: Known | None, new: Known | None) -> Change:
    known = new or old
    return Change(
        label=known.label if known else "",
        sha256=known.sha256 if known else None,
        what=tuple(sorted(_what(old, new), key=list(What).index)),
        before=old.stand if old else None,
        after=new.stand if new else None,
    )


def _what(old: Known | None, new: Known | None) -> Iterator[What]:
    if old is None or new is None:
        yield What.NEW if old is None else What.GONE
        return
    before, after = old.stand, new.stand
    if before.trusted != after.trusted:
        yield What.NEWLY_TRUSTED if after.trusted else What.NEWLY_DISTRUSTED
    if before.verdict is not after.verdict:
        yield What.BETTER if _is_better(before.verdict, after.verdict) else What.WORSE
    # A hash that was not known is no other one.
    if None not in {old.sha256, new.sha256} and old.sha256 != new.sha256:
        yield What.REPLACED


def _is_better(before: Verdict, after: Verdict) -> bool:
    """Whether a verdict is better; one that was lost never is."""
    is_judged = after is not Verdict.UNDETERMINED
    return is_judged and BY_WORST.index(after) > BY_WORST.index(before)


def _rank(change: Change) -> tuple[int, bool, int, str, str]:
    """What needs a look first; among equals what is not trusted, by its verdict."""
    stand = change.after or change.before
    is_trusted = change.after is None or change.after.trusted
    worst = BY_WORST.index(stand.verdict) if stand else 0
    first = list(What).index(change.what[0])
    return first, is_trusted, worst, change.label, change.sha256 or ""


def _stand(stand: Stand | None) -> JSONValue:
    if stand is None:
        return None
    return {"verdict": stand.verdict.value, "trusted": stand.trusted}
