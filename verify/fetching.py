"""The files of one check: a published wheel and its source, and when the wheel was made."""

from datetime import UTC, datetime
from pathlib import Path

from verify.errors import TruewheelError
from verify.index.interface import HashMismatchError, IndexFile, Sha256
from verify.subject import Subject
from verify.verdict import Reason
from verify.workbench import Workbench

FIXED_ZIP_TIMES = frozenset(
    {
        datetime(1980, 1, 1, tzinfo=UTC),  # the format's first (APPNOTE 4.4.6)
        datetime(2016, 1, 1, tzinfo=UTC),  # flit_core without SOURCE_DATE_EPOCH
        datetime(2020, 2, 2, tzinfo=UTC),  # hatchling without SOURCE_DATE_EPOCH
    }
)
"""Times that tools write when they know none; they say nothing about when a wheel was made."""


class UndeterminedError(TruewheelError):
    """No comparison can be made of this one wheel; never leaves a check."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


def pair_of(subject: Subject) -> tuple[IndexFile, IndexFile]:
    """The wheel and its source.

    Raises:
        UndeterminedError: there are not both.
    """
    wheel, source = subject.wheel, subject.source
    if wheel is None or source is None:
        reason = subject.reason or Reason.NO_SOURCE
        raise UndeterminedError(reason, subject.detail or str(reason))
    return wheel, source


def fetched(file: IndexFile, bench: Workbench) -> Path:
    """A file in the cache, which is addressed by content.

    Raises:
        UndeterminedError: it has another hash than the index tells.
    """
    try:
        return bench.obtain(file)
    except HashMismatchError as error:
        raise UndeterminedError(Reason.HASH_MISMATCH, error.message) from error


def sha256_of(file: IndexFile, bench: Workbench) -> Sha256:
    """The hash of a file, which is fetched only where the index does not tell it.

    Raises:
        UndeterminedError: as `fetched`.
    """
    return file.sha256 or Sha256(fetched(file, bench).parent.name)


def made_at(wheel: IndexFile | None, newest: datetime | None) -> datetime:
    """When a wheel was made: its upload, else its newest plausible ZIP time, else now."""
    uploaded = wheel.upload_time if wheel else None
    if uploaded is not None:
        return uploaded
    if newest is not None and newest not in FIXED_ZIP_TIMES:
        return newest
    return datetime.now(UTC)
