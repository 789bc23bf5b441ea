"""What may be sent to the API: fields that are checked one by one, and named if they are wrong."""

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from datetime import timedelta
from decimal import Decimal
from math import isfinite
from re import ASCII, fullmatch
from types import NoneType, UnionType
from typing import Any, Final, Literal, Union, cast, get_args, get_origin, get_type_hints

from clicksoap.simulator.api.problems import Problem
from clicksoap.simulator.schema.shapes import DECIMAL, HIDDEN, Schema, described, descriptions, schema_of

_LONGEST: Final = timedelta(days=3660)
_LARGEST: Final = 2**53
_WORDS: Final = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
_EMPTY: Final = {"none", "null"}


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a request.

    Attributes:
        schema: How it is described.
        read: Gives the value that the simulator takes; ValueError says what is wrong.
        required: Whether it must be there.
    """

    schema: Schema
    read: Callable[[object], Any]
    required: bool = True


def field_of(hint: Any, *, required: bool = True, description: str = "") -> Field:  # noqa: ANN401 - any type hint
    """A field that holds a value of a type."""
    if is_dataclass(hint) and isinstance(hint, type):
        inner = fields_of(hint)
        return Field(described(schema_of_fields(inner), description), lambda value: read_fields(inner, value), required)
    return Field(described(_taken_schema(hint), description), _reader(hint), required)


def fields_of(kind: type, without: Collection[str] = ()) -> dict[str, Field]:
    """The fields of a dataclass; those with a default may be missing."""
    hints, said = get_type_hints(kind), descriptions(kind)
    taken = {
        each.name: field_of(
            hints[each.name],
            required=each.default is MISSING and each.default_factory is MISSING,
            description=said.get(each.name, ""),
        )
        for each in fields(kind)
        if each.name not in without
    }
    for name in HIDDEN & taken.keys():
        taken[name].schema["writeOnly"] = True
    return taken


def integer(least: int, most: int, description: str, *, required: bool = False) -> Field:
    """A whole number within bounds."""

    def read(value: object) -> int:
        number = _integer(value)
        if not least <= number <= most:
            raise ValueError(f"give {least} to {most}")
        return number

    schema: Schema = {"type": "integer", "minimum": least, "maximum": most, "description": description}
    return Field(schema, read, required)


def schema_of_fields(taken: Mapping[str, Field]) -> Schema:
    """The schema of an object of such fields."""
    return {
        "type": "object",
        "properties": {name: field.schema for name, field in taken.items()},
        "required": [name for name, field in taken.items() if field.required],
        "additionalProperties": False,
    }


def read_fields(taken: Mapping[str, Field], given: object) -> dict[str, Any]:
    """The values of an object.

    Raises:
        Problem: It is none, or a field is unknown, missing or wrong (422).
    """
    if not isinstance(given, dict):
        raise Problem(422, f"give an object with {_enumerated(taken)}")
    values = cast("dict[str, object]", given)
    for name in values:
        if name not in taken:
            raise Problem(422, f"there is no such field; there are {_enumerated(taken)}", name)
    for name, field in taken.items():
        if field.required and name not in values:
            raise Problem(422, "this field is missing", name)
    return {name: _read(taken[name], name, value) for name, value in values.items()}


def from_text(field: Field, text: str) -> object:
    """What JSON would say for a value that is written as plain text, in a query or on a command line; unchecked.

    Raises:
        ValueError: It begins like an object, but is none.
    """
    kinds = _kinds(field.schema)
    if "null" in kinds and text.lower() in _EMPTY:
        return None
    if "object" in kinds:
        return json.loads(text) if text.startswith("{") else {"url": text}
    if "boolean" in kinds:
        return _WORDS.get(text.lower(), text)
    if kinds & {"integer", "number"} and fullmatch(r"[+-]?[0-9]{1,16}(\.[0-9]{1,9})?", text, ASCII):
        return float(text) if "." in text else int(text)
    return text


def _read(field: Field, name: str, value: object) -> Any:  # noqa: ANN401 - what the field holds
    try:
        return field.read(value)
    except Problem as problem:
        raise Problem(problem.status, problem.message, f"{name}.{problem.argument}".rstrip(".")) from None
    except ValueError as error:
        raise Problem(422, str(error), name) from None


def _taken_schema(hint: Any) -> Schema:  # noqa: ANN401 - any type hint
    if get_origin(hint) in {Union, UnionType}:
        return {"anyOf": [field_of(_other(hint)).schema, {"type": "null"}]}
    if hint is timedelta:
        return {"type": "number", "minimum": 0, "maximum": _LONGEST.total_seconds(), "description": "In seconds."}
    return schema_of(hint)


def _reader(hint: Any) -> Callable[[object], Any]:  # noqa: ANN401 - any type hint
    if hint in _READERS:
        return _READERS[hint]
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Literal:
        return lambda value: _choice(arguments, value)
    if origin in {Union, UnionType}:
        inner = field_of(_other(hint))
        return lambda value: None if value is None else inner.read(value)
    if origin is tuple:
        item = _reader(arguments[0])
        return lambda value: tuple(item(each) for each in _array(value))
    raise TypeError(f"{hint} cannot be read")


def _other(hint: Any) -> Any:  # noqa: ANN401 - any type hint
    (other,) = (each for each in get_args(hint) if each is not NoneType)
    return other


def _text(value: object) -> str:
    if isinstance(value, str):
        if any("\ud800" <= char <= "\udfff" for char in value):
            raise ValueError("give a text without halves of characters")
        return value
    raise ValueError("give a text")


def _flag(value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise ValueError("give true or false")


def _integer(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) > _LARGEST:
        raise ValueError("give a whole number")
    return value


def _number(value: object) -> float:
    if not isinstance(value, (int, float)) or isinstance(value, bool) or abs(value) > _LARGEST or not isfinite(value):
        raise ValueError("give a number")
    return float(value)


def _seconds(value: object) -> timedelta:
    seconds = _number(value)
    if not 0 <= seconds <= _LONGEST.total_seconds():
        raise ValueError(f"give 0 to {_LONGEST.total_seconds():.0f} seconds")
    return timedelta(seconds=seconds)


def _decimal(value: object) -> Decimal:
    if not isinstance(value, str) or not fullmatch(DECIMAL, value):
        raise ValueError('give a decimal as text, such as "12.50"')
    return Decimal(value)


def _choice(choices: tuple[str, ...], value: object) -> str:
    if not isinstance(value, str) or value not in choices:
        raise ValueError(f"give one of {', '.join(map(repr, choices))}")
    return value


def _array(value: object) -> list[object]:
    if isinstance(value, list):
        return cast("list[object]", value)
    raise ValueError("give a list")


_READERS: Final[dict[object, Callable[[object], Any]]] = {
    str: _text,
    bool: _flag,
    int: _integer,
    float: _number,
    timedelta: _seconds,
    Decimal: _decimal,
}


def _kinds(schema: Schema) -> set[str]:
    return {schema.get("type", ""), *(each.get("type", "") for each in schema.get("anyOf", ()))}


def _enumerated(taken: Mapping[str, Field]) -> str:
    return ", ".join(taken) or "no field"
