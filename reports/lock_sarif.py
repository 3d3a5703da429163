"""SARIF 2.1.0 (OASIS) for code scanning: one result for each message about a lock."""

from collections.abc import Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING
from urllib.parse import quote

from reports.as_json import JSONObject
from reports.lock_messages import Message, annotations
from reports.printable import printable
from verify import __version__
from verify.lock.results import LockReport, Standing

if TYPE_CHECKING:
    from verify.finding import JSONValue

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)

_LEVELS = {
    Standing.DISTRUSTED: "error",
    Standing.UNDETERMINED: "warning",
    Standing.NOTED: "note",
    Standing.TRUSTED: "none",
}


def lock_sarif(report: LockReport) -> JSONObject:
    """One run with all messages."""
    found = annotations(report)
    rules = sorted({message.rule for message in found})
    run: JSONObject = {
        "tool": {
            "driver": {
                "name": "truewheel",
                "version": __version__,
                "rules": [_rule(rule) for rule in rules],
            }
        },
        "invocations": [_invocation(report)],
        "columnKind": "unicodeCodePoints",
        "results": [_result(message, rules) for message in found],
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(rule: str) -> JSONObject:
    words = rule.partition(".")[2].replace("-", " ")
    return {"id": rule, "shortDescription": {"text": f"{rule.partition('.')[0]}: {words}"}}


def _invocation(report: LockReport) -> JSONObject:
    invocation: dict[str, JSONValue] = {"executionSuccessful": report.failure is None}
    if report.failure is not None:
        text = printable(report.failure.message)
        invocation["toolExecutionNotifications"] = [{"level": "error", "message": {"text": text}}]
    return invocation


def _result(message: Message, rules: Sequence[str]) -> JSONObject:
    outcome = message.outcome
    identity = outcome.sha256 or str(outcome.package)
    return {
        "ruleId": message.rule,
        "ruleIndex": rules.index(message.rule),
        "level": _LEVELS[message.standing],
        "message": {"text": printable(message.text)},
        "locations": [_location(message)],
        # Lines of a lock move with every change; the hash tells that it is the same result.
        "partialFingerprints": {"truewheel/v1": f"{message.rule}:{identity}"},
    }


def _location(message: Message) -> JSONObject:
    where = message.outcome.where
    place: dict[str, JSONValue] = {"artifactLocation": {"uri": file_uri(where.path)}}
    if where.line is not None:
        region = {"startLine": where.line}
        if where.column is not None:
            region["startColumn"] = where.column
        place["region"] = region
    return {"physicalLocation": place}


def file_uri(path: str) -> str:
    """Relative as it was given, so that a code host finds it from the root of the repository."""
    pure = PurePath(path)
    quoted = quote(_named_by(pure.as_posix()))
    return f"file://{quoted}" if pure.is_absolute() else quoted


def _named_by(path: str) -> bytes:
    """The bytes of a name that is no UTF-8 as they are; of one that no file can have, any."""
    try:
        return path.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return path.encode("utf-8", "surrogatepass")
