"""What a run said, told again from the ledger: the values that `truewheel report` renders.

Results come in one query, a few hundred rows at a time. What the listing, the policy and the
waivers of that day said is as it was; what judging found out is the ledger's verdict on the wheel,
where that is still the same one.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from verify.batch.inputs import Input
from verify.batch.results import BatchRemark, BatchReport, BatchResult, LeftOver, Place
from verify.errors import UsageFault
from verify.ledger.interface import LedgerFault, Run, RunEntry, Told
from verify.ledger.store import Ledger
from verify.ledger.stored import packed, unpacked
from verify.lock.inputs.interface import InputFault, Location
from verify.results import CheckedWheel, CheckResult, Failure, PolicyId
from verify.uncollected import uncollected
from verify.verdict import Reason, Verdict

FORMAT = 1
"""Of a run's body; of another one nothing is read."""


class NoRunError(UsageFault):
    """The ledger has no such run."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PreviousRun:
    """The run of the same batch that came to its end before, for a trend.

    Attributes:
        by_verdict: how many wheels came to each, by the verdict's value.
        entries: what it said of each wheel, by file name and sha256; where no wheel was found, by
            the requirement and None.
    """

    number: int
    total: int
    trusted: int
    by_verdict: Mapping[str, int]
    entries: Mapping[tuple[str, str | None], RunEntry]


def latest_run(store: Ledger, *, run: int | None = None) -> BatchReport:
    """What a run said, in the order of its inputs; `reports.batch_json` makes the document of it.

    Of a batch that was killed, `interrupted` is true, and nothing is known of what was left.

    Args:
        store: the ledger, by `Ledger.open`.
        run: its number, of a check as well; the batch that began last by default.

    Raises:
        NoRunError: there is none.
        LedgerFault: the database failed, or the run holds what no truewheel writes.
    """
    found = _run(store, run)
    rest = _rest(found)
    with uncollected():
        return replace(rest, results=tuple(map(_result, store.told(found.number))))


def previous_run(store: Ledger, run: int) -> PreviousRun | None:
    """The run before a run of a batch that came to its end and left no wheel out, None if none did.

    Raises:
        NoRunError: there is no run of that number.
        LedgerFault: the database failed.
    """
    this = _run(store, run)
    before = _before(store, this)
    if before is None:
        return None
    entries = {identity_in(entry): entry for entry in store.entries(before.number)}
    return PreviousRun(
        number=before.number,
        total=len(entries),
        trusted=sum(entry.trusted for entry in entries.values()),
        by_verdict=dict(sorted(Counter(entry.verdict for entry in entries.values()).items())),
        entries=entries,
    )


def _before(store: Ledger, this: Run) -> Run | None:
    """The run to compare with: one that had all wheels, not only those that were asked for then."""
    before = store.batch_before(this) if this.job is not None else None
    while before is not None and _rest(before).skipped:
        before = store.batch_before(before)
    return before


def identity_in(entry: RunEntry) -> tuple[str, str | None]:
    """By what a wheel is known in every run: its name, with its hash if that is known."""
    return (entry.wheel, entry.wheel_sha256) if entry.wheel else (entry.requirement, None)


def pack_rest(report: BatchReport, *, is_open: bool) -> bytes:
    """A run's body: all of a report but its results, which are entries.

    Args:
        report: what is known of the run.
        is_open: it is under way, so that whoever reads this finds that it was killed.
    """
    row = _Row(
        format=FORMAT,
        inputs=tuple(map(_packed_input, report.inputs)),
        remarks=report.remarks,
        left=() if is_open else report.left,  # nobody knows yet
        resumed=report.resumed,
        skipped=report.skipped,
        interrupted=report.interrupted or is_open,
        failure=report.failure,
        policy=report.policy,
    )
    return packed(row)


def pack_asked(places: Sequence[Place]) -> str:
    """The places that ask for a wheel, as an entry has them."""
    rows = [[each.source, each.where.path, each.where.line, each.where.column] for each in places]
    return json.dumps(rows, separators=(",", ":"), ensure_ascii=True)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Fault:
    where: Location
    message: str
    hint: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class _Input:
    path: str
    kind: str | None
    faults: tuple[_Fault, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Row:
    format: int
    inputs: tuple[_Input, ...]
    remarks: tuple[BatchRemark, ...]
    left: tuple[LeftOver, ...]
    resumed: int
    skipped: int
    interrupted: bool
    failure: Failure | None
    policy: PolicyId | None


def _packed_input(one: Input) -> _Input:
    faults = tuple(
        _Fault(
            where=fault.where,
            message=fault.message.removeprefix(f"{fault.where}: "),
            hint=fault.hint,
        )
        for fault in one.faults
    )
    return _Input(path=one.path, kind=one.kind, faults=faults)


def _input(one: _Input) -> Input:
    faults = tuple(InputFault(each.where, each.message, hint=each.hint) for each in one.faults)
    return Input(path=one.path, kind=one.kind, faults=faults)


def _run(store: Ledger, number: int | None) -> Run:
    found = store.latest_batch() if number is None else store.run(number)
    if found is None:
        what = "no batch" if number is None else f"no run {number}"
        raise NoRunError(
            f"the ledger {store.name} has {what}",
            hint="truewheel batch notes one; name its ledger with --ledger",
        )
    return found


def _rest(run: Run) -> BatchReport:
    row = unpacked(_Row, run.body) if run.body is not None else None
    if row is None or row.format != FORMAT:
        # Of a check, or of a truewheel that kept less.
        inputs = tuple(Input(path=each, kind=None) for each in run.inputs if run.job is not None)
        return BatchReport(run=run.number, inputs=inputs, results=(), interrupted=not run.ended)
    return BatchReport(
        run=run.number,
        inputs=tuple(map(_input, row.inputs)),
        results=(),
        remarks=row.remarks,
        left=row.left,
        resumed=row.resumed,
        skipped=row.skipped,
        interrupted=row.interrupted,
        failure=row.failure,
        policy=row.policy,
    )


def _result(told: Told) -> BatchResult:
    return BatchResult(check=told.result or _bare(told.entry), asked=_asked(told.asked))


def _bare(entry: RunEntry) -> CheckResult:
    """The little that every version of truewheel noted."""
    wheel = None
    if entry.wheel is not None:
        wheel = CheckedWheel(filename=entry.wheel, sha256=entry.wheel_sha256, size=None)
    try:
        verdict, reason = Verdict(entry.verdict), Reason(entry.reason) if entry.reason else None
    except ValueError as error:
        raise LedgerFault(f"the ledger holds what truewheel does not write: {error}") from error
    return CheckResult(
        requirement=entry.requirement,
        wheel=wheel,
        source=None,
        verdict=verdict,
        reason=reason,
        detail=None,
        trusted=entry.trusted,
        reasons=(),
    )


def _asked(text: str | None) -> tuple[Place, ...]:
    try:
        rows = json.loads(text) if text else []
        return tuple(
            Place(source=source, where=Location(path=path, line=line, column=column))
            for source, path, line, column in rows
        )
    except (ValueError, TypeError, RecursionError) as error:
        raise LedgerFault("the ledger holds what truewheel does not write") from error
