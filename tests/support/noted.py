"""Runs of a batch as the ledger keeps them, of results that are made up."""

from collections.abc import Iterable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from reports.as_json import JSONObject
from verify.batch.inputs import Input
from verify.batch.journal import Journal, job_of
from verify.batch.results import BatchReport, BatchResult, Place
from verify.finding import Finding, FindingClass, RuleName
from verify.ledger.interface import RunEntry
from verify.ledger.said import pack_said
from verify.lock.inputs.interface import Location
from verify.results import (
    Accounting,
    CheckedSource,
    CheckedWheel,
    CheckResult,
    Diff,
    FileIdentity,
)
from verify.verdict import Verdict

INPUT = Input(path="requirements.txt", kind=None)
UPLOADED = datetime(2024, 5, 1, 12, tzinfo=UTC)
TRUSTED = frozenset({Verdict.IDENTICAL, Verdict.REGENERATED, Verdict.EQUIVALENT})
RECIPE: JSONObject = {
    "schema": "truewheel.recipe/1",
    "source": {"filename": "x.tar.gz"},
    "python": "3.11",
}


def checked(name: str, verdict: Verdict = Verdict.IDENTICAL) -> CheckResult:
    """Version 1.0 of a project, judged."""
    published = FileIdentity(filename=f"{name}-1.0-py3-none-any.whl", sha256="ab" * 32, size=100)
    is_trusted = verdict in TRUSTED
    difference = Finding(
        rule=RuleName("code.differs"),
        kind=FindingClass.UNEXPLAINED,
        member=f"{name}.py",
        summary="The published module differs from the rebuilt one.",
        evidence={"diff": ["-a\n", "+b\n"]},
    )
    return CheckResult(
        requirement=f"{name}==1.0",
        wheel=CheckedWheel(
            filename=published.filename,
            sha256=published.sha256,
            size=published.size,
            upload_time=UPLOADED,
        ),
        source=CheckedSource(kind="sdist", filename=f"{name}-1.0.tar.gz", sha256="cd" * 32),
        verdict=verdict,
        reason=None,
        detail=None,
        trusted=is_trusted,
        reasons=(f"the verdict is {verdict}",),
        basis="verdict" if is_trusted else None,
        diff=Diff(
            published=published,
            rebuilt=published,
            verdict=verdict,
            findings=() if is_trusted else (difference,),
            accounting=Accounting(
                published_bytes=100,
                reproduced_bytes=100 if is_trusted else 60,
                explained_bytes=0,
                unexplained_bytes=0 if is_trusted else 40,
            ),
        ),
        recipe=RECIPE,
    )


def note_run(
    ledger: Path, results: Iterable[CheckResult], job: str = "job", skipped: int = 0
) -> int:
    """A batch that came to its end with these results; gives its number."""
    where = Place(source=0, where=Location(path="requirements.txt", line=7))
    asked = [BatchResult(check=result, asked=(where,)) for result in results]
    report = BatchReport(run=None, inputs=(INPUT,), results=tuple(asked), skipped=skipped)
    with closing(Journal(str(ledger), job_of([job]), ["requirements.txt"])) as journal:
        journal.begin(report)
        journal.note(
            (position, _entry(each.check), each.asked) for position, each in enumerate(asked)
        )
        journal.keep(report)
        journal.end()
        assert journal.run is not None
        return journal.run


def _entry(result: CheckResult) -> RunEntry:
    wheel = result.wheel
    return RunEntry(
        requirement=result.requirement,
        wheel=wheel.filename if wheel else None,
        key=None,
        verdict=result.verdict.value,
        reason=result.reason,
        trusted=result.trusted,
        remembered=False,
        wheel_sha256=wheel.sha256 if wheel else None,
        said=pack_said(result, has_verdict=False),
    )
