"""What a hostile wheel's names and contents become in each format: text that does nothing."""

import csv
import json
import re
import unicodedata
from html.parser import HTMLParser
from io import StringIO
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from jsonschema import ValidationError
from markdown_it import MarkdownIt

from reports.renderers.as_csv import COLUMNS, inert
from reports.renderers.as_markdown import MAX_CHARACTERS
from reports.renderers.registry import available, renderers
from tests.support.results import (
    HOSTILE,
    diff,
    document,
    finding,
    hostile,
    late,
    result,
    small,
    wheel,
)
from tests.support.sarif_schema import assert_sarif

TEXTS = sorted(set(available()) - {"json", "jsonl"})
HARMLESS_TAGS = {
    *("html", "head", "meta", "title", "style", "script", "body", "header", "main", "nav"),
    *("footer", "a", "article", "b", "br", "button", "caption", "code", "dd", "details", "div"),
    *("dl", "dt", "fieldset", "form", "h1", "h2", "h3", "input", "label", "legend", "li", "mark"),
    *("ol", "option", "p", "pre", "select", "span", "strong", "summary", "table", "tbody", "td"),
    *("th", "thead", "tr", "ul", "wbr", "circle", "g", "path", "polygon", "rect", "svg", "text"),
}


def written(name: str, results: dict[str, Any]) -> dict[str, str]:
    (renderer,) = renderers([name])
    return {file.name: file.content.decode("utf-8") for file in renderer.render(results)}


def one(name: str, results: dict[str, Any]) -> str:
    (text,) = written(name, results).values()
    return text


def one_result(**changes: Any) -> dict[str, Any]:  # noqa: ANN401 - fields
    return document(result(verdict="different", trusted=False, basis=None, **changes))


class Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.data: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.data.append(data)


@pytest.mark.parametrize("name", TEXTS)
def test_no_format_carries_a_character_that_is_not_seen(name: str) -> None:
    for file, text in written(name, hostile()).items():
        odd = {
            char for char in text if unicodedata.category(char) in {"Cc", "Cf", "Cs", "Zl", "Zp"}
        }
        assert odd <= {"\n", "\r"}, file


@pytest.mark.parametrize("name", ["json", "jsonl"])
def test_json_is_ascii_and_keeps_every_text_as_it_is(name: str) -> None:
    text = one(name, hostile())
    assert text.isascii()
    lines = (
        text.splitlines()
        if name == "jsonl"
        else [json.dumps(x) for x in json.loads(text)["results"]]
    )
    assert [json.loads(line)["requirement"] for line in lines] == list(HOSTILE)


def test_each_line_of_json_lines_names_its_schema() -> None:
    lines = one("jsonl", small()).splitlines()
    assert [json.loads(line)["schema"] for line in lines] == ["truewheel.result/1"] * 4


def test_pages_hold_no_tag_and_no_handler_but_ours() -> None:
    pages = {name: text for name, text in written("html", hostile()).items() if "html" in name}
    assert len(pages) == len(HOSTILE) + 2
    for name, text in pages.items():
        page = Page(text)
        assert {tag for tag, _ in page.tags} <= HARMLESS_TAGS, name
        assert [tag for tag, _ in page.tags].count("script") == 1
        for tag, attributes in page.tags:
            assert not [key for key in attributes if key.startswith("on") or key == "style"]
            assert not attributes.keys() & {"src", "srcset", "action", "formaction", "xlink:href"}
            if (link := attributes.get("href")) is not None:
                assert tag == "a"
                assert re.fullmatch(
                    r"(\.\./index|(wheels/)?[\w-]+)(\.recipe)?\.(html|json)|#\w+", link
                )


def test_pages_show_every_hostile_text_once_it_is_visible() -> None:
    shown = "".join(Page(written("html", hostile())["index.html"]).data)
    assert "<script>document.title='run'</script>" in shown
    assert "{{ 7*7 }}" in shown
    assert "\\u202egnp.exe\\u2066" in shown


