"""Frozen dataclasses as JSON and back, by their annotations; strict, so that no field is forgotten.

What is read is what was written, or it is refused: an unknown key, a missing one and a value of
another type are errors. Nothing is guessed and nothing has a default.
"""

import types
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Any, NewType, Union, get_args, get_origin, get_type_hints

from verify.finding import JSONValue

Reader = Callable[[object], Any]
"""From JSON to a value; raises MisfitError."""


class MisfitError(ValueError):
    """A JSON value is not of the type that it should be of."""


def to_json(value: object) -> JSONValue:
    """A value of dataclasses, tuples, mappings and plain values as JSON."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: to_json(getattr(value, field.name)) for field in fields(value)}
    match value:
        case datetime():
            return value.isoformat()
        case StrEnum():
            return value.value
        case None | bool() | int() | float() | str():
            return value
        case Mapping():
            return {str(key): to_json(item) for key, item in value.items()}
        case tuple() | list():
            return [to_json(item) for item in value]
    raise MisfitError(f"{type(value).__name__} is not to be stored")


def from_json(kind: Any, value: object) -> Any:  # noqa: ANN401 - any annotation, and its value
    """A value of the type that an annotation describes.

    Raises:
        MisfitError: the JSON value is none.
        RecursionError: it is nested too deep.
    """
    return _reader(kind)(value)


@cache
def _reader(kind: Any) -> Reader:  # noqa: ANN401 - an annotation
    """What reads values of an annotation; made once, since a report reads them by the million."""
    if isinstance(kind, NewType):
        return _reader(kind.__supertype__)
    origin = get_origin(kind)
    if origin in {types.UnionType, Union}:
        return _optional(get_args(kind))
    if origin is tuple:
        item, _ = get_args(kind)
        return _many(_reader(item))
    if origin is Mapping:
        return _exactly(dict)  # of JSON values, whatever they are
    return _dataclass(kind) if is_dataclass(kind) else _plain(kind)


def _optional(kinds: tuple[Any, ...]) -> Reader:
    """`X | None` only: with more to choose from, a value could be taken for another one."""
    (kind,) = (kind for kind in kinds if kind is not type(None))
    read = _reader(kind)
    return lambda value: None if value is None else read(value)


def _many(read: Reader) -> Reader:
    expect = _exactly(list)
    return lambda value: tuple(map(read, expect(value)))


def _dataclass(kind: Any) -> Reader:  # noqa: ANN401 - a class
    hints = get_type_hints(kind)
    readers = [
        (field.name, _unchanged(hints[field.name]), _reader(hints[field.name]))
        for field in fields(kind)
    ]
    names, expect = {name for name, _, _ in readers}, _exactly(dict)

    def read(value: object) -> object:
        table = expect(value)
        if table.keys() != names:
            raise MisfitError(f"{kind.__name__} has other fields")
        # Most values are what they are in JSON: a call for each would be half of the work.
        return kind(
            **{
                name: item if type(item := table[name]) in unchanged else read(item)
                for name, unchanged, read in readers
            }
        )

    return read


def _unchanged(kind: Any) -> frozenset[type]:  # noqa: ANN401 - an annotation
    """The types of JSON values that are read as they are."""
    if isinstance(kind, NewType):
        return _unchanged(kind.__supertype__)
    if get_origin(kind) in {types.UnionType, Union}:
        return frozenset[type]().union(*map(_unchanged, get_args(kind)))
    return frozenset({kind}) & {str, int, bool, float, type(None)}


def _plain(kind: Any) -> Reader:  # noqa: ANN401 - a class
    text = _exactly(str)
    if issubclass(kind, datetime):
        return lambda value: datetime.fromisoformat(text(value))
    if issubclass(kind, StrEnum):
        return lambda value: kind(text(value))
    expect = _exactly(kind)
    if kind is float:
        return lambda value: float(value) if type(value) is int else expect(value)
    return expect


def _exactly(kind: type) -> Reader:
    def read(value: object) -> Any:  # noqa: ANN401 - of that kind
        # A bool is an int to isinstance.
        if type(value) is not kind:
            raise MisfitError(f"{type(value).__name__} instead of {kind.__name__}")
        return value

    return read
