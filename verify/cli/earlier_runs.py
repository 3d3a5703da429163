"""Runs that the ledger has, as the documents and trends that reports are made of."""

from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from reports.as_json import JSONObject
from reports.batch_json import batch_document
from reports.renderers.results import Stand
from reports.renderers.trend import EarlierRun, Known
from verify.batch.recalled import PreviousRun, latest_run, previous_run
from verify.errors import UsageFault
from verify.ledger.interface import RunEntry
from verify.ledger.store import Ledger
from verify.verdict import Verdict


def recalled(where: str, run: int | None) -> tuple[JSONObject, EarlierRun | None]:
    """The document of a run, the latest batch by default, and the run that it is compared with.

    Raises:
        UsageFault: there is no such run, or no ledger.
        LedgerFault: the ledger cannot be used.
    """
    if "://" not in where and not Path(where).exists():
        raise UsageFault(
            f"there is no ledger {where}",
            hint="give the results as a file, or name the ledger with --ledger",
        )
    with closing(Ledger.open(where)) as ledger:
        report = latest_run(ledger, run=run)
        before = previous_run(ledger, report.run) if report.run is not None else None
    return batch_document(report), None if before is None else _earlier(before)


def run_before(where: str, run: int) -> EarlierRun | None:
    """The run that a batch is compared with; None for the first one.

    Raises:
        LedgerFault: the ledger cannot be used.
    """
    with closing(Ledger.open(where)) as ledger:
        before = previous_run(ledger, run)
    return None if before is None else _earlier(before)


def _earlier(before: PreviousRun) -> EarlierRun:
    return EarlierRun(number=before.number, wheels=tuple(_known(before.entries)))


def _known(entries: Mapping[tuple[str, str | None], RunEntry]) -> list[Known]:
    verdicts = {verdict.value: verdict for verdict in Verdict}
    return [
        Known(
            label=label,
            sha256=sha256,
            stand=Stand(verdict=verdicts[entry.verdict], trusted=entry.trusted),
        )
        for (label, sha256), entry in entries.items()
        # A verdict of a newer truewheel is none that could be compared.
        if entry.verdict in verdicts
    ]
