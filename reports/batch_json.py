"""`truewheel.batch/1`: all that came of a batch."""

from collections import Counter
from collections.abc import Iterable

from reports.as_json import JSONObject, check_document, finding_object
from verify.batch.inputs import Input
from verify.batch.results import BatchRemark, BatchReport, BatchResult, LeftOver, Place
from verify.finding import JSONValue
from verify.lock.inputs.interface import InputFault, Location
from verify.results import CheckReport


def batch_document(report: BatchReport) -> JSONObject:
    """The document; `error` is there when the tool failed before the end."""
    verdicts = Counter(result.check.verdict.value for result in report.results)
    document: dict[str, JSONValue] = {
        "schema": "truewheel.batch/1",
        "run": report.run,
        "inputs": [_input(one, at, report) for at, one in enumerate(report.inputs)],
        "results": [_result(result) for result in report.results],
        "left": [_left(left) for left in report.left],
        "summary": {
            "total": len(report.results),
            "trusted": sum(result.check.trusted for result in report.results),
            "by_verdict": dict(sorted(verdicts.items())),
            "remembered": sum(result.check.judged_at is not None for result in report.results),
            "resumed": report.resumed,
            "skipped": report.skipped,
            "left": len(report.left),
            "faults": sum(len(one.faults) for one in report.inputs),
        },
        "interrupted": report.interrupted,
    }
    if report.policy is not None:
        document["policy"] = {"digest": report.policy.digest, "source": report.policy.source}
    if report.failure is not None:
        failure: JSONValue = {"message": report.failure.message, "hint": report.failure.hint}
        document["error"] = failure
    return document


def _input(one: Input, at: int, report: BatchReport) -> JSONObject:
    asked = sum(any(place.source == at for place in result.asked) for result in report.results)
    return {
        "path": one.path,
        "kind": one.kind,
        "wheels": asked,
        "faults": [_fault(fault) for fault in one.faults],
        "remarks": [_remark(remark) for remark in report.remarks if remark.source == at],
    }


def _fault(fault: InputFault) -> JSONObject:
    return {"where": _where(fault.where), "message": fault.message, "hint": fault.hint}


def _remark(remark: BatchRemark) -> JSONObject:
    told = remark.remark
    return {
        "package": told.package,
        "filename": told.filename,
        "where": _where(told.where),
        "standing": told.standing,
        "findings": [finding_object(finding) for finding in told.findings],
    }


def _result(result: BatchResult) -> JSONValue:
    """As one of `results` in `truewheel.check/1`, and who asks for it."""
    results = check_document(CheckReport(results=(result.check,)))["results"]
    found = results[0] if isinstance(results, list) else None
    return {**found, "asked": _asked(result.asked)} if isinstance(found, dict) else None


def _left(left: LeftOver) -> JSONObject:
    return {
        "requirement": left.requirement,
        "wheel": left.wheel,
        "why": left.why,
        "asked": _asked(left.asked),
    }


def _asked(places: Iterable[Place]) -> list[JSONValue]:
    return [{"input": place.source, **_where(place.where)} for place in places]


def _where(where: Location) -> JSONObject:
    return {"path": where.path, "line": where.line, "column": where.column}
