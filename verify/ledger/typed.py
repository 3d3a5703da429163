"""Frozen dataclasses as JSON and back, by their annotations; strict, so that no field is forgotten.

What is read is what was written, or it is refused: an unknown key, a missing one and a value of
another type are errors. Nothing is guessed and nothing has a default.
"""

import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Any, NewType, Union, cast, get_args, get_origin, get_type_hints

from verify.finding import JSONValue


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
    if isinstance(kind, NewType):
        return from_json(kind.__supertype__, value)
    origin = get_origin(kind)
    if origin in {types.UnionType, Union}:
        return _one_of(get_args(kind), value)
    if origin is tuple:
        item, _ = get_args(kind)
        return tuple(from_json(item, one) for one in _expect(list, value))
    if origin is Mapping:
        return _expect(dict, value)  # of JSON values, whatever they are
    return _dataclass(kind, value) if is_dataclass(kind) else _plain(kind, value)


def _one_of(kinds: tuple[Any, ...], value: object) -> object:
    """`X | None` only: with more to choose from, a value could be taken for another one."""
    (kind,) = (kind for kind in kinds if kind is not type(None))
    return None if value is None else from_json(kind, value)


def _dataclass(kind: Any, value: object) -> object:  # noqa: ANN401 - a class
    table, hints = _expect(dict, value), _hints(kind)
    if table.keys() != hints.keys():
        raise MisfitError(f"{kind.__name__} has other fields")
    return kind(**{name: from_json(hint, table[name]) for name, hint in hints.items()})


@cache
def _hints(kind: Any) -> dict[str, Any]:  # noqa: ANN401 - a class
    hints = get_type_hints(kind)
    return {field.name: hints[field.name] for field in fields(kind)}


def _plain(kind: Any, value: object) -> object:  # noqa: ANN401 - a class
    if issubclass(kind, datetime):
        return datetime.fromisoformat(_expect(str, value))
    if issubclass(kind, StrEnum):
        return kind(_expect(str, value))
    if kind is float and type(value) is int:
        return float(value)
    return _expect(kind, value)


def _expect(kind: type, value: object) -> Any:  # noqa: ANN401 - of that kind
    # A bool is an int to isinstance.
    if type(value) is not kind:
        raise MisfitError(f"{type(value).__name__} instead of {kind.__name__}")
    return cast("Any", value)
