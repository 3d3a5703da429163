"""The versioned JSON documents of the contract."""

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

from reports.json_text import json_text
from verify.finding import Finding, JSONValue
from verify.results import (
    Accounting,
    Attempt,
    ByteShare,
    CheckedSource,
    CheckedWheel,
    CheckReport,
    CheckResult,
    Diff,
    ExplanationReport,
    FileIdentity,
    KeptEvidence,
    ListedRelease,
    PolicyId,
    Seconds,
)

JSONObject = dict[str, JSONValue]


def dump(document: JSONObject) -> str:
    """A document as text: ASCII, so that no terminal or pipe can garble a hostile file name."""
    return json_text(document)


def diff_document(diff: Diff, explanation: ExplanationReport | None = None) -> JSONObject:
    """`truewheel.diff/1`; `explanation` is there when it was asked for."""
    return {
        "schema": "truewheel.diff/1",
        "published": _identity(diff.published),
        "rebuilt": _identity(diff.rebuilt),
        "verdict": diff.verdict,
        "reason": diff.reason,
        "findings": [finding_object(finding) for finding in diff.findings],
        "accounting": _accounting(diff.accounting),
        **_explanation(explanation),
    }


def _accounting(accounting: Accounting) -> JSONObject:
    return {
        "published_bytes": accounting.published_bytes,
        "reproduced_bytes": accounting.reproduced_bytes,
        "explained_bytes": accounting.explained_bytes,
        "unexplained_bytes": accounting.unexplained_bytes,
        "regions": [_share("region", share) for share in accounting.regions],
        "members": [_share("member", share) for share in accounting.members],
        "more_members": accounting.more_members,
    }


def _share(part: str, share: ByteShare) -> JSONObject:
    return {
        part: share.part,
        "published_bytes": share.published,
        "reproduced_bytes": share.reproduced,
        "explained_bytes": share.explained,
        "unexplained_bytes": share.unexplained,
    }


def check_document(report: CheckReport) -> JSONObject:
    """`truewheel.check/1`; `error` is there when the tool failed before the end."""
    verdicts = Counter(result.verdict.value for result in report.results)
    document: JSONObject = {
        "schema": "truewheel.check/1",
        "results": [result_object(result) for result in report.results],
        "summary": {
            "total": len(report.results),
            "trusted": sum(result.trusted for result in report.results),
            "by_verdict": dict(sorted(verdicts.items())),
            **_policy(report.policy),
        },
    }
    if report.failure is not None:
        failure = {"message": report.failure.message, "hint": report.failure.hint}
        return {**document, "error": failure}
    return document


def rebuild_document(
    recipe: str,
    *,
    wheel: Path | None = None,
    sha256: str | None = None,
    reason: str | None = None,
    detail: str | None = None,
) -> JSONObject:
    """`truewheel.rebuild/1`: the replay of the recipe with this digest."""
    return {
        "schema": "truewheel.rebuild/1",
        "recipe": recipe,
        "wheel": str(wheel) if wheel else None,
        "sha256": sha256,
        "reason": reason,
        "detail": detail,
    }


def error_document(message: str, hint: str | None) -> JSONObject:
    """`truewheel.error/1`: all that a command prints which failed before it had a result."""
    return {"schema": "truewheel.error/1", "error": {"message": message, "hint": hint}}


def result_object(result: CheckResult) -> JSONObject:
    """One of the `results` of `truewheel.check/1`."""
    return {
        "requirement": result.requirement,
        "wheel": _wheel(result.wheel),
        "source": _source(result.source),
        "verdict": result.verdict,
        "reason": result.reason,
        "detail": result.detail,
        "trusted": result.trusted,
        "reasons": list(result.reasons),
        "basis": result.basis,
        "warnings": list(result.warnings),
        **({"waiver": result.waiver} if result.waiver else {}),
        **_policy(result.policy),
        **_release(result.release),
        "signals": [finding_object(signal) for signal in result.signals],
        "diff": diff_document(result.diff) if result.diff else None,
        "recipe": result.recipe,
        "attempts": [_attempt(attempt) for attempt in result.attempts],
        "seconds": _seconds(result.seconds),
        "remembered": result.judged_at is not None,
        "judged_at": moment_text(result.judged_at),
        **_explanation(result.explanation),
        **_evidence(result.evidence),
    }


def _evidence(kept: KeptEvidence | None) -> JSONObject:
    """Where evidence is; nothing where none was asked for."""
    if kept is None:
        return {}
    files: list[JSONValue] = [
        {"kind": each.kind, "path": each.path, "sha256": each.sha256, "size": each.size}
        for each in kept.files
    ]
    return {"evidence": {"where": kept.where, "files": files}}


def _policy(policy: PolicyId | None) -> JSONObject:
    """Which policy decided; nothing where none was asked."""
    if policy is None:
        return {}
    return {"policy": {"digest": policy.digest, "source": policy.source}}


def _release(release: ListedRelease | None) -> JSONObject:
    """When the files of the wheel's release came; nothing where no index was asked."""
    if release is None:
        return {}
    files: list[JSONValue] = [
        {
            "filename": file.filename,
            "kind": file.kind,
            "size": file.size,
            "upload_time": moment_text(file.upload_time),
        }
        for file in release.files
    ]
    others: list[JSONValue] = [
        {"version": other.version, "first_upload_time": moment_text(other.first)}
        for other in release.others
    ]
    return {"release": {"files": files, "more_files": release.more_files, "others": others}}


def _explanation(report: ExplanationReport | None) -> JSONObject:
    if report is None:
        return {}
    explanation: JSONObject = {
        "status": report.status,
        "path": report.path,
        "detail": report.detail,
        "hint": report.hint,
    }
    return {"explanation": explanation}


def _identity(file: FileIdentity) -> JSONObject:
    return {"filename": file.filename, "sha256": file.sha256, "size": file.size}


def finding_object(finding: Finding) -> JSONObject:
    """A finding, of a diff or as a signal."""
    return {
        "rule": finding.rule,
        "class": finding.kind,
        "member": finding.member,
        "summary": finding.summary,
        "evidence": dict(finding.evidence),
    }


def _wheel(wheel: CheckedWheel | None) -> JSONObject | None:
    if wheel is None:
        return None
    return {
        "filename": wheel.filename,
        "sha256": wheel.sha256,
        "size": wheel.size,
        "url": wheel.url,
        "upload_time": moment_text(wheel.upload_time),
    }


def _source(source: CheckedSource | None) -> JSONObject | None:
    if source is None:
        return None
    return {
        "kind": source.kind,
        "filename": source.filename,
        "sha256": source.sha256,
        "upload_time": moment_text(source.upload_time),
    }


def _attempt(attempt: Attempt) -> JSONObject:
    return {
        "recipe": attempt.recipe,
        "verdict": attempt.verdict,
        "reason": attempt.reason,
        "seconds": round(attempt.seconds, 3),
        "chosen": list(attempt.chosen),
        "distance": attempt.distance,
        "detail": attempt.detail,
        "log_tail": attempt.log_tail,
    }


def _seconds(seconds: Seconds) -> JSONObject:
    return {
        "fetch": seconds.fetch,
        "resolve": seconds.resolve,
        "build": seconds.build,
        "compare": seconds.compare,
        "total": seconds.total,
    }


def moment_text(moment: datetime | None) -> str | None:
    """ISO 8601 in UTC with a Z, as PEP 700 writes upload times."""
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
