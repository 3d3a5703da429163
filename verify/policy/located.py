"""A value of a TOML file that knows where it stands, so that every fault says so."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from math import isfinite
from typing import NoReturn, TypeVar

from verify.policy.errors import PolicyFault

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_KINDS = {
    bool: "a boolean",
    int: "an integer",
    float: "a number",
    str: "a string",
    list: "an array",
    dict: "a table",
    datetime: "a date with a time",
    date: "a date",
}

Choice = TypeVar("Choice", bound=StrEnum)


@dataclass(frozen=True, kw_only=True, slots=True)
class Located:
    """One value.

    Attributes:
        file: the file's name, as a person knows it.
        path: dotted keys from the top of the file, empty for the whole of it.
        value: as tomllib gives it.
    """

    file: str
    path: str
    value: object

    def fault(self, problem: str, *, hint: str | None = None) -> PolicyFault:
        """The error that this value is wrong."""
        where = f"{self.file}: {self.path}" if self.path else self.file
        return PolicyFault(f"{where} {problem}", hint=hint)

    def table(self, known: Collection[str] | None = None) -> dict[str, "Located"]:
        """The values of a table by key; of `known` keys only, if those are given.

        Raises:
            PolicyFault: it is no table, or has another key.
        """
        if not isinstance(self.value, Mapping):
            self._expected("a table")
        found = {key: self._inner(f".{_key(key)}", item) for key, item in self.value.items()}
        if known is not None:
            for key, item in found.items():
                if key not in known:
                    raise item.unknown("key", key, known)
        return found

    def unknown(self, kind: str, name: str, known: Collection[str]) -> PolicyFault:
        """The error that nothing has this name, with the one that was probably meant."""
        return self.fault(f"is an unknown {kind}", hint=_meant(name, sorted(known)))

    def items(self) -> list["Located"]:
        """The values of an array.

        Raises:
            PolicyFault: it is none.
        """
        if not isinstance(self.value, list):
            self._expected("an array")
        return [self._inner(f"[{at}]", item) for at, item in enumerate(self.value)]

    def tables(self) -> list["Located"]:
        """One table, or an array of some: both are ways to write one or several.

        Raises:
            PolicyFault: it is neither.
        """
        if isinstance(self.value, list):
            return self.items()
        self.table()
        return [self]

    def text(self) -> str:
        """A string that says something.

        Raises:
            PolicyFault: it is none, or empty.
        """
        if not isinstance(self.value, str):
            self._expected("a string")
        if not self.value.strip():
            raise self.fault("is empty")
        return self.value

    def integer(self, *, at_least: int = 0) -> int:
        """A whole number.

        Raises:
            PolicyFault: it is none, or too small.
        """
        if not isinstance(self.value, int) or isinstance(self.value, bool):
            self._expected("an integer")
        if self.value < at_least:
            raise self.fault(f"is {self.value}, and has to be at least {at_least}")
        return self.value

    def number(self) -> float:
        """A finite number, whole or not.

        Raises:
            PolicyFault: it is none.
        """
        if not isinstance(self.value, int | float) or isinstance(self.value, bool):
            self._expected("a number")
        if not isfinite(self.value):
            raise self.fault("is no finite number")
        return self.value

    def flag(self) -> bool:
        """Yes or no.

        Raises:
            PolicyFault: it is neither.
        """
        if not isinstance(self.value, bool):
            self._expected("a boolean")
        return self.value

    def day(self) -> date:
        """A date without a time.

        Raises:
            PolicyFault: it is none.
        """
        if not isinstance(self.value, date) or isinstance(self.value, datetime):
            self._expected("a date", hint="write it without quotes and time: 2026-12-31")
        return self.value

    def choice(self, kind: type[Choice]) -> Choice:
        """One of the values of an enumeration.

        Raises:
            PolicyFault: it is none of them.
        """
        text = self.text()
        values = [item.value for item in kind]
        if text not in values:
            problem = f"is {text!r}, which is no {kind.__name__.lower()}"
            raise self.fault(problem, hint=_meant(text, values))
        return kind(text)

    def choices(self, kind: type[Choice]) -> frozenset[Choice]:
        """An array of values of an enumeration.

        Raises:
            PolicyFault: it is none.
        """
        return frozenset(item.choice(kind) for item in self.items())

    def leaves(self) -> Iterator[tuple[str, "Located"]]:
        """What a table holds by dotted key, whether a key was written with quotes or without.

        TOML reads `a.b = 1` as a table in a table and `"a.b" = 1` as one key.
        """
        for key, item in self.table().items():
            if isinstance(item.value, Mapping):
                yield from ((f"{key}.{rest}", leaf) for rest, leaf in item.leaves())
            else:
                yield key, item

    def _inner(self, step: str, value: object) -> "Located":
        return Located(file=self.file, path=f"{self.path}{step}".lstrip("."), value=value)

    def _expected(self, what: str, *, hint: str | None = None) -> NoReturn:
        kind = _KINDS.get(type(self.value), "something else")
        raise self.fault(f"is {kind}, and has to be {what}", hint=hint)


def _meant(name: str, known: Sequence[str]) -> str:
    from difflib import get_close_matches  # noqa: PLC0415 - errors only

    meant = get_close_matches(name, known, n=1)
    return f"did you mean {meant[0]}?" if meant else f"known are: {', '.join(known)}"


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else f'"{key}"'
