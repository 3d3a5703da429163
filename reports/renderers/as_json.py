"""The document itself, and its results one by one as JSON Lines."""

import json
from collections.abc import Callable, Iterator, Mapping

from reports.json_text import write_json
from reports.renderers.interface import Document, Streamed
from reports.renderers.reading import read_results
from verify.finding import JSONValue

RESULT_SCHEMA = "truewheel.result/1"
"""One of `results` of `truewheel.check/1`, with this as its `schema`."""


class JsonRenderer:
    """The versioned document, as `--json` prints it."""

    name = "json"
    filename = "results.json"

    def render(self, document: Document) -> Iterator[Streamed]:
        """One file."""
        read_results(document)
        yield json_file(self.filename, dict(document))


class JsonLinesRenderer:
    """One line for each result: for tools that read them one by one."""

    name = "jsonl"
    filename = "results.jsonl"

    def render(self, document: Document) -> Iterator[Streamed]:
        """One file."""
        read_results(document)
        results = document["results"]

        def write(put: Callable[[bytes], object]) -> None:
            for result in results if isinstance(results, list) else ():
                put(_line(result).encode())

        yield Streamed(name=self.filename, write=write)


def json_file(name: str, document: object) -> Streamed:
    """A file of a document; see `reports.json_text` for what it may hold besides JSON."""

    def write(put: Callable[[bytes], object]) -> None:
        write_json(document, lambda text: put(text.encode("ascii")))
        put(b"\n")

    return Streamed(name=name, write=write)


def _line(result: JSONValue) -> str:
    fields = result if isinstance(result, Mapping) else {}
    line = {"schema": RESULT_SCHEMA, **fields}
    return f"{json.dumps(line, separators=(',', ':'), ensure_ascii=True, allow_nan=False)}\n"
