"""`truewheel.lock-check/1`: a lock, judged hash by hash."""

from collections import Counter

from reports.as_json import JSONObject, check_document, finding_object, moment_text
from verify.finding import JSONValue
from verify.lock.inputs.interface import LockedPackage
from verify.lock.results import LockReport, Outcome, Standing
from verify.results import CheckReport, CheckResult


def lock_check_document(report: LockReport) -> JSONObject:
    """The document; `error` is there when the tool failed before the end."""
    standings = Counter(outcome.standing for outcome in report.outcomes)
    checks = (outcome.check for outcome in report.outcomes)
    verdicts = Counter(check.verdict.value for check in checks if check is not None)
    document: dict[str, JSONValue] = {
        "schema": "truewheel.lock-check/1",
        "lock": {
            "path": report.lock.path,
            "format": report.lock.format,
            "packages": len(report.lock.packages),
            "written": moment_text(report.written),
        },
        "since": report.since,
        "results": [_outcome(outcome) for outcome in report.outcomes],
        "summary": {
            "total": len(report.outcomes),
            **{standing.value: standings[standing] for standing in Standing},
            "by_verdict": dict(sorted(verdicts.items())),
        },
    }
    if report.policy is not None:
        document["policy"] = {"digest": report.policy.digest, "source": report.policy.source}
    if report.failure is not None:
        failure: JSONValue = {"message": report.failure.message, "hint": report.failure.hint}
        return {**document, "error": failure}
    return document


def _outcome(outcome: Outcome) -> JSONObject:
    where = outcome.where
    return {
        "package": _package(outcome.package),
        "filename": outcome.filename,
        "sha256": outcome.sha256,
        "hashes": [str(each) for each in outcome.file.hashes] if outcome.file else [],
        "where": {"path": where.path, "line": where.line, "column": where.column},
        "standing": outcome.standing,
        "findings": [finding_object(finding) for finding in outcome.findings],
        "advice": outcome.advice,
        "check": _check(outcome.check),
    }


def _package(package: LockedPackage) -> JSONObject:
    return {
        "name": package.name,
        "version": str(package.version) if package.version else None,
        "kind": package.kind,
        "origin": package.origin,
        "commit": package.commit,
        "marker": package.marker,
    }


def _check(result: CheckResult | None) -> JSONValue:
    """As one of `results` in `truewheel.check/1`."""
    if result is None:
        return None
    results = check_document(CheckReport(results=(result,)))["results"]
    return results[0] if isinstance(results, list) else None
