"""`truewheel.batch/1`: all that came of a batch."""

from collections import Counter, defaultdict
from collections.abc import Iterable

from reports.as_json import JSONObject, finding_object, result_object
from verify.batch.results import BatchRemark, BatchReport, BatchResult, LeftOver, Place
from verify.finding import JSONValue
from verify.lock.inputs.interface import InputFault, Location
from verify.uncollected import uncollected


def batch_document(report: BatchReport) -> JSONObject:
    """The document; `error` is there when the tool failed before the end."""
    with uncollected():
        return _document(report)


def _document(report: BatchReport) -> JSONObject:
    verdicts = Counter(result.check.verdict.value for result in report.results)
    document: dict[str, JSONValue] = {
        "schema": "truewheel.batch/1",
        "run": report.run,
        "inputs": _inputs(report),
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


def _inputs(report: BatchReport) -> list[JSONValue]:
    wheels = Counter(at for result in report.results for at in {one.source for one in result.asked})
    remarks: defaultdict[int, list[JSONValue]] = defaultdict(list)
    for remark in report.remarks:
        remarks[remark.source].append(_remark(remark))
    return [
        {
            "path": one.path,
            "kind": one.kind,
            "wheels": wheels[at],
            "faults": [_fault(fault) for fault in one.faults],
            "remarks": list(remarks[at]),
        }
        for at, one in enumerate(report.inputs)
    ]


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
    return {**result_object(result.check), "asked": _asked(result.asked)}


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