@pytest.mark.parametrize("text", HOSTILE)
def test_no_cell_is_a_formula(text: str) -> None:
    rows = list(csv.reader(StringIO(one("csv", one_result(requirement=text)), newline="")))
    assert [len(row) for row in rows] == [len(COLUMNS)] * 2
    assert not rows[1][0].lstrip().startswith(tuple("=+-@\t\r|%"))


def test_a_cell_that_is_no_formula_stays() -> None:
    assert [inert(cell) for cell in ("a-b", "1", "=1", "\uff1d1", " +1")] == [
        *("a-b", "1", "'=1", "'\uff1d1", "' +1")
    ]


def test_junit_parses_and_counts_what_did_not_pass() -> None:
    root = ET.fromstring(one("junit", hostile()))  # noqa: S314 - ours
    assert len(list(root.iter("failure"))) == len(HOSTILE)
    assert {element.tag for element in root.iter()} == {
        *("testsuites", "testsuite", "testcase", "failure")
    }
    suite = ET.fromstring(one("junit", small())).find("testsuite")  # noqa: S314 - ours
    assert suite is not None
    assert [suite.get(key) for key in ("tests", "failures", "errors")] == ["4", "1", "1"]


@pytest.mark.parametrize("results", [small(), hostile(), document()])
def test_sarif_is_valid(results: dict[str, Any]) -> None:
    log = json.loads(one("sarif", results))
    assert_sarif(log)
    (run,) = log["runs"]
    found = run["results"]
    assert all(run["tool"]["driver"]["rules"][x["ruleIndex"]]["id"] == x["ruleId"] for x in found)
    prints = [x["partialFingerprints"]["truewheel/v1"] for x in found]
    assert len(set(prints)) == len(prints)


def test_fingerprints_outlive_other_words_and_other_results() -> None:
    def prints(results: dict[str, Any]) -> set[str]:
        run = json.loads(one("sarif", results))["runs"][0]
        return {x["partialFingerprints"]["truewheel/v1"] for x in run["results"]}

    before = one_result(signals=[late()])
    after = document(
        *small()["results"], *one_result(signals=[{**late(), "summary": "x"}])["results"]
    )
    assert prints(before) < prints(after)


def test_a_waiver_suppresses_what_it_is_about() -> None:
    results = json.loads(one("sarif", small()))["runs"][0]["results"]
    waived = {x["ruleId"] for x in results if "suppressions" in x}
    assert waived == {"verdict.suspicious", "code.autostart"}


@pytest.mark.parametrize("results", [small(), hostile(), document(result(), result())])
def test_cyclonedx_is_valid(results: dict[str, Any]) -> None:
    text = one("cyclonedx", results)
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    assert len(json.loads(text)["components"]) == len(results["results"])


def test_a_component_is_found_by_its_package_url() -> None:
    (component,) = json.loads(one("cyclonedx", document(result())))["components"]
    assert component["purl"] == "pkg:pypi/demo@1.0?file_name=demo-1.0-py3-none-any.whl"
    assert {"name": "truewheel:verdict", "value": "identical"} in component["properties"]


@pytest.mark.parametrize("text", HOSTILE)
def test_markdown_holds_no_markup_of_a_wheel(text: str) -> None:
    shown = one("markdown", one_result(detail=text, reason="x", wheel=wheel(text)))
    for block in MarkdownIt("commonmark").enable("table").parse(shown):
        kinds = {token.type for token in block.children or ()}
        assert not kinds & {"link_open", "image", "em_open", "code_inline"}
        tags = {t.content for t in block.children or () if t.type == "html_inline"}
        assert tags <= {"<code>", "</code>"}
        assert block.type != "html_block"
    assert not re.search(r"://|www\.", shown)
    # A code host looks for mentions and references in the text of every element but code.
    page = MarkdownIt("commonmark").enable("table").render(shown)
    assert not re.search(r"@\w|#\d", re.sub(r"<code>[^<]*</code>", "<code></code>", page))


