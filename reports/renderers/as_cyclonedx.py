"""CycloneDX 1.6 (ECMA-424) for those who keep SBOMs: wheels, with their verdicts as properties."""

from collections import Counter
from collections.abc import Iterator
from hashlib import sha256
from urllib.parse import quote
from uuid import NAMESPACE_OID, uuid5

from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from reports.as_json import JSONObject, dump
from reports.printable import printable
from reports.renderers.interface import Document, Rendered
from reports.renderers.reading import read_results
from reports.renderers.results import Reported, rules
from verify import __version__
from verify.finding import FindingClass, JSONValue


class CycloneDxRenderer:
    """A component for each wheel; no time and no chance in it: the same run is the same bytes."""

    name = "cyclonedx"
    filename = "bom.cdx.json"

    def render(self, document: Document) -> Iterator[Rendered]:
        """One file."""
        results = read_results(document).worst_first
        seen: Counter[str] = Counter()
        components = [_component(result, seen) for result in results]
        body = dump({"components": components})
        bom: JSONObject = {
            "bomFormat": "CycloneDX",
            "specVersion": "1.6",
            "serialNumber": f"urn:uuid:{uuid5(NAMESPACE_OID, sha256(body.encode()).hexdigest())}",
            "version": 1,
            "metadata": {"tools": {"components": [_tool()]}},
            "components": components,
        }
        yield Rendered(name=self.filename, content=f"{dump(bom)}\n".encode())


def _tool() -> JSONObject:
    return {"type": "application", "name": "truewheel", "version": __version__}


def _component(result: Reported, seen: Counter[str]) -> JSONObject:
    identity = result.sha256 or sha256(result.label.encode("utf-8", "surrogatepass")).hexdigest()
    seen[identity] += 1
    component: dict[str, JSONValue] = {
        "type": "library",
        "bom-ref": f"wheel-{identity}-{seen[identity]}",
        **_names(result),
        "properties": [
            {"name": f"truewheel:{name}", "value": printable(value)}
            for name, value in _properties(result)
        ],
    }
    if result.sha256 is not None:
        component["hashes"] = [{"alg": "SHA-256", "content": result.sha256}]
    return component


def _names(result: Reported) -> JSONObject:
    """Name, version and purl, where the file name has them."""
    try:
        name, version, _, _ = parse_wheel_filename(result.label)
    except InvalidWheelFilename:
        return {"name": printable(result.label)}
    query = f"file_name={quote(printable(result.label), safe='')}"
    purl = f"pkg:pypi/{quote(name)}@{quote(str(version), safe='')}?{query}"
    return {"name": name, "version": str(version), "purl": purl}


def _properties(result: Reported) -> Iterator[tuple[str, str]]:
    yield "file", result.label
    yield "verdict", result.verdict.value
    yield "trusted", "yes" if result.trusted else "no"
    for name, value in (
        ("reason", result.reason),
        ("basis", result.basis),
        ("source", result.source.filename if result.source else None),
        ("source-sha256", result.source.sha256 if result.source else None),
        ("judged-at", result.judged_at),
        ("policy", result.policy),
    ):
        if value is not None:
            yield name, value
    yield from (("why", reason) for reason in result.reasons)
    yield from (("signal", rule) for rule in rules(result.signals))
    if result.bytes is not None:
        yield "dangerous-findings", str(result.count(FindingClass.DANGEROUS))
        yield "unexplained-findings", str(result.count(FindingClass.UNEXPLAINED))
        yield "unexplained-bytes", str(result.unexplained_bytes)
