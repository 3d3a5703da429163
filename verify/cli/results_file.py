"""Reading a document of results that a person hands in."""

import json
import sys
from math import isfinite
from pathlib import Path
from typing import NoReturn

from reports.renderers.interface import Document, UnreadableResultsError

MAX_RESULTS_BYTES = 2 * 1024**3
"""A result with all of its evidence is rarely more than a megabyte."""

STDIN = Path("-")


def read_document(path: Path) -> Document:
    """The JSON object in a file, or on standard input for `-`.

    Raises:
        UnreadableResultsError: there is none.
    """
    try:
        document = json.loads(_text(path), parse_constant=_refuse, parse_float=_finite)
    except (OSError, ValueError, RecursionError) as error:
        raise UnreadableResultsError(f"{path} cannot be read as JSON: {error}") from error
    if not isinstance(document, dict):
        raise UnreadableResultsError(f"{path} holds no results: it is no JSON object")
    return document


def _text(path: Path) -> bytes:
    if path == STDIN:
        return sys.stdin.buffer.read(MAX_RESULTS_BYTES)
    if path.stat().st_size > MAX_RESULTS_BYTES:
        raise UnreadableResultsError(f"{path} is too large for results")
    return path.read_bytes()


def _finite(digits: str) -> float:
    number = float(digits)
    return number if isfinite(number) else _refuse(digits)


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")
