"""What crosses between a batch and its workers: JSON, read as strictly as it is written.

dask itself pickles what it carries; nothing here relies on that. No password crosses: a worker has
its own for an index that asks for one, and the ledger is written where the batch runs.
"""

from dataclasses import dataclass, fields, replace
from datetime import datetime

from packaging.utils import NormalizedName
from packaging.version import Version

from builders.sandbox.interface import Limits
from verify.batch.interface import Failed, Finished
from verify.index.interface import FileKind, IndexFile, ServedMetadata, Sha256
from verify.ledger.stored import pack, packed, unpack_by_digest, unpacked
from verify.results import CheckResult
from verify.subject import Subject
from verify.verdict import Reason

Answer = tuple[bytes, bytes | None]
"""What comes back of an order: JSON, and beside it a row for the ledger, as the ledger has it."""

FORMAT = 1
"""Of what crosses; of another one nothing is read."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Terms:
    """How the wheels of a batch are judged, wherever that is.

    Attributes:
        batch: of whose stages a worker tells.
        sandbox: the person's choice.
        index_urls: the default one first.
        indexes: see `verify.ledger.interface.Key`.
        search_seconds, attempts, offline, fresh: see `verify.workbench.Settings`.
        late_after_days, silent_for_days: see `verify.policy.model.Rules`. Nothing else of a policy
            is asked before the decision, which is the batch's.
        seconds: after which a wheel is given up.
    """

    batch: str
    sandbox: str
    index_urls: tuple[str, ...]
    indexes: str
    offline: bool
    fresh: bool
    attempts: int
    search_seconds: float
    limits: Limits
    late_after_days: int
    silent_for_days: int
    seconds: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Order:
    """A wheel to judge, and how."""

    terms: Terms
    subject: Subject


@dataclass(frozen=True, kw_only=True, slots=True)
class _File:
    project: NormalizedName
    version: str | None
    filename: str
    kind: FileKind
    url: str
    sha256: Sha256 | None
    size: int | None
    upload_time: datetime | None
    requires_python: str | None
    yanked: str | None
    core_metadata: tuple[ServedMetadata, ...]
    provenance: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class _Subject:
    requirement: str
    wheel: _File | None
    source: _File | None
    reason: Reason | None
    detail: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class _Order:
    format: int
    terms: Terms
    subject: _Subject


@dataclass(frozen=True, kw_only=True, slots=True)
class _Answer:
    """Either of `failed` and `result`; `key` is the digest of the row's key."""

    format: int
    failed: Failed | None = None
    result: CheckResult | None = None
    key: str | None = None
    index: str | None = None


def write_order(order: Order) -> bytes:
    """An order as a worker reads it."""
    subject = order.subject
    row = _Subject(
        requirement=subject.requirement,
        wheel=_written(subject.wheel),
        source=_written(subject.source),
        reason=subject.reason,
        detail=subject.detail,
    )
    return packed(_Order(format=FORMAT, terms=order.terms, subject=row))


def read_order(data: bytes) -> Order | None:
    """An order, None where it is none."""
    row = unpacked(_Order, data)
    if row is None or row.format != FORMAT:
        return None
    subject = row.subject
    try:
        wheel, source = _read(subject.wheel), _read(subject.source)
    except ValueError:
        return None
    return Order(
        terms=row.terms,
        subject=Subject(
            requirement=subject.requirement,
            wheel=wheel,
            source=source,
            reason=subject.reason,
            detail=subject.detail,
        ),
    )


def write_answer(outcome: Finished | Failed) -> Answer:
    """What came of an order."""
    if isinstance(outcome, Failed):
        return packed(_Answer(format=FORMAT, failed=outcome)), None
    result, kept = outcome.result, outcome.kept
    if kept is not None:
        result = replace(result, diff=None, recipe=None, attempts=())
    key = kept.key.digest if kept else None
    told = packed(_Answer(format=FORMAT, result=result, key=key, index=outcome.index))
    return told, pack(kept) if kept else None


def read_answer(answer: Answer) -> Finished | Failed | None:
    """What came of an order, None where that is not to be made out, or does not fit together."""
    told, row = answer
    found = unpacked(_Answer, told)
    if found is None or found.format != FORMAT or (row is None) != (found.key is None):
        return None
    if found.result is None:
        return found.failed
    if row is None or found.key is None:
        return Finished(result=found.result, index=found.index)
    kept = unpack_by_digest(row, found.key)
    if kept is None:
        return None
    judged = kept.judgement
    if (judged.verdict, judged.reason) != (found.result.verdict, found.result.reason):
        return None
    result = replace(found.result, diff=judged.diff, recipe=judged.recipe, attempts=judged.attempts)
    return Finished(result=result, kept=kept, index=found.index)


def _written(file: IndexFile | None) -> _File | None:
    if file is None:
        return None
    values = {each.name: getattr(file, each.name) for each in fields(file)}
    return _File(**{**values, "version": str(file.version) if file.version else None})


def _read(file: _File | None) -> IndexFile | None:
    """The file again; raises ValueError for a version that is none."""
    if file is None:
        return None
    values = {each.name: getattr(file, each.name) for each in fields(file)}
    return IndexFile(**{**values, "version": Version(file.version) if file.version else None})
