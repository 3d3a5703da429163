"""TOML with places: errors that name line and column, and where the entries of an array stand.

tomllib tells no positions, and tomlkit, which keeps the whole text, needs half a minute for a large
uv.lock. The places here serve messages and annotations alone: what a lock says is read by tomllib.
"""

import re
import tomllib
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from verify.lock.inputs.interface import InputFault, Location, at_line, quoted

Table = Mapping[str, Any]
"""A table as tomllib returns it."""

MAX_KEY_DOTS = 50
"""Parts of one dotted key; tomllib takes time quadratic in them."""

_PLACE = re.compile(r" \(at line (\d+), column (\d+)\)$")
_TOKENS = re.compile(
    r'''"""(?:[^\\]|\\.)*?"""'''
    r"""|'''.*?'''"""
    r'''|"(?:[^"\\\n]|\\.)*"'''
    r"""|'[^'\n]*'"""
    r"""|\#[^\n]*"""
    r"""|^[ \t]*\[\[[ \t]*(?P<array>[A-Za-z0-9_-]+)[ \t]*\]\]""",
    re.DOTALL | re.MULTILINE,
)
_DIGEST = re.compile(r"(?<![0-9A-Fa-f])[0-9A-Fa-f]{32,128}(?![0-9A-Fa-f])")
_KEY_PART = r"""[A-Za-z0-9_-]+|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'"""
# From dot to dot: begun at a part, the search would take time quadratic in the length of a word.
_DEEP_KEY = re.compile(rf"(?:\.[ \t]*(?:{_KEY_PART})[ \t]*){{{MAX_KEY_DOTS}}}")


@dataclass(frozen=True, kw_only=True)
class TomlText:
    """A TOML document: its text, and what it says."""

    where: Location
    text: str
    table: Table

    def entry(self, array: str, number: int) -> Location:
        """Where the header of an entry of an array of tables stands, from 0; else the file."""
        starts = self._headers.get(array, [])
        return self._at(starts[number]) if number < len(starts) else at_line(self.where, 1)

    def digest(self, digest: str, near: Location) -> Location:
        """Where a digest is written, the first time at or after a place, or else before it."""
        starts = self._digests.get(digest.lower())
        if not starts or near.line is None:
            return near
        at = bisect_right(starts, self._starts[near.line - 1] - 1)
        return self._at(starts[at] if at < len(starts) else starts[0])

    def string(self, value: str, after: str) -> Location:
        """Where a string stands, the first time after a header such as `[project]`."""
        header = re.search(rf"^[ \t]*\[+[ \t]*{re.escape(after)}", self.text, re.MULTILINE)
        start = header.start() if header else 0
        for mark in ('"', "'"):
            found = self.text.find(f"{mark}{value}{mark}", start)
            if found >= 0:
                return self._at(found)
        return self._at(start) if header else at_line(self.where, 1)

    def fault(self, message: str, where: Location | None = None) -> InputFault:
        """An error of this document, with what to do about any of them."""
        return InputFault(
            where or self.where,
            message,
            hint="make the file again with the tool that wrote it",
        )

    def _at(self, offset: int) -> Location:
        line = bisect_right(self._starts, offset)
        return at_line(self.where, line, offset - self._starts[line - 1] + 1)

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *(found.end() for found in re.finditer("\n", self.text))]

    @cached_property
    def _headers(self) -> dict[str, list[int]]:
        headers: dict[str, list[int]] = {}
        for found in _TOKENS.finditer(self.text):
            if found["array"]:
                headers.setdefault(found["array"], []).append(found.start())
        return headers

    @cached_property
    def _digests(self) -> dict[str, list[int]]:
        digests: dict[str, list[int]] = {}
        for found in _DIGEST.finditer(self.text):
            digests.setdefault(found[0].lower(), []).append(found.start())
        return digests


def parse_toml(text: str, where: Location) -> TomlText:
    """A TOML document.

    Raises:
        InputFault: it is none; the place is where the parser stopped.
    """
    if _DEEP_KEY.search(text):
        raise InputFault(where, f"a key has more than {MAX_KEY_DOTS} parts")
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _located(str(error), text, where) from error
    except (RecursionError, ValueError, MemoryError) as error:
        # ValueError: an integer of more digits than Python converts, a date that is none.
        raise InputFault(where, f"cannot be parsed as TOML: {_reason(error)}") from error
    return TomlText(where=where, text=text, table=table)


def _reason(error: Exception) -> str:
    return "it is nested too deeply" if isinstance(error, RecursionError) else str(error)


def _located(said: str, text: str, where: Location) -> InputFault:
    found = _PLACE.search(said)
    if found is not None:
        place = at_line(where, int(found[1]), int(found[2]))
    else:  # "(at end of document)"
        place = at_line(where, text.count("\n") + 1, len(text) - (text.rfind("\n") + 1) + 1)
    return InputFault(
        place,
        f"is no TOML: {_PLACE.sub('', said)}",
        hint="a merge conflict, perhaps? resolve it, or make the file again",
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One table of a document, asked for values by key and type; errors name its place."""

    document: TomlText
    table: Table
    where: Location

    def text(self, key: str) -> str | None:
        """A string; None where the key is missing.

        Raises:
            InputFault: it is something else. (So do the following.)
        """
        value = self.table.get(key)
        if value is None or isinstance(value, str):
            return value
        raise self.fault(f"{quoted(key)} is no string")

    def required(self, key: str) -> str:
        """A string that must be there and not empty."""
        value = self.text(key)
        if not value:
            raise self.fault(f"{quoted(key)} is missing")
        return value

    def flag(self, key: str) -> bool:
        """A boolean; False where the key is missing."""
        value = self.table.get(key, False)
        if isinstance(value, bool):
            return value
        raise self.fault(f"{quoted(key)} is neither true nor false")

    def inner(self, key: str) -> "Entry | None":
        """A table; None where the key is missing."""
        value = self.table.get(key)
        if value is None:
            return None
        if isinstance(value, Mapping):
            return Entry(document=self.document, table=value, where=self.where)
        raise self.fault(f"{quoted(key)} is no table")

    def inners(self, key: str) -> "Iterator[Entry]":
        """The tables of an array; none where the key is missing."""
        return self.listed(self.table.get(key, []), key)

    def listed(self, value: object, key: str) -> "Iterator[Entry]":
        """The tables of an array that belongs to this entry and stands elsewhere, under a key."""
        if not isinstance(value, list) or not all(isinstance(item, Mapping) for item in value):
            raise self.fault(f"{quoted(key)} is no array of tables")
        return (Entry(document=self.document, table=item, where=self.where) for item in value)

    def texts(self, key: str) -> tuple[str, ...]:
        """The strings of an array; none where the key is missing."""
        value = self.table.get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self.fault(f"{quoted(key)} is no array of strings")
        return tuple(value)

    def fault(self, message: str) -> InputFault:
        """An error at this table's place."""
        return self.document.fault(message, self.where)


def top(document: TomlText) -> Entry:
    """The document's own table."""
    return Entry(document=document, table=document.table, where=at_line(document.where, 1))


def entries(document: TomlText, array: str) -> Iterator[Entry]:
    """The entries of a top-level array of tables, each at its header.

    Raises:
        InputFault: it is something else.
    """
    for number, inner in enumerate(top(document).inners(array)):
        yield Entry(document=document, table=inner.table, where=document.entry(array, number))
