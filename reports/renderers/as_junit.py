"""JUnit XML for CI servers: a wheel is a test case, and what is not trusted has not passed."""

from collections.abc import Iterator
from xml.etree import ElementTree as ET

from reports.printable import printable
from reports.renderers.interface import Document, Rendered
from reports.renderers.reading import read_results
from reports.renderers.results import Reported, Results
from reports.renderers.words import CLAIM, telling, told, why
from verify.verdict import Verdict


class JunitRenderer:
    """A failure is a wheel that was judged, an error one that could not be."""

    name = "junit"
    filename = "junit.xml"

    def render(self, document: Document) -> Iterator[Rendered]:
        """One file."""
        tree = _suites(read_results(document))
        ET.indent(tree)
        content = ET.tostring(tree, encoding="utf-8", xml_declaration=True)
        yield Rendered(name=self.filename, content=content + b"\n")


def _suites(results: Results) -> ET.Element:
    errors = sum(_is_error(result) for result in results.results)
    failures = len(results.results) - results.trusted - errors
    # A run that broke off must not look as if it had passed.
    broken = results.failure is not None
    counts = {
        "tests": str(len(results.results) + len(results.left) + broken),
        "failures": str(failures),
        "errors": str(errors + broken),
        "skipped": str(len(results.left)),
        "time": f"{sum(result.seconds for result in results.results):.3f}",
    }
    suites = ET.Element("testsuites", {"name": "truewheel", **counts})
    suite = ET.SubElement(suites, "testsuite", {"name": "truewheel", **counts})
    for result in results.results:
        _case(suite, result)
    for left in results.left:
        names = {"classname": "truewheel", "name": printable(left.label), "time": "0.000"}
        case = ET.SubElement(suite, "testcase", names)
        ET.SubElement(case, "skipped", {"message": printable(left.why)})
    if results.failure is not None:
        names = {"classname": "truewheel", "name": "the run", "time": "0.000"}
        case = ET.SubElement(suite, "testcase", names)
        ET.SubElement(case, "error", {"type": "failed", "message": printable(results.failure)})
    return suites


def _case(suite: ET.Element, result: Reported) -> None:
    names = {"classname": printable(result.requirement), "name": printable(result.label)}
    case = ET.SubElement(suite, "testcase", {**names, "time": f"{result.seconds:.3f}"})
    if result.trusted:
        return
    kind = (result.reason or "undetermined") if _is_error(result) else result.verdict.value
    tag = "error" if _is_error(result) else "failure"
    said = ET.SubElement(case, tag, {"type": printable(kind), "message": why(result)})
    lines = [
        f"{finding.kind} {printable(finding.rule)} {told(finding)}"
        for finding in (*telling(result), *result.signals)
    ]
    said.text = "\n".join([CLAIM[result.verdict], *lines])


def _is_error(result: Reported) -> bool:
    return not result.trusted and result.verdict is Verdict.UNDETERMINED
