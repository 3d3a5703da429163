"""CSV (RFC 4180) for spreadsheets: one row for each wheel."""

import csv
from collections.abc import Iterator
from datetime import datetime
from io import StringIO

from reports.as_json import moment_text
from reports.printable import printable
from reports.renderers.interface import Document, Rendered
from reports.renderers.reading import read_results
from reports.renderers.results import Reported, rules
from reports.renderers.words import why
from verify.finding import FindingClass

_FORMULA = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20", "|", "%")
"""What makes a spreadsheet take a cell for a formula or a command, in both widths."""


class CsvRenderer:
    """A table that opens in any spreadsheet, and in which nothing is computed."""

    name = "csv"
    filename = "results.csv"

    def render(self, document: Document) -> Iterator[Rendered]:
        """One file, the worst first."""
        rows = [_row(result) for result in read_results(document).worst_first]
        text = StringIO(newline="")
        writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
        writer.writerow(COLUMNS)
        writer.writerows([inert(cell) for cell in row] for row in rows)
        yield Rendered(name=self.filename, content=text.getvalue().encode())


COLUMNS = (
    *("requirement", "wheel", "sha256", "uploaded", "source", "source_uploaded"),
    *("verdict", "reason", "trusted", "basis", "why", "signals", "dangerous", "unexplained"),
    *("published_bytes", "unexplained_bytes", "seconds", "judged_at"),
)


def inert(cell: str) -> str:
    """A cell that is shown as it is: an apostrophe before whatever would be computed."""
    shown = printable(cell)
    return f"'{shown}" if shown.lstrip().startswith(_FORMULA) else shown


def _row(result: Reported) -> list[str]:
    wheel, source = result.wheel, result.source
    return [
        result.requirement,
        wheel.filename if wheel else "",
        result.sha256 or "",
        _moment(wheel.upload_time if wheel else None),
        source.filename if source else "",
        _moment(source.upload_time if source else None),
        result.verdict.value,
        result.reason or "",
        "yes" if result.trusted else "no",
        result.basis or "",
        why(result),
        " ".join(rules(result.signals)),
        str(result.count(FindingClass.DANGEROUS)),
        str(result.count(FindingClass.UNEXPLAINED)),
        str(result.bytes.whole.published) if result.bytes else "",
        str(result.unexplained_bytes) if result.bytes else "",
        f"{result.seconds:.3f}",
        result.judged_at or "",
    ]


def _moment(moment: datetime | None) -> str:
    return moment_text(moment) or ""
