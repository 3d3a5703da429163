"""Rows of two columns as HTML, for the tables of which a report has a million rows.

Templates would make the same of them; that takes four times as long.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from reports.printable import printable
from reports.renderers.html.alike import Part
from reports.renderers.html.functions import Instructions
from reports.renderers.html.side_by_side import Row, Side

if TYPE_CHECKING:
    from markupsafe import Markup

_SPECIAL = re.compile("[&<>'\"]")


def diff_rows(rows: Iterable[Row]) -> "Markup":
    """Lines of text, published on the left."""
    return _whole(_diff_row(row) for row in rows)


def instruction_rows(rows: Iterable[Instructions]) -> "Markup":
    """Instructions, published on the left."""
    return _whole(_instruction_row(row) for row in rows)


def _whole(rows: Iterator[str]) -> "Markup":
    from markupsafe import Markup  # noqa: PLC0415 - only pages need it

    # Of whatever was not written here, `_escaped` made text.
    return Markup("".join(rows))  # noqa: S704


def _diff_row(row: Row) -> str:
    if row.mark == "break":
        return _break(row.mark, row.published.parts if row.published else ())
    left, right = _side(row.published), _side(row.rebuilt)
    return _row(row.mark, *_cell("left", *left), *_cell("right", *right))


def _side(side: Side | None) -> tuple[str, Sequence[Part] | None]:
    return ("", None) if side is None else (str(side.number or ""), side.parts)


def _instruction_row(row: Instructions) -> str:
    if row.mark == "break":
        return _break(row.mark, row.published)
    left = _cell("left", row.published_at, row.published or None)
    right = _cell("right", row.rebuilt_at, row.rebuilt or None)
    return _row(row.mark, *left, *right)


def _break(mark: str, parts: Sequence[Part]) -> str:
    return _row(mark, '<td colspan="4">', _line(parts), "</td>")


def _row(mark: str, *cells: str) -> str:
    return f'<tr class="row-{_escaped(mark)}">{"".join(cells)}</tr>\n'


def _cell(kind: str, at: str, parts: Sequence[Part] | None) -> tuple[str, ...]:
    none = " none" if parts is None else ""
    number = f'<td class="at">{_escaped(at)}</td>'
    return number, f'<td class="{kind}{none}">', _line(parts or ()), "</td>"


def _line(parts: Sequence[Part]) -> str:
    return "".join(
        f"<mark>{_escaped(part.text)}</mark>" if part.differs else _escaped(part.text)
        for part in parts
    )


def _escaped(text: str) -> str:
    """As `page` has it done to every value of a template."""
    shown = printable(text)
    if not _SPECIAL.search(shown):
        return shown
    from markupsafe import escape  # noqa: PLC0415 - only pages need it

    return str(escape(shown))
