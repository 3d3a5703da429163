"""A value of a JSON document that knows where it stands, so that every fault says so."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from math import isfinite
from typing import TypeVar

from reports.renderers.interface import UnreadableResultsError
from verify.finding import JSONValue

Choice = TypeVar("Choice", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Located:
    """One value; a key that is missing is as good as null, since documents gain fields."""

    value: JSONValue
    path: str

    def fault(self, expected: str) -> UnreadableResultsError:
        """The error that something else is here."""
        return UnreadableResultsError(f"the results cannot be read: {self.path} is not {expected}")

    def __getitem__(self, key: str) -> "Located":
        return Located(self.table().get(key), f"{self.path}.{key}" if self.path else key)

    def __bool__(self) -> bool:
        """Whether there is anything."""
        return self.value is not None

    def table(self) -> Mapping[str, JSONValue]:
        """An object."""
        if not isinstance(self.value, Mapping):
            raise self.fault("an object")
        return self.value

    def items(self) -> "Iterator[Located]":
        """The items of a list; none, where there is none."""
        if self.value is None:
            return
        if not isinstance(self.value, list):
            raise self.fault("a list")
        for position, item in enumerate(self.value):
            yield Located(item, f"{self.path}[{position}]")

    def text(self) -> str:
        """A string."""
        if not isinstance(self.value, str):
            raise self.fault("a string")
        return self.value

    def maybe_text(self) -> str | None:
        """A string or null."""
        return self.text() if self else None

    def flag(self) -> bool:
        """A boolean."""
        if not isinstance(self.value, bool):
            raise self.fault("true or false")
        return self.value

    def count(self) -> int:
        """A whole number, from 0."""
        if not isinstance(self.value, int) or isinstance(self.value, bool) or self.value < 0:
            raise self.fault("a whole number")
        return self.value

    def maybe_count(self) -> int | None:
        """A whole number or null."""
        return self.count() if self else None

    def number(self) -> float:
        """A finite number, from 0."""
        value = self.value
        # An integer may be too large for a float.
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e300:
            raise self.fault("a number")
        return float(value) if isfinite(value) else 0.0

    def maybe_moment(self) -> datetime | None:
        """A moment in UTC, or null."""
        if not self:
            return None
        try:
            return datetime.fromisoformat(self.text()).astimezone(UTC)
        except (ValueError, OverflowError):
            raise self.fault("a moment") from None

    def one_of(self, choices: type[Choice]) -> Choice:
        """One of the words of an enumeration."""
        try:
            return choices(self.text())
        except ValueError:
            raise self.fault(f"one of {', '.join(choices)}") from None
