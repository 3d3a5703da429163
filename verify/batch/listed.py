"""A list of requirements as CSV or JSON: each a requirement, and perhaps a glob of its wheels.

requirement,wheel                              [{"requirement": "thing==1.0",
thing==1.0,thing-1.0-cp311-*.whl                 "wheel": "thing-1.0-cp311-*.whl"},
other==2.0,                                     "other==2.0"]
"""

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NoReturn

from verify.lock.inputs.interface import InputFault, Location, at_line, quoted
from verify.lock.inputs.reading import decoded_utf8

COLUMNS = ("requirement", "wheel")
_HINT = 'write a column "requirement", and if need be one "wheel" with a glob of file names'


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One line of a list."""

    requirement: str
    glob: str | None
    where: Location


def read_csv(data: bytes, where: Location) -> tuple[Row, ...]:
    """A list whose first line names its columns; further columns are nobody's business.

    Raises:
        InputFault: it is none.
    """
    reader = csv.DictReader(io.StringIO(decoded_utf8(data, where), newline=""), strict=True)
    try:
        names = [name.strip().lower() for name in reader.fieldnames or ()]
        if COLUMNS[0] not in names or any(names.count(name) > 1 for name in COLUMNS):
            raise InputFault(at_line(where, 1), "has no column named requirement", hint=_HINT)
        reader.fieldnames = names
        return tuple(_rows(reader, where))
    except csv.Error as error:
        raise InputFault(at_line(where, reader.line_num), f"is no CSV: {error}") from error


def read_json(data: bytes, where: Location) -> tuple[Row, ...]:
    """A list of requirements, or of objects with `requirement` and perhaps `wheel`.

    Raises:
        InputFault: it is none.
    """
    try:
        items = json.loads(decoded_utf8(data, where), parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        line = error.lineno if isinstance(error, json.JSONDecodeError) else None
        raise InputFault(at_line(where, line), f"is no JSON: {error}") from error
    if not isinstance(items, list):
        raise InputFault(where, "is no list of requirements", hint='write ["NAME==VERSION", ...]')
    return tuple(_item(item, at, where) for at, item in enumerate(items))


def _rows(reader: "csv.DictReader[str]", where: Location) -> Iterator[Row]:
    for row in reader:
        line = at_line(where, reader.line_num)
        requirement = (row[COLUMNS[0]] or "").strip()
        if requirement:
            glob = (row.get(COLUMNS[1]) or "").strip() or None
            yield Row(requirement=requirement, glob=glob, where=line)
        elif any(isinstance(value, str) and value.strip() for value in row.values()):
            raise InputFault(line, "has no requirement", hint=_HINT)


def _item(item: Any, at: int, where: Location) -> Row:  # noqa: ANN401 - whatever the JSON holds
    found = {COLUMNS[0]: item} if isinstance(item, str) else item
    if not isinstance(found, dict):
        raise InputFault(where, f"[{at}] is no requirement")
    requirement, glob = found.get(COLUMNS[0]), found.get(COLUMNS[1])
    if not isinstance(requirement, str) or not (glob is None or isinstance(glob, str)):
        raise InputFault(where, f"[{at}] is no requirement: {quoted(str(found))}", hint=_HINT)
    return Row(requirement=requirement, glob=glob or None, where=where)


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")
