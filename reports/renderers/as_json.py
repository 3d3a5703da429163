"""The document itself, and its results one by one as JSON Lines."""

import json
from collections.abc import Iterator, Mapping

from reports.as_json import dump
from reports.renderers.interface import Document, Rendered
from reports.renderers.reading import read_results
from verify.finding import JSONValue

RESULT_SCHEMA = "truewheel.result/1"
"""One of `results` of `truewheel.check/1`, with this as its `schema`."""


class JsonRenderer:
    """The versioned document, as `--json` prints it."""

    name = "json"
    filename = "results.json"

    def render(self, document: Document) -> Iterator[Rendered]:
        """One file."""
        read_results(document)
        yield Rendered(name=self.filename, content=f"{dump(dict(document))}\n".encode())


class JsonLinesRenderer:
    """One line for each result: for tools that read them one by one."""

    name = "jsonl"
    filename = "results.jsonl"

    def render(self, document: Document) -> Iterator[Rendered]:
        """One file."""
        read_results(document)
        results = document["results"]
        lines = map(_line, results) if isinstance(results, list) else ()
        yield Rendered(name=self.filename, content="".join(lines).encode())


def _line(result: JSONValue) -> str:
    fields = result if isinstance(result, Mapping) else {}
    line = {"schema": RESULT_SCHEMA, **fields}
    return f"{json.dumps(line, separators=(',', ':'), ensure_ascii=True, allow_nan=False)}\n"