def test_a_comment_fits_into_what_a_code_host_takes() -> None:
    many = document(
        *(
            result(
                verdict="different",
                trusted=False,
                basis=None,
                reasons=["@" * 5000],
                wheel=wheel(f"{x}"),
            )
            for x in range(100)
        )
    )
    text = one("markdown", many)
    assert len(text) <= MAX_CHARACTERS + 100
    assert "more that are not trusted" in text


def test_a_run_that_broke_off_says_so_in_every_format_that_people_read() -> None:
    broken = document(result(), error={"message": "the index did not answer", "hint": None})
    for name in ("html", "json", "junit", "markdown", "sarif"):
        text = "".join(written(name, broken).values())
        assert "the index did not answer" in text, name


def test_findings_stand_before_the_wheels_that_are_trusted() -> None:
    page = written("html", small())["index.html"]
    labels = ["odd-2.0-py3-none-any.whl", "gone==4.0", "bad-3.0-py3-none-any.whl", "demo-1.0"]
    shown = "".join(Page(page).data)
    places = [shown.index(label) for label in labels]
    assert places == sorted(places)


def batch() -> dict[str, Any]:
    asked = [{"path": "locks/a b.txt", "line": 7, "column": None, "input": 0}]
    odd = {**one_result(diff=diff("different", [finding(), finding()]))["results"][0]}
    fault = {"path": "bad.lock", "line": None, "column": None, "message": "is no lock"}
    return {
        **document({**odd, "asked": asked}),
        "schema": "truewheel.batch/1",
        "run": 3,
        "inputs": [{"path": "locks/a b.txt", "kind": None, "wheels": 1, "faults": [fault]}],
        "left": [{"requirement": "late==1", "wheel": None, "why": "budget", "asked": asked}],
        "summary": {"total": 1, "trusted": 0, "by_verdict": {"different": 1}, "faults": 1},
        "interrupted": True,
    }


def test_a_batch_tells_what_it_left_and_could_not_read() -> None:
    page = written("html", batch())["index.html"]
    text = " ".join("".join(Page(page).data).split())
    assert "1 not looked at" in text
    assert "late==1" in text
    assert "it was interrupted" in text
    assert "bad.lock" in text
    comment = one("markdown", batch())
    assert "**1 wheel not looked at**" in comment
    assert "**1 input not readable**" in comment
    suite = ET.fromstring(one("junit", batch())).find("testsuite")  # noqa: S314 - ours
    assert suite is not None
    keys = ("tests", "failures", "errors", "skipped")
    assert [suite.get(key) for key in keys] == ["3", "1", "1", "1"]


def test_what_is_no_sarif_is_found() -> None:
    log = json.loads(one("sarif", small()))
    log["runs"][0]["results"][0]["level"] = "fatal"
    with pytest.raises(ValidationError, match="'fatal' is not one of"):
        assert_sarif(log)


def test_sarif_points_to_the_line_that_asks_and_tells_twins_apart() -> None:
    log = json.loads(one("sarif", batch()))
    assert_sarif(log)
    (run,) = log["runs"]
    for found in run["results"]:
        (place,) = found["locations"]
        assert place["physicalLocation"] == {
            "artifactLocation": {"uri": "locks/a%20b.txt"},
            "region": {"startLine": 7},
        }
    prints = [found["partialFingerprints"]["truewheel/v1"] for found in run["results"]]
    assert len(prints) == len(set(prints)) == 3
    assert run["invocations"][0]["executionSuccessful"] is False


def test_evidence_of_another_version_is_shown_as_it_is() -> None:
    odd = finding(evidence={"problems": [{"other": 1}], "differing": 3, "disassembly": [{"x": 1}]})
    text = "".join(written("html", one_result(diff=diff("different", [odd]))).values())
    assert "&#34;other&#34;: 1" in text
