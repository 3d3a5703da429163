"""SARIF 2.1.0 (OASIS) for code scanning: a result for each verdict, finding and signal that counts.

What somebody asks for in a file is shown there. Else a wheel is the artifact; a member is always a
logical location in it: no code host has either as a file.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from urllib.parse import quote

from reports.as_json import JSONObject
from reports.lock_sarif import SCHEMA, file_uri
from reports.printable import printable
from reports.renderers.as_json import json_file
from reports.renderers.interface import Document, Streamed
from reports.renderers.reading import read_results
from reports.renderers.results import Place, Reported, Results
from reports.renderers.words import telling, told, why
from verify import __version__
from verify.finding import FindingClass, JSONValue
from verify.verdict import Verdict

_MAX_PLACES = 10
_VERDICT_LEVELS = {Verdict.UNDETERMINED: "warning"}
_CLASS_LEVELS = {FindingClass.DANGEROUS: "error", FindingClass.UNEXPLAINED: "warning"}


class SarifRenderer:
    """One run, with nothing of wheels that are trusted by their verdict but their signals."""

    name = "sarif"
    filename = "results.sarif"

    def render(self, document: Document) -> Iterator[Streamed]:
        """One file."""
        results = read_results(document)

        def write(put: Callable[[bytes], object]) -> None:
            json_file(self.filename, _log(results)).write(put)

        yield Streamed(name=self.filename, write=write)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Message:
    """What one SARIF result says; `wheel` is a place in the run's artifacts."""

    rule: str
    level: str
    text: str
    member: str | None
    about: Reported
    wheel: int


def _log(results: Results) -> Mapping[str, object]:
    """The log, whose lists are made while they are written."""
    rules = sorted({message.rule for message in _all(results)})
    run = {
        "tool": {
            "driver": {
                "name": "truewheel",
                "version": __version__,
                "rules": [_rule(rule) for rule in rules],
            }
        },
        "invocations": [_invocation(results)],
        "columnKind": "unicodeCodePoints",
        "artifacts": map(_artifact, results.results),
        "results": _results(_all(results), rules),
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _all(results: Results) -> Iterator[_Message]:
    for at, result in enumerate(results.results):
        yield from _messages(at, result)


def _messages(wheel: int, result: Reported) -> Iterator[_Message]:
    def message(rule: str, level: str, text: str, member: str | None = None) -> _Message:
        return _Message(
            rule=printable(rule), level=level, text=text, member=member, about=result, wheel=wheel
        )

    if not result.trusted or result.waiver:
        level = _VERDICT_LEVELS.get(result.verdict, "error")
        text = f"{printable(result.label)} is {result.verdict}: {why(result)}"
        yield message(f"verdict.{result.verdict}", level, text)
    for finding in telling(result):
        yield message(finding.rule, _CLASS_LEVELS[finding.kind], told(finding), finding.member)
    for signal in result.signals:
        yield message(signal.rule, "note", told(signal), signal.member)


def _rule(rule: str) -> JSONObject:
    group, _, words = rule.partition(".")
    text = f"{group}: {words.replace('-', ' ')}" if words else group
    return {"id": rule, "shortDescription": {"text": text}}


def _invocation(results: Results) -> JSONObject:
    invocation: dict[str, JSONValue] = {"executionSuccessful": results.failure is None}
    if results.failure is not None:
        text = printable(results.failure)
        invocation["toolExecutionNotifications"] = [{"level": "error", "message": {"text": text}}]
    return invocation


def _artifact(result: Reported) -> JSONObject:
    artifact: dict[str, JSONValue] = {"location": {"uri": _uri(result)}}
    if result.sha256 is not None:
        artifact["hashes"] = {"sha-256": result.sha256}
    return artifact


def _results(messages: Iterable[_Message], rules: Sequence[str]) -> Iterator[JSONObject]:
    seen: Counter[bytes] = Counter()
    place = {rule: at for at, rule in enumerate(rules)}
    for message in messages:
        identity = _fingerprint(message)
        seen[identity] += 1
        found: dict[str, JSONValue] = {
            "ruleId": message.rule,
            "ruleIndex": place[message.rule],
            "level": message.level,
            "message": {"text": message.text},
            "locations": list(_locations(message)),
            "partialFingerprints": {"truewheel/v1": f"{identity.hex()}:{seen[identity]}"},
        }
        waiver = message.about.waiver
        if waiver is not None:
            words = f"{waiver.reason} ({waiver.owner}, until {waiver.expires})"
            found["suppressions"] = [{"kind": "external", "justification": printable(words)}]
        yield found


def _fingerprint(message: _Message) -> bytes:
    """The same for the same rule, wheel and member, whatever the words of the summary become."""
    wheel = message.about.sha256 or message.about.label
    parts = (message.rule, wheel, message.member or "")
    return sha256("\0".join(parts).encode("utf-8", "surrogatepass")).digest()


def _locations(message: _Message) -> Iterator[JSONObject]:
    asked = message.about.asked[:_MAX_PLACES]
    for place in asked:
        yield _location(message, _line(place))
    if not asked:
        artifact: JSONObject = {"uri": _uri(message.about), "index": message.wheel}
        yield _location(message, {"artifactLocation": artifact})


def _line(place: Place) -> JSONObject:
    """A line of a file of the repository, whose paths are relative to it."""
    found: dict[str, JSONValue] = {"artifactLocation": {"uri": file_uri(printable(place.path))}}
    if place.line is not None:
        region = {"startLine": place.line}
        found["region"] = (
            region if place.column is None else {**region, "startColumn": place.column}
        )
    return found


def _location(message: _Message, physical: JSONObject) -> JSONObject:
    place: dict[str, JSONValue] = {"physicalLocation": physical}
    if message.member is not None:
        name = printable(message.member)
        full = f"{printable(message.about.label)}/{name}"
        place["logicalLocations"] = [{"name": name, "fullyQualifiedName": full, "kind": "member"}]
    return place


def _uri(result: Reported) -> str:
    return quote(printable(result.label), safe="")
